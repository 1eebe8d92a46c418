"""A small synchronous client of Graph: pages, patience, and which rights each path needs.

A refusal names the right that is missing, and a sign-in asks for no more than those of its command.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx

from ops.tenant_setup.change import TAKE, Change, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_SECONDS = 60.0
TRIES = 6
WAIT_SECONDS = 5.0
_BUSY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
# What Graph answers about an object it has only just made: it does not know it everywhere yet.
_NOT_YET = ("Request_ResourceNotFound", "ResourceNotFound")
_LOCATION_NOT_YET = "1040:"
_ROLE_MANAGER = "Privileged Role Administrator"
_POLICY_MANAGER = "Conditional Access Administrator"


@dataclass(frozen=True, slots=True)
class Rights:
    """Graph permissions to read and to change, and the directory role that a person needs as well."""

    read: tuple[str, ...]
    write: tuple[str, ...]
    role: str


# By the beginning of Graph's path (Graph, "Permissions" of each operation).
RIGHTS: dict[str, Rights] = {
    "/directory/administrativeUnits": Rights(
        ("AdministrativeUnit.Read.All",), ("AdministrativeUnit.ReadWrite.All",), _ROLE_MANAGER
    ),
    "/roleManagement": Rights(
        ("RoleManagement.Read.Directory",), ("RoleManagement.ReadWrite.Directory",), _ROLE_MANAGER
    ),
    "/identity/conditionalAccess": Rights(
        ("Policy.Read.All",),
        ("Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"),
        _POLICY_MANAGER,
    ),
    "/policies": Rights(("Policy.Read.All",), (), _POLICY_MANAGER),
    "/users": Rights(("User.Read.All", "GroupMember.Read.All"), (), "Directory Readers"),
    "/groups": Rights(("GroupMember.Read.All",), (), "Directory Readers"),
    "/domains": Rights(("Domain.Read.All",), (), "Directory Readers"),
    "/servicePrincipals": Rights(("Application.Read.All",), (), "Directory Readers"),
    "/oauth2PermissionGrants": Rights(("DelegatedPermissionGrant.Read.All",), (), "Directory Readers"),
}


class Graph:
    """Calls below Graph's version root, as whoever the token belongs to."""

    def __init__(
        self, http: httpx.Client, url: str, token: Callable[[], str], sleep: Callable[[float], None]
    ) -> None:
        self._http = http
        self.url = url.rstrip("/")
        self._token = token
        self._sleep = sleep

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Return one object.

        Raises:
            StoppedError: Graph refuses, or cannot be reached.
        """
        return self._read("GET", path, self._send("GET", self.url + path, query=query))

    def find(self, path: str, **query: str) -> dict[str, Any] | None:
        """Return one object, or None where there is none.

        Raises:
            StoppedError: Graph refuses, or cannot be reached.
        """
        response = self._send("GET", self.url + path, query=query)
        return None if response.status_code == HTTPStatus.NOT_FOUND else self._read("GET", path, response)

    def list(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Return a whole collection, page by page.

        Raises:
            StoppedError: Graph refuses, or a link leads elsewhere: the token must not go there.
        """
        answer = self.get(path, **query)
        rows: list[dict[str, Any]] = [*answer["value"]]
        while (link := answer.get("@odata.nextLink")) is not None:
            if not str(link).startswith(f"{self.url}/"):
                raise StoppedError(f"GET {path}: the link to the next page leads away from {self.url}.")
            answer = self._read("GET", path, self._send("GET", link))
            rows += answer["value"]
        return rows

    def write(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Make, change or delete something; what was made a moment ago may take a while to be known.

        Raises:
            StoppedError: Graph refuses, or cannot be reached.
        """
        for _ in range(TRIES - 1):
            response = self._send(method, self.url + path, body=body)
            if not _not_yet(response):
                return self._read(method, path, response)
            self._sleep(WAIT_SECONDS)
        return self._read(method, path, self._send(method, self.url + path, body=body))

    def _send(
        self, method: str, url: str, *, query: dict[str, str] | None = None, body: object = None
    ) -> httpx.Response:
        named = {f"${name}": value for name, value in (query or {}).items()}
        for tried in range(1, TRIES + 1):
            headers = {"Authorization": f"Bearer {self._token()}"}
            try:
                response = self._http.request(
                    method, url, params=named or None, json=body, headers=headers, timeout=TIMEOUT_SECONDS
                )
            except httpx.HTTPError as error:
                raise StoppedError(f"{method} {url}: {type(error).__name__}. Is Graph reachable?") from error
            if response.status_code not in _BUSY or tried == TRIES:
                return response
            told = response.headers.get("Retry-After", "")
            self._sleep(float(told) if told.isdigit() else WAIT_SECONDS)
        raise AssertionError  # the last try returned

    def _read(self, method: str, path: str, response: httpx.Response) -> dict[str, Any]:
        if response.is_success:
            found: dict[str, Any] = response.json() if response.content else {}
            return found
        code, text = _error(response)
        told = f"{method} {path}: {response.status_code} {code}: {text}"
        if response.status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED}:
            told = f"{told}\n{_needed_for(path, reading=method == 'GET')}"
        raise StoppedError(told)


def deletion(graph: Graph, what: str, path: str) -> Change:
    """Return the end of something, by its path."""
    return Change(TAKE, what, lambda: graph.write("DELETE", path))


def permissions(*, writing: bool) -> list[str]:
    """Return all Graph permissions of a command; `plan` asks for none that could change anything."""
    needed = {name for rights in RIGHTS.values() for name in rights.read}
    if writing:
        needed |= {name for rights in RIGHTS.values() for name in rights.write}
    return sorted(needed)


def quoted(text: str) -> str:
    """Return a text as a literal of OData."""
    return "'" + text.replace("'", "''") + "'"


def _not_yet(response: httpx.Response) -> bool:
    if response.is_success:
        return False
    code, text = _error(response)
    return code in _NOT_YET or text.startswith(_LOCATION_NOT_YET)


def _error(response: httpx.Response) -> tuple[str, str]:
    try:
        error = response.json()["error"]
        return str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        return "", response.reason_phrase


def _needed_for(path: str, *, reading: bool) -> str:
    """Return what a refused call needs, for the operator."""
    for beginning, rights in RIGHTS.items():
        if path.startswith(beginning):
            names = ", ".join(rights.read if reading else rights.write)
            return (
                f"Needed: {names}, consented to by an administrator, and for a person the role {rights.role} "
                "or a higher one. The Azure CLI's own token never has the rights for Conditional Access: use "
                "--sign-in browser or device-code."
            )
    return "The token lacks a right."
