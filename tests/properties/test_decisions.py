"""What holds for every user, observation and policy, searched for counterexamples."""

from __future__ import annotations

from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.decide import decide
from shared.guard import Limit, refuse_over_limit
from shared.outcome import Outcome
from shared.phone_number import ObservedNumber
from shared.plan import Entry, Intent, NoChange, Plan, Refusal
from shared.policy import LastFactorGuard, MaskedPolicy, Policy
from shared.scope import ScopePolicy
from shared.tenant import Absent, Change, Kind, Observation, PhoneMethods, ScopeSets
from tests.people import ANNA_ID, person
from tests.properties.numbers import mobile_numbers, spellings

SEARCH = settings(max_examples=200, deadline=None, derandomize=True, database=None)

Attribute = str | Literal[Absent.NOT_RETURNED] | None

attributes: st.SearchStrategy[Attribute] = st.one_of(
    st.none(),
    st.just(Absent.NOT_RETURNED),
    st.text(max_size=20),
    st.sampled_from(["", " ", "\u200b"]),
    spellings(),
)
users = st.builds(
    person,
    attributes,
    is_guest=st.booleans(),
    is_synced=st.booleans(),
    account_enabled=st.sampled_from([True, False, None]),
    usage_location=st.sampled_from([None, "SE", "US", "ZZ", "se"]),
)
shown = st.one_of(
    st.text(max_size=20),
    mobile_numbers().map(lambda number: number.reveal()),
    mobile_numbers().map(lambda number: f"+XX XXXXXXX{number.national[-2:]}"),
)
phones = st.builds(PhoneMethods, st.one_of(st.none(), shown.map(ObservedNumber)), st.booleans())
sightings = st.builds(Observation, users, phones)
intents = st.builds(Intent, st.booleans(), st.one_of(st.none(), st.text(max_size=20), spellings()))
policies = st.builds(
    Policy,
    st.builds(ScopePolicy, st.booleans(), st.booleans(), st.booleans()),
    st.sampled_from(MaskedPolicy),
    st.sampled_from(LastFactorGuard),
    st.sampled_from([None, "SE", "US"]),
    st.booleans(),
    st.booleans(),
    regions=st.sampled_from([(), ("SE",)]),
)
groups = st.sampled_from([None, frozenset[str](), frozenset({ANNA_ID})])
scopes = st.builds(
    ScopeSets,
    groups,
    groups.map(lambda found: found or frozenset()),
    groups.map(lambda found: found or frozenset()),
)


@SEARCH
@given(sightings, intents, policies, scopes)
def test_every_user_gets_a_decision(
    seen: Observation, intent: Intent, policy: Policy, sets: ScopeSets
) -> None:
    """Deciding is total, names its rule, and a write carries a number unless it deletes.

    The same question has the same answer twice.
    """
    decision = decide(seen, intent, policy, sets)
    assert decision == decide(seen, intent, policy, sets)
    assert isinstance(decision.rule, str)
    if isinstance(decision, Change):
        assert decision.user_id == seen.user.id
        assert (decision.number is None) is (decision.kind is Kind.DELETE)
        assert (decision.kind is Kind.CREATE) is (seen.phones.mobile is None)


@SEARCH
@given(sightings, intents, policies, scopes)
def test_nothing_but_plain_emptiness_deletes(
    seen: Observation, intent: Intent, policy: Policy, sets: ScopeSets
) -> None:
    """An attribute that was not returned or cannot be read never costs anybody the phone."""
    decision = decide(seen, intent, policy, sets)
    if isinstance(decision, Change) and decision.kind is Kind.DELETE:
        assert seen.user.attribute is None or (
            isinstance(seen.user.attribute, str) and seen.user.attribute.strip(" \t\r\n") == ""
        )
        assert not intent.keep_when_empty
        assert not seen.phones.has_alternate_mobile


@SEARCH
@given(sightings, policies, scopes)
def test_overwrite_null_zero_never_deletes(seen: Observation, policy: Policy, sets: ScopeSets) -> None:
    """Whoever says keep keeps."""
    decision = decide(seen, Intent(keep_when_empty=True), policy, sets)
    assert not (isinstance(decision, Change) and decision.kind is Kind.DELETE)


@SEARCH
@given(sightings, intents, policies, scopes)
def test_who_is_excluded_is_never_written(
    seen: Observation, intent: Intent, policy: Policy, sets: ScopeSets
) -> None:
    """No number and no intent leads around the scope."""
    outside = seen.user.id in sets.excluded | sets.own or (
        sets.members is not None and seen.user.id not in sets.members
    )
    if outside:
        assert isinstance(decide(seen, intent, policy, sets), Refusal)


@SEARCH
@given(st.builds(person, st.one_of(st.none(), spellings())), phones, intents, policies)
def test_what_was_written_is_unchanged_the_next_time(
    user: object, before: PhoneMethods, intent: Intent, policy: Policy
) -> None:
    """Applying a decision and deciding again writes nothing more."""
    seen = Observation(user, before)  # type: ignore[arg-type]  # st.builds forgets what person returns
    decision = decide(seen, intent, policy, ScopeSets())
    if isinstance(decision, Change):
        number = ObservedNumber(decision.number.reveal()) if decision.number else None
        after = Observation(seen.user, PhoneMethods(number, before.has_alternate_mobile))
        again = decide(after, intent, policy, ScopeSets())
        assert isinstance(again, NoChange)
        assert again.outcome is Outcome.UNCHANGED


@SEARCH
@given(st.lists(st.tuples(sightings, intents), max_size=12), policies, st.integers(0, 5), st.integers(0, 100))
def test_the_guard_leaves_all_writes_of_a_kind_or_none(
    wishes: list[tuple[Observation, Intent]], policy: Policy, most: int, population: int
) -> None:
    """No part of a kind gets through, nothing is added, and what is left is within the limits."""
    plan = Plan(
        tuple(
            Entry((row,), "key", intent, seen.user, seen.phones, decide(seen, intent, policy, ScopeSets()))
            for row, (seen, intent) in enumerate(wishes)
        )
    )
    limits = {kind: Limit(kind.value, most, 10) for kind in Kind}
    before, after = plan.counts(), refuse_over_limit(plan, limits, population).counts()
    assert all(after[kind] in {0, before[kind]} for kind in Kind)
    assert all(limits[kind].breach(after[kind], population) is None for kind in Kind)
