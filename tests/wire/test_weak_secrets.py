"""A secret that can be guessed opens nothing, and is named: both handshakes, the fingerprint key."""

from __future__ import annotations

import pytest

from dev.tenant import sample
from shared.errors import Problem, SettingsError
from tests.wire.bench import Bench
from tests.wire.operating import KNOWING, Operator

ONE = "+46701740611"
WEAK = [
    "summer2026",
    "x" * 21,
    "Zm9vYmFyZm9vYmFyZm8=",
    "0123456789abcdef",
    " " * 30 + "short",
    "a b c d e f g h i j",
]
# 16 random bytes in hexadecimal, base64 with and without padding, for addresses too; words of 24 characters.
STRONG = [
    "9f86d081884c7d659a2feaa0c55ad015",
    "n4bQgYhMfWWaL+qgxVrQFQ==",
    "n4bQgYhMfWWaL-qgxVrQFQ",
    "correct horse battery st",
]


async def refused(bench: Bench, **headers: str) -> SettingsError:
    """Push somebody, and return what stopped it."""
    person = bench.person(ONE)
    with pytest.raises(SettingsError) as caught:
        await bench.push([{"Id": person.id}], headers=headers)
    assert bench.mobile(person) is None
    return caught.value


@pytest.mark.parametrize("weak", WEAK)
async def test_a_weak_handshake_opens_nothing_and_is_named(bench: Bench, weak: str) -> None:
    """Neither for who knows it nor for who does not; and how long it is, is nobody's affair."""
    bench.control.put_secret("mfa-sync-handshake", weak)
    for message in (weak, "another", sample.PREVIOUS_HANDSHAKE):
        error = await refused(bench, message=message)
        assert (error.code, "mfa-sync-handshake" in error.detail) == (Problem.MISCONFIGURED, True)
        assert weak not in str(error)
        assert str(len(weak)) not in str(error).replace("24", "").replace("16", "")


@pytest.mark.parametrize("strong", STRONG)
async def test_what_cannot_be_guessed_opens(bench: Bench, strong: str) -> None:
    """In whatever it is written."""
    bench.control.put_secret("mfa-sync-handshake", strong)
    answer = await bench.push([{"Id": bench.person(ONE).id}], headers={"message": strong})
    assert answer.body["results"][0]["outcome"] == "created"


async def test_a_weak_former_handshake_opens_nothing_and_holds_nobody_up(bench: Bench) -> None:
    """Whoever has just turned away from it goes on with the new one."""
    ends = int(bench.clock.now().timestamp()) + 3600
    bench.control.put_secret("mfa-sync-handshake-previous", "summer2026", exp=ends)
    assert not await bench.worker.handshake.accepts("summer2026", bench.deadline())
    assert await bench.worker.handshake.accepts(sample.HANDSHAKE, bench.deadline())


async def test_a_weak_approvers_handshake_decides_nothing(bench: Bench) -> None:
    """A held plan stays held."""
    operator = Operator(bench)
    run = await operator.held()
    bench.control.put_secret("mfa-sync-approver", "boss")
    bench.clock.advance(301)
    for headers in ({"message": "boss"}, KNOWING):
        with pytest.raises(SettingsError, match="mfa-sync-approver"):
            await operator.decide("approve", run["id"], headers, digest=run["digest"])
    assert (await operator.read(run["id"])).body["state"] == "held"


async def test_a_weak_fingerprint_key_prints_nothing(bench: Bench) -> None:
    """By its prints numbers could be guessed out of the table: neither pushes nor runs begin with it."""
    bench.control.put_secret("mfa-sync-fingerprint-key", "key")
    error = await refused(bench)
    assert (error.code, "mfa-sync-fingerprint-key" in error.detail) == (Problem.MISCONFIGURED, True)
    assert bench.writes() == []
