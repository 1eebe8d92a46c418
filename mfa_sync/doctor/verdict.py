"""What a check comes to: a state, what was found, what that means, and what to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check ended; the worst of all is the doctor's verdict."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check says. No secret stands in it, and no number.

    Attributes:
        state: How it ended.
        found: What was seen.
        means: What follows from that for the app.
        remedy: What a person does about it; empty where there is nothing to do.
    """

    state: State
    found: str
    means: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """What is looked at, whatever is found.

    Attributes:
        name: Its stable name.
        looks_at: What it looks at, for docs/doctor.md.
        source: Where the rule or the limit comes from.
    """

    name: str
    looks_at: str
    source: str


def ok(found: str, means: str = "") -> Verdict:
    """Return that all is as it should be."""
    return Verdict(State.OK, found, means)


def warning(found: str, means: str, remedy: str) -> Verdict:
    """Return that it works, and somebody should know or act."""
    return Verdict(State.WARNING, found, means, remedy)


def fault(found: str, means: str, remedy: str) -> Verdict:
    """Return that something does not work, or must not be so."""
    return Verdict(State.FAULT, found, means, remedy)


def unknown(found: str, means: str = "", remedy: str = "") -> Verdict:
    """Return that it could not be told."""
    return Verdict(State.UNKNOWN, found, means, remedy)


def worst(verdicts: list[Verdict]) -> State:
    """Return the doctor's word: a fault goes before a warning; what is unknown is no fault."""
    states = {verdict.state for verdict in verdicts}
    return next((one for one in (State.FAULT, State.WARNING, State.UNKNOWN) if one in states), State.OK)
