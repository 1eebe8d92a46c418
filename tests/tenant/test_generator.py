"""The generator: made-up people of known kinds, computed from a seed and an index."""

import tracemalloc
from collections import Counter

import phonenumbers
import pytest

from dev.tenant.generator import FRACTIONS, KINDS, Crowd
from dev.tenant.server import EmulatedTenant
from dev.tenant.state import TenantState
from shared.phone_number import InvalidPhoneNumberError, PhoneNumber

COUNT = 2500


@pytest.fixture
def crowd(state: TenantState) -> Crowd:
    """Some generated people beside those of the sample."""
    return state.generate(COUNT, seed=7)


def parsed(text: str | None) -> str | None:
    """The number in E.164 as the product reads it, or None."""
    try:
        return PhoneNumber.parse(text or "").reveal().replace(" ", "")
    except InvalidPhoneNumberError:
        return None


@pytest.mark.parametrize("count", [1, 2, 3, 10, 999, 1000, 4096])
@pytest.mark.parametrize("seed", [1, 2**40 + 5])
def test_everybody_is_found_by_id_and_by_name(state: TenantState, count: int, seed: int) -> None:
    """Both hold the index, so nothing is searched; ids are as good as unrelated."""
    crowd = state.generate(count, seed)
    people = [crowd.person(index) for index in range(count)]
    assert len({person.id for person in people}) == len({person.upn for person in people}) == count
    for index, person in enumerate(people):
        assert crowd.index_of_id(person.id) == index
        assert crowd.index_of_upn(person.upn.lower()) == index
        assert crowd.at((index * crowd.step + crowd.seed) % count) == index
    assert state.find_person(people[-1].upn.upper()) == state.people[people[-1].id]


def test_nobody_else_is_found(state: TenantState, crowd: Crowd) -> None:
    """Neighbouring indexes, other seeds, other names."""
    other = EmulatedTenant().state.generate(COUNT, seed=8)
    assert state.find_person(other.id(3)) is None
    beyond = Crowd(COUNT + 5, 7, crowd.domain, crowd.bounds, crowd.step, crowd.ending)
    for key in (
        beyond.id(COUNT),
        f"user{COUNT:07}@contoso.com",
        "user0000003@example.org",
        "user3@contoso.com",
        "x" * 36,
        f"zzzzzzzz{crowd.id(3)[8:]}",
    ):
        assert state.find_person(key) is None
        assert key not in state.people


def test_the_same_seed_makes_the_same_people(state: TenantState) -> None:
    """And another seed others."""
    one = state.generate(50, seed=3)
    people = [one.person(index) for index in range(50)]
    assert [state.generate(50, seed=3).person(index) for index in range(50)] == people
    assert [state.generate(50, seed=4).person(index) for index in range(50)] != people


def test_the_kinds_come_in_exact_shares_and_scattered(state: TenantState) -> None:
    """So that a test can say how many writes a run must make."""
    crowd = state.generate(COUNT, fractions={"missing": 0.1, "different": 0.02})
    kinds = [crowd.kind(index) for index in range(COUNT)]
    assert Counter(kinds) == {"same": 2200, "missing": 250, "different": 50}
    assert {kind: len(crowd.of_kind(kind)) for kind in ("same", "missing", "guest")} == {
        "same": 2200,
        "missing": 250,
        "guest": 0,
    }
    assert set(kinds[: COUNT // 10]) == {"same", "missing", "different"}
    assert all(crowd.kind(crowd.at(place)) == "missing" for place in crowd.of_kind("missing"))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_what_it_is_called(crowd: Crowd, kind: str) -> None:
    """Attribute and phone, account and origin."""
    assert set(KINDS) == {"same", *FRACTIONS}
    for place in crowd.of_kind(kind)[:40]:
        person = crowd.person(crowd.at(place))
        wanted = parsed(person.attribute)
        held = person.phones["mobile"].number if person.phones else None
        assert (person.attribute is None) == (kind in {"empty", "none"})
        assert (held is not None) == (kind in {"same", "different", "empty", "invalid"})
        assert (wanted is not None) == (kind not in {"empty", "none", "invalid"})
        if wanted is not None and held is not None:
            assert (wanted == held) == (kind == "same")
        assert (person.user_type == "Guest") == (kind == "guest")
        assert person.enabled == (kind != "disabled")
        assert (person.on_premises_sync_enabled is None) == (kind in {"guest", "cloud_only"})


def test_every_generated_number_is_valid_and_fictional(crowd: Crowd) -> None:
    """The North American plan keeps them free; some pairs end alike, so a mask cannot tell them apart."""
    people = [crowd.person(index) for index in range(COUNT)]
    numbers = {phone.number for person in people for phone in person.phones.values()}
    assert len(numbers) > 1000
    for number in numbers:
        assert number[5:10] == "55501"
        assert phonenumbers.is_valid_number(phonenumbers.parse(number))
    different = [person for person in people if crowd.kind(people.index(person)) == "different"]
    alike = [p for p in different if (p.attribute or "")[-2:] == p.phones["mobile"].number[-2:]]
    assert 0 < len(alike) < len(different) / 2


@pytest.mark.parametrize(
    ("count", "fractions"),
    [(0, None), (10, {"sam": 0.1}), (10, {"guest": 0.6, "empty": 0.6}), (10, {"guest": -1})],
)
def test_what_cannot_be_generated_is_refused(
    state: TenantState, count: int, fractions: dict[str, float] | None
) -> None:
    """And nothing has changed then."""
    before = len(state.people)
    with pytest.raises(ValueError, match="people"):
        state.generate(count, fractions=fractions)
    assert len(state.people) == before


def test_a_million_people_take_no_memory(state: TenantState) -> None:
    """They are computed, not stored, also after each was read."""
    tracemalloc.start()
    state.generate(1_000_000)
    crowd = state.people.crowd
    assert crowd is not None
    for index in range(0, 1_000_000, 10_007):
        assert state.find_person(crowd.upn(index)) is not None
    assert len(state.people) == 1_000_000 + len(list(state.people.stored()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000
