"""The brake's rules: no sequence of calls locks the service account, and a repair heals by itself."""

from __future__ import annotations

import pytest

from mfa_sync.sign_in import brake_rules
from mfa_sync.sign_in.aadsts import FEDERATED_PASSWORD, THROTTLED, UNANSWERED, Healing, refusal_of
from mfa_sync.sign_in.brake import from_columns, to_columns
from mfa_sync.sign_in.brake_rules import State, Versions, judge

OLD = Versions("user-1", "password-1", "secret-1")
NEW_USERNAME = Versions("user-2", "password-1", "secret-1")
NEW_PASSWORD = Versions("user-1", "password-2", "secret-1")
NEW_SECRET = Versions("user-1", "password-1", "secret-2")

WRONG_PASSWORD, WRONG_SECRET, CONSENT_MISSING, LOCKED, FAULT, LOOP = (
    50126,
    7000215,
    65001,
    50053,
    90055,
    50196,
)
T = 1_800_000_000.0


def refused(number: int, versions: Versions = OLD, state: State | None = None, at: float = T) -> State:
    """Return what is known after this AADSTS number."""
    refusal = refusal_of({"error": "invalid_grant", "error_codes": [number]})
    return brake_rules.refused(state or State(), refusal, versions, at)


def test_nothing_is_held_before_the_first_refusal() -> None:
    """A fresh identity signs in."""
    assert judge(State(), OLD, T) is None


@pytest.mark.parametrize("number", [WRONG_PASSWORD, 50055, 50056, 50144, WRONG_SECRET, 7000222])
def test_what_was_wrong_is_never_tried_again(number: int) -> None:
    """Every repetition of a password counts towards the lock, so no time makes one right."""
    state = refused(number)
    for hours in range(1000):
        hold = judge(state, OLD, T + hours * 3600)
        assert hold
        assert (hold.refusal.number, hold.seconds) == (number, None)
        assert hold.heals_by_version


@pytest.mark.parametrize(
    ("number", "healing_versions", "useless_versions"),
    [
        (WRONG_PASSWORD, [NEW_PASSWORD, NEW_USERNAME], [OLD, NEW_SECRET]),
        (WRONG_SECRET, [NEW_SECRET], [OLD, NEW_PASSWORD, NEW_USERNAME]),
        (CONSENT_MISSING, [NEW_PASSWORD, NEW_SECRET, NEW_USERNAME], [OLD]),
        (LOCKED, [], [OLD, NEW_PASSWORD, NEW_SECRET, NEW_USERNAME]),
        (FAULT, [], [OLD, NEW_PASSWORD, NEW_SECRET, NEW_USERNAME]),
        (LOOP, [], [OLD, NEW_PASSWORD, NEW_SECRET, NEW_USERNAME]),
    ],
)
def test_only_a_new_version_of_what_was_wrong_heals_at_once(
    number: int, healing_versions: list[Versions], useless_versions: list[Versions]
) -> None:
    """A new client secret repairs no password, and nothing but time opens a lock."""
    state = refused(number)
    assert all(judge(state, versions, T + 1) is None for versions in healing_versions)
    assert all(judge(state, versions, T + 1) for versions in useless_versions)


@pytest.mark.parametrize(
    ("number", "seconds"),
    [
        (CONSENT_MISSING, 600),
        (50057, 600),
        (50076, 600),
        (12345678, 600),
        (LOCKED, 1800),
        (LOOP, 600),
        (FAULT, 10),
    ],
)
def test_a_refusal_that_others_repair_is_tried_once_in_its_interval(number: int, seconds: float) -> None:
    """Ten minutes after a permanent code, thirty after a lock: the repair shows by itself."""
    state = refused(number)
    hold = judge(state, OLD, T + seconds - 0.5)
    assert hold
    assert hold.seconds == 0.5
    assert judge(state, OLD, T + seconds) is None
    again = refused(number, state=state, at=T + seconds)
    assert judge(again, OLD, T + seconds + 1)


def test_a_service_that_names_its_time_is_given_it() -> None:
    """Retry-After, but never more than an hour of it."""
    asked = brake_rules.refused(State(), THROTTLED, OLD, T, wait=90)
    assert judge(asked, OLD, T + 89)
    assert judge(asked, OLD, T + 90) is None
    absurd = brake_rules.refused(State(), THROTTLED, OLD, T, wait=1e9)
    assert judge(absurd, OLD, T + 3600) is None


def test_three_trials_in_a_row_without_a_token_slow_every_further_one_down() -> None:
    """Even with a new version each time."""
    state = State()
    for trial in range(3):
        versions = Versions(client_secret=f"secret-{trial}")
        assert judge(state, versions, T + trial) is None
        state = refused(WRONG_SECRET, versions, state, T + trial)
    hold = judge(state, Versions(client_secret="right"), T + 3)
    assert hold
    assert hold.seconds == 599
    assert judge(state, Versions(client_secret="right"), T + 602) is None


@pytest.mark.parametrize("number", [WRONG_PASSWORD, WRONG_SECRET, 99999])
def test_after_two_passwords_the_third_leaves_forty_minutes_after_the_first(number: int) -> None:
    """Some clouds lock at the third failure in half an hour; and two clocks may differ."""
    right = Versions("user-1", "right", "right")
    state = State()
    for minute in (0, 15):
        assert judge(state, right, T + minute * 60) is None
        state = refused(number, Versions("user-1", f"p{minute}", f"s{minute}"), state, T + minute * 60)
    hold = judge(state, right, T + 2399)
    assert hold
    assert hold.seconds == 1
    assert judge(state, right, T + 2400) is None
    again = refused(number, NEW_PASSWORD, state, T + 2400)
    assert judge(again, right, T + 15 * 60 + 2399)
    assert judge(again, right, T + 15 * 60 + 2400) is None


def test_a_refusal_that_says_what_else_is_wrong_is_no_wrong_password() -> None:
    """A policy that is lifted is noticed after ten minutes, as before."""
    state = State()
    for trial in range(4):
        assert judge(state, OLD, T + trial * 600) is None
        state = refused(50076, OLD, state, T + trial * 600)


def test_a_row_of_a_former_version_is_read_as_if_all_its_failures_had_been_counted() -> None:
    """It has no column for them."""
    columns = to_columns(refused(WRONG_PASSWORD, state=refused(WRONG_PASSWORD, at=T - 60)))
    del columns["counted"]
    assert from_columns(columns).counted == (T, T)
    assert from_columns({**columns, "misses": 0}).counted == ()


def test_a_worker_by_itself_has_one_trial() -> None:
    """Without the shared state each worker may try, so each tries less."""
    state = refused(WRONG_PASSWORD)
    assert judge(state, NEW_PASSWORD, T + 599, free_trials=1)
    assert judge(state, NEW_PASSWORD, T + 600, free_trials=1) is None


def test_faults_of_the_service_are_no_failures() -> None:
    """Entra's outage of an hour must not cost ten minutes more."""
    state = State()
    for trial in range(50):
        state = refused(FAULT, OLD, state, T + trial * 10)
    assert judge(state, OLD, T + 500) is None


def test_an_unanswered_sign_in_is_a_failure_and_is_tried_again_after_seconds() -> None:
    """Entra may have counted it: two of them, then one in forty minutes."""
    state = State()
    for trial in range(2):
        assert judge(state, OLD, T + trial * 10) is None
        state = brake_rules.unanswered(state, OLD, T + trial * 10)
        assert judge(state, OLD, T + trial * 10 + 9)
    hold = judge(state, OLD, T + 20)
    assert hold
    assert (hold.refusal, hold.refusal.healing.needs_nobody) == (UNANSWERED, True)
    assert judge(state, OLD, T + 2400) is None


def test_a_claim_whose_owner_died_is_a_failure() -> None:
    """Nobody knows whether the password was sent: two of them, then one in forty minutes."""
    state = State()
    for trial in range(2):
        assert judge(state, OLD, T + trial) is None
        state = brake_rules.owner_presumed_dead(
            brake_rules.claimed(state, f"worker {trial}", T + trial + 150)
        )
    hold = judge(state, OLD, T + 5)
    assert hold
    assert hold.seconds == 2545


def test_a_success_clears_all_but_other_wrong_versions() -> None:
    """A worker with an old version in its cache must not try that again."""
    state = refused(WRONG_PASSWORD)
    state = brake_rules.succeeded(state, "", NEW_PASSWORD, T + 1)
    assert judge(state, NEW_PASSWORD, T + 2) is None
    hold = judge(state, OLD, T + 2)
    assert hold
    assert hold.refusal.number == WRONG_PASSWORD
    assert judge(brake_rules.succeeded(state, "", OLD, T + 3), OLD, T + 4) is None


def test_a_late_success_says_nothing_against_a_later_failure() -> None:
    """It was told when the storage was back; in between another worker was refused."""
    state = refused(WRONG_PASSWORD, at=T + 10)
    assert brake_rules.succeeded(state, "other", OLD, T) == state


def test_a_success_of_the_claims_owner_counts_whatever_the_clocks_say() -> None:
    """Nobody else tried in between."""
    state = brake_rules.claimed(refused(CONSENT_MISSING, at=T + 100), "me", T + 250)
    assert brake_rules.succeeded(state, "me", OLD, T).failures == 0


def test_a_release_is_the_owners_alone() -> None:
    """A worker that was thought dead must not end another's trial."""
    state = brake_rules.claimed(State(), "me", T + 150)
    assert brake_rules.released(state, "other") == state
    assert brake_rules.released(state, "me").owner == ""


def test_a_clock_that_was_hours_ahead_holds_nobody_for_hours() -> None:
    """Minutes of skew are borne; more is a clock that was wrong."""
    state = refused(CONSENT_MISSING, at=T + 86400)
    assert judge(state, OLD, T) is None
    assert judge(refused(CONSENT_MISSING, at=T + 240), OLD, T)


def test_refused_versions_are_bounded() -> None:
    """A row has an end; a cache is five minutes old and never knows so many versions."""
    state = State()
    for trial in range(100):
        state = refused(WRONG_PASSWORD, Versions("u", f"p{trial}", "s"), state)
    assert len(state.refused_versions) == 16
    assert judge(state, Versions("u", "p99", "s"), T + 9e9)


@pytest.mark.parametrize(
    "state",
    [
        State(),
        refused(WRONG_PASSWORD),
        refused(LOCKED),
        refused(99999),
        brake_rules.refused(State(), FEDERATED_PASSWORD, OLD, T),
        brake_rules.unanswered(State(), OLD, T),
        brake_rules.refused(State(), THROTTLED, OLD, T, wait=77),
        brake_rules.claimed(refused(WRONG_SECRET), "owner", T + 150),
    ],
)
def test_a_row_keeps_all_that_is_known(state: State) -> None:
    """Words excepted: they come from the table of codes."""
    again = from_columns(to_columns(state))
    assert (again.refusal is None) == (state.refusal is None)
    if again.refusal and state.refusal:
        assert (again.refusal.number, again.refusal.healing) == (state.refusal.number, state.refusal.healing)
    assert to_columns(again) == to_columns(state)
    if state.refusal and state.refusal.number != 99999:
        assert again == state


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"v": None}, {"spent": "{"}, {"healing": "unheardOf"}, {"misses": "many"}, {"due": "soon"}],
)
def test_a_row_of_another_format_is_not_guessed_at(change: dict[str, str | int]) -> None:
    """Another release wrote it: each worker goes by what it knows itself."""
    with pytest.raises(ValueError, match="brake"):
        from_columns(to_columns(refused(LOCKED)) | change)


def test_a_refusal_says_what_heals_it_and_never_repeats_entras_text() -> None:
    """Entra's description names the user and the app."""
    refusal = refusal_of(
        {"error": "invalid_grant", "error_codes": [99999], "error_description": "user anna@contoso.com"}
    )
    assert refusal.healing is Healing.SOMEBODY_ACTS
    assert "anna" not in repr(refusal)
