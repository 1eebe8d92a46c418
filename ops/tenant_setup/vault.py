"""The app's secrets in Key Vault: made where missing, replaced where that is asked for, never shown."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError

from ops.tenant_setup.change import ALTER, MAKE, Change, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from azure.keyvault.secrets import SecretClient, SecretProperties

    type Ask = Callable[[str], str]
    type Say = Callable[[str], None]


HANDSHAKE, PREVIOUS = "mfa-sync-handshake", "mfa-sync-handshake-previous"
APPROVER, FINGERPRINT_KEY = "mfa-sync-approver", "mfa-sync-fingerprint-key"
USERNAME, PASSWORD = "mfa-sync-username", "mfa-sync-password"
CLIENT_SECRET = "mfa-sync-client-secret"  # noqa: S105  a name
SIGNING_KEY, SIGNING_PREVIOUS = "mfa-sync-signing-key", "mfa-sync-signing-key-previous"
# What counts for some hours more when it is replaced, and where its former value goes.
FORMER = {HANDSHAKE: PREVIOUS, SIGNING_KEY: SIGNING_PREVIOUS}
BYTES = 32
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kind:
    """One secret: its name in the vault (docs/settings.md), and how its value comes about."""

    name: str
    make: Callable[[], str] | None = None
    check: Callable[[str], str | None] | None = None


def _header_word() -> str:
    """Return a random word that a header carries: letters, digits, - and _ alone."""
    return secrets.token_urlsafe(BYTES)


def _key() -> str:
    """Return a random key of as many bits as the HMAC's digest, in base64: no tool on the way changes it."""
    return base64.b64encode(secrets.token_bytes(BYTES)).decode()


def _signing_key() -> str:
    """Return a random key as the Standard Webhooks specification writes keys."""
    return f"whsec_{_key()}"


def _no_edges(value: str) -> str | None:
    return "begins or ends with a blank, which sign-in would not forgive" if value != value.strip() else None


def _a_name(value: str) -> str | None:
    return None if re.fullmatch(r"[^\s@]+@[^\s@]+", value) else "is no user principal name"


def _a_client_secret(value: str) -> str | None:
    # The portal shows the secret's id beside its value.
    return "is the id of a client secret, not its value" if _GUID.fullmatch(value) else _no_edges(value)


RANDOM = (Kind(HANDSHAKE, _header_word), Kind(APPROVER, _header_word), Kind(FINGERPRINT_KEY, _key))
ASKED = {
    "username": Kind(USERNAME, check=_a_name),
    "password": Kind(PASSWORD, check=_no_edges),
    "client-secret": Kind(CLIENT_SECRET, check=_a_client_secret),
    "signing-key": Kind(SIGNING_KEY, _signing_key),
}
REPLACEABLE = {
    "handshake": HANDSHAKE,
    "approver": APPROVER,
    "fingerprint-key": FINGERPRINT_KEY,
    **{name: kind.name for name, kind in ASKED.items()},
}


@dataclass(frozen=True, slots=True)
class WantedSecrets:
    """Which to ask for and which to replace (keys of `ASKED` and `REPLACEABLE`), and how long they last."""

    ask: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    days: int = 365
    overlap_hours: int = 48


def run(client: SecretClient, wanted: WantedSecrets, ask: Ask, say: Say, *, acting: bool) -> list[Change]:
    """Say what is there and what is to be set; set it if `acting`.

    Args:
        client: The vault, as the operator (role Key Vault Secrets Officer).
        wanted: What to do.
        ask: Reads a value that is not to be seen, by the secret's name; only asked if `acting`.
        say: Prints a line. Names, versions and dates only.
        acting: Whether to set anything.

    Returns:
        What was, or would be, set.

    Raises:
        StoppedError: The vault refuses, or a value that was given cannot be right.
    """
    try:
        changes = list(_changes(client, wanted, ask, say))
        say(f"To set ({len(changes)}):" if changes else "Nothing to set.")
        for change in changes:
            say(str(change))
        if acting and changes:
            say("Doing it:")
            for change in changes:
                say(f"  {change.sign} {change.do()}")
    except (HttpResponseError, ServiceRequestError) as error:
        raise StoppedError(_refusal(error)) from None
    return changes


def _changes(client: SecretClient, wanted: WantedSecrets, ask: Ask, say: Say) -> Iterator[Change]:
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=wanted.days)
    replaced = {REPLACEABLE[name] for name in wanted.replace}
    asked = [ASKED[name] for name in dict.fromkeys((*wanted.ask, *wanted.replace)) if name in ASKED]
    for kind in (*RANDOM, *asked):
        latest = _latest(client, kind.name)
        if latest is not None:
            say(f"  {kind.name} is there: {_described(latest)}")
        if latest is not None and kind.name not in replaced:
            continue
        if latest is not None and kind.name in FORMER:
            until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=wanted.overlap_hours)
            yield Change(
                ALTER,
                f"{FORMER[kind.name]}: today's {kind.name}, good until {_day(until)}",
                _keeping(client, kind.name, until),
            )
        sign = MAKE if latest is None else ALTER
        how = "random" if kind.make else "asked for"
        yield Change(sign, f"{kind.name}: {how}, until {_day(expires)}", _setting(client, kind, expires, ask))


def _setting(client: SecretClient, kind: Kind, expires: datetime, ask: Ask) -> Callable[[], str]:
    def do() -> str:
        value = kind.make() if kind.make else _checked(kind, ask(kind.name))
        made = client.set_secret(kind.name, value, expires_on=expires)
        return f"{kind.name}: {_described(made.properties)}"

    return do


def _keeping(client: SecretClient, name: str, until: datetime) -> Callable[[], str]:
    def do() -> str:
        made = client.set_secret(FORMER[name], client.get_secret(name).value or "", expires_on=until)
        return f"{FORMER[name]}: {_described(made.properties)}"

    return do


def _latest(client: SecretClient, name: str) -> SecretProperties | None:
    versions = [row for row in client.list_properties_of_secret_versions(name) if row.created_on is not None]
    # A listing has no order, and two versions may be of the same second.
    return max(versions, key=lambda row: row.created_on or datetime.min.replace(tzinfo=UTC), default=None)


def _described(properties: SecretProperties) -> str:
    until = f"until {_day(properties.expires_on)}" if properties.expires_on else "without an end"
    return f"version {properties.version}, {until}{'' if properties.enabled else ', DISABLED'}"


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _refusal(error: HttpResponseError | ServiceRequestError) -> str:
    if isinstance(error, ClientAuthenticationError):
        return f"Nobody could sign in to the vault: {str(error.message).splitlines()[0]}"
    if isinstance(error, ServiceRequestError):
        return "The vault cannot be reached: is its name right, and is your address let in by its firewall?"
    code = error.error.code if error.error is not None else ""
    if error.status_code == HTTPStatus.FORBIDDEN:
        return (
            f"The vault refuses (403 {code}). Needed: the role Key Vault Secrets Officer on it, for the time "
            "of this work, and a way through its firewall."
        )
    if error.status_code == HTTPStatus.CONFLICT:
        return f"The vault refuses (409 {code}): a deleted secret of the name can be recovered. Recover it."
    return f"The vault refuses: {error.status_code} {code}."


def _checked(kind: Kind, value: str) -> str:
    """Return the value.

    Raises:
        StoppedError: It cannot be right. The text says why, and not what it is.
    """
    fault = "is empty" if not value.strip() else kind.check(value) if kind.check else None
    if fault:
        raise StoppedError(f"The value for {kind.name} {fault}. Nothing was set.")
    return value
