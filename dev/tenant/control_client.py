"""The control interface as a client, for tests, the demo and the benches."""

from __future__ import annotations

from types import TracebackType
from typing import Any, NotRequired, Self, TypedDict
from urllib.parse import quote

import httpx

HTTP_ERROR = 400


class LoggedItem(TypedDict):
    """One item of a logged batch."""

    id: str
    method: str
    url: str
    status: int


class LogEntry(TypedDict):
    """One call the tenant got; status 0 is a closed connection."""

    sequence: int
    time: float
    host: str
    method: str
    path: str
    query: str
    status: int
    caller: str | None
    items: NotRequired[list[LoggedItem]]


class ControlError(Exception):
    """The control interface did not understand the call."""


class TenantControl:
    """Seeds, switches, breaks and inspects a running tenant. Field names are those of its dataclasses."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=60.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def reset(self, *, sample: bool = True) -> None:
        """Start over: the sample tenant or an empty one, all switches at their defaults, an empty log."""
        self._call("POST", "/reset", {"sample": sample})

    def seed(
        self,
        *,
        people: list[dict[str, Any]] | None = None,
        groups: list[dict[str, Any]] | None = None,
        accounts: list[dict[str, Any]] | None = None,
        apps: list[dict[str, Any]] | None = None,
        secrets: list[dict[str, Any]] | None = None,
    ) -> None:
        """Add people, groups, accounts, apps and secrets; the same id replaces."""
        given = {"people": people, "groups": groups, "accounts": accounts, "apps": apps, "secrets": secrets}
        self._call("POST", "/seed", {name: rows for name, rows in given.items() if rows is not None})

    def switches(self) -> dict[str, Any]:
        """Every switch and its value."""
        return self._object("GET", "/switches")

    def switch(self, **changes: Any) -> None:
        """Set switches by name (see dev/tenant/switches.py)."""
        self._call("PATCH", "/switches", changes)

    def people(self) -> list[dict[str, Any]]:
        """Everybody, numbers in full: the test's view."""
        return self._list("GET", "/people")

    def person(self, upn: str) -> dict[str, Any]:
        """Somebody by UPN or id."""
        return self._object("GET", f"/people/{quote(upn, safe='')}")

    def mobile(self, upn: str) -> str | None:
        """Somebody's registered mobile number in E.164."""
        phone = self.person(upn)["phones"].get("mobile")
        return None if phone is None else str(phone["number"])

    def mobiles(self) -> dict[str, str | None]:
        """Everybody's registered mobile number by UPN."""
        return {row["upn"]: row["phones"].get("mobile", {}).get("number") for row in self.people()}

    def patch_person(self, upn: str, /, **changes: Any) -> dict[str, Any]:
        """Change somebody from outside, e.g. attribute="+46…", phones={"mobile": None}, roles=[…].

        Phones are changed by the person themself, for the audit log, unless `by` names another or an app.
        """
        return self._object("PATCH", f"/people/{quote(upn, safe='')}", changes)

    def remove_person(self, upn: str, *, restorable: bool = False) -> None:
        """Delete somebody: for good, or so that `restore_person` can bring them back."""
        self._call("DELETE", f"/people/{quote(upn, safe='')}", {"restorable": restorable})

    def restore_person(self, person_id: str) -> dict[str, Any]:
        """Bring back somebody who was deleted so that this is possible."""
        return self._object("POST", f"/people/{quote(person_id, safe='')}/restore")

    def generate(
        self,
        count: int,
        *,
        seed: int = 1,
        fractions: dict[str, float] | None = None,
        groups: list[str] | None = None,
    ) -> dict[str, Any]:
        """Let there be so many generated people (see dev/tenant/generator.py); the census of all."""
        body = {"count": count, "seed": seed, "fractions": fractions, "groups": groups or []}
        return self._object("POST", "/generate", body)

    def census(self) -> dict[str, Any]:
        """How many people there are, hold a mobile phone, agree with their attribute, were changed."""
        return self._object("GET", "/census")

    def put_secret(self, name: str, value: str, **attributes: Any) -> dict[str, Any]:
        """A new version of a secret; attributes: vault, enabled, exp, nbf."""
        return self._object("POST", f"/secrets/{quote(name)}", {"value": value, **attributes})

    def patch_secret(self, name: str, **attributes: Any) -> dict[str, Any]:
        """Change the latest version of a secret: enabled, exp, nbf."""
        return self._object("PATCH", f"/secrets/{quote(name)}", attributes)

    def remove_secret(self, name: str) -> None:
        """Delete a secret with all its versions."""
        self._call("DELETE", f"/secrets/{quote(name)}")

    def patch_account(self, upn: str, /, **changes: Any) -> dict[str, Any]:
        """Change how somebody signs in: password, password_expired, mfa_required, disabled, …."""
        return self._object("PATCH", f"/accounts/{quote(upn, safe='')}", changes)

    def patch_app(self, client_id: str, /, **changes: Any) -> dict[str, Any]:
        """Change an app registration: secrets, expired_secrets, consented, federated_subjects, …."""
        return self._object("PATCH", f"/apps/{client_id}", changes)

    def patch_group(self, group_id: str, /, **changes: Any) -> dict[str, Any]:
        """Change a group: members, owners, is_assignable_to_role, roles."""
        return self._object("PATCH", f"/groups/{group_id}", changes)

    def fault(self, **fields: Any) -> None:
        """Let the next matching calls go wrong (see `Fault` in dev/tenant/faults.py)."""
        self._call("POST", "/faults", fields)

    def faults(self) -> list[dict[str, Any]]:
        """The faults not yet spent."""
        return self._list("GET", "/faults")

    def clear_faults(self) -> None:
        """No more faults."""
        self._call("DELETE", "/faults")

    def revoke_tokens(self) -> None:
        """Every access token given out so far is refused from now on."""
        self._call("DELETE", "/tokens")

    def log(self) -> list[LogEntry]:
        """The calls since the last clearing."""
        entries: list[LogEntry] = self._call("GET", "/log")
        return entries

    def clear_log(self) -> None:
        """Empty the log."""
        self._call("DELETE", "/log")

    def _object(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer: dict[str, Any] = self._call(method, path, body)
        return answer

    def _list(self, method: str, path: str) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self._call(method, path)
        return answer

    def _call(self, method: str, path: str, body: object = None) -> Any:
        response = self._http.request(method, path, json=body)
        if response.status_code >= HTTP_ERROR:
            raise ControlError(f"{method} {path}: {response.status_code} {response.text}")
        return response.json()
