"""The brake: no sequence of calls locks the service account, and a repair heals by itself."""

from __future__ import annotations

import pytest

from mfa_sync.brake import Brake, Versions
from mfa_sync.credentials.aadsts import Healing, refusal_of
from tests.clocks import FakeClock

OLD = Versions("user-1", "password-1", "secret-1")
NEW_USERNAME = Versions("user-2", "password-1", "secret-1")
NEW_PASSWORD = Versions("user-1", "password-2", "secret-1")
NEW_SECRET = Versions("user-1", "password-1", "secret-2")

WRONG_PASSWORD, WRONG_SECRET, CONSENT_MISSING, LOCKED, THROTTLED = 50126, 7000215, 65001, 50053, 90055


def pulled(clock: FakeClock, number: int) -> Brake:
    """Return a brake that this AADSTS number has pulled."""
    brake = Brake(clock)
    brake.pull(refusal_of({"error": "invalid_grant", "error_codes": [number]}), OLD)
    return brake


def test_nothing_is_held_before_the_first_refusal() -> None:
    """A fresh worker signs in, and has no reason to look versions up."""
    brake = Brake(FakeClock())
    assert brake.refusal is None
    assert brake.permits(OLD)
    assert not brake.may_look_up()


@pytest.mark.parametrize("number", [WRONG_PASSWORD, 50055, 50056, 50144])
def test_a_wrong_password_is_never_tried_again(number: int) -> None:
    """Every repetition counts towards the lock, so no time makes one right."""
    clock = FakeClock()
    brake = pulled(clock, number)
    for _ in range(1000):
        clock.advance(3600)
        assert not brake.permits(OLD)


@pytest.mark.parametrize(
    ("number", "healing_versions", "useless_versions"),
    [
        (WRONG_PASSWORD, [NEW_PASSWORD, NEW_USERNAME], [OLD, NEW_SECRET]),
        (WRONG_SECRET, [NEW_SECRET], [OLD, NEW_PASSWORD, NEW_USERNAME]),
        (CONSENT_MISSING, [NEW_PASSWORD, NEW_SECRET, NEW_USERNAME], [OLD]),
        (LOCKED, [], [OLD, NEW_PASSWORD, NEW_SECRET, NEW_USERNAME]),
        (THROTTLED, [], [OLD, NEW_PASSWORD, NEW_SECRET, NEW_USERNAME]),
    ],
)
def test_only_a_new_version_of_what_was_wrong_heals_at_once(
    number: int, healing_versions: list[Versions], useless_versions: list[Versions]
) -> None:
    """A new client secret repairs no password, and nothing but time opens a lock."""
    brake = pulled(FakeClock(), number)
    assert all(brake.permits(versions) for versions in healing_versions)
    assert not any(brake.permits(versions) for versions in useless_versions)


@pytest.mark.parametrize(
    ("number", "seconds"),
    [(CONSENT_MISSING, 600), (50057, 600), (50076, 600), (12345678, 600), (LOCKED, 1800), (THROTTLED, 10)],
)
def test_a_refusal_that_others_repair_is_tried_once_in_its_interval(number: int, seconds: float) -> None:
    """Ten minutes after a permanent code, thirty after a lock: the repair shows by itself."""
    clock = FakeClock()
    brake = pulled(clock, number)
    clock.advance(seconds - 0.1)
    assert not brake.permits(OLD)
    clock.advance(0.1)
    assert brake.permits(OLD)
    brake.pull(refusal_of({"error_codes": [number]}), OLD)
    assert not brake.permits(OLD)


def test_a_new_client_secret_is_waited_for_however_long_it_takes() -> None:
    """A wrong client secret stays wrong."""
    clock = FakeClock()
    brake = pulled(clock, WRONG_SECRET)
    clock.advance(30 * 86400)
    assert not brake.permits(OLD)


def test_new_versions_are_looked_up_at_most_once_a_minute() -> None:
    """A flood of calls must not become a flood on the vault."""
    clock = FakeClock()
    brake = pulled(clock, WRONG_PASSWORD)
    assert [brake.may_look_up() for _ in range(5)] == [True, False, False, False, False]
    clock.advance(59.9)
    assert not brake.may_look_up()
    clock.advance(0.1)
    assert brake.may_look_up()


def test_a_sign_in_that_succeeds_releases_it() -> None:
    """After a repair nothing of the refusal remains."""
    brake = pulled(FakeClock(), WRONG_PASSWORD)
    brake.release()
    assert brake.refusal is None
    assert brake.permits(OLD)
    assert not brake.may_look_up()


def test_a_second_refusal_is_judged_by_the_versions_that_it_refused() -> None:
    """A new password that is wrong too is not tried twice."""
    brake = pulled(FakeClock(), WRONG_PASSWORD)
    brake.pull(refusal_of({"error_codes": [WRONG_PASSWORD]}), NEW_PASSWORD)
    assert not brake.permits(NEW_PASSWORD)


def test_a_refusal_says_what_heals_it_and_never_repeats_entras_text() -> None:
    """Entra's description names the user and the app."""
    refusal = refusal_of(
        {"error": "invalid_grant", "error_codes": [99999], "error_description": "user anna@contoso.com"}
    )
    assert refusal.healing is Healing.SOMEBODY_ACTS
    assert "anna" not in repr(refusal)
