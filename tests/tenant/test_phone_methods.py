"""Phone methods: the rules of creating, changing, deleting and seeing them."""

from typing import Any

import pytest

from dev.tenant.people import PASSWORD_METHOD_ID, PHONE_METHOD_IDS, Phone
from dev.tenant.state import TenantState
from tests.clocks import FakeClock
from tests.tenant.graph_client import GraphClient, code

MOBILE = PHONE_METHOD_IDS["mobile"]
ALTERNATE = PHONE_METHOD_IDS["alternateMobile"]
ANNA = "anna.new@contoso.com"
BO = "bo.same@contoso.com"


async def test_somebody_without_phones_has_an_empty_list(graph: GraphClient) -> None:
    """Not a 404."""
    assert await graph.phones(ANNA) == []


async def test_a_created_phone_has_the_id_of_its_type(graph: GraphClient) -> None:
    """The id is the same constant for everybody."""
    answer = await graph.post_phone(ANNA, "+46701740699")
    assert answer.status_code == 201
    assert answer.json()["id"] == MOBILE
    assert [phone["id"] for phone in await graph.phones(BO)] == [MOBILE]
    one = await graph.get(f"/users/{ANNA}/authentication/phoneMethods/{MOBILE}")
    assert one.json()["phoneNumber"] == "+46 701740699"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("+46701740699", "+46 701740699"),
        ("+46 701740699", "+46 701740699"),
        ("+1 202-555-0199", "+1 2025550199"),
        ("+1 2025550199x123", "+1 2025550199x123"),
        ("+358 401234567", "+358 401234567"),
    ],
)
async def test_graph_gives_a_number_back_with_a_blank_after_the_country_code(
    graph: GraphClient, written: str, shown: str
) -> None:
    """Whatever it was written like."""
    assert (await graph.post_phone(ANNA, written)).status_code == 201
    assert [phone["phoneNumber"] for phone in await graph.phones(ANNA)] == [shown]


@pytest.mark.parametrize(
    "number", ["0701740699", "46701740699", "+46 abc", "", None, 5, "+46 70 174 06 99", "+4612"]
)
async def test_what_is_no_number_is_refused(graph: GraphClient, number: object) -> None:
    """Shape is checked, nothing is registered."""
    assert code(await graph.post_phone(ANNA, number)) == (400, "badRequest")
    assert await graph.phones(ANNA) == []


async def test_a_strict_tenant_takes_only_the_documented_format(
    graph: GraphClient, state: TenantState
) -> None:
    """A switch, since the page says so and live tenants do otherwise."""
    state.switches.number_format = "strict"
    assert code(await graph.post_phone(ANNA, "+46701740699")) == (400, "badRequest")
    assert (await graph.post_phone(ANNA, "+46 701740699")).status_code == 201


async def test_there_is_one_phone_of_each_type(graph: GraphClient) -> None:
    """A second POST of the type fails and changes nothing."""
    before = await graph.phones(BO)
    assert code(await graph.post_phone(BO, "+46 701740699")) == (400, "badRequest")
    assert await graph.phones(BO) == before


async def test_an_alternate_mobile_needs_a_mobile(graph: GraphClient) -> None:
    """An office phone does not."""
    assert code(await graph.post_phone(ANNA, "+46 701740699", "alternateMobile")) == (400, "badRequest")
    assert (await graph.post_phone(ANNA, "+46 701740699", "office")).status_code == 201
    assert (await graph.post_phone(BO, "+46 701740699", "alternateMobile")).status_code == 201


@pytest.mark.parametrize(
    "body",
    [{"phoneNumber": "+46 701740699", "phoneType": "fax"}, {"phoneNumber": "+46 701740699"}],
)
async def test_a_phone_without_a_known_type_is_refused(graph: GraphClient, body: dict[str, str]) -> None:
    """There are three types."""
    answer = await graph.call("POST", f"/users/{ANNA}/authentication/phoneMethods", json=body)
    assert code(answer) == (400, "badRequest")


async def test_the_sms_sign_in_state_cannot_be_written(graph: GraphClient) -> None:
    """It is read-only."""
    answer = await graph.patch_phone(BO, MOBILE, phoneNumber="+46 701740699", smsSignInState="ready")
    assert code(answer) == (400, "badRequest")


@pytest.mark.parametrize("status", [204, 200])
async def test_a_change_answers_204_or_200_as_switched(
    graph: GraphClient, state: TenantState, status: int
) -> None:
    """Microsoft's page says both."""
    state.switches.patch_answer = status
    answer = await graph.patch_phone(BO, MOBILE, phoneNumber="+46701740699", phoneType="mobile")
    assert answer.status_code == status
    assert bool(answer.content) == (status == 200)
    assert state.person(BO).phones["mobile"].number == "+46701740699"


async def test_a_change_keeps_what_is_not_sent_and_never_the_type(
    graph: GraphClient, state: TenantState
) -> None:
    """An empty PATCH changes nothing; another type is refused."""
    before = state.person(BO).phones
    assert (await graph.patch_phone(BO, MOBILE)).status_code == 204
    assert code(await graph.patch_phone(BO, MOBILE, phoneType="office")) == (400, "badRequest")
    assert state.person(BO).phones == before


async def test_a_method_that_is_not_there_is_a_404(graph: GraphClient) -> None:
    """For reading, changing and deleting alike."""
    path = f"/users/{ANNA}/authentication/phoneMethods/{MOBILE}"
    calls: list[tuple[str, dict[str, Any]]] = [("GET", {}), ("PATCH", {"json": {}}), ("DELETE", {})]
    for method, more in calls:
        assert code(await graph.call(method, path, **more)) == (404, "resourceNotFound")


async def test_a_body_needs_its_content_type(graph: GraphClient) -> None:
    """And must be JSON."""
    path = f"/users/{ANNA}/authentication/phoneMethods"
    for headers in ({}, {"Content-Type": "application/json"}):
        answer = await graph._http.post(
            f"https://graph.microsoft.com/v1.0{path}", content=b"x", headers=headers
        )
        assert code(answer) == (400, "BadRequest")


async def test_the_mobile_stays_while_there_is_an_alternate(graph: GraphClient) -> None:
    """The alternate goes first, then the mobile."""
    upn = "alternate.present@contoso.com"
    assert code(await graph.delete_phone(upn, MOBILE)) == (400, "badRequest")
    assert (await graph.delete_phone(upn, ALTERNATE)).status_code == 204
    assert (await graph.delete_phone(upn, MOBILE)).status_code == 204
    assert await graph.phones(upn) == []


@pytest.mark.parametrize("text", ["2022", "2021"])
async def test_the_default_method_stays_while_there_are_others(
    graph: GraphClient, state: TenantState, text: str
) -> None:
    """The refusal was seen in two wordings."""
    state.switches.default_method_text = text
    answer = await graph.delete_phone("default.method@contoso.com", MOBILE)
    assert code(answer) == (400, "badRequest")
    assert "default" in answer.json()["error"]["message"]
    assert answer.json()["error"]["innerError"]["message"] == answer.json()["error"]["message"]


@pytest.mark.parametrize(("allowed", "status"), [(True, 204), (False, 400)])
async def test_the_default_may_go_when_it_is_the_only_method(
    graph: GraphClient, state: TenantState, *, allowed: bool, status: int
) -> None:
    """Unknown, hence a switch."""
    person = state.person("default.method@contoso.com")
    person.methods = ["password"]
    state.switches.delete_only_default = allowed
    assert (await graph.delete_phone(person.upn, MOBILE)).status_code == status


async def test_the_password_is_no_phone(graph: GraphClient) -> None:
    """Its id is known and not among the phones."""
    assert code(await graph.delete_phone(BO, PASSWORD_METHOD_ID)) == (404, "resourceNotFound")


@pytest.mark.parametrize("written", [True, False])
async def test_a_number_held_for_sms_sign_in_conflicts(
    graph: GraphClient, state: TenantState, *, written: bool
) -> None:
    """409, and the number is usually written all the same."""
    state.switches.conflict_writes_number = written
    answer = await graph.post_phone("sms.taken@contoso.com", state.person("sms.taken@contoso.com").attribute)
    assert code(answer) == (409, "phoneNumberNotUnique")
    states = [phone["smsSignInState"] for phone in await graph.phones("sms.taken@contoso.com")]
    assert states == (["phoneNumberNotUnique"] if written else [])


async def test_nobody_conflicts_with_themselves(graph: GraphClient, state: TenantState) -> None:
    """Writing one's own number again is allowed."""
    holder = state.person("sms.holder@contoso.com")
    number = holder.phones["mobile"].number
    assert (await graph.patch_phone(holder.upn, MOBILE, phoneNumber=number)).status_code == 204
    assert holder.phones["mobile"].sms == "ready"


async def test_the_same_number_serves_two_people_as_a_factor(graph: GraphClient, state: TenantState) -> None:
    """Uniqueness is a rule of SMS sign-in alone."""
    number = state.person("sms.holder@contoso.com").phones["mobile"].number
    assert (await graph.post_phone(ANNA, number)).status_code == 201


async def test_the_sms_policy_registers_a_free_number(graph: GraphClient, state: TenantState) -> None:
    """Creating the mobile also makes it ready for sign-in."""
    state.switches.sms_sign_in_policy = True
    assert (await graph.post_phone(ANNA, "+46701740699")).json()["smsSignInState"] == "ready"


async def test_reads_lag_behind_writes_as_long_as_switched(
    graph: GraphClient, state: TenantState, clock: FakeClock
) -> None:
    """The old state is shown, yet a second POST finds the new one."""
    state.switches.write_lag = 10.0
    await graph.post_phone(ANNA, "+46701740699")
    assert await graph.phones(ANNA) == []
    assert code(await graph.post_phone(ANNA, "+46701740699")) == (400, "badRequest")
    clock.advance(5)
    await graph.patch_phone(ANNA, MOBILE, phoneNumber="+46701740698")
    clock.advance(5)
    assert [phone["phoneNumber"] for phone in await graph.phones(ANNA)] == ["+46 701740699"]
    clock.advance(5)
    assert [phone["phoneNumber"] for phone in await graph.phones(ANNA)] == ["+46 701740698"]


async def test_all_methods_come_with_their_types(graph: GraphClient, state: TenantState) -> None:
    """The phone has the same id there; the password's is a constant."""
    state.person(BO).methods = ["password", "microsoftAuthenticator", "fido2", "email", "softwareOath"]
    methods = (await graph.get(f"/users/{BO}/authentication/methods")).json()["value"]
    ids = {method["@odata.type"].removeprefix("#microsoft.graph."): method["id"] for method in methods}
    assert ids["passwordAuthenticationMethod"] == PASSWORD_METHOD_ID
    assert ids["phoneAuthenticationMethod"] == MOBILE
    assert len(ids) == 6


async def test_an_extension_survives_the_mask(graph: GraphClient, state: TenantState) -> None:
    """Lower-case x stays, digits go."""
    state.person(ANNA).phones["office"] = Phone("+12025550199x12", "notSupported")
    state.switches.number_view = "masked"
    assert [phone["phoneNumber"] for phone in await graph.phones(ANNA)] == ["+X XXXXXXXXXXx12"]
