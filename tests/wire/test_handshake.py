"""The word between caller and program: who knows it, how it is rotated, and what guessing costs."""

from __future__ import annotations

from functools import partial

import pytest

from dev.tenant import sample
from shared.errors import PermanentError, SettingsError, TransientError
from tests.wire.bench import Bench

ONE = "+46701740611"


async def test_the_handshake_accepts_both_candidates_and_nothing_else(bench: Bench) -> None:
    """The previous one counts only while its expiry lies ahead."""
    accepts = partial(bench.worker.handshake.accepts, deadline=bench.deadline())
    assert await accepts(sample.HANDSHAKE)
    assert await accepts(sample.PREVIOUS_HANDSHAKE)
    for wrong in (None, "", "wrong", "smörgås", sample.HANDSHAKE + " ", sample.HANDSHAKE.lower()):
        assert not await accepts(wrong)
    bench.control.patch_secret("mfa-sync-handshake-previous", exp=1)
    bench.configure()
    assert not await bench.worker.handshake.accepts(sample.PREVIOUS_HANDSHAKE, bench.deadline())


async def test_a_former_handshake_that_is_disabled_is_none(bench: Bench) -> None:
    """Whoever disables it after a rotation means that it no longer counts, and not that every push stops."""
    bench.control.patch_secret("mfa-sync-handshake-previous", enabled=False)
    assert await bench.worker.handshake.accepts(sample.HANDSHAKE, bench.deadline())
    assert not await bench.worker.handshake.accepts(sample.PREVIOUS_HANDSHAKE, bench.deadline())
    bench.control.patch_secret("mfa-sync-handshake", enabled=False)
    bench.configure()
    with pytest.raises(PermanentError, match="SecretDisabled"):
        await bench.worker.handshake.accepts(sample.HANDSHAKE, bench.deadline())


async def test_a_former_handshake_that_ends_soon_warns_nobody(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """It is made to: an alert that never ends would hide the secret that is forgotten."""
    assert await bench.worker.handshake.accepts(sample.PREVIOUS_HANDSHAKE, bench.deadline())
    assert not [one for one in caplog.records if one.message.startswith("secret.expires")]


async def test_a_rotated_handshake_is_noticed_within_a_minute_and_guesses_are_cheap(bench: Bench) -> None:
    """A mismatch re-reads the vault at most once a minute."""
    assert await bench.worker.handshake.accepts(sample.HANDSHAKE, bench.deadline())
    bench.control.put_secret("mfa-sync-handshake", "a-new-handshake-of-ours-to-tell")
    bench.clock.advance(61)
    assert await bench.worker.handshake.accepts("a-new-handshake-of-ours-to-tell", bench.deadline())
    bench.control.clear_log()
    for _ in range(20):
        assert not await bench.worker.handshake.accepts("guess", bench.deadline())
    assert bench.calls("contoso-mfa.vault.azure.net") == []


async def test_who_rotates_away_from_the_published_handshake_lets_nobody_in_by_it(bench: Bench) -> None:
    """As the former one it would count for two days; and what is right already goes on."""
    published = "Handshake-message-only-known-between-runbook-and-invoker"
    ends = int(bench.clock.now().timestamp()) + 3600
    bench.control.put_secret("mfa-sync-handshake-previous", published, exp=ends)
    assert not await bench.worker.handshake.accepts(published, bench.deadline())
    assert await bench.worker.handshake.accepts(sample.HANDSHAKE, bench.deadline())


async def test_the_articles_published_handshake_is_no_secret(bench: Bench) -> None:
    """Whoever left it in place is told so."""
    published = "Handshake-message-only-known-between-runbook-and-invoker"
    bench.control.put_secret("mfa-sync-handshake", published)
    with pytest.raises(SettingsError, match="mfa-sync-handshake"):
        await bench.worker.handshake.accepts(published, bench.deadline())


async def test_a_vault_that_cannot_be_asked_is_503_and_not_a_wrong_handshake(bench: Bench) -> None:
    """Who knows the new word must not be told that it is wrong, for as long as nobody could look."""
    people = [{"Id": bench.person(ONE).id}]
    await bench.push(people)
    bench.control.put_secret("mfa-sync-handshake", "a-new-word-that-nobody-guesses")
    bench.clock.advance(61)
    bench.control.switch(vault="unavailable")
    for _ in range(2):
        with pytest.raises(TransientError, match="vaultUnavailable"):
            await bench.push(people, headers={"message": "a-new-word-that-nobody-guesses"})
    bench.control.switch(vault="ok")
    bench.clock.advance(6)
    assert (await bench.push(people, headers={"message": "a-new-word-that-nobody-guesses"})).status == 200
