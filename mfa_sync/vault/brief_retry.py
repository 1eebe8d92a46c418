"""How often Azure's library tries again by itself. To be imported on first use: it brings azure.core."""

from __future__ import annotations

from typing import Any

from azure.core.pipeline.policies import RetryPolicy

_LONGEST_SECONDS = 3.0


class BriefRetryPolicy(RetryPolicy[Any, Any]):
    """The library's own, but it gives up where the service asks for more than seconds.

    The library would sleep for as long as it is asked to, hours too, and everybody waits behind it.
    """

    def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
        """Return whether this answer is worth another try within this call."""
        try:
            asked = self.get_retry_after(response) or 0.0
        except (TypeError, ValueError, OverflowError):  # no number, and no date either
            return False
        return asked <= _LONGEST_SECONDS and bool(super().is_retry(settings, response))
