"""What a call that was refused, or got no answer, means to the operator, and what to do about it."""

from __future__ import annotations

import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ops.cli.terminal import CommandError, Exit
from ops.cli.vocabulary import ROLE
from shared.errors import Problem

if TYPE_CHECKING:
    import httpx

# By the codes of docs/codes.md, "Problems"; the app itself gives the remedies of the others.
_REMEDIES: dict[str, str] = {
    Problem.WRONG_STATE: "Read the run again (runs show), and decide by the digest that it shows now.",
    Problem.RUN_NOT_FOUND: "See `runs list`; runs are kept for RUN_RETENTION_DAYS.",
    Problem.HANDSHAKE_REFUSED: "MFA_SYNC_HANDSHAKE must be what the vault's mfa-sync-handshake holds.",
    Problem.SIGNATURE_REFUSED: "The app takes signed pushes alone: MFA_SYNC_SIGNING_KEY must be what the "
    "vault's mfa-sync-signing-key holds, and this machine's clock must be right.",
    Problem.APPROVER_REFUSED: "MFA_SYNC_APPROVER must be what the vault's mfa-sync-approver holds; with App "
    f"Service authentication give --audience, and have the app role {ROLE}.",
    Problem.STORAGE_UNAVAILABLE: "Try again; if it lasts, see the storage account and the app's roles there.",
    Problem.INTERNAL_ERROR: "The app's log says where it happened.",
}


def refused(function: str, key_origin: str, status: int, body: Any, *, signed_in: bool) -> CommandError:
    """Return the error that says what was refused, by whom, and what to do.

    Args:
        function: Which function was called.
        key_origin: Where its key came from.
        status: The answer's status.
        body: The answer's JSON; None if it has none.
        signed_in: Whether a token was sent.
    """
    problem = body if isinstance(body, dict) else {}
    exit_code = Exit.UNAVAILABLE if status == HTTPStatus.SERVICE_UNAVAILABLE else Exit.REFUSED
    if code := problem.get("code"):
        faults = [
            f"\n  {fault.get('pointer')}: {fault.get('detail')}"
            for fault in problem.get("errors") or ()
            if isinstance(fault, dict)
        ]
        aadsts = f", AADSTS{problem['aadsts']}" if problem.get("aadsts") else ""
        text = f"Refused ({status} {code}{aadsts}): {problem.get('detail')}{''.join(faults)}"
        return CommandError(exit_code, text, str(problem.get("remedy") or _REMEDIES.get(str(code), "")))
    if status == HTTPStatus.UNAUTHORIZED:
        also = "" if signed_in else " If App Service authentication is on, give --audience too."
        return CommandError(
            exit_code,
            f"Refused (401) before the app saw the call: the key for {function} "
            f"({key_origin}){' or the sign-in' if signed_in else ''} is not accepted.",
            f"Give the key of {function}, or the host key.{also}",
        )
    if status == HTTPStatus.FORBIDDEN:
        return CommandError(
            exit_code,
            "Refused (403) before the app saw the call: access restrictions, or the registration's rules.",
            "Call from a network that is let in; with --audience, as somebody whom the registration admits.",
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return CommandError(
            Exit.UNAVAILABLE, f"The platform answered {status}; the app may be starting.", "Try again."
        )
    return CommandError(exit_code, f"The address answered {status}: is it this app?", "Check the address.")


def unreachable(url: str, error: httpx.HTTPError) -> CommandError:
    """Return what a call without an answer means. The library's text is left out: it may quote a header."""
    import httpx

    if isinstance(error, httpx.ConnectError):
        if _is_caused_by_tls(error):
            said = "its certificate is not trusted here."
            remedy = "Behind a proxy that opens TLS, set SSL_CERT_FILE to its certificate."
        else:
            said = "no connection."
            remedy = "Check the address, the network and the access restrictions."
        return CommandError(Exit.UNAVAILABLE, f"{url}: {said}", remedy)
    is_late = isinstance(error, httpx.TimeoutException)
    said = "no answer in time" if is_late else f"the connection broke ({type(error).__name__})"
    return CommandError(
        Exit.UNAVAILABLE, f"{url}: {said}; whether the call was taken is not known.", "Look again."
    )


def _is_caused_by_tls(error: BaseException | None) -> bool:
    while error:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
