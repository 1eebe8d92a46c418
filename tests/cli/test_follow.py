"""Watching a run: how it goes on, what interrupts the watching, and that nothing interrupts the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dev.stack.local_stack import LocalStack
from tests.cli.front import Answered, Asked, front
from tests.cli.operator import Operator

type Forward = Callable[[Asked], Answered]


RUN = "20261124T020000Z-full"
SHOW = ("runs", "show", RUN, "--wait", "--interval", "0.001")


def run(state: str, **changes: Any) -> dict[str, Any]:
    """Return a run as the app tells of it."""
    counts = {
        "users": 0,
        "unchanged": 0,
        "holders": 0,
        "planned": {},
        "refused": {},
        "outcomes": {},
        "codes": {},
    }
    whole = {
        "id": RUN,
        "kind": "full",
        "state": state,
        "created": "2026-11-24T02:00:00+00:00",
        "moved": "2026-11-24T02:00:00+00:00",
        "apply": True,
        "startedBy": None,
        "heldFor": [],
        "digest": "d" * 64,
        "decision": None,
        "detail": None,
        "limits": {},
        "pages": 1,
        "pagesApplied": 0,
        "page": 0,
        "changes": [],
        "refusals": [],
    }
    return {**whole, **changes, "counts": {**counts, **changes.get("counts", {})}}


def script(*answers: Answered) -> Callable[[Asked, Forward], Answered]:
    """Return an app that answers these one after the other."""
    left = list(answers)
    return lambda *_: left.pop(0)


def test_progress_is_shown_as_it_changes_and_the_result_at_its_end(
    operator: Operator, stack: LocalStack
) -> None:
    """A storage that is away for a moment is waited for."""
    away = Answered.json(
        503, {"code": "storageUnavailable", "detail": "The storage of runs is out of reach."}
    )
    planned = {"users": 500, "planned": {"create": 40}}
    answers = [
        run("planning", counts={"users": 100}),
        run("applying", counts=planned | {"outcomes": {"created": 10}}, pagesApplied=0),
        run("applying", counts=planned | {"outcomes": {"created": 30}}, pagesApplied=0),
        run("finished", counts=planned | {"outcomes": {"created": 40}}, pagesApplied=1),
    ]
    told = [Answered.json(200, one) for one in answers]
    with front(stack.host.url, script(told[0], away, *told[1:])) as url:
        seen = operator(*SHOW, "--url", url)
    assert seen.code == 0, seen.all
    for words in (
        "planning: 100 users looked at",
        "out of reach",
        "applying: 10 of 40 changes done, page 0 of 1",
        "applying: 30 of 40 changes done",
        "a minute",
    ):
        assert words in seen.err
    assert "40 created" in seen.out


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        (run("finished"), 0),
        (run("finished", counts={"outcomes": {"created": 3, "failed": 1}, "codes": {"timeout": 1}}), 1),
        (run("finished", counts={"outcomes": {"created": 3, "refused": 2}, "codes": {"discarded": 2}}), 0),
        (run("held", heldFor=["21 changes are over MAX_DELETES=20."]), 3),
        *[(run(state), 1) for state in ("failed", "discarded", "stopped", "superseded")],
    ],
)
def test_the_exit_code_tells_how_it_ended(
    operator: Operator, stack: LocalStack, ended: dict[str, Any], code: int
) -> None:
    """Finished is no success while a change was not made; what an approval left out is none."""
    with front(stack.host.url, script(Answered.json(200, ended))) as url:
        assert operator(*SHOW, "--url", url).code == code


def test_ctrl_c_leaves_the_run_going_and_says_so(
    operator: Operator, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stops watching stops nothing."""

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ops.cli.follow.time.sleep", interrupted)
    asked: list[str] = []

    def planning(call: Asked, _: Forward) -> Answered:
        asked.append(call.method)
        return Answered.json(200, run("planning"))

    with front(stack.host.url, planning) as url:
        seen = operator(*SHOW, "--url", url)
    assert (seen.code, "goes on" in seen.err, "runs stop" in seen.err) == (130, True, True)
    assert asked == ["GET"]


def test_a_refusal_ends_the_watching(operator: Operator, stack: LocalStack) -> None:
    """It would not get better."""
    with front(stack.host.url, script(Answered(401, {}, b""))) as url:
        assert operator(*SHOW, "--url", url).code == 1


def test_an_app_that_asks_to_wait_is_waited_for(
    operator: Operator, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retry-After, unless the operator says otherwise."""
    waited: list[float] = []
    monkeypatch.setattr("ops.cli.follow.time.sleep", waited.append)
    moving = [Answered.json(200, run("planning"), **headers) for headers in ({"retry-after": "7"}, {})]
    with front(stack.host.url, script(*moving, Answered.json(200, run("finished")))) as url:
        assert operator("runs", "show", RUN, "--wait", "--url", url).code == 0
    assert waited == [7.0, 2.0]
