"""Users: what comes back, how they are addressed, and how they are listed."""

from urllib.parse import quote

import httpx
import pytest

from dev.tenant import sample
from dev.tenant.state import TenantState
from tests.tenant.graph_client import GraphClient, code

SELECT = "$select=id,userPrincipalName,accountEnabled,userType,usageLocation,onPremisesSyncEnabled,onPremisesLastSyncDateTime,onPremisesExtensionAttributes"  # noqa: E501


async def test_extension_attributes_come_only_when_selected(graph: GraphClient) -> None:
    """Without $select they are absent, which is not the same as empty."""
    bare = await graph.get("/users/anna.new@contoso.com")
    full = await graph.get(f"/users/anna.new@contoso.com?{SELECT}")
    assert "onPremisesExtensionAttributes" not in bare.json()
    assert full.json()["onPremisesExtensionAttributes"]["extensionAttribute15"] == "+46701740605"
    assert full.json()["onPremisesExtensionAttributes"]["extensionAttribute1"] is None
    assert bare.json()["displayName"] == "Anna New"


async def test_an_empty_attribute_is_null_and_one_not_returned_is_absent(
    graph: GraphClient, state: TenantState
) -> None:
    """A program must tell the two apart, or it deletes phones."""
    empty = await graph.get(f"/users/hanna.none@contoso.com?{SELECT}")
    state.person("hanna.none@contoso.com").attribute_returned = False
    absent = await graph.get(f"/users/hanna.none@contoso.com?{SELECT}")
    assert empty.json()["onPremisesExtensionAttributes"]["extensionAttribute15"] is None
    assert "onPremisesExtensionAttributes" not in absent.json()


async def test_an_unknown_property_is_refused(graph: GraphClient) -> None:
    """A misspelt $select is a 400, and a part of a complex property cannot be selected."""
    for select in ("mobilphone", "onPremisesExtensionAttributes/extensionAttribute15"):
        answer = await graph.get(f"/users/bo.same@contoso.com?$select={select}")
        assert code(answer) == (400, "BadRequest")
        assert "Could not find a property named" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "key",
    [
        "o'brien@contoso.com",
        "o%27brien@contoso.com",
        "('o''brien@contoso.com')",
        quote("x_gmail.com#EXT#@contoso.com"),
        quote("åsa.öberg@contoso.com"),
        quote(sample.LONG_UPN),
        "BO.SAME@CONTOSO.COM",
        sample.guid("bo.same@contoso.com"),
    ],
)
async def test_somebody_is_found_by_any_form_of_their_name(graph: GraphClient, key: str) -> None:
    """Apostrophes raw, encoded or doubled in quotes; # and letters beyond ASCII percent-encoded."""
    path = f"/users{key}" if key.startswith("(") else f"/users/{key}"
    assert (await graph.get(path)).status_code == 200


async def test_a_upn_that_begins_with_a_dollar_needs_quotes(graph: GraphClient) -> None:
    """The documented form is /users('$x@y')."""
    assert (await graph.get("/users('$dollar@contoso.com')?$select=id")).status_code == 200
    assert code(await graph.get("/users/$dollar@contoso.com")) == (400, "BadRequest")


async def test_a_lone_apostrophe_in_quotes_is_malformed(graph: GraphClient) -> None:
    """An OData literal doubles it."""
    assert code(await graph.get("/users('o'brien@contoso.com')")) == (400, "BadRequest")


async def test_nobody_of_that_name_is_a_404_in_graphs_words(graph: GraphClient) -> None:
    """Clients match on the code, some on the text."""
    answer = await graph.get("/users/nobody@contoso.com")
    assert code(answer) == (404, "Request_ResourceNotFound")
    inner = answer.json()["error"]["innerError"]
    assert inner["request-id"] == answer.headers["request-id"]
    assert set(inner) >= {"date", "request-id", "client-request-id"}


async def test_a_listing_is_read_by_following_opaque_links(graph: GraphClient, state: TenantState) -> None:
    """Every page but the last has an absolute nextLink, and everybody comes once."""
    seen: list[str] = []
    link: str | None = f"/users?$top=7&{SELECT}"
    while link is not None:
        page = (await graph.get(link)).json()
        seen += [person["id"] for person in page["value"]]
        link = page.get("@odata.nextLink")
        assert link is None or link.startswith("https://graph.microsoft.com/v1.0/users?")
    assert sorted(seen) == sorted(state.people)


@pytest.mark.parametrize("query", ["$top=1000", "$top=0", "$top=x", "$skip=5", "$skiptoken=made-up"])
async def test_pages_that_cannot_be_are_refused(graph: GraphClient, query: str) -> None:
    """$top reaches to 999, $skip does not exist, tokens are Graph's own."""
    response = await graph._http.get(f"https://graph.microsoft.com/v1.0/users?{query}")
    assert response.status_code == 400


async def test_simple_filters_work_by_default(graph: GraphClient) -> None:
    """AccountEnabled and userPrincipalName need nothing special; quotes are doubled."""
    disabled = await graph.get("/users?$filter=accountEnabled eq false&$select=id,userPrincipalName")
    brien = await graph.get("/users?$filter=userPrincipalName eq 'o''brien@contoso.com'&$select=id")
    assert [row["userPrincipalName"] for row in disabled.json()["value"]] == ["disabled.joiner@contoso.com"]
    assert len(brien.json()["value"]) == 1
    assert code(await graph.get("/users?$filter=accountEnabled is true")) == (400, "BadRequest")


async def test_filtering_by_the_attribute_is_an_advanced_query(graph: GraphClient) -> None:
    """Without the header and $count the answer claims that the attribute does not exist."""
    path = "/users?$filter=onPremisesExtensionAttributes/extensionAttribute15 eq null&$select=id"
    eventual = {"ConsistencyLevel": "eventual"}
    for response in (await graph.get(path), await graph.get(path, headers=eventual)):
        assert code(response) == (400, "Request_UnsupportedQuery")
        assert "does not exist as a declared property" in response.json()["error"]["message"]
    answer = await graph.get(f"{path}&$count=true", headers=eventual)
    assert answer.json()["@odata.count"] == len(answer.json()["value"]) > 0


async def test_more_than_fifteen_alternatives_are_too_many(graph: GraphClient) -> None:
    """Graph says how many it allows."""
    clauses = " or ".join(f"userPrincipalName eq 'user{number}@contoso.com'" for number in range(16))
    answer = await graph.get(f"/users?$filter={clauses}")
    assert code(answer) == (400, "Request_UnsupportedQuery")
    assert "Max allowed: 15" in answer.json()["error"]["message"]


async def test_without_the_right_to_read_users_the_directory_refuses(
    graph: GraphClient, state: TenantState
) -> None:
    """And User.ReadBasic.All does not show the attributes."""
    state.switches.grants = ["UserAuthenticationMethod.ReadWrite.All"]
    assert code(await graph.get("/users/bo.same@contoso.com")) == (403, "Authorization_RequestDenied")
    state.switches.grants = ["User.ReadBasic.All"]
    shown = (await graph.get(f"/users/bo.same@contoso.com?{SELECT}")).json()
    assert "onPremisesExtensionAttributes" not in shown


@pytest.mark.parametrize("token", [None, "unknown", "vault"])
async def test_a_token_that_is_none_is_graphs_401(
    graph: GraphClient, state: TenantState, token: str | None
) -> None:
    """Missing, unknown, or meant for another service."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    del graph._http.headers["Authorization"]
    answer = await graph.get("/users", headers=headers)
    assert code(answer) == (401, "InvalidAuthenticationToken")
    assert answer.headers["www-authenticate"].startswith('Bearer realm=""')
    assert state.log.entries[-1]["caller"] is None


async def test_every_answer_says_who_answered_it(graph: GraphClient) -> None:
    """request-id, client-request-id, the diagnostic and a date; the emulation owns up to itself."""
    answer: httpx.Response = await graph.get("/users?$top=1", headers={"client-request-id": "mine"})
    assert answer.headers["client-request-id"] == "mine"
    assert {"request-id", "date", "x-ms-ags-diagnostic", "x-emulated-tenant"} <= set(answer.headers)
