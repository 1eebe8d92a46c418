"""Who calls Graph: the token's app or person, and what they may do."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from http import HTTPStatus

from dev.tenant.graph.errors import GraphError, directory_denied, method_denied
from dev.tenant.people import Person
from dev.tenant.state import TenantState
from dev.tenant.tokens import GRAPH_AUDIENCE
from dev.tenant.wire import Call

_CHALLENGE = (
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
    'client_id="00000003-0000-0000-c000-000000000000"'
)
READ_USERS = {"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
READ_USERS_BASIC = READ_USERS | {"User.ReadBasic.All"}
READ_METHODS = {"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"}
WRITE_PHONES = {"UserAuthenticationMethod.ReadWrite.All", "UserAuthMethod-Phone.ReadWrite.All"}
READ_PHONES = READ_METHODS | WRITE_PHONES | {"UserAuthMethod-Phone.Read.All"}
READ_MEMBERS = {"GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All"}
READ_ROLES = {"RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All"}
READ_ELIGIBLE = {"RoleEligibilitySchedule.Read.Directory", "RoleEligibilitySchedule.ReadWrite.Directory"}
READ_ELIGIBLE_MEMBERS = {
    "PrivilegedEligibilitySchedule.Read.AzureADGroup",
    "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
}
READ_HIDDEN = "Member.Read.Hidden"


@dataclass(frozen=True, slots=True)
class Caller:
    """The app alone (`person` is None) or somebody signed in to it; delegated rights need a role too."""

    name: str
    grants: frozenset[str]
    roles: frozenset[str]
    person: Person | None
    # Its token answers no claims challenge, though its client could.
    is_unchallenged: bool = False

    def needs(self, any_of: set[str]) -> None:
        """Refuse as the directory does unless one of these permissions is held."""
        if not self.grants & any_of:
            raise directory_denied()

    def needs_for_methods(self, any_of: set[str]) -> None:
        """Refuse as the authentication-methods service does."""
        if not self.grants & any_of:
            raise method_denied()


def identify(state: TenantState, call: Call) -> Caller:
    """The caller behind the bearer token, or Graph's 401."""
    if call.bearer is None:
        raise _unauthenticated("Access token is empty.")
    token = state.tokens.get(call.bearer)
    if token is None:
        raise _unauthenticated("CompactToken parsing failed with error code: 80049217")
    if token.audience != GRAPH_AUDIENCE:
        raise _unauthenticated("Access token validation failure. Invalid audience.")
    if token.expires_at <= state.clock():
        raise _unauthenticated("Lifetime validation failed, the token is expired.")
    if state.switches.claims_challenge and token.cp1 and not token.answers_challenge:
        raise insufficient_claims(state)
    is_unchallenged = token.cp1 and not token.answers_challenge
    if token.person_id is None:
        roles = frozenset(state.application_grants(token.app_id))
        return Caller(token.app_id, roles, frozenset(), None, is_unchallenged)
    grants = frozenset(state.switches.grants)
    person = state.people.get(token.person_id)
    if person is None:
        raise _unauthenticated("The user account does not exist.")
    forced = state.switches.signed_in_roles
    roles = frozenset(person.roles if forced is None else forced)
    return Caller(person.upn, grants, roles, person, is_unchallenged)


def _unauthenticated(message: str) -> GraphError:
    headers = {"WWW-Authenticate": _CHALLENGE}
    return GraphError(HTTPStatus.UNAUTHORIZED, "InvalidAuthenticationToken", message, headers)


def insufficient_claims(state: TenantState) -> GraphError:
    """The 401 of continuous access evaluation."""
    claims = json.dumps({"access_token": {"nbf": {"essential": True, "value": str(int(state.clock()))}}})
    encoded = base64.b64encode(claims.encode()).decode()
    header = f'{_CHALLENGE}, error="insufficient_claims", claims="{encoded}"'
    message = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp"  # noqa: E501  Entra's words
    return GraphError(
        HTTPStatus.UNAUTHORIZED, "InvalidAuthenticationToken", message, {"WWW-Authenticate": header}
    )
