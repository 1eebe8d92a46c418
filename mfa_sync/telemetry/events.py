"""Structured logging: an event's fixed name and its facts, of types that cannot hold a secret by accident."""

from __future__ import annotations

import json
import logging
from enum import StrEnum
from typing import Self

_LOG = logging.getLogger(__name__)

# They log URLs, and URLs hold UPNs; msal also logs user names.
_TALKATIVE = ("httpx", "httpcore", "msal", "azure", "urllib3")


class Event(StrEnum):
    """The names by which alerts and searches find a line, each with its level. Stable, like codes."""

    level: int

    def __new__(cls, name: str, level: int) -> Self:
        """Make one event, whose text is its name."""
        event = str.__new__(cls, name)
        event._value_ = name
        event.level = level
        return event

    BRAKE_ALONE = "brake.alone", logging.WARNING
    CANARY_TRIED = "canary.tried", logging.INFO
    CHECK_FAILED = "doctor.checkFailed", logging.WARNING
    CALL_STOPPED = "call.stopped", logging.ERROR
    HANDSHAKE_REFUSED = "handshake.refused", logging.WARNING
    NOT_REMEMBERED = "lastWrite.notRemembered", logging.WARNING
    CHANGED_OUTSIDE = "phone.changedOutside", logging.WARNING
    MISMATCH = "mobile.mismatch", logging.WARNING
    PUSH_FINISHED = "push.finished", logging.INFO
    PUSH_STOPPED = "push.stopped", logging.ERROR
    RUN_APPROVED = "run.approved", logging.INFO
    RUN_DELAYED = "run.delayed", logging.WARNING
    RUN_DISCARDED = "run.discarded", logging.INFO
    RUN_FAILED = "run.failed", logging.ERROR
    RUN_FINISHED = "run.finished", logging.INFO
    RUN_HELD = "run.held", logging.WARNING
    RUN_POISONED = "run.poisoned", logging.ERROR
    RUN_STARTED = "run.started", logging.INFO
    RUN_STOPPED = "run.stopped", logging.INFO
    RUN_UNRECORDED = "run.unrecorded", logging.WARNING
    RUN_TURNED_FULL = "run.turnedFull", logging.WARNING
    ROW_SETTLED = "row.settled", logging.INFO
    SECRET_EXPIRES = "secret.expires", logging.WARNING
    SIGNATURE_REFUSED = "signature.refused", logging.WARNING
    REPLAY_UNCHECKED = "signature.replayUnchecked", logging.WARNING
    SIGN_IN_DELAYED = "signIn.delayed", logging.WARNING
    SIGN_IN_REFUSED = "signIn.refused", logging.ERROR
    SIGNED_IN = "signIn.done", logging.INFO
    TELEMETRY_UNAVAILABLE = "telemetry.unavailable", logging.ERROR
    STORAGE_UNAVAILABLE = "storage.unavailable", logging.WARNING
    PIM_ABSENT = "privilegedTargets.withoutPim", logging.INFO
    PRIVILEGED_ALLOWED = "privilegedTargets.allowed", logging.WARNING
    PRIVILEGED_UNREADABLE = "privilegedTargets.unreadable", logging.WARNING
    WATCHDOG_DONE = "watchdog.done", logging.INFO


def quieten_libraries() -> None:
    """Let libraries speak from WARNING on; below that they name people and addresses."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # MSAL logs whole what it cannot read, and a token may be in it. What went wrong we log ourselves.
    logging.getLogger("msal").setLevel(logging.CRITICAL)


def record(event: Event, *, level: int | None = None, **facts: str | float | list[str] | None) -> None:
    """Log one event, at its own level unless another is given.

    The facts stand in the text too, since the Functions host ships a record's text and not its extras.
    """
    text = json.dumps({name: fact for name, fact in facts.items() if fact is not None}, ensure_ascii=True)
    extra = {"event": event.value, "facts": facts}
    _LOG.log(event.level if level is None else level, "%s %s", event.value, text, extra=extra)
