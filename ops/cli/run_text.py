"""A run as an operator reads it: what it found, would do and did, why it waits, and what to type."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ops.cli.terminal import facts, table
from ops.cli.vocabulary import (
    COUNTED_ONLY,
    HELD,
    HELD_SECONDS,
    KINDS,
    LEFT_OUT,
    READINESS,
    SWEEPS,
    advice,
    at,
    moment,
    span,
)

_COVERS = {
    "full": "everybody (full)",
    "changed": "who changed since the last sweep (changed)",
    "push": "the rows of one call (push)",
    "readiness": "what everybody has registered (readiness)",
}


def listing(runs: Sequence[Mapping[str, Any]], now: datetime) -> list[str]:
    """Return a list of runs as a table, in the order given."""
    rows = [
        (
            run["id"],
            run["kind"],
            run["state"],
            _age(moment(run["created"]), now),
            run["counts"]["users"],
            words(run["counts"]["planned"]),
            sum(run["counts"]["refused"].values()) or None,
            words(run["counts"]["outcomes"]),
            _brief(run, now),
        )
        for run in runs
    ]
    headings = ("run", "kind", "state", "age", "users", "would", "refused", "did", "")
    return table(headings, rows, right=("age", "users", "refused"))


def head(run: Mapping[str, Any], now: datetime) -> list[str]:
    """Return what is true of the whole run."""
    counts = run["counts"]
    by = f"started by {run['startedBy']}" if run.get("startedBy") else ""
    done, wanted = run.get("pagesApplied"), run.get("pages")
    lines = [
        f"Run {run['id']}: {run['state']}",
        *facts(
            [
                ("covers", _covers(run)),
                ("begun", ", ".join(filter(None, [_when(moment(run["created"]), now), by]))),
                ("held since" if run["state"] == HELD else "last moved", _when(moment(run["moved"]), now)),
                ("decide until", _until(run, now)),
                ("users", _users(run)),
                ("applied", f"{done} of {wanted} page(s)" if done else ""),
                ("became", words(counts["outcomes"])),
                ("of these", words(counts["codes"])),
                ("detail", run.get("detail")),
                ("decided", _decision(run.get("decision"))),
                ("digest", run.get("digest")),
            ]
        ),
    ]
    if run.get("heldFor"):
        lines += ["", "Held because" if run["state"] == HELD else "Was held because"]
        lines += [f"  - {reason}" for reason in run["heldFor"]]
    return lines


def plan(run: Mapping[str, Any]) -> list[str]:
    """Return what it would change, kind by kind, against the limits that were in force."""
    planned, limits = run["counts"]["planned"], dict(run.get("limits") or {})
    population = limits.pop("population", None)
    kinds = [*KINDS, *sorted(set(planned) - set(KINDS))]
    rows = [
        (
            kind,
            planned.get(kind, 0),
            limits.get(kind),
            "exceeded" if _is_over(limits.get(kind), run) else None,
        )
        for kind in kinds
        if kind in planned or kind in limits
    ]
    if not rows:
        return []
    lines = [
        "",
        "Planned changes",
        *table(("kind", "planned", "limits within 24 hours", ""), rows, right=("planned",)),
    ]
    if limits:
        known = f"{population} users" if population else "not known before a full sweep has finished"
        lines.append(f"  percentages are of the managed population, {known}")
    return lines


def changes(run: Mapping[str, Any], shown: Sequence[Mapping[str, Any]], part: str) -> list[str]:
    """Return changes one by one; `part` says which of all they are."""
    if not shown:
        return []
    decided = any(change.get("outcome") for change in shown)
    rows = [
        (
            change["kind"],
            change["before"] or "none",
            change["after"] or "none",
            change["decidedBy"],
            *([_became(change)] if decided else []),
            change["userPrincipalName"] or change["id"],
            ", ".join(change["notes"]),
        )
        for change in shown
    ]
    headings = ("kind", "before", "after", "decided by", *(["became"] if decided else []), "user", "notes")
    if not any(change["notes"] for change in shown):
        headings, rows = headings[:-1], [row[:-1] for row in rows]
    title = "Changes" if run["counts"]["planned"] else "Changes, though none is counted"
    return ["", f"{title} ({part})", *table(headings, rows)]


def refusals(run: Mapping[str, Any], shown: Sequence[Mapping[str, Any]], part: str) -> list[str]:
    """Return for whom nothing can be planned: by code with what to do, and one by one."""
    counts = run["counts"]["refused"]
    if not counts or run["kind"] == READINESS:
        return []
    lines = ["", "Refused: nothing is planned for these users", *_advice(counts)]
    if shown:
        people = [(one["code"], one["userPrincipalName"] or one["id"], one["detail"]) for one in shown]
        lines += [
            "",
            f"Refused users that the plan lists ({part})",
            *table(("code", "user", "detail"), people),
        ]
    if unlisted := words({code: count for code, count in counts.items() if code in COUNTED_ONLY}):
        lines += ["", f"Counted, not listed: {unlisted}. Of one user: {_command()} explain UPN"]
    return lines


def unmade(run: Mapping[str, Any]) -> list[str]:
    """Return which changes were to be made and were not, by code with what to do."""
    codes = {code: count for code, count in run["counts"]["codes"].items() if code != LEFT_OUT}
    return ["", "Planned, and not made", *_advice(codes)] if codes else []


def to_decide(run: Mapping[str, Any]) -> list[str]:
    """Return the commands that decide a held run, to be copied."""
    if run["state"] != HELD:
        return []
    kinds = [kind for kind in KINDS if run["counts"]["planned"].get(kind)]
    command = _command()
    run_id, digest = shlex.quote(run["id"]), shlex.quote(run["digest"])
    approve = f'{command} runs approve {run_id} --digest {digest} --reason "…"'
    lines = ["", "To decide", f"  all of it      {approve}"]
    if len(kinds) > 1:
        lines.append(f"  some kinds     the same with --kinds {','.join(kinds[:-1])}")
    lines.append(f'  give it up     {command} runs discard {run_id} --reason "…"')
    return lines


def words(counts: Mapping[str, int]) -> str:
    """Return counts in words, in the order of kinds, then as they come: `4 create, 3 update`."""
    ordered = sorted(counts, key=lambda name: KINDS.index(name) if name in KINDS else len(KINDS))
    return ", ".join(f"{counts[name]} {name}" for name in ordered if counts[name])


def expires(run: Mapping[str, Any]) -> datetime | None:
    """Return when a held run is discarded undecided; None if it is not held."""
    moved = moment(run["moved"])
    return moved + timedelta(seconds=HELD_SECONDS) if moved and run["state"] == HELD else None


def _advice(counts: Mapping[str, int]) -> list[str]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = [(code, count, *advice(code)) for code, count in ordered]
    return table(("code", "users", "who acts", "what to do"), rows, right=("users",))


def _brief(run: Mapping[str, Any], now: datetime) -> str:
    if until := expires(run):
        return f"decide within {span((until - now).total_seconds())}"
    decision = run.get("decision")
    if decision and decision["what"] != run["state"]:
        return f"{decision['what']} by {decision['by']}"
    if run["state"] == "failed":
        return str(run.get("detail") or "")[:60]
    if run["kind"] == READINESS:
        return words(run["counts"].get("readiness") or {})
    return "turned full" if _turned_full(run) else ""


def _covers(run: Mapping[str, Any]) -> str:
    if _turned_full(run):
        return "everybody (begun as changed, turned full)"
    return str(_COVERS.get(run["kind"], run["kind"]))


def _turned_full(run: Mapping[str, Any]) -> bool:
    """Return whether the id, which stays, tells of another kind than the run now has."""
    return run["kind"] == "full" and str(run["id"]).split("-")[1:2] == ["changed"]


def _users(run: Mapping[str, Any]) -> str:
    counts = run["counts"]
    if run["kind"] == READINESS:
        return f"{counts['users']} looked at"
    seen = f"{counts['users']} looked at, {counts['unchanged']} unchanged"
    return f"{seen}, {counts['holders']} in scope with a number" if run["kind"] in SWEEPS else seen


def _until(run: Mapping[str, Any], now: datetime) -> str:
    until = expires(run)
    return (
        f"{at(until)}, in {span((until - now).total_seconds())}; undecided it is discarded" if until else ""
    )


def _decision(decision: Mapping[str, Any] | None) -> str:
    if not decision:
        return ""
    kinds = f" ({', '.join(decision['kinds'])} alone)" if decision.get("kinds") else ""
    time = moment(decision["at"])
    return f"{decision['what']}{kinds} by {decision['by']}, {at(time) if time else ''}: {decision['reason']}"


def _became(change: Mapping[str, Any]) -> str:
    return ": ".join(filter(None, [change.get("outcome"), change.get("code")]))


def _is_over(limit: str | None, run: Mapping[str, Any]) -> bool:
    """Return whether a reason to hold names the setting of this limit, as `MAX_DELETES` or its percentage."""
    setting = (limit or "").partition("=")[0]
    return bool(setting) and any(setting in reason for reason in run.get("heldFor") or ())


def _age(time: datetime | None, now: datetime) -> str:
    return span((now - time).total_seconds()) if time else ""


def _when(time: datetime | None, now: datetime) -> str:
    return f"{at(time)}, {_age(time, now)} ago" if time else ""


def _command() -> str:
    """Return how this program is started here, so that what is printed can be pasted."""
    started = Path(sys.argv[0])
    if started.parts[-2:] == ("cli", "__main__.py"):
        return f"{shlex.quote(sys.orig_argv[0])} -m ops.cli"
    is_in_path = (found := shutil.which("mfa-sync")) and started.exists() and started.samefile(found)
    return "mfa-sync" if is_in_path or started.stem != "mfa-sync" else shlex.quote(sys.argv[0])
