"""Which app asks for a token, and how it proves that: a secret in the form or the header, or an assertion."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_plus

from dev.tenant.secrets_and_accounts import AppRegistration
from dev.tenant.sign_in_errors import RefusedError
from dev.tenant.state import TenantState
from dev.tenant.tokens import EXCHANGE_AUDIENCE
from dev.tenant.wire import Call

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def client_of(state: TenantState, call: Call) -> AppRegistration:
    """The app that sent this form.

    Raises:
        RefusedError: It is unknown, disabled, or its proof is not taken.
    """
    client_id, secret = _sent(call)
    assertion = call.form.get("client_assertion")
    app = state.apps.get(client_id.lower())
    if app is None:
        raise RefusedError(700016)
    if app.disabled:
        raise RefusedError(7000112)
    if app.public:
        if secret is not None or assertion is not None:
            raise RefusedError(700025)
    elif assertion is not None:
        _check_assertion(state, app, assertion, call.form.get("client_assertion_type"))
    else:
        _check_secret(app, secret)
    return app


def _sent(call: Call) -> tuple[str, str | None]:
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return call.form.get("client_id", ""), call.form.get("client_secret")
    try:
        name, _, word = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise RefusedError(7000215) from None
    return unquote_plus(name), unquote_plus(word)


def _check_secret(app: AppRegistration, secret: str | None) -> None:
    if not secret:
        raise RefusedError(7000218)
    if secret in app.expired_secrets:
        raise RefusedError(7000222)
    if secret not in app.secrets:
        raise RefusedError(7000215)


def _check_assertion(state: TenantState, app: AppRegistration, assertion: str, kind: str | None) -> None:
    """Refuse what is no token of a managed identity that the app trusts, made for the exchange."""
    token = state.tokens.get(assertion)
    if kind != JWT_BEARER or token is None or token.person_id is not None:
        raise RefusedError(50027)
    if token.expires_at <= state.clock():
        raise RefusedError(700024)
    if token.audience != EXCHANGE_AUDIENCE:
        raise RefusedError(700212)
    if state.service_principal_id(token.app_id) not in app.federated_subjects:
        raise RefusedError(700213)
