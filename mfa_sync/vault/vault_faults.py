"""What a failure of Key Vault, or of the managed identity that reads it, means and who acts.

403 alike stands for five causes, of which the innermost code tells. Sources: Key Vault REST "Authentication,
requests and responses"; azure-keyvault-secrets 4.12, as it behaves.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final

from mfa_sync.vault.identity import ASSIGN, is_passing
from shared.errors import PermanentError, Problem, TransientError, seconds_asked

NOT_FOUND: Final = "SecretNotFound"
DISABLED: Final = "SecretDisabled"
_CODE: Final = re.compile(r"[A-Za-z]{1,64}")
_RETRY_SECONDS = 10.0

_RBAC = "Give the managed identity the role Key Vault Secrets User; it takes minutes to act."
_POLICY = "Give the managed identity the right to get secrets in the vault's access policy."
_REMEDIES: Final = {
    DISABLED: "Enable the secret's latest version.",
    "ForbiddenByRbac": _RBAC,
    "ForbiddenByFirewall": "Admit the app's network in the vault's firewall.",
    "ForbiddenByConnection": "Admit the app's network by a private endpoint.",
    "AccessDenied": _POLICY,
    "ForbiddenByPolicy": _POLICY,
}


class DisabledError(PermanentError):
    """The secret's version is disabled."""


def of_answer(name: str, error: Any) -> PermanentError | TransientError:
    """Return what the vault's refusal of a secret means.

    Args:
        name: The secret's.
        error: An HttpResponseError; one without a status stands for an answer that could not be decoded.
    """
    status = error.status_code or 0
    if not status:
        return unreadable()
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _later(f"Key Vault answered {status} for the secret {name}.", wait=_wait(error))
    code = code_of(error)
    if not code and status == HTTPStatus.NOT_FOUND:
        return unreadable()  # a gateway's page; the vault says which secret it misses
    kind = DisabledError if code == DISABLED else PermanentError
    return kind(
        Problem.VAULT_REFUSED,
        f"Key Vault answered {status} for the secret {name} ({code or 'no reason given'}).",
        remedy=_REMEDIES.get(code, "Check the vault's access for the managed identity."),
    )


def of_identity(error: Exception) -> PermanentError | TransientError:
    """Return what it means that the managed identity has no token, or none that the vault takes."""
    if is_passing(error):
        return _later("The managed identity has a fault or throttles.")
    return _refused(
        f"The managed identity gave no token that Key Vault takes ({type(error).__name__}).",
        ASSIGN,
    )


def no_identity() -> PermanentError:
    """Return what it means that the platform offers no managed identity."""
    return _refused("This app has no managed identity.", ASSIGN)


def of_shape(error: ValueError) -> PermanentError | TransientError:
    """Return what it means that the library could not go on from an answer."""
    if "challenge" in str(error):
        return _refused(
            "Key Vault asks for a token of another cloud than KEY_VAULT_URL belongs to.",
            "Check KEY_VAULT_URL.",
        )
    return unreadable()


def unreachable() -> TransientError:
    """Return what no answer means."""
    return _later(
        "Key Vault, or the managed identity's endpoint, could not be reached.",
        remedy="Try again later; if it stays so, check KEY_VAULT_URL and the app's network.",
    )


def unreadable() -> TransientError:
    """Return what an answer of another shape means: something stands in between."""
    return _later("Key Vault, or the managed identity's endpoint, gave no readable answer.")


def missing(name: str, what: str) -> PermanentError:
    """Return what a secret that is not there, or is empty, means."""
    return _refused(f"The secret {name} {what} in Key Vault.", f"Set the secret {name}.")


def code_of(error: Any) -> str:
    """Return the code of the innermost error; empty where the body is not the vault's."""
    try:
        body = error.response.json()["error"]
        inner = body.get("innererror") or body.get("innerError") or {}
        code = str(inner.get("code") or body.get("code") or "")
    except (AttributeError, KeyError, TypeError, ValueError):
        return ""
    return code if _CODE.fullmatch(code) else ""


def _wait(error: Any) -> float:
    headers = getattr(error.response, "headers", None) or {}
    asked = seconds_asked(headers.get("Retry-After"))
    return _RETRY_SECONDS if asked is None else asked


def _later(detail: str, remedy: str = "Try again later.", wait: float = _RETRY_SECONDS) -> TransientError:
    return TransientError(Problem.VAULT_UNAVAILABLE, detail, remedy=remedy, retry_after=wait)


def _refused(detail: str, remedy: str) -> PermanentError:
    return PermanentError(Problem.VAULT_REFUSED, detail, remedy=remedy)
