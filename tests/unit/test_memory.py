"""What follows from what we last wrote: a mask settled, a stranger's change told, and nothing guessed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from shared.codes import Code
from shared.decide import decide
from shared.memory import Forgotten, recollect
from shared.outcome import Note, Outcome
from shared.phone_number import ObservedNumber, PhoneNumber
from shared.plan import Entry, Intent, NoChange, Plan
from shared.policy import Policy
from shared.tenant import Change, Kind, Observation, PhoneMethods, ScopeSets, User
from tests.people import person

OURS, OTHER = "+46 701740605", "+46 701740699"
SAME_TAIL = "+46 701749905"
PUSH = Policy()
SWEEP = PUSH.for_sweeps(keep_when_empty=False, empty_grace_days=3)
MASKED, MASKED_OTHER = "+XX XXXXXXX05", "+XX XXXXXXX99"


@dataclass(frozen=True)
class Written:
    """A last write of one number, or of a delete."""

    number: str | None
    age: float = 3600.0
    lag: float = 0.0
    is_payload: bool = False

    def was(self, number: PhoneNumber | None) -> bool:
        """Return whether that number was written."""
        return (number.reveal() if number else None) == self.number

    def is_payload_for(self, user: User) -> bool:  # noqa: ARG002  the protocol's
        """Return whether a caller chose the number."""
        return self.is_payload


def recollected(
    attribute: str | None, mobile: str | None, last: Written | Forgotten, policy: Policy = PUSH
) -> Entry:
    """Return the entry of somebody with that attribute and phone, in the light of a last write."""
    seen = Observation(person(attribute), PhoneMethods(ObservedNumber(mobile) if mobile else None))
    decision = decide(seen, Intent(), Policy(), ScopeSets())
    entry = Entry((0,), "key", Intent(), seen.user, seen.phones, decision)
    planned = Plan((entry,)).map_changes(lambda one, change: recollect(one, change, last, policy))
    (made,) = planned.entries
    assert made.decision.rule, "explain shows it"
    return made


DAY = 86_400.0


@pytest.mark.parametrize(
    ("days", "age", "kind"), [(30, 29.9, None), (30, 30, Kind.ASSERT), (7, 8, Kind.ASSERT)]
)
def test_what_a_mask_hides_is_taken_from_memory_for_some_days_alone(
    days: int, age: float, kind: Kind | None
) -> None:
    """Somebody may have registered another number with the same last digits meanwhile: it ends one day."""
    policy = replace(PUSH, memory_days=days)
    decision = recollected(OURS, MASKED, Written(OURS, age * DAY), policy).decision
    assert (decision.kind if isinstance(decision, Change) else None) is kind


def test_what_is_seen_to_have_moved_is_told_however_old_the_memory_is() -> None:
    """A number that shows is proof, and so are digits that differ."""
    for mobile in (OTHER, MASKED_OTHER):
        assert recollected(OURS, mobile, Written(OURS, 300 * DAY)).notes == (Note.CHANGED_OUTSIDE,)


@pytest.mark.parametrize(
    ("attribute", "mobile", "last", "kind", "notes"),
    [
        (OURS, MASKED, Written(OURS), None, (Note.FROM_MEMORY,)),
        (OURS, MASKED, Written(OTHER), Kind.ASSERT, ()),
        (OURS, MASKED, Written(SAME_TAIL), Kind.ASSERT, ()),
        (OURS, MASKED, Written(None), Kind.ASSERT, (Note.CHANGED_OUTSIDE,)),
        (OURS, MASKED, Forgotten.NOTHING_CERTAIN, Kind.ASSERT, ()),
        (OURS, MASKED, Forgotten.UNREADABLE, Kind.ASSERT, ()),
        (OURS, MASKED_OTHER, Written(OURS), Kind.UPDATE, (Note.CHANGED_OUTSIDE,)),
        (OURS, MASKED_OTHER, Written(OTHER), Kind.UPDATE, ()),
        (OURS, OTHER, Written(OURS), Kind.UPDATE, (Note.CHANGED_OUTSIDE,)),
        (OURS, OTHER, Written(OTHER), Kind.UPDATE, ()),
        (OURS, OTHER, Written(SAME_TAIL), Kind.UPDATE, (Note.CHANGED_OUTSIDE,)),
        (OURS, "+999 1", Written(OURS), Kind.UPDATE, (Note.CHANGED_OUTSIDE,)),
        (OURS, None, Written(OURS), Kind.CREATE, (Note.CHANGED_OUTSIDE,)),
        (OURS, None, Written(None), Kind.CREATE, ()),
        (None, OURS, Written(OURS), Kind.DELETE, ()),
        (None, OTHER, Written(OURS), Kind.DELETE, (Note.CHANGED_OUTSIDE,)),
        (None, OTHER, Written(None), Kind.DELETE, (Note.CHANGED_OUTSIDE,)),
        (None, MASKED_OTHER, Written(OURS), Kind.DELETE, ()),
        (OURS, OTHER, Forgotten.NOTHING_CERTAIN, Kind.UPDATE, ()),
        (OURS, OURS, Written(OTHER), None, ()),
    ],
    ids=[
        "mask settled",
        "mask, another was written",
        "mask, another with the same tail was written",
        "mask where we deleted",
        "mask, nothing certain",
        "mask, unreadable",
        "mask shows another, ours was desired",
        "mask shows what we wrote before",
        "whole shows another, ours was desired",
        "attribute moved alone",
        "attribute and phone moved",
        "whole shows what we could never have written",
        "phone is gone",
        "phone was deleted by us",
        "attribute emptied",
        "attribute emptied, phone moved",
        "a phone where we deleted",
        "attribute emptied, a mask proves nothing",
        "another, nothing certain",
        "agrees: nobody asks who wrote it",
    ],
)
def test_what_a_last_write_proves(
    attribute: str | None,
    mobile: str | None,
    last: Written | Forgotten,
    kind: Kind | None,
    notes: tuple[Note, ...],
) -> None:
    """A mask is settled by our own record alone, and nobody is accused without proof."""
    entry = recollected(attribute, mobile, last)
    if kind is None:
        assert isinstance(entry.decision, NoChange)
        assert entry.decision.outcome is Outcome.UNCHANGED
    else:
        assert isinstance(entry.decision, Change)
        assert entry.decision.kind is kind
    assert entry.notes == notes


def test_a_read_that_may_be_late_accuses_nobody() -> None:
    """Within the lag the former number may still be shown: it is written again, and nothing is reported."""
    assert recollected(OURS, OTHER, Written(OURS, age=5)).notes == ()
    assert recollected(OURS, OTHER, Written(OURS, age=600)).notes == (Note.CHANGED_OUTSIDE,)


@pytest.mark.parametrize(
    ("last", "provisional"),
    [(Written(OTHER, age=60), True), (Written(OTHER, is_payload=True), False)],
    ids=["written just now", "a caller's number"],
)
def test_a_sweep_leaves_alone_what_a_push_would_write(last: Written, *, provisional: bool) -> None:
    """Reads and the audit log may be late, and a caller's number stands until the attribute changes."""
    assert isinstance(recollected(OURS, OTHER, last).decision, Change)
    sweep = replace(SWEEP, payload_number_wins=True)
    left = recollected(OURS, OTHER, last, sweep).decision
    assert isinstance(left, NoChange)
    assert (left.outcome, left.is_provisional) == (Outcome.KEPT, provisional)


@pytest.mark.parametrize(
    ("policy", "wins", "mobile"),
    [
        (SWEEP, False, OTHER),
        (PUSH, True, OTHER),
        (SWEEP, True, SAME_TAIL),
        (SWEEP, True, None),
    ],
    ids=["callers choose no longer", "a push names the user", "somebody changed it", "somebody removed it"],
)
def test_a_callers_number_stands_only_in_sweeps_where_callers_choose_and_nobody_else_did(
    policy: Policy, mobile: str | None, *, wins: bool
) -> None:
    """What a caller once chose is no shield for what stands there now, nor outlives its setting."""
    last = Written(OTHER, is_payload=True)
    entry = recollected(OURS, mobile, last, replace(policy, payload_number_wins=wins))
    assert isinstance(entry.decision, Change)
    assert entry.decision.number == PhoneNumber.parse(OURS)


def test_whether_a_caller_chose_is_asked_of_the_user_as_read_now() -> None:
    """An attribute that moved since ends the caller's choice, so the record must see the attribute."""
    asked: list[User] = []

    class Asked(Written):
        def is_payload_for(self, user: User) -> bool:
            asked.append(user)
            return True

    recollected(OURS, OTHER, Asked(OTHER), replace(SWEEP, payload_number_wins=True))
    assert asked == [person(OURS)]


def test_a_refused_change_still_reports_that_a_phone_was_changed_outside() -> None:
    """Whatever stops our write, the security officer hears of the other's."""
    entry = recollected(None, OTHER, Written(OURS))
    stopped = entry.refused(Code.LAST_FACTOR, "a rule")
    assert stopped.notes == (Note.CHANGED_OUTSIDE,)
