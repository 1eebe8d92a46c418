"""Sign-in, through the proxy, by MSAL itself: tokens and every refusal."""

import base64
import json
from typing import Any

import httpx
import msal
import pytest

from dev.tenant import sample
from dev.tenant.server import EmulatedTenant

SCOPES = ["https://graph.microsoft.com/.default"]
AUTHORITY = f"https://login.microsoftonline.com/{sample.TENANT_ID}"
TOKEN_URL = f"{AUTHORITY}/oauth2/v2.0/token"


def application(
    client_id: str = sample.CLIENT_ID, secret: str | None = sample.CLIENT_SECRET, **more: Any
) -> msal.ConfidentialClientApplication:
    """A fresh application object: MSAL repeats a former refusal from memory."""
    return msal.ConfidentialClientApplication(
        client_id, client_credential=secret, authority=AUTHORITY, **more
    )


def sign_in(username: str = sample.SERVICE_ACCOUNT, password: str = sample.PASSWORD) -> dict[str, Any]:
    """A sign-in with user name and password."""
    answer: dict[str, Any] = application().acquire_token_by_username_password(username, password, SCOPES)
    return answer


def requests_for_tokens(tenant: EmulatedTenant) -> int:
    """How often the token endpoint was asked."""
    return sum(
        entry["path"].endswith("/token") for entry in tenant.control.log() if entry["host"] != "identity"
    )


def test_trap_31_a_password_gives_a_token_that_graph_takes(
    running: EmulatedTenant, online: httpx.Client
) -> None:
    """And an account, so that the second time nothing is asked."""
    app = application()
    token = app.acquire_token_by_username_password(sample.SERVICE_ACCOUNT, sample.PASSWORD, SCOPES)
    assert token["expires_in"] == 3971
    assert token["id_token_claims"]["preferred_username"] == sample.SERVICE_ACCOUNT
    assert token["scope"].endswith("https://graph.microsoft.com/.default")
    before = requests_for_tokens(running)
    silent = app.acquire_token_silent(SCOPES, app.get_accounts(sample.SERVICE_ACCOUNT)[0])
    assert silent["token_source"] == "cache"
    assert requests_for_tokens(running) == before
    answer = online.get(
        "https://graph.microsoft.com/v1.0/users?$top=1",
        headers={"Authorization": f"Bearer {token['access_token']}"},
    )
    assert answer.status_code == 200


def test_a_refresh_token_gives_another_token(running: EmulatedTenant) -> None:
    """Until the account is switched off."""
    app = application()
    app.acquire_token_by_username_password(sample.SERVICE_ACCOUNT, sample.PASSWORD, SCOPES)
    account = app.get_accounts(sample.SERVICE_ACCOUNT)[0]
    assert (
        app.acquire_token_silent(SCOPES, account, force_refresh=True)["token_source"] == "identity_provider"
    )
    running.control.patch_account(sample.SERVICE_ACCOUNT, disabled=True)
    assert 50057 in app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)["error_codes"]


def test_the_app_signs_in_for_itself(running: EmulatedTenant, online: httpx.Client) -> None:
    """Client credentials: no account, a token all the same."""
    token = application().acquire_token_for_client(SCOPES)
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    answer = online.get("https://graph.microsoft.com/v1.0/users?$top=1", headers=headers)
    assert answer.status_code == 200
    assert running.control.log()[-1]["caller"] == sample.CLIENT_ID


def test_ten_wrong_passwords_lock_the_account(running: EmulatedTenant) -> None:
    """After that even the right one is refused, for a while."""
    for number in range(10):
        assert sign_in(password=f"wrong {number}")["error_codes"] == [50126]
    assert sign_in()["error_codes"] == [50053]
    running.control.switch(lockout_seconds=0)
    assert "access_token" in sign_in()


@pytest.mark.parametrize(
    ("change", "number", "error", "suberror"),
    [
        ({"mfa_required": True}, 50076, "invalid_grant", "basic_action"),
        ({"blocked_by_conditional_access": True}, 53003, "invalid_grant", "message_only"),
        ({"password_expired": True}, 50055, "invalid_grant", None),
        ({"disabled": True}, 50057, "invalid_grant", None),
        ({"password": None}, 50056, "invalid_grant", None),
    ],
)
def test_an_account_may_be_kept_out(
    running: EmulatedTenant, change: dict[str, Any], number: int, error: str, suberror: str | None
) -> None:
    """Each way has its AADSTS number."""
    running.control.patch_account(sample.SERVICE_ACCOUNT, **change)
    answer = sign_in()
    assert (answer["error"], answer["error_codes"]) == (error, [number])
    assert answer.get("suberror") == suberror
    assert answer["error_description"].startswith(f"AADSTS{number}: ")
    assert ("claims" in answer) == (number == 53003)


def test_an_unknown_user_is_told_apart(running: EmulatedTenant) -> None:
    """50034, as the directory says it."""
    assert running.proxy_port
    assert sign_in("nobody@contoso.com")["error_codes"] == [50034]


def test_a_client_secret_may_be_wrong_expired_or_missing(
    running: EmulatedTenant, online: httpx.Client
) -> None:
    """401 invalid_client, with three numbers; an unknown app is unauthorized_client."""
    running.control.patch_app(sample.CLIENT_ID, expired_secrets=["old one"])
    form = {"grant_type": "client_credentials", "client_id": sample.CLIENT_ID, "scope": SCOPES[0]}
    outcomes = []
    for more in ({"client_secret": "wrong"}, {"client_secret": "old one"}, {}, {"client_id": "other"}):
        answer = online.post(TOKEN_URL, data={**form, **more})
        outcomes.append((answer.status_code, answer.json()["error"], answer.json()["error_codes"][0]))
    assert outcomes == [
        (401, "invalid_client", 7000215),
        (401, "invalid_client", 7000222),
        (401, "invalid_client", 7000218),
        (400, "unauthorized_client", 700016),
    ]


def test_the_client_secret_may_come_as_basic_authentication(
    running: EmulatedTenant, online: httpx.Client
) -> None:
    """As the discovery document says."""
    assert running.proxy_port
    form = {"grant_type": "client_credentials", "scope": SCOPES[0]}
    answer = online.post(TOKEN_URL, data=form, auth=(sample.CLIENT_ID, sample.CLIENT_SECRET))
    assert answer.status_code == 200


def test_missing_consent_is_its_own_refusal(running: EmulatedTenant) -> None:
    """65001, with its suberror."""
    running.control.patch_app(sample.CLIENT_ID, consented=False)
    answer = sign_in()
    assert (answer["error_codes"], answer["suberror"]) == ([65001], "consent_required")


def test_tenants_and_scopes_are_checked(running: EmulatedTenant, online: httpx.Client) -> None:
    """An unknown tenant, the common endpoint, and .default mixed with a named scope."""
    assert running.proxy_port
    form = {"grant_type": "password", "client_id": sample.CLIENT_ID, "client_secret": sample.CLIENT_SECRET}
    numbers = []
    for tenant, scope in (
        ("fabrikam.com", SCOPES[0]),
        ("common", SCOPES[0]),
        ("contoso.com", f"{SCOPES[0]} https://graph.microsoft.com/User.Read"),
    ):
        url = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
        numbers.append(online.post(url, data={**form, "scope": scope}).json()["error_codes"])
    assert numbers == [[90002], [9001023], [70011]]


def test_any_number_can_be_switched_on(running: EmulatedTenant) -> None:
    """Also one that has no row of its own."""
    running.control.switch(token_error=53000)
    answer = sign_in()
    assert (answer["error"], answer["error_codes"]) == ("invalid_grant", [53000])


def test_the_token_endpoint_may_throttle_or_fail(running: EmulatedTenant, online: httpx.Client) -> None:
    """429 is returned and 503 raised by MSAL; Retry-After comes when switched."""
    running.control.switch(token_status=429, token_retry_after=17)
    assert "access_token" not in sign_in()
    assert online.post(TOKEN_URL).headers["Retry-After"] == "17"
    running.control.switch(token_status=503, token_retry_after=None)
    with pytest.raises(msal.exceptions.MsalServiceError):
        sign_in()


def test_a_client_that_declared_it_is_challenged_for_claims(
    running: EmulatedTenant, online: httpx.Client
) -> None:
    """Continuous access evaluation: the answer to the challenge opens again, others never see it."""
    url = "https://graph.microsoft.com/v1.0/users?$top=1"
    app = application(client_capabilities=["CP1"])
    first = app.acquire_token_by_username_password(sample.SERVICE_ACCOUNT, sample.PASSWORD, SCOPES)
    plain = sign_in()
    running.control.switch(claims_challenge=True)
    assert online.get(url, headers={"Authorization": f"Bearer {plain['access_token']}"}).status_code == 200
    answer = online.get(url, headers={"Authorization": f"Bearer {first['access_token']}"})
    assert answer.status_code == 401
    header = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_claims"' in header
    claims = base64.b64decode(header.partition('claims="')[2].rstrip('"')).decode()
    assert json.loads(claims)["access_token"]["nbf"]
    second = app.acquire_token_by_username_password(
        sample.SERVICE_ACCOUNT, sample.PASSWORD, SCOPES, claims_challenge=claims
    )
    assert online.get(url, headers={"Authorization": f"Bearer {second['access_token']}"}).status_code == 200


def test_revoked_and_expired_tokens_are_graphs_401(running: EmulatedTenant, online: httpx.Client) -> None:
    """Both, each in its own words."""
    url = "https://graph.microsoft.com/v1.0/users?$top=1"
    running.control.switch(token_lifetime=0)
    expired = application().acquire_token_for_client(SCOPES)["access_token"]
    assert "expired" in online.get(url, headers={"Authorization": f"Bearer {expired}"}).text
    running.control.switch(token_lifetime=3600)
    token = application().acquire_token_for_client(SCOPES)["access_token"]
    running.control.revoke_tokens()
    answer = online.get(url, headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"
