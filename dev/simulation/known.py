"""What was found and nobody has mended yet: `make simulate` shows it, `make test` overlooks it.

An entry leaves with the repair. It is as narrow as can be, so that nothing else hides behind it.
"""

from __future__ import annotations

import re

_KNOWN = (
    # Several requests to a slow storage, one after the other, go past the deadline. (mfa_sync/counters.py)
    r"answers_in_time: .*storage slow.*",
    # After an item's 401 the token is renewed, and the wait that was found short enough before is slept
    # after it. (mfa_sync/graph/batch.py)
    r"answers_in_time: .*sign-in hangs.*",
    # Two rows name one person by UPN and by id and differ, and one of the two could not be read: the other
    # is carried out. The key alone would tell that they are one person. (shared/entries.py)
    r".* \(its rows contradict each other\)",
    # An answer to a refresh token whose `error` is no text stays in MSAL's telemetry, and from then on each
    # refresh ends in a TypeError before anything is sent, until the restart. (mfa_sync/credentials/entra.py)
    r"everything_heals: .* 503 signInUnavailable.*",
    # A second write that meets the effect of the first, which a read did not show yet, hides that the first
    # may have been made. (shared/reconciler.py, _tells_less)
    r"results_are_true: .* failed/changedSincePlan, but something was written",
    # What the second look would write a third time keeps the answer of the second write: refused, where
    # sending the row again is right. (shared/reconciler.py, apply)
    r"refusals_have_grounds: .* refused/writeRejected is not true",
)


def is_known(violation: str) -> bool:
    """Return whether a violation is one that waits for its repair."""
    return any(re.fullmatch(pattern, violation, re.DOTALL) for pattern in _KNOWN)
