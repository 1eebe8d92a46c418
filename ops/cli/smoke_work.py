"""What the smoke test looks at last: whether the app works, on to the directory."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from ops.cli.app import App, Call
from ops.cli.credentials import Secret
from ops.cli.runs import search
from ops.cli.smoke_check import FAIL, PASS, REFUSED, SKIP, Check
from ops.cli.terminal import CommandError, Exit
from ops.cli.vocabulary import BACKGROUND_FUNCTIONS, KEYED_FUNCTIONS, PUSH, RUNS_LIST

# Whoever asks is answered, without a key: the host itself, whatever became of the app.
_PING = "admin/host/ping"
# Only the schedule makes an id without a nonce (docs/runs.md).
_OF_SCHEDULE = re.compile(r"[0-9]{8}T[0-9]{6}Z-(full|changed)")


def health(app: App) -> Check:
    """The functions are loaded.

    Raises:
        CommandError: No function answers at all, so nothing else need be tried: there is no such host, or it
            runs and could not index the app, which looks like a wrong address (seen on host 4.1037).
    """
    reply = app.send(Call("GET", "api/health"))
    if reply.status == HTTPStatus.OK:
        return Check(PASS, "the app answers 200")
    if reply.status == HTTPStatus.FORBIDDEN and reply.code is None:
        raise CommandError(
            Exit.UNAVAILABLE,
            "the platform answers 403: this machine's address is not let in",
            "Ask from an address of hrAddresses or operatorAddresses (docs/azure.md).",
        )
    seen, log = f"the app answers {reply.status}", "Look at the log of the deployment and of the app's start."
    if reply.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE}:
        return Check(FAIL, seen, f"The functions are not loaded, or the address is another app's. {log}")
    if app.send(Call("GET", _PING)).status != HTTPStatus.OK:
        raise CommandError(
            Exit.UNAVAILABLE,
            f"{seen}, and no Functions host runs there",
            "If the address is right, look at the app's queues first: a host that is refused them, or does "
            f"not reach them, ends (docs/operations.md). {log}",
        )
    if app.send(Call("GET", "api/openapi.json")).status == reply.status:
        listed = _functions(app, app.credentials.find("master"))
        known = "" if listed is None else f" and lists {len(listed)} functions"
        raise CommandError(
            Exit.UNAVAILABLE,
            f"{seen}, as does every route, but its host runs{known}: the app was not indexed",
            f"Its code or host.json cannot be loaded; the address is right. {log} Publish again.",
        )
    return Check(FAIL, seen, f"Other functions are loaded: is health disabled by a setting? {log}")


def storage(app: App) -> Check:
    """Runs can be read, so the app has its storage and its settings are right."""
    if app.credentials.find_key(RUNS_LIST) is None:
        return Check(SKIP, "the key of runs_list is not known", "Give MFA_SYNC_KEY_RUNS_LIST.")
    app.call(RUNS_LIST, "GET", "api/runs", query={"limit": "1"})
    return Check(PASS, "runs can be read: the settings are right, and the storage is there")


def dry_run(app: App, user: str | None) -> Check:
    """One user goes the whole way: vault, sign-in, Graph, decision."""
    if not user:
        return Check(SKIP, "no user is named: sign-in and Graph are not proved", "Give --user UPN.")
    if app.credentials.find_key(PUSH) is None or app.credentials.find("handshake") is None:
        return Check(
            SKIP,
            "the push's key or handshake is not known",
            "Give MFA_SYNC_KEY_MFA_SYNC and MFA_SYNC_HANDSHAKE.",
        )
    answer: dict[str, Any] = app.call(
        PUSH,
        "POST",
        "api/mfa-sync",
        body=[{"UserPrincipalName": user}],
        query={"dryRun": "true"},
        message=app.credentials.need("handshake"),
    ).body
    row = (answer.get("results") or [{}])[0]
    seen = ": ".join(filter(None, [row.get("outcome"), row.get("code"), row.get("phone")]))
    if answer.get("dryRun") is not True:
        return Check(
            FAIL, f"{user} was answered as if written: {seen}", "Look at who answers: that is not this app."
        )
    if row.get("outcome") in {None, "failed"}:
        return Check(
            FAIL, f"{user} would be {seen or 'nothing'}", str(row.get("detail") or "See docs/codes.md.")
        )
    return Check(PASS, f"{user} would be {seen}")


def schedule(app: App) -> Check:
    """Timers and queue are there. That they fire, only a run of the schedule proves."""
    begun, master = _begun(app), app.credentials.find("master")
    fired = f"the schedule began {begun}" if begun else "no run of the schedule is seen yet"
    if master is not None and (listed := _registered(app, master, fired)):
        return listed
    if begun:
        return Check(PASS, fired)
    return Check(
        SKIP,
        f"{fired}, and what is registered cannot be listed",
        "Give MFA_SYNC_KEY_MASTER, or come again after SWEEP_SCHEDULE.",
    )


def _begun(app: App) -> str | None:
    if app.credentials.find_key(RUNS_LIST) is None:
        return None
    found = search(app, lambda run: bool(_OF_SCHEDULE.fullmatch(str(run["id"]))), most=1)
    return str(found.runs[0]["id"]) if found.runs else None


def _registered(app: App, master: Secret, fired: str) -> Check | None:
    """Return what the host's own list of functions tells; None if there is no such list here."""
    functions = _functions(app, master)
    if functions is None:
        return None
    listed = {one.get("name"): one for one in functions if isinstance(one, dict)}
    wanted = (*BACKGROUND_FUNCTIONS, *KEYED_FUNCTIONS, "health")
    missing = [name for name in wanted if name not in listed]
    disabled = [name for name in wanted if listed.get(name, {}).get("isDisabled")]
    if missing or disabled:
        faults = [f"missing: {', '.join(missing)}"] if missing else []
        faults += [f"disabled: {', '.join(disabled)}"] if disabled else []
        return Check(
            FAIL,
            "; ".join(faults),
            "Look at the app's log of loading, and at settings AzureWebJobs.….Disabled.",
        )
    return Check(PASS, f"timers and queue are registered ({len(wanted)} functions); {fired}")


def _functions(app: App, master: Secret | None) -> list[Any] | None:
    """Return the host's own list of functions; None where there is none, or the key is not known.

    Raises:
        CommandError: The key is refused.
    """
    if master is None:
        return None
    reply = app.send(Call("GET", "admin/functions", master))
    if reply.status in REFUSED:
        raise CommandError(
            Exit.REFUSED,
            f"the list of functions is refused ({reply.status})",
            "MFA_SYNC_KEY_MASTER must be the _master key.",
        )
    return reply.body if reply.status == HTTPStatus.OK and isinstance(reply.body, list) else None
