"""The decision: desired, observed and policy in, one decision out."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from shared.codes import Code
from shared.decide import decide, same_wish, source_of
from shared.outcome import Outcome
from shared.phone_number import PhoneNumber
from shared.plan import Decision, Intent, NoChange, Refusal, unreadable_entry
from shared.plan import Request as RowRequest
from shared.policy import MaskedPolicy, Policy
from shared.scope import ScopePolicy
from shared.tenant import Absent, Change, Kind, ScopeSets, Unreadable
from tests.people import ANNA_ID, person, sighting

NUMBER = "+46 701740605"
OTHER = "+46 701740606"
KEEP = Intent(keep_when_empty=True)
DELETE = Intent()
ASSERT = Policy(masked=MaskedPolicy.ASSERT)
TRUST = Policy(masked=MaskedPolicy.TRUST)
EVERYBODY = ScopeSets()

Word = Kind | Outcome | Code


def word_of(decision: Decision) -> Word:
    """Return the one word that names a decision: what is written, how it is settled, or why not."""
    assert decision.rule, "explain shows it"
    match decision:
        case Change(kind):
            return kind
        case NoChange(outcome):
            return outcome
        case Refusal(code):
            return code


@pytest.mark.parametrize(
    ("attribute", "mobile", "intent", "policy", "expected"),
    [
        # desired            observed         OverwriteNull  MASKED_POLICY  what happens
        (NUMBER, None, DELETE, ASSERT, Kind.CREATE),
        (NUMBER, NUMBER, DELETE, ASSERT, Outcome.UNCHANGED),
        ("0046 70-174 06 05", NUMBER, DELETE, ASSERT, Outcome.UNCHANGED),
        (NUMBER, "+46701740605", DELETE, ASSERT, Outcome.UNCHANGED),
        (NUMBER, OTHER, DELETE, ASSERT, Kind.UPDATE),
        (NUMBER, OTHER, DELETE, TRUST, Kind.UPDATE),
        (NUMBER, "+46 701740605x12", DELETE, ASSERT, Kind.UPDATE),
        (NUMBER, "+XX XXXXXXX06", DELETE, ASSERT, Kind.UPDATE),
        (NUMBER, "+XX XXXXXXX06", DELETE, TRUST, Kind.UPDATE),
        (NUMBER, "+XX XXXXXXX05", DELETE, ASSERT, Kind.ASSERT),
        (NUMBER, "+XX XXXXXXX05", DELETE, TRUST, Outcome.UNCHANGED),
        (NUMBER, "+XX XXXXXXX05", KEEP, ASSERT, Kind.ASSERT),
        (None, None, DELETE, ASSERT, Outcome.UNCHANGED),
        (None, None, KEEP, ASSERT, Outcome.UNCHANGED),
        (None, NUMBER, DELETE, ASSERT, Kind.DELETE),
        ("", NUMBER, DELETE, ASSERT, Kind.DELETE),
        (" \t\r\n", NUMBER, DELETE, ASSERT, Kind.DELETE),
        (None, "+XX XXXXXXX05", DELETE, TRUST, Kind.DELETE),
        (None, NUMBER, KEEP, ASSERT, Outcome.KEPT),
        (" ", NUMBER, KEEP, ASSERT, Outcome.KEPT),
        (Absent.NOT_RETURNED, None, DELETE, ASSERT, Code.ATTRIBUTE_NOT_RETURNED),
        (Absent.NOT_RETURNED, NUMBER, DELETE, ASSERT, Code.ATTRIBUTE_NOT_RETURNED),
        (Absent.NOT_RETURNED, NUMBER, KEEP, ASSERT, Code.ATTRIBUTE_NOT_RETURNED),
        ("call Anna", None, DELETE, ASSERT, Code.INVALID_PHONE_NUMBER),
        ("call Anna", NUMBER, DELETE, ASSERT, Code.INVALID_PHONE_NUMBER),
        ("call Anna", NUMBER, KEEP, ASSERT, Code.INVALID_PHONE_NUMBER),
        ("0701740605", NUMBER, DELETE, ASSERT, Code.INVALID_PHONE_NUMBER),
        # What people write for "none" is no emptiness either.
        ("X", NUMBER, DELETE, ASSERT, Code.INVALID_PHONE_NUMBER),
        ("-", NUMBER, DELETE, ASSERT, Code.INVALID_PHONE_NUMBER),
        ("0", NUMBER, DELETE, ASSERT, Code.INVALID_PHONE_NUMBER),
        # Characters that cannot be seen are no emptiness: nobody knows what was meant.
        ("\u200b", NUMBER, DELETE, ASSERT, Code.INVALID_PHONE_NUMBER),
        ("\u00a0", NUMBER, DELETE, ASSERT, Code.INVALID_PHONE_NUMBER),
        ("\ufeff", NUMBER, DELETE, ASSERT, Code.INVALID_PHONE_NUMBER),
        ("\x00", NUMBER, DELETE, ASSERT, Code.INVALID_PHONE_NUMBER),
        ("\x0b", NUMBER, DELETE, ASSERT, Code.INVALID_PHONE_NUMBER),
    ],
)
def test_desired_and_observed_decide_what_happens(
    attribute: str | None, mobile: str | None, intent: Intent, policy: Policy, expected: Word
) -> None:
    """The table of the design, row by row."""
    assert word_of(decide(sighting(person(attribute), mobile), intent, policy, EVERYBODY)) is expected


@pytest.mark.parametrize("mobile", [None, OTHER, "+XX XXXXXXX05"])
def test_a_write_carries_the_users_id_and_the_desired_number(mobile: str | None) -> None:
    """What is written is the attribute's number and goes to the person observed."""
    decision = decide(sighting(person(NUMBER), mobile), DELETE, ASSERT, EVERYBODY)
    assert isinstance(decision, Change)
    assert (decision.user_id, decision.number) == (ANNA_ID, PhoneNumber.parse(NUMBER))


def test_a_delete_names_no_number() -> None:
    """A delete carries nothing that could be written by mistake."""
    decision = decide(sighting(person(), NUMBER), DELETE, ASSERT, EVERYBODY)
    assert isinstance(decision, Change)
    assert (decision.user_id, decision.number) == (ANNA_ID, None)


@dataclass(frozen=True)
class Believed:
    """A number that a caller believes in, of a call whose rows were kept."""

    number: PhoneNumber | None

    def meets(self, number: PhoneNumber | None) -> bool:
        """Return whether it is this one."""
        return number == self.number


@pytest.mark.parametrize(
    ("attribute", "believed", "expected"),
    [
        (NUMBER, NUMBER, Kind.CREATE),
        (NUMBER, OTHER, Code.SOURCE_NOT_YET_SYNCED),
        (None, OTHER, Code.SOURCE_NOT_YET_SYNCED),
        ("letters", OTHER, Code.INVALID_PHONE_NUMBER),
    ],
)
def test_a_kept_rows_expectation_counts_as_its_mobile_did(
    attribute: str | None, believed: str, expected: Word
) -> None:
    """A big push keeps no number: it recognises the attribute's all the same, or leaves the user alone."""
    intent = Intent(expectation=Believed(PhoneNumber.parse(believed)))
    assert word_of(decide(sighting(person(attribute)), intent, ASSERT, EVERYBODY)) is expected


def test_an_alternate_mobile_forbids_the_delete_but_not_the_update() -> None:
    """Graph refuses to delete the mobile under an alternate one; changing it is allowed."""
    emptied = sighting(person(), NUMBER, has_alternate_mobile=True)
    changed = sighting(person(OTHER), NUMBER, has_alternate_mobile=True)
    assert word_of(decide(emptied, DELETE, ASSERT, EVERYBODY)) is Code.ALTERNATE_MOBILE_PRESENT
    assert word_of(decide(emptied, KEEP, ASSERT, EVERYBODY)) is Outcome.KEPT
    assert word_of(decide(changed, DELETE, ASSERT, EVERYBODY)) is Kind.UPDATE


@pytest.mark.parametrize(
    ("attribute", "payload", "wins", "expected"),
    [
        # attribute   Mobile of the row    ALLOW_PAYLOAD_NUMBER   what happens to a user without a phone
        (NUMBER, NUMBER, False, Kind.CREATE),
        (NUMBER, "0046-701740605", False, Kind.CREATE),
        (NUMBER, None, False, Kind.CREATE),
        (NUMBER, OTHER, False, Code.SOURCE_NOT_YET_SYNCED),
        (None, NUMBER, False, Code.SOURCE_NOT_YET_SYNCED),
        (NUMBER, "letters", False, Code.INVALID_PHONE_NUMBER),
        ("letters", NUMBER, False, Code.INVALID_PHONE_NUMBER),
        (Absent.NOT_RETURNED, NUMBER, False, Code.ATTRIBUTE_NOT_RETURNED),
        (NUMBER, OTHER, True, Kind.CREATE),
        (None, NUMBER, True, Kind.CREATE),
        ("letters", NUMBER, True, Kind.CREATE),
        (Absent.NOT_RETURNED, NUMBER, True, Kind.CREATE),
        (NUMBER, "letters", True, Code.INVALID_PHONE_NUMBER),
        (None, None, True, Outcome.UNCHANGED),
    ],
)
def test_a_rows_mobile_is_an_expectation_unless_the_payload_wins(
    attribute: str | None, payload: str | None, *, wins: bool, expected: Word
) -> None:
    """A stated number that the attribute does not hold (yet) is never written, unless allowed."""
    policy = Policy(payload_number_wins=wins)
    decision = decide(sighting(person(attribute)), Intent(mobile=payload), policy, EVERYBODY)
    assert word_of(decision) is expected


def test_a_winning_payload_is_what_is_written_and_named_as_the_source() -> None:
    """With ALLOW_PAYLOAD_NUMBER the caller's number is written, not the attribute's."""
    policy, intent = Policy(payload_number_wins=True), Intent(mobile=OTHER)
    decision = decide(sighting(person(NUMBER)), intent, policy, EVERYBODY)
    assert isinstance(decision, Change)
    assert decision.number == PhoneNumber.parse(OTHER)
    assert source_of(intent, policy) == "payload"
    assert source_of(Intent(), policy) == source_of(intent, Policy()) == "extensionAttribute15"


SCOPE = ScopePolicy()
INSIDE = ScopeSets(members=frozenset({ANNA_ID}))


@pytest.mark.parametrize(
    ("facts", "scope", "sets", "expected"),
    [
        # who, with a number and no phone      policy       groups       what happens
        ({}, SCOPE, EVERYBODY, Kind.CREATE),
        ({}, SCOPE, INSIDE, Kind.CREATE),
        ({"object_id": ANNA_ID.upper()}, SCOPE, INSIDE, Kind.CREATE),
        ({}, SCOPE, ScopeSets(members=frozenset()), Code.OUT_OF_SCOPE),
        ({}, SCOPE, ScopeSets(excluded=frozenset({ANNA_ID})), Code.EXCLUDED),
        ({}, SCOPE, ScopeSets(frozenset({ANNA_ID}), frozenset({ANNA_ID})), Code.EXCLUDED),
        ({}, SCOPE, ScopeSets(own=frozenset({ANNA_ID})), Code.EXCLUDED),
        ({"upn": "Anna@Contoso.com"}, SCOPE, ScopeSets(own=frozenset({"anna@contoso.com"})), Code.EXCLUDED),
        ({"is_guest": True, "is_synced": False}, SCOPE, EVERYBODY, Code.GUEST_EXCLUDED),
        (
            {"is_guest": True, "is_synced": False},
            ScopePolicy(include_guests=True),
            EVERYBODY,
            Kind.CREATE,
        ),
        ({"is_synced": False}, SCOPE, EVERYBODY, Code.SOURCE_NOT_ON_PREMISES),
        ({"is_synced": False}, ScopePolicy(include_guests=True), EVERYBODY, Code.SOURCE_NOT_ON_PREMISES),
        ({"is_synced": False}, ScopePolicy(allow_cloud_only=True), EVERYBODY, Kind.CREATE),
        ({"account_enabled": False}, SCOPE, EVERYBODY, Kind.CREATE),  # a new joiner
        ({"account_enabled": None}, SCOPE, EVERYBODY, Kind.CREATE),
    ],
)
def test_scope_decides_before_anything_else(
    facts: dict[str, bool | str], scope: ScopePolicy, sets: ScopeSets, expected: Word
) -> None:
    """Who is not ours is refused by name of the rule, whatever the numbers say."""
    user = person(NUMBER, **facts)  # type: ignore[arg-type]  # a table of keyword arguments
    assert word_of(decide(sighting(user), DELETE, Policy(scope=scope), sets)) is expected


@pytest.mark.parametrize("attribute", ["letters", Absent.NOT_RETURNED, None])
def test_who_is_out_of_scope_is_told_so_even_with_an_unreadable_attribute(attribute: str | None) -> None:
    """The scope's code comes first: nobody mends data of users that are not ours."""
    decision = decide(sighting(person(attribute), NUMBER), DELETE, ASSERT, ScopeSets(members=frozenset()))
    assert word_of(decision) is Code.OUT_OF_SCOPE


@pytest.mark.parametrize(
    ("default", "from_usage", "usage_location", "expected"),
    [
        # PHONE_DEFAULT_REGION   ..._FROM_USAGE_LOCATION   the user's   what "070-174 06 05" becomes
        (None, False, "SE", Code.INVALID_PHONE_NUMBER),
        ("SE", False, None, Kind.CREATE),
        ("SE", True, None, Kind.CREATE),
        (None, True, "SE", Kind.CREATE),
        (None, True, None, Code.INVALID_PHONE_NUMBER),
        ("US", True, "SE", Kind.CREATE),
        ("SE", True, "US", Code.INVALID_PHONE_NUMBER),
    ],
)
def test_trap_12_national_numbers_need_a_region_and_the_users_own_comes_first(
    default: str | None, *, from_usage: bool, usage_location: str | None, expected: Word
) -> None:
    """A national number is read only by a region that somebody chose."""
    policy = Policy(default_region=default, region_from_usage_location=from_usage)
    user = person("070-174 06 05", usage_location=usage_location)
    assert word_of(decide(sighting(user), DELETE, policy, EVERYBODY)) is expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Intent(), Intent(), True),
        (Intent(mobile=NUMBER), Intent(mobile="0046701740605"), True),
        (Intent(mobile=NUMBER), Intent(mobile="070-1740605"), True),
        (Intent(mobile=NUMBER), Intent(mobile=OTHER), False),
        (Intent(mobile=NUMBER), Intent(), False),
        (Intent(), KEEP, False),
        (Intent(mobile="letters"), Intent(mobile="letters"), True),
        (Intent(mobile="letters"), Intent(mobile="others"), False),
    ],
)
def test_two_rows_wish_the_same_by_value(one: Intent, other: Intent, *, same: bool) -> None:
    """The article sends a user twice: spelling makes no contradiction, another number does."""
    assert same_wish(one, other, "SE") is same
    assert same_wish(other, one, "SE") is same


def test_a_refusal_of_a_number_never_repeats_the_text() -> None:
    """Details are logged and shown, so a refused text stays out of them."""
    decision = decide(sighting(person("+46 (0)701740605")), DELETE, ASSERT, EVERYBODY)
    assert isinstance(decision, Refusal)
    assert "701740605" not in repr(decision)


def test_somebody_unreadable_has_a_place_in_the_plan_with_the_directorys_code() -> None:
    """Nobody asked for goes unanswered."""
    wishes = [RowRequest(3, "x@contoso.com", KEEP), RowRequest(5, ANNA_ID, KEEP)]
    entry = unreadable_entry(wishes, Unreadable(Code.UNAVAILABLE, "a 503", person(NUMBER)))
    assert (entry.rows, entry.key, entry.intent, entry.phones) == ((3, 5), "x@contoso.com", KEEP, None)
    assert entry.user == person(NUMBER)
    assert isinstance(entry.decision, Refusal)
    assert (entry.decision.code, entry.decision.detail) == (Code.UNAVAILABLE, "a 503")
