"""What an error of Azure's storage libraries tells, and how to say it without a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

_SERVER_FAULT = 500
_NOT_ADMITTED = frozenset({401, 403})
# The fault of one request: it says nothing about the next.
_ONE_REQUESTS = frozenset({400, 413})
# Only what looks like a code is quoted: the rest of an error may hold an address with a signature in it.
_CODE = re.compile(r"[A-Za-z]{1,64}")


def status_of(error: Exception) -> int | None:
    """Return the status of the answer that is the error; None if there was no answer."""
    return getattr(error, "status_code", None)


def code_of(error: Exception) -> str | None:
    """Return the service's code for the error. The table library's error for a failed insert has none."""
    code = getattr(error, "error_code", None)
    return None if code is None else str(getattr(code, "value", code))


def is_refusal(error: AzureError) -> bool:
    """Return whether the storage does not admit us as who we came."""
    return status_of(error) in _NOT_ADMITTED


def may_pass(error: AzureError) -> bool:
    """Return whether the same request may fare better a moment later."""
    status = status_of(error)
    return status is None or status >= _SERVER_FAULT


def tells_of_the_storage(error: Exception) -> bool:
    """Return whether the next request would fare no better, as far as the error can tell."""
    from azure.core.exceptions import AzureError  # noqa: PLC0415  loaded by who made the client

    return isinstance(error, AzureError) and status_of(error) not in _ONE_REQUESTS


def told(error: Exception) -> str:
    """Return what went wrong in words that hold no secret."""
    status, code = status_of(error), code_of(error)
    if status is None:
        return f"The storage could not be used ({type(error).__name__})."
    return f"The storage answered {status} ({code if code and _CODE.fullmatch(code) else 'no code'})."
