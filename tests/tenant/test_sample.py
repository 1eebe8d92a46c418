"""The sample tenant shows every case, and every number in it is fictional and valid."""

import phonenumbers

from dev.tenant import sample
from dev.tenant.state import TenantState

CASES = 25


def numbers(state: TenantState) -> list[str]:
    """Every registered number."""
    return [phone.number for person in state.people.values() for phone in person.phones.values()]


def test_every_number_is_a_valid_mobile_of_a_fictional_range(state: TenantState) -> None:
    """So that no sample can ever reach a real person."""
    for number in numbers(state):
        parsed = phonenumbers.parse(number)
        assert phonenumbers.is_valid_number(parsed)
        assert number.startswith(("+467017406", "+12025550"))


def test_no_two_people_have_the_same_phone(state: TenantState) -> None:
    """Except where one wants what another holds for SMS sign-in."""
    assert len(numbers(state)) == len(set(numbers(state)))
    holder, taken = state.person("sms.holder@contoso.com"), state.person("sms.taken@contoso.com")
    assert taken.attribute == holder.phones["mobile"].number


def test_the_secrets_hold_every_number_and_every_password(state: TenantState) -> None:
    """What a leak test looks for."""
    words = sample.secrets()
    assert set(numbers(state)) <= set(words)
    assert {number.removeprefix("+46").removeprefix("+1") for number in numbers(state)} <= set(words)
    plain = {
        person.attribute for person in state.people.values() if (person.attribute or "").startswith("+4670")
    }
    assert {attribute.strip()[:12] for attribute in plain if attribute} <= set(words)
    assert {sample.PASSWORD, sample.CLIENT_SECRET, sample.HANDSHAKE} <= set(words)
    assert sample.SERVICE_ACCOUNT not in words


def test_the_longest_name_is_as_long_as_entra_allows(state: TenantState) -> None:
    """64 characters, @, 48 characters."""
    local, _, domain = sample.LONG_UPN.partition("@")
    assert (len(local), len(domain)) == (64, 48)
    assert state.find_person(sample.LONG_UPN) is not None


def test_every_case_is_there(state: TenantState) -> None:
    """Guests, cloud-only and disabled users, administrators, owners, defaults, alternates, last factors."""
    people = list(state.people.values())
    assert len(people) >= CASES
    assert any(person.user_type == "Guest" for person in people)
    assert any(not person.enabled for person in people)
    assert any(person.on_premises_sync_enabled is None and person.user_type == "Member" for person in people)
    assert any("Global Administrator" in person.roles for person in people)
    assert any(person.default_phone() == "mobile" and not person.attribute for person in people)
    assert any("alternateMobile" in person.phones and not person.attribute for person in people)
    assert any(set(person.methods) == {"password", "email"} and person.phones for person in people)
    assert state.groups[sample.ADMIN_GROUP_ID].owners
