"""What it means that the managed identity gives no token, and who acts.

azure-identity calls every failure "unavailable", and only its text tells the endpoint's own status. The text
is never passed on. Source: azure-identity 1.27, as it behaves; App Service "Managed identities".
"""

from __future__ import annotations

import re
from typing import Final

from shared.errors import PermanentError, Problem, TransientError

ASSIGN: Final = "Assign the managed identity to the app; with several, name one in AZURE_CLIENT_ID."

_PASSING: Final = re.compile(r"\(\w+\) (429|5\d\d),")
_STATUS: Final = re.compile(r"\(\w+\) (4\d\d),")
_RETRY_SECONDS: Final = 30.0
_CHECK: Final = "Try again later; if it stays so, check GRAPH_URL and the app's managed identity."


def is_passing(error: Exception) -> bool:
    """Return whether the endpoint said that it has a fault or throttles."""
    return bool(_PASSING.search(str(error)))


def of(error: Exception) -> PermanentError | TransientError:
    """Return what the endpoint's refusal means."""
    if is_passing(error):
        # A resource that it does not know comes as a 500 too.
        return _later("The managed identity's endpoint has a fault or throttles.")
    found = _STATUS.search(str(error))
    status = f"it answered {found[1]}" if found else "no reason given"
    return _refused(f"The managed identity's endpoint gives no token ({status}).", ASSIGN)


def none_assigned() -> PermanentError:
    """Return what it means that the platform offers no managed identity."""
    return _refused("This app has no managed identity.", ASSIGN)


def unreachable(error: Exception) -> TransientError:
    """Return what no answer means."""
    return _later(f"The managed identity's endpoint could not be reached ({type(error).__name__}).")


def unreadable() -> TransientError:
    """Return what an answer of another shape means: something stands in between."""
    return _later("The managed identity's endpoint gave no readable answer.")


def same_again() -> TransientError:
    """Return what it means that Graph refuses a token, and the platform still gives out that very one."""
    return TransientError(
        Problem.SIGN_IN_UNAVAILABLE,
        "Graph refuses the managed identity's token, and the platform, which keeps tokens for hours, still "
        "gives out the same one.",
        retry_after=600.0,
        remedy="It passes with the token, within a day. Nothing makes the platform renew it sooner; "
        "GRAPH_AUTH=client-secret or ropc signs in without it.",
    )


def _later(detail: str) -> TransientError:
    return TransientError(Problem.SIGN_IN_UNAVAILABLE, detail, remedy=_CHECK, retry_after=_RETRY_SECONDS)


def _refused(detail: str, remedy: str) -> PermanentError:
    return PermanentError(Problem.SIGN_IN_REFUSED, detail, remedy=remedy)
