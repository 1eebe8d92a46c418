"""The token endpoint: password, client credentials and refresh token grants, with Entra's refusals."""

from __future__ import annotations

import json
import secrets
from http import HTTPStatus
from typing import Any

from dev.tenant import tokens
from dev.tenant.client_authentication import client_of
from dev.tenant.people import Person
from dev.tenant.secrets_and_accounts import Account, AppRegistration, Token
from dev.tenant.sign_in_errors import RefusedError, refusal
from dev.tenant.state import TenantState
from dev.tenant.wire import Call, Reply

OPENID_SCOPES = {"openid", "profile", "offline_access", "email"}
DEFAULT_SCOPE = "/.default"


def answer(state: TenantState, call: Call) -> Reply:
    """A token, or the reason why not."""
    switches = state.switches
    if switches.token_status is not None:
        headers = (
            {} if switches.token_retry_after is None else {"Retry-After": str(switches.token_retry_after)}
        )
        return Reply(
            switches.token_status, refusal(state, 90033).json, headers=headers, delay=switches.token_delay
        )
    if switches.token_error is not None:
        reply = refusal(state, switches.token_error)
    else:
        try:
            reply = _grant(state, call)
        except RefusedError as refused:
            reply = refusal(state, refused.number)
    reply.delay = switches.token_delay
    reply.headers |= {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}
    return reply


def _grant(state: TenantState, call: Call) -> Reply:
    form = call.form
    app = client_of(state, call)
    resource = _resource(form.get("scope", ""))
    match form.get("grant_type"):
        case "client_credentials":
            # Without consent the token comes all the same: it holds no `roles`, and Graph refuses it.
            return _app_token(state, app, resource, form)
        case "password":
            person = _password(state, form)
        case "refresh_token":
            upn, client_id = state.refresh_tokens.get(form.get("refresh_token", ""), ("", ""))
            if client_id != app.client_id:
                raise RefusedError(70008)
            person = _still_allowed(state, state.accounts[upn])
        case None:
            raise RefusedError(90014)
        case _:
            raise RefusedError(70003)
    if not app.consented:
        raise RefusedError(65001)
    return _person_token(state, app, person, resource, form)


def _resource(scope: str) -> str:
    asked = [name for name in scope.split() if name not in OPENID_SCOPES]
    defaults = [name for name in asked if name.endswith(DEFAULT_SCOPE)]
    # .default may not be mixed with named scopes, and names one resource.
    if len(asked) != 1 or asked != defaults:
        raise RefusedError(70011)
    resource = defaults[0].removesuffix(DEFAULT_SCOPE)
    if resource not in {tokens.GRAPH_AUDIENCE, tokens.VAULT_AUDIENCE}:
        raise RefusedError(70011)
    return resource


def _password(state: TenantState, form: dict[str, str]) -> Person:
    account = state.accounts.get(form.get("username", "").lower())
    if account is None:
        raise RefusedError(50034)
    now = state.clock()
    account.failed_sign_ins = [
        when for when in account.failed_sign_ins if when > now - state.switches.lockout_seconds
    ]
    if len(account.failed_sign_ins) >= state.switches.lockout_threshold:
        raise RefusedError(50053)
    if account.password is None:
        raise RefusedError(50056)
    if form.get("password") != account.password:
        account.failed_sign_ins.append(now)
        raise RefusedError(50126)
    account.failed_sign_ins.clear()
    return _still_allowed(state, account)


def _still_allowed(state: TenantState, account: Account) -> Person:
    person = state.find_person(account.upn)
    if person is None:
        raise RefusedError(50034)
    if account.disabled or not person.enabled:
        raise RefusedError(50057)
    if account.password_expired:
        raise RefusedError(50055)
    if account.mfa_required:
        raise RefusedError(50076)
    if account.blocked_by_conditional_access:
        raise RefusedError(53003)
    return person


def _app_token(state: TenantState, app: AppRegistration, resource: str, form: dict[str, str]) -> Reply:
    lifetime = state.switches.token_lifetime
    access_token = tokens.issue(state, _token(state, app, resource, form, None))
    body = {
        "token_type": "Bearer",
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": access_token,
    }
    return Reply(200, body, caller=app.client_id)


def _person_token(
    state: TenantState, app: AppRegistration, person: Person, resource: str, form: dict[str, str]
) -> Reply:
    switches, now = state.switches, int(state.clock())
    refresh_token = f"1.A{secrets.token_urlsafe(48)}"
    state.refresh_tokens[refresh_token] = (person.upn.lower(), app.client_id)
    granted = [f"{resource}/{name}" for name in switches.grants]
    asked = form.get("scope", "").split()
    body: dict[str, Any] = {
        "token_type": "Bearer",
        # Clients file the token under this value: it must end with the .default that was asked for.
        "scope": " ".join(["profile", "openid", "email", *granted, resource + DEFAULT_SCOPE]),
        "expires_in": switches.token_lifetime,
        "ext_expires_in": switches.token_lifetime,
        "access_token": tokens.issue(state, _token(state, app, resource, form, person)),
    }
    if switches.token_refresh_in is not None:
        body["refresh_in"] = switches.token_refresh_in
    if "offline_access" in asked:
        body["refresh_token"] = refresh_token
    if "openid" in asked:
        body["id_token"] = tokens.jwt(
            {
                "aud": app.client_id,
                "iss": f"https://login.microsoftonline.com/{state.tenant_id}/v2.0",
                "iat": now,
                "nbf": now,
                "exp": now + switches.token_lifetime,
                "name": person.display_name,
                "oid": person.id,
                "preferred_username": person.upn,
                "upn": person.upn,
                "sub": person.id,
                "tid": state.tenant_id,
                "ver": "2.0",
            }
        )
    if form.get("client_info") == "1":
        info = json.dumps({"uid": person.id, "utid": state.tenant_id}).encode()
        body["client_info"] = tokens.base64url(info)
    return Reply(HTTPStatus.OK, body, caller=person.upn)


def _token(
    state: TenantState, app: AppRegistration, resource: str, form: dict[str, str], person: Person | None
) -> Token:
    try:
        claims = json.loads(form.get("claims") or "{}").get("access_token") or {}
    except (ValueError, AttributeError):
        raise RefusedError(90014) from None
    return Token(
        resource,
        app.client_id,
        state.clock() + state.switches.token_lifetime,
        None if person is None else person.id,
        cp1="CP1" in (claims.get("xms_cc") or {}).get("values", []),
        answers_challenge="nbf" in claims,
    )
