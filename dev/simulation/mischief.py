"""What goes wrong in a run: answers that fail or get lost, and a world that changes in the middle."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dev.simulation.numbers import Numbers
from dev.tenant.faults import Fault
from dev.tenant.people import Person
from dev.tenant.state import GRAPH_HOST, LOGIN_HOST

_VAULT = r".*\.vault\.azure\.net"
_WRITES = "POST|PATCH|DELETE"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens once.

    Attributes:
        kind: What happens, by the name of its kind.
        at_call: Just before this call to Graph arrives, counted over the run; 0: not by calls.
        at_step: Just before this step begins, counted from 0; used where `at_call` is 0.
        lasting: Seconds after which it is over, for what ends by itself.
        who: The object id of whom it concerns.
        value: What it brings.
    """

    kind: str
    at_call: int
    at_step: int
    lasting: float = 0.0
    who: str = ""
    value: Any = field(default=None, repr=False)


def happens(chance: random.Random, share: float) -> bool:
    """Return True in this share of all cases."""
    return chance.random() < share


def _graph(**facts: Any) -> Callable[[random.Random], Fault]:
    def make(chance: random.Random) -> Fault:
        facts_now = {"host": GRAPH_HOST, "skip": chance.choice([0, 0, 1, 2, 4]), **facts}
        return Fault(times=chance.choice([1, 1, 1, 2, 3]), **facts_now)

    return make


def _batch(**facts: Any) -> Callable[[random.Random], Fault]:
    return _graph(method="POST", path=r"\$batch$", applies_to="call", **facts)


def _write(**facts: Any) -> Callable[[random.Random], Fault]:
    return _graph(**{"method": _WRITES, "path": "phoneMethods", "applies_to": "item", **facts})


def _read(**facts: Any) -> Callable[[random.Random], Fault]:
    return _graph(method="GET", path="/users/", applies_to="item", **facts)


def _stray(method: str, waits: Sequence[dict[str, str]]) -> Callable[[random.Random], Fault]:
    """Refuse some share of the items for a while, far below every limit."""
    return lambda chance: Fault(
        429,
        method=method,
        host=GRAPH_HOST,
        path="/users/",
        applies_to="item",
        times=chance.choice([10, 40, 40, 100]),
        probability=chance.choice([0.1, 0.3, 0.6]),
        headers=dict(chance.choice(waits)),
    )


def _once(host: str, path: str, **facts: Any) -> Callable[[random.Random], Fault]:
    return lambda chance: Fault(
        host=host, path=path, skip=chance.choice([0, 0, 1]), times=chance.choice([1, 1, 2]), **facts
    )


_TOKEN, _DISCOVERY = "/oauth2/v2.0/token$", "openid-configuration|userrealm"
_WAIT = {"headers": {"Retry-After": "7"}}

_FAULTS: dict[str, Callable[[random.Random], Fault]] = {
    "write 504, not done": _write(status=504),
    "write 504, done": _write(status=504, after_commit=True),
    "write 502 html, not done": _write(status=502, body="html"),
    "write 500, done": _write(status=500, after_commit=True),
    "write 503": _write(status=503),
    "write 429": _write(status=429),
    "write 429 with wait": _write(status=429, **_WAIT),
    "write 409, done": _write(status=409, method="POST|PATCH", after_commit=True),
    "write 409, not done": _write(status=409, method="POST|PATCH"),
    "write slow": _write(delay=25.0),
    "read 500": _read(status=500),
    "read 504 html": _read(status=504, body="html"),
    "read 429": _read(status=429),
    "read 429 with wait": _read(status=429, **_WAIT),
    "read 401": _read(status=401),
    "read empty": _read(status=200, body="empty"),
    "read slow": _read(delay=25.0),
    "stray 429s of reads": _stray("GET", [{}, {"Retry-After": "1"}]),
    "stray 429s of writes": _stray(_WRITES, [{}, {"Retry-After": "1"}]),
    "batch 504, not done": _batch(status=504),
    "batch 504, done": _batch(status=504, after_commit=True),
    "batch 503 html": _batch(status=503, body="html"),
    "batch 500": _batch(status=500),
    "batch 429": _batch(status=429),
    "batch 429 with wait": _batch(status=429, **_WAIT),
    "batch 401": lambda chance: Fault(401, host=GRAPH_HOST, path=r"\$batch$", skip=chance.choice([0, 1, 2])),
    "batch 200 html": _batch(status=200, body="html", after_commit=True),
    "batch reset, not done": _batch(reset=True),
    "batch reset, done": _batch(reset=True, after_commit=True),
    "batch hangs, done": _batch(delay=200.0),
    "page 503": _graph(status=503, method="GET", applies_to="call"),
    "page 429 with wait": _graph(status=429, method="GET", applies_to="call", **_WAIT),
    "page reset": _graph(reset=True, method="GET", applies_to="call"),
    "sign-in 503": _once(LOGIN_HOST, _TOKEN, status=503, body="html"),
    "sign-in 429 with wait": _once(LOGIN_HOST, _TOKEN, status=429, body="html", **_WAIT),
    "sign-in 429": _once(LOGIN_HOST, _TOKEN, status=429),
    "discovery 429": _once(LOGIN_HOST, _DISCOVERY, status=429, body="html"),
    "sign-in reset": _once(LOGIN_HOST, _TOKEN, reset=True),
    "sign-in hangs": _once(LOGIN_HOST, _TOKEN, delay=60.0),
    "discovery 503": _once(LOGIN_HOST, _DISCOVERY, status=503, body="html"),
    "discovery reset": _once(LOGIN_HOST, _DISCOVERY, reset=True),
    "vault 500": _once(_VAULT, "/secrets/", status=500),
    "vault 429 with wait": _once(_VAULT, "/secrets/", status=429, **_WAIT),
    "vault reset": _once(_VAULT, "/secrets/", reset=True),
    "vault hangs": _once(_VAULT, "/secrets/", delay=30.0),
}


def faults(chance: random.Random) -> tuple[tuple[str, Fault], ...]:
    """Return some faults, each with the name of its kind; none at all in a share of the runs."""
    kinds = chance.choices(list(_FAULTS), k=chance.choice([0, 1, 1, 2, 2, 3, 4, 6, 9]))
    return tuple((kind, _FAULTS[kind](chance)) for kind in kinds)


# Kinds that concern nobody in particular, with the seconds that they last.
_LASTING = {
    "identity 500": 20.0,
    "identity 500 empty": 5.0,
    "vault throttled": 10.0,
    "vault unavailable": 10.0,
    "vault forbidden": 60.0,
    "sign-in transient": 15.0,
    "sign-in throttled": 15.0,
    "mfa demanded": 120.0,
    "storage down": 60.0,
    "storage down for long": 1200.0,
    "storage slow": 60.0,
    "storage unsteady": 200.0,
}
_AT_ONCE = (
    "tokens revoked",
    "password rotated",
    "password rotated, vault later",
    "client secret rotated",
    "handshake rotated",
    "worker killed",
    "worker killed",
    "call arrives late",
    "call arrives late",
)
_PERSONAL = (
    "outsider writes",
    "outsider writes",
    "outsider writes alike",
    "outsider deletes",
    "attribute changes",
    *["attribute changes alike"] * 4,
    "attribute emptied",
    "user deleted",
    "moved out of reach",
    "becomes privileged",
)
_LAST_CALL = 24


def events(
    chance: random.Random, people: Sequence[Person], numbers: Numbers, steps: int
) -> tuple[Event, ...]:
    """Return what else happens, none at all in a share of the runs."""
    kinds = chance.choices([*_LASTING, *_AT_ONCE, *_PERSONAL], k=chance.choice([0, 0, 1, 1, 2, 3, 5]))
    return tuple(_event(kind, chance, people, numbers, steps) for kind in kinds)


def _event(kind: str, chance: random.Random, people: Sequence[Person], numbers: Numbers, steps: int) -> Event:
    at_call = chance.randint(1, _LAST_CALL) if happens(chance, 0.7) else 0  # most in the middle
    at_step = chance.randrange(steps)
    if kind in _LASTING:
        return Event(kind, at_call, at_step, _LASTING[kind] * chance.uniform(0.2, 3.0))
    if kind == "call arrives late":
        return Event(kind, at_call or 1, at_step, value=chance.choice([5.0, 40.0, 80.0]))
    if kind == "password rotated, vault later":
        return Event(kind, at_call, at_step, chance.choice([20.0, 90.0, 700.0]))
    if kind not in _PERSONAL:
        return Event(kind, at_call, at_step)
    person = chance.choice(people)
    number = numbers.draw()
    if kind == "attribute changes alike":
        # Of somebody whom we are about to write: what we remember of that is then no proof of what is wanted.
        to_write = [one for one in people if one.attribute and not one.phones]
        person = chance.choice(to_write or list(people))
        number = numbers.alike_text(person.attribute) or number
        at_call, at_step = 0, steps - 1
    value = numbers.written(number) if kind.startswith("attribute changes") else number
    return Event(kind, at_call, at_step, who=person.id, value=value)
