"""Users on the wire: how a key becomes a path, and an answer a User."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote

from shared.tenant import Absent, User

# Without $select the extension attributes are not in the answer (Graph's "Get a user" page).
SELECT = (
    "id,userPrincipalName,accountEnabled,userType,usageLocation,"
    "onPremisesSyncEnabled,onPremisesLastSyncDateTime,onPremisesExtensionAttributes"
)
# Whose change matters to us. The time of the last synchronisation is none: it would be changed each time.
DELTA_SELECT = (
    "id,accountEnabled,userType,usageLocation,"
    "onPremisesSyncEnabled,onPremisesExtensionAttributes,userPrincipalName"
)


def user_path(key: str) -> str:
    """Return `/users/…` for a UPN or object id, escaped.

    A UPN that begins with `$` needs the quoted form; in it an apostrophe is doubled first (Graph's "Get a
    user" page). Everything else goes as one percent-encoded segment: `#EXT#` would cut the URL short.
    """
    if key.startswith("$"):
        doubled = key.replace("'", "''")
        return f"/users('{quote(doubled, safe='@')}')"
    return f"/users/{quote(key, safe='@')}"


def user_of(body: dict[str, Any]) -> User:
    """Return the user that a Graph object describes."""
    return User(
        id=body["id"],
        user_principal_name=body.get("userPrincipalName") or "",
        is_guest=body.get("userType") == "Guest",
        is_synced=body.get("onPremisesSyncEnabled") is True,
        account_enabled=body.get("accountEnabled"),
        usage_location=body.get("usageLocation"),
        synced_at=body.get("onPremisesLastSyncDateTime"),
        attribute=_attribute(body),
    )


def _attribute(body: dict[str, Any]) -> str | Literal[Absent.NOT_RETURNED] | None:
    attributes = body.get("onPremisesExtensionAttributes")
    if not isinstance(attributes, dict) or "extensionAttribute15" not in attributes:
        return Absent.NOT_RETURNED
    value = attributes["extensionAttribute15"]
    # Anything else than text or null is none of the shapes that mean "empty".
    return value if value is None or isinstance(value, str) else Absent.NOT_RETURNED
