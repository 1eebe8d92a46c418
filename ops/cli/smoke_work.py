"""Smoke: whether it works. A dry run goes the whole way to Entra and Graph, and writes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ops.cli.app import Call
from ops.cli.search import search
from ops.cli.smoke_line import Line
from ops.cli.vocabulary import BACKGROUND_FUNCTIONS, KEYED_FUNCTIONS, PUSH, RUNS_LIST

if TYPE_CHECKING:
    from argparse import Namespace

    from ops.cli.app import App
    from ops.cli.secret import Secret

_OK = 200
_FAILED = "failed"
_HEALTH = "health"
# Only the schedule makes an id without a nonce (docs/runs.md).
_OF_SCHEDULE = re.compile(r"[0-9]{8}T[0-9]{6}Z-(full|changed)")


def health(app: App, options: Namespace) -> Line:
    """The functions are loaded."""
    del options
    reply = app.send(Call("GET", "api/health"))
    if reply.status == _OK:
        return Line.passed("the app answers 200")
    return Line.failed(
        f"the app answers {reply.status}",
        "The functions are not loaded, or the address is another app's: look at the deployment's log.",
    )


def storage(app: App, options: Namespace) -> Line:
    """Runs can be read, so the app has its storage and its settings are right."""
    del options
    if app.credentials.find_key(RUNS_LIST) is None:
        return Line.skipped("the key of runs_list is not known", "Give MFA_SYNC_KEY_RUNS_LIST.")
    app.call(RUNS_LIST, "GET", "api/runs", query={"limit": "1"})
    return Line.passed("runs can be read: the settings are right, and the storage is there")


def dry_run(app: App, options: Namespace) -> Line:
    """One user goes the whole way: vault, sign-in, Graph, decision."""
    if not options.user:
        return Line.skipped("no user is named: sign-in and Graph are not proved", "Give --user UPN.")
    if app.credentials.find_key(PUSH) is None or app.credentials.find_handshake() is None:
        return Line.skipped(
            "the push's key or handshake is not known", "Give MFA_SYNC_KEY_MFA_SYNC and MFA_SYNC_HANDSHAKE."
        )
    answer: dict[str, Any] = app.call(
        PUSH,
        "POST",
        "api/mfa-sync",
        body=[{"UserPrincipalName": options.user}],
        query={"dryRun": "true"},
        message=app.credentials.handshake(),
    ).body
    row = (answer.get("results") or [{}])[0]
    seen = ": ".join(filter(None, [row.get("outcome"), row.get("code"), row.get("phone")]))
    if answer.get("dryRun") is not True:
        return Line.failed(
            f"{options.user} was answered as if written: {seen}", "Look at who answers: that is not this app."
        )
    if row.get("outcome") in {None, _FAILED}:
        return Line.failed(
            f"{options.user} would be {seen or 'nothing'}", str(row.get("detail") or "See docs/codes.md.")
        )
    return Line.passed(f"{options.user} would be {seen}")


def schedule(app: App, options: Namespace) -> Line:
    """Timers and queue are there. That they fire, only a run of the schedule proves."""
    del options
    begun, master = _begun(app), app.credentials.find_master()
    fired = f"the schedule began {begun}" if begun else "no run of the schedule is seen yet"
    if master is not None and (line := _registered(app, master, fired)):
        return line
    if begun:
        return Line.passed(fired)
    return Line.skipped(
        f"{fired}, and what is registered cannot be listed",
        "Give MFA_SYNC_KEY_MASTER, or come again after SWEEP_SCHEDULE.",
    )


def _begun(app: App) -> str | None:
    if app.credentials.find_key(RUNS_LIST) is None:
        return None
    found = search(app, lambda run: bool(_OF_SCHEDULE.fullmatch(str(run["id"]))), most=1)
    return str(found.runs[0]["id"]) if found.runs else None


def _registered(app: App, master: Secret, fired: str) -> Line | None:
    """Return what the host's own list of functions tells; None if there is no such list here."""
    reply = app.send(Call("GET", "admin/functions", master))
    if reply.status in {401, 403}:
        return Line.failed(
            f"the list of functions is refused ({reply.status})",
            "MFA_SYNC_KEY_MASTER must be the _master key.",
        )
    if reply.status != _OK or not isinstance(reply.body, list):
        return None
    listed = {one.get("name"): one for one in reply.body if isinstance(one, dict)}
    wanted = (*BACKGROUND_FUNCTIONS, *KEYED_FUNCTIONS, _HEALTH)
    missing = [name for name in wanted if name not in listed]
    disabled = [name for name in wanted if listed.get(name, {}).get("isDisabled")]
    if missing or disabled:
        faults = [f"missing: {', '.join(missing)}"] if missing else []
        faults += [f"disabled: {', '.join(disabled)}"] if disabled else []
        return Line.failed(
            "; ".join(faults), "Look at the app's log of loading, and at settings AzureWebJobs.….Disabled."
        )
    return Line.passed(f"timers and queue are registered ({len(wanted)} functions); {fired}")
