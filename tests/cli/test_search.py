"""A busy site: every push leaves a run, and the sweeps of the nights lie far behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dev.stack.local_stack import LocalStack
from ops.cli import runs as runs_commands
from tests.cli.front import Answered, Asked, front
from tests.cli.operator import Operator
from tests.cli.test_follow import run

HELD, DONE, CHANGED = "held-full", "done-full", "done-changed"


def busy(*sweeps: tuple[int, dict[str, Any]], pushes: int = 450) -> list[dict[str, Any]]:
    """Return pushes of the last minutes, the newest first, with sweeps put in behind so many of them."""
    now = datetime.now(UTC)
    runs = [_made(f"p{n:04d}", now - timedelta(seconds=n), kind="push") for n in range(pushes)]
    for place, sweep in sorted(sweeps, key=lambda one: -one[0]):
        runs.insert(place, sweep)
    return runs


def _made(name: str, at: datetime | None = None, **changes: Any) -> dict[str, Any]:
    moment = (at or datetime.now(UTC)).isoformat()
    return run("finished", id=name, created=moment, moved=moment) | changes


@contextmanager
def site(stack: LocalStack, runs: Sequence[dict[str, Any]], asked: list[str]) -> Iterator[str]:
    """Serve a list of runs as the app does; each request's path is kept."""
    ids = [one["id"] for one in runs]

    def listed(call: Asked, _: Callable[[Asked], Answered]) -> Answered:
        asked.append(call.path)
        address = urlsplit(call.path)
        if address.path != "/api/runs":
            return Answered.json(200, runs[ids.index(address.path.rpartition("/")[2])])
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        first, limit = ids.index(query["after"]) + 1 if "after" in query else 0, int(query["limit"])
        assert 1 <= limit <= 100
        shown = runs[first : first + limit]
        more = first + limit < len(runs)
        return Answered.json(200, {"runs": shown, "next": shown[-1]["id"] if more else None})

    with front(stack.host.url, listed) as url:
        yield url


@pytest.mark.parametrize(
    ("wish", "found", "following"),
    [
        (("--limit", "2"), ["p0000", "p0001"], "p0001"),
        (("--kind", "sweep"), [HELD, CHANGED, DONE], None),
        (("--kind", "sweep", "--limit", "2"), [HELD, CHANGED], CHANGED),
        (("--kind", "sweep", "--limit", "1", "--after", HELD), [CHANGED], CHANGED),
        (("--kind", "full"), [HELD, DONE], None),
        (("--kind", "changed"), [CHANGED], None),
        (("--kind", "sweep", "--state", "finished"), [CHANGED, DONE], None),
        (("--kind", "push", "--limit", "1", "--after", CHANGED), ["p0250"], "p0250"),
        (("--state", "held"), [HELD], None),
        (("--state", "failed"), [], None),
    ],
)
def test_runs_are_listed_by_kind_however_many_pushes_lie_between(
    operator: Operator, stack: LocalStack, wish: tuple[str, ...], found: list[str], following: str | None
) -> None:
    """The limit counts those that fit, and the list goes on after the last that was shown."""
    runs = busy((120, _made(HELD, state="held")), (250, _made(CHANGED, kind="changed")), (449, _made(DONE)))
    with site(stack, runs, []) as url:
        seen = operator("runs", "list", *wish, "--json", "--url", url)
    assert (seen.code, [one["id"] for one in seen.json["runs"]]) == (0, found)
    assert seen.json["next"] == following


def test_a_look_has_an_end_and_says_so(
    operator: Operator, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not looked at is not said to be none; --all looks at everything."""
    monkeypatch.setattr(runs_commands, "_MOST_PAGES", 3)
    asked: list[str] = []
    with site(stack, busy((420, _made(DONE))), asked) as url:
        seen = operator("runs", "list", "--kind", "sweep", "--url", url)
        assert (seen.code, len(asked)) == (0, 3)
        assert "No sweep among these." in seen.out
        assert "Looked through 300 runs" in seen.err
        assert "runs list --kind sweep --after p0299" in seen.err
        assert DONE in operator("runs", "list", "--kind", "sweep", "--after", "p0299", "--url", url).out
        assert DONE in operator("runs", "list", "--kind", "sweep", "--all", "--url", url).out
        latest = operator("runs", "show", "latest", "--url", url)
        assert (latest.code, "no sweep among the newest 300 runs" in latest.err) == (1, True)
        none = operator("runs", "show", "held", "--url", url)
        assert (none.code, "among the newest 300 runs and no further" in none.err) == (1, True)


def test_latest_is_the_latest_sweep(operator: Operator, stack: LocalStack) -> None:
    """The latest run is a push wherever pushes come all day."""
    runs = busy((230, _made(CHANGED, kind="changed")), (440, _made(DONE)))
    with site(stack, runs, []) as url:
        for wish in ((), ("latest",)):
            assert operator("runs", "show", *wish, "--json", "--url", url).json["id"] == CHANGED
    with site(stack, busy(), []) as url:
        none = operator("runs", "show", "latest", "--url", url)
    assert (none.code, "There is no sweep yet." in none.err) == (1, True)
    assert "runs list --kind push" in none.err


def test_a_held_run_is_found_behind_the_first_page(operator: Operator, stack: LocalStack) -> None:
    """And asked about before a new sweep takes its place."""
    with site(stack, busy((420, _made(HELD, state="held"))), []) as url:
        for wish in ((), ("held",)):
            assert operator("runs", "show", *wish, "--json", "--url", url).json["id"] == HELD
        kept = operator("runs", "start", "full", "--url", url, typed="no\n")
    assert (kept.code, f"The sweep {HELD} is held" in kept.err) == (1, True)


def test_held_runs_are_not_looked_for_longer_than_one_waits(operator: Operator, stack: LocalStack) -> None:
    """What is older was discarded."""
    old = datetime.now(UTC) - timedelta(days=9)
    asked: list[str] = []
    with site(stack, [_made(f"p{n:04d}", old, kind="push") for n in range(300)], asked) as url:
        assert operator("runs", "show", "held", "--url", url).code == 1
    assert len(asked) == 1


@pytest.mark.parametrize("verb", ["approve", "discard", "stop"])
def test_nobody_at_the_terminal_is_said_before_anything_is_read(
    operator: Operator, stack: LocalStack, verb: str
) -> None:
    """A plan of many lines before it would hide it."""
    asked: list[str] = []
    with site(stack, [_made(HELD, state="held")], asked) as url:
        refused = operator("runs", verb, "held", "--reason", "r", "--url", url)
    assert (refused.code, asked, refused.out) == (2, [], "")
    assert refused.err.splitlines() == [
        "This needs somebody who confirms it at a terminal.",
        "In a script, give --yes.",
    ]
