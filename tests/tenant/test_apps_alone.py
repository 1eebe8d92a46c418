"""Apps alone and the managed identity: how they prove themselves, what they may do, and their names."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from azure.identity import ManagedIdentityCredential

from dev.tenant import sample
from dev.tenant.client_authentication import JWT_BEARER
from dev.tenant.identity_endpoint import MANAGED_IDENTITY_ID
from dev.tenant.people import PHONE_METHOD_IDS
from dev.tenant.server import EmulatedTenant
from dev.tenant.state import TenantState
from tests.tenant.graph_client import GraphClient, code

TOKEN_URL = f"https://login.microsoftonline.com/{sample.TENANT_ID}/oauth2/v2.0/token"
GRAPH, EXCHANGE = "https://graph.microsoft.com/.default", "api://AzureADTokenExchange/.default"
FORM = {"grant_type": "client_credentials", "client_id": sample.CLIENT_ID, "scope": GRAPH}
ADMIN, ANNA = "admin.privileged@contoso.com", "anna.new@contoso.com"
NUMBER = "+46 701740699"


def identity_token(scope: str) -> str:
    """Return what the platform's endpoint gives."""
    with ManagedIdentityCredential() as credential:
        return str(credential.get_token(scope).token)


def claims_of(token: str) -> dict[str, Any]:
    """Return what stands in an access token."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def asserted(online: httpx.Client, assertion: str, **more: str) -> httpx.Response:
    """Ask for a token of the app, with this assertion in place of a secret."""
    form = {**FORM, "client_assertion": assertion, "client_assertion_type": JWT_BEARER, **more}
    return online.post(TOKEN_URL, data=form)


def test_an_app_is_proved_by_an_identity_that_it_trusts(
    running: EmulatedTenant, online: httpx.Client
) -> None:
    """Its token for the exchange stands in for the secret, with the issuer of version 2."""
    assertion = identity_token(EXCHANGE)
    assert claims_of(assertion)["iss"] == f"https://login.microsoftonline.com/{sample.TENANT_ID}/v2.0"
    identity = running.state.service_principal_id(MANAGED_IDENTITY_ID)
    assert (claims_of(assertion)["oid"], claims_of(assertion)["sub"]) == (identity, identity)
    assert asserted(online, assertion).status_code == 200
    form = {"grant_type": "password", "username": sample.SERVICE_ACCOUNT, "password": sample.PASSWORD}
    assert asserted(online, assertion, **form).status_code == 200


def test_an_assertion_is_refused_by_its_fault(running: EmulatedTenant, online: httpx.Client) -> None:
    """Made for something else, malformed, of another type, of nobody that the app trusts."""
    good = identity_token(EXCHANGE)
    answers = [
        asserted(online, identity_token(GRAPH)),
        asserted(online, "no.token.at.all"),
        asserted(online, good, client_assertion_type="urn:other"),
    ]
    running.control.patch_app(sample.CLIENT_ID, federated_subjects=[])
    answers.append(asserted(online, good))
    running.control.patch_app(sample.CLIENT_ID, disabled=True)
    answers.append(asserted(online, good))
    assert [answer.json()["error_codes"] for answer in answers] == [
        [700212],
        [50027],
        [50027],
        [700213],
        [7000112],
    ]


def test_permissions_stand_in_roles_or_in_scp(running: EmulatedTenant, online: httpx.Client) -> None:
    """Application permissions in the one, delegated in the other; never both."""
    running.control.switch(grants=["User.Read.All"], application_grants=["Group.Read.All"])
    alone = claims_of(
        online.post(TOKEN_URL, data={**FORM, "client_secret": sample.CLIENT_SECRET}).json()["access_token"]
    )
    identity = claims_of(identity_token(GRAPH))
    form = {"grant_type": "password", "username": sample.SERVICE_ACCOUNT, "password": sample.PASSWORD}
    data = {**FORM, **form, "client_secret": sample.CLIENT_SECRET}
    person = claims_of(online.post(TOKEN_URL, data=data).json()["access_token"])
    assert [(one.get("roles"), one.get("scp")) for one in (alone, identity, person)] == [
        (["Group.Read.All"], None),
        (["Group.Read.All"], None),
        (None, "User.Read.All"),
    ]
    assert alone["oid"] == running.state.service_principal_id(sample.CLIENT_ID)
    assert (alone["appid"], identity["appid"]) == (sample.CLIENT_ID, MANAGED_IDENTITY_ID)


def test_without_consent_an_app_alone_gets_a_token_that_opens_nothing(
    running: EmulatedTenant, online: httpx.Client
) -> None:
    """Where a person would be refused at sign-in."""
    running.control.patch_app(sample.CLIENT_ID, consented=False)
    answer = online.post(TOKEN_URL, data={**FORM, "client_secret": sample.CLIENT_SECRET})
    assert (answer.status_code, claims_of(answer.json()["access_token"])["roles"]) == (200, [])
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert online.get("https://graph.microsoft.com/v1.0/users?$top=1", headers=headers).status_code == 403


def test_the_endpoint_may_keep_its_tokens(running: EmulatedTenant) -> None:
    """As the platform does, for hours; also one that is revoked."""
    running.control.switch(identity_caches=True)
    first = identity_token(GRAPH)
    running.control.revoke_tokens()
    assert identity_token(GRAPH) == first
    assert identity_token(EXCHANGE) != first
    running.control.switch(identity_caches=False)
    assert identity_token(GRAPH) != first


async def test_application_permissions_are_apart_from_delegated_ones(
    graph: GraphClient, app_only: GraphClient, state: TenantState
) -> None:
    """Each is consented to on its own."""
    state.switches.application_grants = ["User.Read.All"]
    assert code(await app_only.post_phone(ANNA, NUMBER)) == (403, "accessDenied")
    assert (await graph.post_phone(ANNA, NUMBER)).status_code == 201


@pytest.mark.parametrize("reaches", [True, False])
async def test_whether_an_app_alone_reaches_the_privileged_is_a_switch(
    app_only: GraphClient, state: TenantState, *, reaches: bool
) -> None:
    """No page limits it, and none says that it is not limited."""
    state.switches.app_reaches_privileged = reaches
    answer = await app_only.patch_phone(ADMIN, PHONE_METHOD_IDS["mobile"], phoneNumber=NUMBER)
    assert answer.status_code == (204 if reaches else 403)
    assert (await app_only.post_phone(ANNA, NUMBER)).status_code == 201


async def test_whether_an_app_alone_sees_whole_numbers_is_a_switch(
    app_only: GraphClient, graph: GraphClient, state: TenantState
) -> None:
    """Whole ones were seen; people keep the view of their role."""
    state.switches.app_number_view = "masked"
    shown = [(await one.phones("bo.same@contoso.com"))[0]["phoneNumber"] for one in (app_only, graph)]
    assert shown == ["+XX XXXXXXX06", "+46 701740606"]


@pytest.mark.parametrize(
    ("switch", "names"),
    [
        ("both", {"appId", "servicePrincipalId"}),
        ("appId", {"appId"}),
        ("servicePrincipalId", {"servicePrincipalId"}),
    ],
)
async def test_the_audit_log_names_an_app_alone(
    app_only: GraphClient, state: TenantState, switch: str, names: set[str]
) -> None:
    """By either id or both, which nobody has published."""
    state.switches.audit_latency, state.switches.audit_app_ids = 0.0, switch
    await app_only.post_phone(ANNA, NUMBER)
    (entry,) = (await app_only.get("/auditLogs/directoryAudits")).json()["value"]
    by = entry["initiatedBy"]
    ids = {"appId": sample.CLIENT_ID, "servicePrincipalId": state.service_principal_id(sample.CLIENT_ID)}
    assert by["user"] is None
    assert {name: by["app"][name] for name in ids} == {
        name: value if name in names else None for name, value in ids.items()
    }
