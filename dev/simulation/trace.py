"""A run told so that a person can follow it: what was asked, what happened, what was answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dev.simulation.history import History, Told
from dev.simulation.journal import OUTSIDER
from dev.simulation.of_rows import masked
from dev.simulation.oracle import matters, verdict_of
from dev.simulation.virtual_time import START


def trace(history: History) -> str:
    """Return the run's story, in the order of its seconds, without any whole number."""
    moments = [*_pushes(history), *_writes(history), *_calls(history)]
    lines = [f"{time:10.2f}  {text}" for time, text in sorted(moments, key=lambda moment: moment[0])]
    return "\n".join([*_scene(history), *lines])


def _scene(history: History) -> Iterator[str]:
    schedule = history.schedule
    yield f"seed {schedule.seed}: {len(schedule.cast.members)} people, {schedule.role}"
    yield "settings: " + ", ".join(f"{name}={value}" for name, value in schedule.settings.items() if value)
    yield "switches: " + ", ".join(f"{name}={value}" for name, value in schedule.switches.items())
    yield "struck: " + (
        ", ".join(f"{kind} x {times}" for kind, times in history.struck.items() if times) or "nothing"
    )
    for trouble in history.troubles:
        yield f"a person has to act: {trouble.kind}, from {trouble.since:.2f} to {trouble.until:.2f}"


def _pushes(history: History) -> Iterator[tuple[float, str]]:
    for told in history.told:
        asked = [
            f"{matter.member.kind} {_short(matter.asked.who)}{' keep' if matter.asked.keep else ''}"
            for matter in matters(history, told)
        ]
        words = [told.phase, f"worker {told.push.worker}", "dry run" if told.push.dry_run else ""]
        words += [f"wait={told.push.wait}" if told.push.wait else "", told.push.key or ""]
        yield (
            told.started,
            f"push {told.number} ({', '.join(word for word in words if word)}): {', '.join(asked)}",
        )
        yield told.finished, f"answer {told.number}: {_answer(told)}"


def _answer(told: Told) -> str:
    if told.status is None:
        return "none, the worker was killed"
    if not told.lines:
        return f"{told.status} {told.body.get('code')}: {told.body.get('detail')}"
    lines = [_line(line) for line in told.lines]
    return f"{told.status}{' replayed' if told.is_replayed else ''}\n" + "\n".join(lines)


def _line(line: dict[str, Any]) -> str:
    notes = f" [{', '.join(line['notes'])}]" if line["notes"] else ""
    detail = f": {line['detail']}" if line["detail"] else ""
    who = _short(line["id"] or line["userPrincipalName"])
    return f"{'':14}{line['row']:3} {who} {verdict_of(line)}{notes}{detail}"


def _writes(history: History) -> Iterator[tuple[float, str]]:
    for commit in history.journal.commits:
        by = "an outsider" if commit.by == OUTSIDER else f"push {commit.by}"
        change = f"{masked(commit.former) or 'none'} -> {masked(commit.mobile) or 'none'}"
        yield commit.time, f"  {by} wrote {_short(commit.who)}: {change}"


def _calls(history: History) -> Iterator[tuple[float, str]]:
    for call in history.calls:
        items = [
            f"{one['method']} {one['url'].partition('?')[0]} {int(one['status'])}"
            for one in call.get("items", [])
        ]
        told = f" [{'; '.join(items)}]" if items else ""
        time = call["time"] - START.timestamp()
        yield time, f"    {call['method']} {call['host']}{call['path']} {call['status'] or 'closed'}{told}"


def _short(who: str) -> str:
    return who[:8] if "@" not in who else who
