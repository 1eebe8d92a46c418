"""What stops the work as a whole; what concerns one user is an outcome, not an error.

SyncError
+-- TransientError    the same again later is right (throttled, unreachable)
+-- PermanentError    a person must act first (refused credentials, missing rights)
    +-- SettingsError what is configured cannot work
"""

from __future__ import annotations

import re
from enum import StrEnum

_SECONDS = re.compile(r"[0-9]{1,9}")
_LONGEST_WAIT = 3600.0


class Problem(StrEnum):
    """The codes of problems that concern the call, not a row."""

    MISCONFIGURED = "misconfigured"
    HANDSHAKE_REFUSED = "handshakeRefused"
    SIGNATURE_REFUSED = "signatureRefused"
    REQUEST_REPLAYED = "requestReplayed"
    NOT_JSON = "notJson"
    TOO_LARGE = "tooLarge"
    TOO_MANY_ROWS = "tooManyRows"
    UNSUPPORTED_MEDIA_TYPE = "unsupportedMediaType"
    INVALID_REQUEST = "invalidRequest"
    SIGN_IN_REFUSED = "signInRefused"
    SIGN_IN_UNAVAILABLE = "signInUnavailable"
    VAULT_REFUSED = "vaultRefused"
    VAULT_UNAVAILABLE = "vaultUnavailable"
    GRAPH_REFUSED = "graphRefused"
    GRAPH_UNAVAILABLE = "graphUnavailable"
    TOO_MANY_RUNS = "tooManyRuns"
    RUN_NOT_FOUND = "runNotFound"
    WRONG_STATE = "wrongState"
    APPROVER_REFUSED = "approverRefused"
    STORAGE_UNAVAILABLE = "storageUnavailable"
    IDEMPOTENCY_KEY_IN_FLIGHT = "idempotencyKeyInFlight"
    IDEMPOTENCY_KEY_REUSED = "idempotencyKeyReused"
    INTERNAL_ERROR = "internalError"


class SyncError(Exception):
    """One clear problem that stops everything.

    Attributes:
        code: The problem's stable name.
        detail: What happened, free of secrets and numbers.
        remedy: What a person does about it.
    """

    def __init__(self, code: Problem, detail: str, *, remedy: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.remedy = remedy


def seconds_asked(retry_after: str | None) -> float | None:
    """Return the seconds that a `Retry-After` header asks for, an hour at most; None where it names none.

    Source: RFC 9110, section 10.2.3. A date counts as none: no service that is called here sends one. So does
    a figure of more than nine digits, which nobody means.
    """
    found = _SECONDS.fullmatch(retry_after or "")
    return min(float(found[0]), _LONGEST_WAIT) if found else None


class TransientError(SyncError):
    """A service is throttling, unreachable or slow.

    Attributes:
        retry_after: Seconds after which another try is reasonable.
    """

    def __init__(
        self, code: Problem, detail: str, *, retry_after: float, remedy: str = "Try again later."
    ) -> None:
        super().__init__(code, detail, remedy=remedy)
        self.retry_after = retry_after


class PermanentError(SyncError):
    """A service refuses us, and will until somebody acts.

    Attributes:
        aadsts: Entra's error number, if Entra gave one.
    """

    def __init__(self, code: Problem, detail: str, *, remedy: str, aadsts: int | None = None) -> None:
        super().__init__(code, detail, remedy=remedy)
        self.aadsts = aadsts


class SettingsError(PermanentError):
    """Settings, or secrets that act as settings, cannot work. Names them all, and never a value."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__(
            Problem.MISCONFIGURED,
            "; ".join(faults),
            remedy="Correct the settings named; docs/settings.md lists what is allowed.",
        )
        self.faults = faults
