"""How a run's head and a nudge are written, and read again by older and newer versions."""

from __future__ import annotations

import json
from copy import replace

import msgspec
import pytest

from mfa_sync.runs.run import Run, RunKind, State, Tally, Verdict
from mfa_sync.runs.step import Nudge
from shared.tenant import Kind

NOW = 1_800_000_000.0
YES = Verdict("approved", "anna@contoso.com", NOW, "seen")

HELD = Run(
    "20261124T060000Z-full",
    RunKind.FULL,
    NOW,
    NOW,
    apply=True,
    state=State.HELD,
    cursor=None,
    pages=2,
    digests=("a" * 16, "b" * 16),
    digest="d",
    step=3,
)
FULL = replace(
    HELD,
    state=State.STOPPED,
    tally=Tally(9, 2, 5, {Kind.UPDATE: 3}, {"excluded": 1}, {"updated": 2}, {"throttled": 1}),
    over=(Kind.UPDATE,),
    held_for=("why",),
    limits={"update": "MAX_UPDATES=1"},
    decision=replace(YES, kinds=(Kind.UPDATE,)),
    started_by="anna@contoso.com",
    applying=True,
    applied=1,
    owner="w",
    owned_until=NOW,
    attempts=1,
    resume_at=NOW,
    detail="so it was",
)


def test_a_head_is_read_as_it_was_written() -> None:
    """Every field, also those within others."""
    assert Run.load(FULL.dump()) == FULL
    assert Run.load(HELD.dump()) == HELD


@pytest.mark.parametrize(
    "newest", ["over", "digests", "held_for", "limits", "applying", "started_by", "resume_at", "detail"]
)
def test_a_head_of_an_older_version_has_the_default_of_what_it_lacks(newest: str) -> None:
    """An update of the app finds runs under way, and must be able to end them."""
    held = json.loads(FULL.dump())
    del held[newest]
    default = msgspec.structs.asdict(Run("x", RunKind.FULL, 0, 0, apply=False))[newest]
    assert Run.load(json.dumps(held)) == replace(FULL, **{newest: default})


@pytest.mark.parametrize("within", [(), ("tally",), ("decision",)])
def test_a_head_of_a_newer_version_is_read_without_what_is_not_known(within: tuple[str, ...]) -> None:
    """The app was taken back to a version before."""
    held = json.loads(FULL.dump())
    place = held
    for name in within:
        place = place[name]
    place["ofTomorrow"] = {"a": 1}
    assert Run.load(json.dumps(held)) == FULL


@pytest.mark.parametrize(
    "message",
    [
        '{"v": 1, "run": "r", "step": 3}',
        '{"run": "r", "step": 3}',
        '{"v": 2, "run": "r", "step": 3, "ofTomorrow": [1]}',
    ],
)
def test_a_nudge_of_an_older_or_newer_version_is_understood(message: str) -> None:
    """Messages lie in the queue while the app is updated."""
    assert Nudge.load(message) == Nudge("r", 3)


def test_a_nudge_is_read_as_it_was_written() -> None:
    """Both ways of the queue."""
    assert Nudge.load(Nudge("r", 3).dump()) == Nudge("r", 3)


@pytest.mark.parametrize(
    "message",
    ["", "x", "null", "3", "[]", '"run"', "{}", '{"run": "r"}', '{"step": 1}', '{"run": "r", "step": null}',
     '{"run": "r", "step": "x"}', '{"run": "r", "step": [1]}', '{"run": "r", "step": 1e999}'],
)  # fmt: skip
def test_rubbish_is_no_nudge(message: str) -> None:
    """ValueError alone: whoever takes messages drops it, and does not take it again for ever."""
    with pytest.raises(ValueError):  # noqa: PT011  json's own message or ours: both say that it is none
        Nudge.load(message)


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("held", "trace"),
    [
        ({}, ""),
        ({"traceparent": TRACE}, TRACE),
        ({"traceparent": None}, ""),
        ({"traceparent": "00-anna.new@contoso.com-01"}, ""),
        ({"traceparent": [TRACE]}, ""),
    ],
)
def test_a_nudge_may_carry_its_trace_and_one_without_is_as_good(held: dict[str, object], trace: str) -> None:
    """Messages of an older version lie in the queue while a newer one starts, and the other way round."""
    assert Nudge.load(json.dumps({"v": 1, "run": "r", "step": 3, **held})) == Nudge("r", 3, trace)


def test_a_nudge_without_a_trace_is_written_as_ever() -> None:
    """Off, messages are byte for byte what they were."""
    assert Nudge("r", 3).dump() == '{"v": 1, "run": "r", "step": 3}'
    assert Nudge.load(Nudge("r", 3, TRACE).dump()) == Nudge("r", 3, TRACE)
