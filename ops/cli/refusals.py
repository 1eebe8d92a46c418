"""What a refused call means to the operator, and what to do about it (docs/codes.md, "Problems")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ops.cli.ending import CommandError, Exit
from ops.cli.vocabulary import ROLE
from shared.errors import Problem

_UNAUTHORIZED, _FORBIDDEN, _UNAVAILABLE = 401, 403, 503

_REMEDIES: dict[str, str] = {
    Problem.WRONG_STATE: "Read the run again (runs show), and decide by the digest that it shows now.",
    Problem.RUN_NOT_FOUND: "See `runs list`; runs are kept for RUN_RETENTION_DAYS.",
    Problem.HANDSHAKE_REFUSED: "MFA_SYNC_HANDSHAKE must be what the vault's mfa-sync-handshake holds.",
    Problem.APPROVER_REFUSED: "MFA_SYNC_APPROVER must be what the vault's mfa-sync-approver holds; with App "
    f"Service authentication give --audience, and have the app role {ROLE}.",
    Problem.STORAGE_UNAVAILABLE: "Try again; if it lasts, see the storage account and the app's roles there.",
    Problem.INTERNAL_ERROR: "The app's log says where it happened.",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that is a refusal.

    Attributes:
        function: Which function was called.
        key_origin: Where its key came from.
        status: The answer's status.
        body: Its JSON, or None.
        signed_in: Whether a token was sent.
    """

    function: str
    key_origin: str
    status: int
    body: Any
    signed_in: bool


def refusal(refused: Refused) -> CommandError:
    """Return the error that says what was refused, by whom, and what to do."""
    body = refused.body if isinstance(refused.body, dict) else {}
    exit_code = Exit.UNAVAILABLE if refused.status == _UNAVAILABLE else Exit.REFUSED
    if code := body.get("code"):
        faults = [
            f"\n  {fault.get('pointer')}: {fault.get('detail')}"
            for fault in body.get("errors") or ()
            if isinstance(fault, dict)
        ]
        aadsts = f", AADSTS{body['aadsts']}" if body.get("aadsts") else ""
        text = f"Refused ({refused.status} {code}{aadsts}): {body.get('detail')}{''.join(faults)}"
        return CommandError(exit_code, text, str(body.get("remedy") or _REMEDIES.get(str(code), "")))
    if refused.status == _UNAUTHORIZED:
        remedy = f"Give the key of {refused.function}, or the host key."
        if not refused.signed_in:
            remedy += " If App Service authentication is on, give --audience too."
        return CommandError(
            exit_code,
            f"Refused (401) before the app saw the call: the key for {refused.function} "
            f"({refused.key_origin}){' or the sign-in' if refused.signed_in else ''} is not accepted.",
            remedy,
        )
    if refused.status == _FORBIDDEN:
        return CommandError(
            exit_code,
            "Refused (403) before the app saw the call: access restrictions, or the registration's rules.",
            "Call from a network that is let in; with --audience, as somebody whom the registration admits.",
        )
    if refused.status >= 500:  # noqa: PLR2004
        return CommandError(
            Exit.UNAVAILABLE,
            f"The platform answered {refused.status}; the app may be starting.",
            "Try again.",
        )
    return CommandError(
        exit_code, f"The address answered {refused.status}: is it this app?", "Check the address."
    )
