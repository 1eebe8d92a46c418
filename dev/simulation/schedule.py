"""What will happen in a run, all of it drawn from one number before anything starts."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

from dev.simulation.cast import Cast, Casting, Member
from dev.simulation.mischief import Event, events, faults, happens
from dev.simulation.numbers import Numbers
from dev.tenant.faults import Fault
from dev.tenant.graph.groups import HIDDEN
from dev.tenant.people import Person
from dev.tenant.sample import SERVICE_ACCOUNT

_FEWEST, _MOST = 5, 25
CANARY = "00000000-0000-4000-8000-0000000ca4a7"
"""The account that is tried where a run finds out."""

# What a canary finds otherwise than the defaults are.
_OTHERWISE: dict[str, list[Any]] = {
    "write_lag": [3.0, 10.0, 18.0],
    "mask_character": ["#", "•"],
    "exists_text": ["The number conflicts with the format that is invalid for one more phone."],
    "bad_number_text": ["This type cannot be added, it has already been judged.", "No."],
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One row that a caller sends.

    Attributes:
        who: Object id of the person meant.
        by_id: Whether the row names the id and not the UPN.
        keep: OverwriteNull=0.
        mobile: The number that the row states; None if it states none.
        text: How the row spells it.
    """

    who: str
    by_id: bool
    keep: bool = False
    mobile: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Push:
    """One call of a caller.

    Attributes:
        worker: Which worker answers it.
        rows: What it asks.
        dry_run: Whether it only asks what would be.
        wait: Seconds that the caller says it will wait; None if it says nothing.
        key: What it sends as Idempotency-Key; None if it sends none.
    """

    worker: int
    rows: tuple[Asked, ...]
    dry_run: bool = False
    wait: int | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Pushes that start at once, after a pause; the workers named in `cold` are started anew before."""

    pause: float
    pushes: tuple[Push, ...]
    cold: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that is laid down before a run.

    Attributes:
        seed: The number that it comes from.
        numbers: What the texts in it mean.
        cast: The people.
        switches: How this tenant behaves where Microsoft leaves it open.
        role: What the service account may do.
        may_read_roles: Whether the app may read who is privileged.
        settings: The app's settings that are not the example's.
        faults: What fails, by the name of its kind.
        events: What else happens in the middle.
        steps: The pushes.
        finds_out: Whether a canary is tried first, in a tenant that lags, masks and refuses otherwise.
        hides_excluded: Whether the group whose members are left alone does not show them, until all is calm.
    """

    seed: int
    numbers: Numbers
    cast: Cast
    switches: dict[str, Any]
    role: str
    may_read_roles: bool
    settings: dict[str, str]
    faults: tuple[tuple[str, Fault], ...]
    events: tuple[Event, ...]
    steps: tuple[Step, ...]
    hides_excluded: bool
    finds_out: bool


def schedule_of(seed: int) -> Schedule:
    """Return the schedule that `seed` stands for."""
    chance = random.Random(seed)  # noqa: S311  the point is that it repeats
    settings = _settings(chance)
    numbers = Numbers(chance, swedish_by_default=settings.get("PHONE_DEFAULT_REGION") == "SE")
    casting = Casting(chance, numbers)
    cast = casting.cast(chance.randint(_FEWEST, _MOST))
    if cast.scope and happens(chance, 0.2):
        settings["SYNC_SCOPE_GROUP_ID"] = cast.scope.id
    if cast.exclude and happens(chance, 0.2):
        settings["EXCLUDE_GROUP_ID"] = cast.exclude.id
    steps = _steps(chance, cast, numbers)
    # Drawn apart, so that a seed of former times still means what it meant.
    later = random.Random(f"who may take a role {seed}")  # noqa: S311  repeatable
    for member in cast.members:
        if member.kind in {"new", "same", "changed"} and happens(later, 0.06):
            member.person.eligible_roles = ["User Administrator"]
    hides_excluded = "EXCLUDE_GROUP_ID" in settings and happens(later, 0.1)
    if cast.exclude and hides_excluded:
        cast.exclude.visibility = HIDDEN
    switches = _switches(chance)
    switches["pim_licence"] = happens(later, 0.8)
    finds_out = happens(later, 0.25) and settings["MAX_UPDATES"] == "200"
    if finds_out:
        settings["CANARY_USER"] = CANARY
        switches |= {name: later.choice(values) for name, values in _OTHERWISE.items()}
    return Schedule(
        seed,
        numbers,
        cast,
        switches,
        chance.choice(["Privileged Authentication Administrator", "Authentication Administrator"]),
        happens(chance, 0.85),
        settings,
        faults(chance),
        events(chance, _others(cast), numbers, len(steps)),
        steps,
        hides_excluded,
        finds_out,
    )


def _others(cast: Cast) -> list[Person]:
    """Return everybody whom something may happen to: not the service account, which is no user's."""
    people = [member.person for member in cast.members if member.exists]
    return [person for person in people if person.upn != SERVICE_ACCOUNT] or people


def _settings(chance: random.Random) -> dict[str, str]:
    """Return settings, each mostly as the example has it."""
    choices: dict[str, list[str]] = {
        "MASKED_POLICY": ["assert", "assert", "trust"],
        "LAST_FACTOR_GUARD": ["sweeps", "sweeps", "off", "all"],
        "PUSH_MODE": ["apply"] * 19 + ["plan"],
        "INCLUDE_GUESTS": ["false", "false", "true"],
        "CLOUD_ONLY_USERS": ["refuse", "refuse", "allow"],
        "PRIVILEGED_TARGETS": ["refuse", "refuse", "allow"],
        "PHONE_DEFAULT_REGION": ["", "", "", "SE"],
        "ALLOW_PAYLOAD_NUMBER": ["false"] * 7 + ["true"],
        "SYNC_DEADLINE_SECONDS": ["90", "90", "90", "30", "10"],
        "MAX_CREATES": ["500"] * 9 + ["2"],
        "MAX_UPDATES": ["200"] * 9 + ["2"],
        "MAX_ASSERTS": ["1000"] * 9 + ["2"],
        "MAX_DELETES": ["20"] * 8 + ["1", "0"],
        "MAX_USERS_PER_NUMBER": ["5", "5", "2", "1"],
    }
    return {name: chance.choice(values) for name, values in choices.items()}


def _switches(chance: random.Random) -> dict[str, Any]:
    """Return how this tenant behaves."""
    choices: dict[str, list[Any]] = {
        "number_view": ["by role"] * 6 + ["masked", "full"],
        "mask_character": ["X", "X", "*"],
        "write_lag": [0.0] * 5 + [0.7, 3.0, 10.0],
        "conflict_writes_number": [True, False],
        "patch_answer": [204, 200],
        "delete_only_default": [True, False],
        "number_format": ["tolerant", "tolerant", "strict"],
        "graph_latency": [0.0, 0.05, 0.4, 2.0],
        "graph_latency_spread": [0.0, 0.1, 1.0],
        "methods_limit": [None] * 6 + [60, 15],
        "directory_limit": [None] * 6 + [60, 15],
        "throttle_tells_wait": [True, True, False],
        "claims_challenge": [False] * 9 + [True],
        "claims_challenge_items": [False] * 9 + [True],
        "methods_after_creation": [0.0] * 9 + [6.0],
        "methods_absent_status": [404, 400],
        # Wrong passwords count for long, so that slow repetition shows as well.
        "lockout_seconds": [3600.0],
        "token_lifetime": [3971, 3971, 700, 400],
        "token_refresh_in": [None, None, 300],
    }
    return {name: chance.choice(values) for name, values in choices.items()}


def _steps(chance: random.Random, cast: Cast, numbers: Numbers) -> tuple[Step, ...]:
    steps = []
    for _ in range(chance.randint(2, 4)):
        workers = chance.choice([[0], [0], [1], [0, 0], [0, 1]])
        first = _push(chance, cast, numbers, workers[0])
        pushes = [first]
        if len(workers) > 1:
            again = happens(chance, 0.5)  # two callers often mean the same people
            second = replace(first, worker=workers[1]) if again else _push(chance, cast, numbers, workers[1])
            pushes.append(second)
        cold = frozenset(one for one in (0, 1) if happens(chance, 0.25))
        steps.append(Step(chance.choice([0.0, 1.0, 20.0, 70.0, 400.0]), tuple(pushes), cold))
    return tuple(steps)


def _push(chance: random.Random, cast: Cast, numbers: Numbers, worker: int) -> Push:
    few = chance.randint(1, len(cast.members))
    rows = [_asked(chance, member, numbers) for member in chance.sample(cast.members, few)]
    if happens(chance, 0.15):  # the article's client sends somebody twice
        rows.append(chance.choice(rows))
    if happens(chance, 0.05):
        first = rows[0]
        rows.append(Asked(first.who, not first.by_id, not first.keep, first.mobile, first.text))
    return Push(
        worker,
        tuple(rows),
        dry_run=happens(chance, 0.08),
        wait=chance.choice([None] * 8 + [5, 20]),
        key=f"call-{chance.getrandbits(64):x}" if happens(chance, 0.2) else None,
    )


def _asked(chance: random.Random, member: Member, numbers: Numbers) -> Asked:
    mobile = text = None
    if happens(chance, 0.05):  # the attribute has not caught up
        mobile = numbers.draw()
    elif happens(chance, 0.1) and member.kind in {"new", "same", "changed"}:  # the attribute agrees
        mobile = numbers.meaning(member.person.attribute)
    if mobile:
        text = numbers.written(mobile)
    # A name that nobody has can only be sent as such.
    by_id = happens(chance, 0.5) and member.exists
    return Asked(member.person.id, by_id, happens(chance, 0.15), mobile, text)
