"""How queues are read and written: extensions.queues of host.json."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dev.functions_host.app_folder import AppFolderError, read_object, seconds_of

_MOST_AT_ONCE = 32


@dataclass(frozen=True)
class QueueSettings:
    """The queue settings in force; times are in seconds.

    The defaults are Azure's but for the polling interval, which is a minute there; two seconds are what the
    Functions host uses on a developer's machine. The length of a lease is not a setting there: ten minutes.
    """

    batch_size: int = 16
    new_batch_threshold: int = 8
    visibility_timeout: int = 0
    max_dequeue_count: int = 5
    max_polling_interval: float = 2.0
    base64: bool = True
    lease_seconds: int = 600

    @classmethod
    def read(cls, app_folder: Path) -> Self:
        """Read them from an app's host.json.

        Raises:
            AppFolderError: If host.json is missing, or a value is not one that Azure takes.
        """
        given = read_object(app_folder / "host.json").get("extensions", {}).get("queues", {})
        batch_size = _whole(given, "batchSize", cls.batch_size, least=1, most=_MOST_AT_ONCE)
        encoding = str(given.get("messageEncoding", "base64")).lower()
        if encoding not in {"base64", "none"}:
            raise AppFolderError("host.json: extensions.queues.messageEncoding is base64 or none")
        return cls(
            batch_size=batch_size,
            new_batch_threshold=_whole(given, "newBatchThreshold", batch_size // 2, least=0),
            visibility_timeout=int(_seconds(given, "visibilityTimeout", cls.visibility_timeout)),
            max_dequeue_count=_whole(given, "maxDequeueCount", cls.max_dequeue_count, least=1),
            max_polling_interval=_seconds(given, "maxPollingInterval", cls.max_polling_interval),
            base64=encoding == "base64",
        )


def _whole(given: dict[str, Any], name: str, default: int, *, least: int, most: int | None = None) -> int:
    value = given.get(name, default)
    if not isinstance(value, int) or value < least or (most is not None and value > most):
        upper = f" and at most {most}" if most is not None else ""
        raise AppFolderError(f"host.json: extensions.queues.{name} is a number of at least {least}{upper}")
    return value


def _seconds(given: dict[str, Any], name: str, default: float) -> float:
    if name not in given:
        return default
    return seconds_of(given[name], f"extensions.queues.{name}")
