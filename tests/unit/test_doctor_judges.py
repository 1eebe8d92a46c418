"""Each check's judgement as a table of cases: from what was read to a state and what is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mfa_sync.doctor import configuration, found_out, tenant
from mfa_sync.doctor.configuration import SecretFound
from mfa_sync.doctor.rights import RIGHTS, Features, judge_rights, judge_roles
from mfa_sync.doctor.verdict import State, Verdict, fault, ok, unknown, warning, worst
from shared.facts import Facts
from shared.phone_number import ObservedNumber, PhoneNumber

NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ALL = Features(last_factor=True, groups=True, protects=True, sweeps=True, app_only=False)
NONE = Features(last_factor=False, groups=False, protects=False, sweeps=False, app_only=False)
LIMITED, FULL = "c4e39bd9-1100-46d3-8c65-fb160da0071f", "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
GLOBAL, USERS = "62e90394-69f5-4237-9190-012177145e10", "fe930be7-5e62-47db-91af-98c3a49a38b1"
READER, MEMBER = "4a5d8f65-41da-4de4-8968-e035b65339cf", "b79fbf4d-3ef9-4689-8143-76b194e85509"


def found(**facts: object) -> SecretFound:
    """Return a secret as it should be, but for these facts."""
    return SecretFound(**{"name": "a", "exists": True, "created": NOW - DAY, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("secret", "is_previous", "state"),
    [
        (found(), False, State.OK),
        (found(exists=False), False, State.FAULT),
        (found(weakness="it can be guessed"), False, State.FAULT),
        (found(expires=NOW), False, State.FAULT),
        (found(expires=NOW - DAY), False, State.FAULT),
        (found(expires=NOW + 20 * DAY), False, State.WARNING),
        (found(expires=NOW + 21 * DAY), False, State.OK),
        (found(created=NOW - 365 * DAY), False, State.OK),
        (found(created=NOW - 366 * DAY), False, State.WARNING),
        (found(created=None), False, State.OK),
        (found(exists=False), True, State.OK),
        (found(expires=NOW - DAY), True, State.OK),
        (found(expires=None), True, State.OK),
    ],
)
def test_secrets(secret: SecretFound, *, is_previous: bool, state: State) -> None:
    """There, strong, not over and not ending; a predecessor may be anything, since it ends by itself."""
    judge = configuration.judge_previous if is_previous else configuration.judge_secret
    assert judge(secret, NOW).state is state


@pytest.mark.parametrize(
    ("offset", "state"),
    [
        (None, "unknown"),
        (0, "ok"),
        (30, "ok"),
        (-31, "warning"),
        (300, "warning"),
        (-301, "fault"),
        (600, "fault"),
    ],
)
def test_clocks(offset: float | None, state: str) -> None:
    """Either way; five minutes is where calls are refused."""
    assert configuration.judge_clock(offset).state == state


@pytest.mark.parametrize(
    ("stuck", "moved", "state"), [([], None, "unknown"), ([], NOW, "ok"), (["a-run"], NOW, "fault")]
)
def test_queues(stuck: list[str], moved: datetime | None, state: str) -> None:
    """By what it should have moved; before the first run nothing is known."""
    assert configuration.judge_queue(stuck, moved).state == state


@pytest.mark.parametrize(("age", "state"), [(None, "unknown"), (0, "ok"), (900, "ok"), (901, "fault")])
def test_watchdogs(age: float | None, state: str) -> None:
    """Timers were seen not to come back after a publish."""
    assert configuration.judge_watchdog(age).state == state


@pytest.mark.parametrize(
    ("came_back", "seconds", "state"), [(True, 0.1, "ok"), (True, 3.0, "warning"), (False, 0.1, "fault")]
)
def test_storages(seconds: float, state: str, *, came_back: bool) -> None:
    """What was written must come back, and soon."""
    assert configuration.judge_storage("the table", seconds, came_back=came_back).state == state


@pytest.mark.parametrize(
    ("wids", "app_only", "state"),
    [
        ([], True, "ok"),
        ([FULL, READER, MEMBER], False, "ok"),
        ([LIMITED, MEMBER], False, "ok"),
        ([GLOBAL, MEMBER], False, "warning"),
        ([FULL, USERS], False, "warning"),
        ([USERS, MEMBER], False, "fault"),
        ([MEMBER], False, "unknown"),
        ([READER, MEMBER], False, "unknown"),
        ([], False, "unknown"),
    ],
)
def test_roles(wids: list[str], state: str, *, app_only: bool) -> None:
    """One that writes phones, and no more; one over a unit is not in the token, so nothing is no fault."""
    assert judge_roles(wids, app_only=app_only).state == state


def test_each_feature_names_the_right_that_it_lacks() -> None:
    """Where nothing is switched on, two rights are needed; one that is wider will do."""
    assert set(judge_rights({"User.Read.All"}, NONE)) == {"right.users", "right.phones"}
    lacking = judge_rights({"User.Read.All"}, ALL)
    assert {name: one.state.value for name, one in lacking.items()} == {
        "right.users": "ok",
        "right.auditLog": "warning",
        **{f"right.{right.name}": "fault" for right in RIGHTS if right.name not in {"users", "auditLog"}},
    }
    assert all(right.any_of[0] in lacking[f"right.{right.name}"].remedy for right in RIGHTS[1:])
    for right in RIGHTS:
        for held in right.any_of:
            assert judge_rights({held}, ALL)[f"right.{right.name}"].state == "ok"


def test_a_token_that_cannot_be_read_proves_nothing() -> None:
    """Unknown, and no fault."""
    assert {one.state for one in judge_rights((), ALL).values()} == {State.UNKNOWN}


@pytest.mark.parametrize(
    ("whole", "limits", "refused", "state"),
    [
        (True, False, True, "ok"),
        (False, True, True, "warning"),
        (False, False, True, "fault"),
        (True, False, False, "warning"),
    ],
)
def test_privileged(state: str, *, whole: bool, limits: bool, refused: bool) -> None:
    """A set that is not whole stops every write, unless Entra itself keeps us from the rest."""
    assert tenant.judge_privileged(3, whole=whole, entra_limits=limits, refused=refused).state == state


@pytest.mark.parametrize(
    ("in_scope", "returned", "holding", "state"),
    [(0, 0, 0, "unknown"), (9, 0, 0, "fault"), (9, 9, 0, "fault"), (9, 9, 4, "warning"), (9, 9, 5, "ok")],
)
def test_attributes(in_scope: int, returned: int, holding: int, state: str) -> None:
    """Not told is a right that is missing, empty everywhere a feed that does not run."""
    assert tenant.judge_attribute(in_scope, returned, holding).state == state


@pytest.mark.parametrize(
    ("counts", "state"),
    [((0, 9, 0, 0), "fault"), ((9, 1, 5, 0), "ok"), ((9, 0, 5, 1), "warning"), ((9, 0, 0, 0), "unknown")],
)
def test_numbers(counts: tuple[int, int, int, int], state: str) -> None:
    """Read, refused, whole, masked."""
    assert tenant.judge_numbers(*counts).state == state


@pytest.mark.parametrize(
    ("allowed", "newest", "state"),
    [
        (False, None, "warning"),
        (True, None, "unknown"),
        (True, NOW - DAY, "ok"),
        (True, NOW - 2 * DAY, "warning"),
    ],
)
def test_audit_logs(newest: datetime | None, state: str, *, allowed: bool) -> None:
    """One that may not be read costs full sweeps; one that is silent is looked into."""
    assert tenant.judge_audit(newest, NOW, allowed=allowed, filtered=None).state == state


@pytest.mark.parametrize(
    ("allowed", "today", "state", "says"),
    [
        (None, NOW, "warning", "end on 2027-02-01"),
        ({"Sms": True, "Voice": True}, NOW, "warning", "Sms and Voice may be used"),
        ({"Sms": True}, NOW, "warning", "voice is off"),
        ({"Sms": False, "Voice": False}, NOW, "fault", "switched off"),
        ({"Sms": True}, datetime(2027, 2, 1, tzinfo=UTC), "warning", "ended on 2027-02-01"),
    ],
)
def test_delivery(allowed: dict[str, bool] | None, today: datetime, state: str, says: str) -> None:
    """Off serves nobody; on ends in February 2027."""
    verdict = tenant.judge_delivery(allowed, today)
    assert (verdict.state, says in verdict.found) == (state, True)


@pytest.mark.parametrize(
    ("users", "seconds", "limit", "state", "says"),
    [
        (100, None, None, "unknown", ""),
        (100_000, 0.2, None, "ok", "5101 calls, about 4 min"),
        (100_000, 0.2, 5, "warning", "55.6 h, by the known limit of 5 in 10 s"),
    ],
)
def test_forecasts(users: int, seconds: float | None, limit: float | None, state: str, says: str) -> None:
    """By the calls that a sweep takes, eight at a time, and by the limit where one is known."""
    verdict = tenant.judge_forecast(users, at_least=False, seconds_a_batch=seconds, limit=limit)
    assert (verdict.state, says in verdict.found) == (state, True)


def test_groups_and_people() -> None:
    """An empty scope is nobody; cloud users are whose number somebody else may choose."""
    assert tenant.judge_group("SYNC_SCOPE_GROUP_ID", 0, narrows=True).state == "fault"
    assert tenant.judge_group("EXCLUDE_GROUP_ID", 0, narrows=False).state == "warning"
    assert tenant.judge_group("EXCLUDE_GROUP_ID", 2, narrows=False).state == "ok"
    assert [tenant.judge_people(9, *of).state.value for of in ((9, 9), (9, 8), (0, 0))] == [
        "ok",
        "warning",
        "warning",
    ]


def test_the_vaults_and_the_settings() -> None:
    """Each has one line."""
    assert [configuration.judge_vault(7, 7).state, configuration.judge_vault(6, 7).state] == ["ok", "fault"]
    assert configuration.judge_settings("A=b", {}).state == "ok"
    assert configuration.judge_settings("A=b", {"C=d": "so"}).means == "C=d: so"


@pytest.mark.parametrize(
    ("verdicts", "state"),
    [
        ([ok("")], "ok"),
        ([ok(""), unknown("")], "unknown"),
        ([unknown(""), warning("", "", "")], "warning"),
        ([warning("", "", ""), fault("", "", "")], "fault"),
    ],
)
def test_the_worst_is_the_doctors_word(verdicts: list[Verdict], state: str) -> None:
    """What is unknown is no fault, and hides none."""
    assert worst(verdicts) == state


@pytest.mark.parametrize(
    ("shown", "state", "says"),
    [
        ("+46 701740611", "ok", "whole"),
        ("+XX XXXXXXX11", "ok", "masked by 'X', with its last 2 digits"),
        ("***", "ok", "masked by '*', with its last 0 digits"),
        ("+46 701740622", "fault", "as another"),
        ("+XX XXXXXXX22", "fault", "as another"),
    ],
)
def test_masks(shown: str, state: str, says: str) -> None:
    """A number that is known must not be shown as another: every look would find a change."""
    verdict = found_out.judge_mask(ObservedNumber(shown), PhoneNumber.parse("+46701740611"))
    assert (verdict.state, says in verdict.found) == (state, True)


@pytest.mark.parametrize(
    ("status", "state"), [(204, "ok"), (200, "ok"), (403, "warning"), (404, "fault"), (None, "fault")]
)
def test_reaches(status: int | None, state: str) -> None:
    """403 may be a restricted unit's border; anything else is none."""
    assert found_out.judge_reach(status, "accessDenied").state == state


@pytest.mark.parametrize(
    ("found", "state", "facts"),
    [
        ((400, "a", 400, "b", 404), "ok", {"existsSignature": "a", "badNumberSignature": "b"}),
        ((400, "a", 400, "a", 404), "warning", {}),
        ((409, "a", 400, "b", 404), "warning", {}),
        ((400, "", 400, "b", 404), "warning", {}),
        ((201, "", 201, "", 204), "warning", {}),
    ],
)
def test_refusals(found: tuple[int, str, int, str, int], state: str, facts: dict[str, str]) -> None:
    """Only 400s need a look at their words, and only where both differ it tells something."""
    verdict, learned = found_out.judge_refusals(*found)
    assert (verdict.state, learned) == (state, facts)


def test_lags_rates_and_entries() -> None:
    """What is found is ok; what is not is told with what to do."""
    assert [found_out.judge_lag(lag, 60).state.value for lag in (0.0, None)] == ["ok", "warning"]
    assert found_out.judge_rate(200, 0, 1.0, None, says_wait=False).found.endswith("no limit showed")
    assert "with Retry-After: about 120" in found_out.judge_rate(120, 80, 1.0, 120.0, says_wait=True).found
    states = [found_out.judge_own_entry(own, 60, filtered=True).state.value for own in (True, False, None)]
    assert states == ["ok", "warning", "unknown"]


def test_facts_are_shown_with_their_day() -> None:
    """One that is not used is told, without its value."""
    day = NOW.timestamp()
    good = found_out.judge_facts(Facts.of({"readLag": (2.5, day), "auditFilter": (True, day)}, day))
    assert (good.state, good.found) == ("ok", "readLag 2.5 (2026-11-25); auditFilter true (2026-11-25)")
    bad = found_out.judge_facts(Facts.of({"readLag": (900.0, day)}, day))
    assert (bad.state, bad.found) == ("warning", "readLag ? (2026-11-25)")
    assert bad.means == "readLag is not used: it is out of bounds (0 to 120)"
    assert found_out.judge_facts(Facts()).state == "unknown"
