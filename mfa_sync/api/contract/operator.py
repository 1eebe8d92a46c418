"""What an operator may send: query names and bodies of the routes for runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mfa_sync.api.contract.problems import Fault, RequestError
from mfa_sync.api.contract.rows import NUMBER_SHOWN, Members, parse_object, refuse_query
from mfa_sync.runs.run import RunKind
from mfa_sync.runs.store import RUN_ID
from shared.phone_number import holds_number
from shared.tenant import Kind

MOST_RUNS = 100
_RUNS = 20
MOST_REASON = 500
SWEEPS = tuple(kind for kind in RunKind if kind.is_sweep)
_STARTED = (*SWEEPS, RunKind.READINESS)


@dataclass(frozen=True, slots=True)
class Start:
    """What `POST /api/runs` asks.

    Attributes:
        kind: Full, changed or readiness.
        apply: Whether it may write without a person where the limits allow.
    """

    kind: RunKind
    apply: bool


@dataclass(frozen=True, slots=True)
class Approval:
    """What `POST /api/runs/{id}/approve` asks.

    Attributes:
        digest: Of the plan that the operator has seen.
        kinds: The kinds of change that may go on, sorted; empty for all.
        reason: The operator's words.
    """

    digest: str
    kinds: tuple[str, ...]
    reason: str


def parse_listing(query: Mapping[str, str]) -> tuple[int, str | None]:
    """Return how many runs are asked for, and after which one.

    Raises:
        RequestError: 422 for an unknown name or a value that cannot be.
    """
    refuse_query(query, "limit", "after")
    limit = _whole(query.get("limit", str(_RUNS)))
    if limit is None or not 1 <= limit <= MOST_RUNS:
        raise RequestError.invalid(f"limit must be a whole number from 1 to {MOST_RUNS}.")
    after = query.get("after")
    if after is not None and not RUN_ID.fullmatch(after):
        raise RequestError.invalid("after must be the id of a run, as in `next`.")
    return limit, after


def parse_page(query: Mapping[str, str]) -> int:
    """Return which page of the plan is asked for, from 0 on.

    Raises:
        RequestError: 422 for an unknown name or a value that cannot be.
    """
    refuse_query(query, "page")
    page = _whole(query.get("page", "0"))
    if page is None:
        raise RequestError.invalid("page must be a whole number from 0 on.")
    return page


def parse_start(body: bytes, content_type: str | None) -> Start:
    """Return what a start asks: `{"kind": "full" | "changed", "apply": true | false}` or `"readiness"` alone.

    Raises:
        RequestError: 400, 413, 415 or 422; a wrong shape names every fault by JSON pointer.
    """
    given = parse_object(body, content_type, ("kind", "apply"))
    kind, apply = given.values.get("kind"), given.values.get("apply")
    if kind not in _STARTED:
        given.fault("/kind", f"Must be one of {', '.join(_STARTED)}.")
    if kind == RunKind.READINESS and given.values.get("apply", False) is not False:
        given.fault("/apply", "Must be false, or left out: a readiness run writes nothing.")
    elif kind != RunKind.READINESS and not isinstance(apply, bool):
        given.fault("/apply", "Must be true or false.")
    given.stop()
    return Start(RunKind(str(kind)), apply is True)


def parse_approval(body: bytes, content_type: str | None) -> Approval:
    """Return what an approval asks: `{"digest", "kinds"?, "reason"}`.

    Raises:
        RequestError: 400, 413, 415 or 422; a wrong shape names every fault by JSON pointer.
    """
    given = parse_object(body, content_type, ("digest", "kinds", "reason"))
    digest = given.values.get("digest")
    if not isinstance(digest, str) or not digest:
        given.fault("/digest", "Must be the digest of the plan that you have seen.")
    kinds, reason = _kinds(given), _reason(given)
    given.stop()
    return Approval(str(digest), kinds, reason)


def parse_reason(body: bytes, content_type: str | None) -> str:
    """Return the reason to discard or to stop: `{"reason"}`.

    Raises:
        RequestError: 400, 413, 415 or 422; a wrong shape names every fault by JSON pointer.
    """
    given = parse_object(body, content_type, ("reason",))
    reason = _reason(given)
    given.stop()
    return reason


def refuse_unplanned(kinds: tuple[str, ...], planned: Mapping[str, int]) -> None:
    """Refuse an approval of kinds of change that the plan does not hold.

    Raises:
        RequestError: 422 naming those that it holds.
    """
    if unplanned := [kind for kind in kinds if not planned.get(kind)]:
        held = ", ".join(sorted(kind for kind, count in planned.items() if count))
        raise RequestError.invalid(
            f"The plan holds no {' and no '.join(unplanned)}; nothing was done.",
            [Fault("/kinds", f"The plan holds: {held}.")],
        )


def _kinds(given: Members) -> tuple[str, ...]:
    """Return the kinds of an approval, sorted. An empty list would read as none and mean all."""
    if "kinds" not in given.values:
        return ()
    kinds = given.values["kinds"]
    if not isinstance(kinds, list) or not kinds:
        given.fault("/kinds", "Must be an array of at least one kind; without it, all are approved.")
        return ()
    # Of more than there are, one of the first is unknown or stands twice: no need to look at a million.
    for index, kind in enumerate(kinds[: len(Kind) + 1]):
        if kind not in tuple(Kind):
            given.fault(f"/kinds/{index}", f"Must be one of {', '.join(Kind)}.")
        elif kind in kinds[:index]:
            given.fault(f"/kinds/{index}", "This kind stands twice.")
    return tuple(sorted(str(kind) for kind in kinds))


def _reason(given: Members) -> str:
    """Return the operator's words. They are kept and shown, so a phone number must not be among them."""
    reason = given.values.get("reason")
    text = reason.strip() if isinstance(reason, str) else ""
    if not 1 <= len(text) <= MOST_REASON or not text.isprintable():
        given.fault("/reason", f"Must be 1 to {MOST_REASON} characters of printable text.")
    elif holds_number(text):
        given.fault("/reason", NUMBER_SHOWN)
    return text


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None
