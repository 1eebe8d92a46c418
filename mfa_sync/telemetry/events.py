"""Structured logging: an event's fixed name and its facts, of types that cannot hold a secret by accident."""

from __future__ import annotations

import json
import logging
from enum import StrEnum

# They log URLs, and URLs hold UPNs; msal also logs user names.
_TALKATIVE = ("httpx", "httpcore", "msal", "azure", "urllib3")


class Event(StrEnum):
    """The names by which alerts and searches find a line. Stable, like codes."""

    BRAKE_ALONE = "brake.alone"
    HANDSHAKE_REFUSED = "handshake.refused"
    NOT_REMEMBERED = "lastWrite.notRemembered"
    CHANGED_OUTSIDE = "phone.changedOutside"
    PUSH_FINISHED = "push.finished"
    PUSH_STOPPED = "push.stopped"
    RUN_APPROVED = "run.approved"
    RUN_DELAYED = "run.delayed"
    RUN_DISCARDED = "run.discarded"
    RUN_FAILED = "run.failed"
    RUN_FINISHED = "run.finished"
    RUN_HELD = "run.held"
    RUN_POISONED = "run.poisoned"
    RUN_STARTED = "run.started"
    RUN_STOPPED = "run.stopped"
    RUN_UNRECORDED = "run.unrecorded"
    RUN_TURNED_FULL = "run.turnedFull"
    ROW_SETTLED = "row.settled"
    SECRET_EXPIRES = "secret.expires"  # noqa: S105  an event's name
    SIGNATURE_REFUSED = "signature.refused"
    REPLAY_UNCHECKED = "signature.replayUnchecked"
    SIGN_IN_DELAYED = "signIn.delayed"
    SIGN_IN_REFUSED = "signIn.refused"
    SIGNED_IN = "signIn.done"
    TELEMETRY_UNAVAILABLE = "telemetry.unavailable"
    STORAGE_UNAVAILABLE = "storage.unavailable"
    PRIVILEGED_ALLOWED = "privilegedTargets.allowed"
    PRIVILEGED_UNREADABLE = "privilegedTargets.unreadable"


def quieten_libraries() -> None:
    """Let libraries speak from WARNING on; below that they name people and addresses."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # MSAL logs whole what it cannot read, and a token may be in it. What went wrong we log ourselves.
    logging.getLogger("msal").setLevel(logging.CRITICAL)


def record(logger: logging.Logger, level: int, event: Event, **facts: str | float | list[str] | None) -> None:
    """Log one event.

    The facts stand in the text too, since the Functions host ships a record's text and not its extras.
    """
    text = json.dumps({name: fact for name, fact in facts.items() if fact is not None}, ensure_ascii=True)
    logger.log(level, "%s %s", event.value, text, extra={"event": event.value, "facts": facts})
