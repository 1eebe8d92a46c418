"""Entra's refusals: each AADSTS number with the error, status and text that go with it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from dev.tenant.state import TenantState, new_guid
from dev.tenant.wire import Reply


class RefusedError(Exception):
    """Sign-in ends here, with this AADSTS number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@dataclass(frozen=True, slots=True)
class SignInError:
    """A row of Entra's table; `error` decides the status (401 for invalid_client, else 400)."""

    error: str
    text: str
    suberror: str | None = None
    claims: str | None = None


_CA_CLAIMS = (
    '{"access_token":{"capolids":{"essential":true,"values":["9b2e2c1c-9a5f-4a0d-8a3e-7c1b0f4e5d21"]}}}'
)
_MFA = (
    "Due to a configuration change made by your administrator, or because you moved to a new location, "
    "you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'."
)
TABLE = {
    50027: SignInError("invalid_client", "JWT token is invalid or malformed."),
    50034: SignInError(
        "invalid_grant",
        "The user account does not exist in the directory. To sign in to this "
        "application, the account must be added to the directory.",
    ),
    50053: SignInError(
        "invalid_grant",
        "The account is locked, you've tried to sign in too many times with an incorrect "
        "user ID or password.",
    ),
    50055: SignInError("invalid_grant", "The password is expired."),
    50056: SignInError(
        "invalid_grant", "Invalid or null password: password does not exist in the directory for this user."
    ),
    50057: SignInError("invalid_grant", "The user account is disabled."),
    50072: SignInError("interaction_required", _MFA, "basic_action"),
    50074: SignInError("interaction_required", "Strong Authentication is required.", "basic_action"),
    50076: SignInError("invalid_grant", _MFA, "basic_action"),
    50079: SignInError("interaction_required", _MFA, "basic_action"),
    50126: SignInError("invalid_grant", "Error validating credentials due to invalid username or password."),
    50144: SignInError("invalid_grant", "The user's Active Directory password has expired."),
    50196: SignInError(
        "invalid_grant", "The server terminated an operation because it encountered a client request loop."
    ),
    53003: SignInError(
        "invalid_grant",
        "Access has been blocked by Conditional Access policies. The access policy does "
        "not allow token issuance.",
        "message_only",
        _CA_CLAIMS,
    ),
    65001: SignInError(
        "invalid_grant",
        "The user or administrator has not consented to use the application.",
        "consent_required",
    ),
    70002: SignInError("invalid_client", "Error validating credentials."),
    70003: SignInError("unsupported_grant_type", "The app returned an unsupported grant type."),
    70008: SignInError(
        "invalid_grant", "The provided authorization code or refresh token has expired due to inactivity."
    ),
    70011: SignInError("invalid_scope", "The provided value for the input parameter 'scope' is not valid."),
    90002: SignInError(
        "invalid_request",
        "Tenant not found. Check to make sure you have the correct tenant ID and are "
        "signing into the correct cloud.",
    ),
    90014: SignInError("invalid_request", "The required field is missing from the credential."),
    90033: SignInError("temporarily_unavailable", "A transient error has occurred. Please try again."),
    700016: SignInError(
        "unauthorized_client",
        "Application was not found in the directory. This can happen if the application "
        "has not been installed by the administrator of the tenant.",
    ),
    700024: SignInError("invalid_client", "Client assertion is not within its valid time range."),
    700212: SignInError(
        "invalid_client", "No matching federated identity record found for presented assertion audience."
    ),
    700213: SignInError(
        "invalid_client", "No matching federated identity record found for presented assertion subject."
    ),
    7000112: SignInError("unauthorized_client", "Application is disabled."),
    700025: SignInError(
        "invalid_client",
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
    ),
    7000215: SignInError(
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is "
        "the client secret value, not the client secret ID.",
    ),
    7000218: SignInError(
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    7000222: SignInError("invalid_client", "The provided client secret keys for app are expired."),
    9001023: SignInError(
        "invalid_request",
        "The grant type is not supported over the /common or /consumers endpoints. "
        "Please use the /organizations or tenant-specific endpoint.",
    ),
}
_OTHER = SignInError("invalid_grant", "Sign-in was refused.")


def refusal(state: TenantState, number: int) -> Reply:
    """The token endpoint's answer for an AADSTS number; one that is not in the table is an invalid_grant."""
    row = TABLE.get(number, _OTHER)
    stamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(state.clock()))
    trace, correlation = new_guid(), new_guid()
    body: dict[str, Any] = {
        "error": row.error,
        "error_description": f"AADSTS{number}: {row.text} Trace ID: {trace} Correlation ID: {correlation} "
        f"Timestamp: {stamp}".replace(" Trace", "\r\nTrace")
        .replace(" Corr", "\r\nCorr")
        .replace(" Times", "\r\nTimes"),
        "error_codes": [number],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={number}",
    }
    if row.suberror is not None:
        body["suberror"] = row.suberror
    if row.claims is not None:
        body["claims"] = row.claims
    status = HTTPStatus.UNAUTHORIZED if row.error == "invalid_client" else HTTPStatus.BAD_REQUEST
    return Reply(status, body, headers={"x-ms-request-id": trace})
