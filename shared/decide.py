"""The decision: from what is desired and what is observed to what should happen. Pure and total."""

from __future__ import annotations

from shared.codes import Code
from shared.outcome import Outcome
from shared.phone_number import Comparison, InvalidPhoneNumberError, ObservedNumber, PhoneNumber
from shared.plan import Decision, Intent, NoChange, Refusal
from shared.policy import MaskedPolicy, Policy
from shared.scope import scope_refusal
from shared.tenant import Absent, Change, Kind, Observation, ScopeSets, User


def decide(seen: Observation, intent: Intent, policy: Policy, sets: ScopeSets) -> Decision:
    """Return what should happen to one user (tests/unit/test_plan.py has the whole table).

    Args:
        seen: The user and the phone methods of this moment.
        intent: What the caller asks.
        policy: What the organisation decided.
        sets: Who is inside and outside by group.
    """
    if refusal := scope_refusal(seen.user, policy.scope, sets):
        return Refusal(*refusal)
    desired = _desired(seen.user, intent, policy)
    if isinstance(desired, Refusal):
        return desired
    if desired is None:
        return _when_empty(seen, intent, policy)
    return _when_a_number(seen, desired, policy)


def _desired(user: User, intent: Intent, policy: Policy) -> PhoneNumber | Refusal | None:
    region = policy.region_of(user)
    try:
        stated = PhoneNumber.parse(intent.mobile, region) if intent.mobile else None
    except InvalidPhoneNumberError as error:
        return Refusal(Code.INVALID_PHONE_NUMBER, "Mobile", f"Mobile: {error}.")
    if stated and policy.payload_number_wins:
        return stated
    if user.attribute is Absent.NOT_RETURNED:
        return Refusal(Code.ATTRIBUTE_NOT_RETURNED, "absent is not empty")
    try:
        # Only plain blanks count as empty: an attribute of invisible characters is unreadable, not absent.
        text = (user.attribute or "").strip(" \t\r\n")
        desired = PhoneNumber.parse(text, region) if text else None
    except InvalidPhoneNumberError as error:
        return Refusal(Code.INVALID_PHONE_NUMBER, "extensionAttribute15", f"extensionAttribute15: {error}.")
    unmet = intent.expectation is not None and not intent.expectation.meets(desired)
    if unmet or (stated and stated != desired):
        return Refusal(Code.SOURCE_NOT_YET_SYNCED, "Mobile is an expectation (ALLOW_PAYLOAD_NUMBER=false)")
    return desired


def _when_empty(seen: Observation, intent: Intent, policy: Policy) -> Decision:
    if seen.phones.mobile is None:
        return NoChange(Outcome.UNCHANGED, "empty attribute, no mobile phone")
    if policy.keep_when_empty:
        return NoChange(Outcome.KEPT, "SWEEP_EMPTY=keep")
    if intent.keep_when_empty:
        return NoChange(Outcome.KEPT, "OverwriteNull=0")
    if seen.phones.has_alternate_mobile:
        return Refusal(Code.ALTERNATE_MOBILE_PRESENT, "a rule of Graph's")
    return Change(Kind.DELETE, seen.user.id, None, "empty attribute (OverwriteNull=1)")


def _when_a_number(seen: Observation, desired: PhoneNumber, policy: Policy) -> Decision:
    observed: ObservedNumber | None = seen.phones.mobile
    if observed is None:
        return Change(Kind.CREATE, seen.user.id, desired, "a number, no mobile phone")
    match observed.compare(desired):
        case Comparison.SAME:
            return NoChange(Outcome.UNCHANGED, "the same number")
        case Comparison.DIFFERENT:
            return Change(Kind.UPDATE, seen.user.id, desired, "a different number")
        case Comparison.CANNOT_TELL if policy.masked is MaskedPolicy.TRUST:
            return NoChange(Outcome.UNCHANGED, "the visible digits agree (MASKED_POLICY=trust)")
        case Comparison.CANNOT_TELL:
            return Change(
                Kind.ASSERT, seen.user.id, desired, "the visible digits agree (MASKED_POLICY=assert)"
            )


def source_of(intent: Intent, policy: Policy) -> str:
    """Return the name of the place from which the desired number is taken."""
    return "payload" if policy.payload_number_wins and intent.mobile else "extensionAttribute15"


def same_wish(one: Intent, other: Intent, region: str | None) -> bool:
    """Return whether two intents ask the same, their numbers compared by value."""
    return _wish(one, region) == _wish(other, region)


def _wish(intent: Intent, region: str | None) -> tuple[object, ...]:
    return intent.keep_when_empty, _value(intent.mobile, region), intent.expectation


def _value(mobile: str | None, region: str | None) -> PhoneNumber | str | None:
    try:
        return PhoneNumber.parse(mobile, region) if mobile else None
    except InvalidPhoneNumberError:
        return mobile
