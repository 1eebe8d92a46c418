"""What the smoke test looks at: who gets in, and whether it works. Nothing here can write anything.

Pushes are dry runs or carry a body that is no JSON, decisions are about a run that does not exist. Who
refuses is told apart: the app's refusals are problem documents with a code, the platform's and the host's are
not.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from ops.cli.app import App, Call, Reply
from ops.cli.credentials import Secret
from ops.cli.runs import search
from ops.cli.terminal import CommandError, Exit
from ops.cli.vocabulary import (
    BACKGROUND_FUNCTIONS,
    DOCTOR,
    EXPLAIN,
    KEYED_FUNCTIONS,
    OPERATOR_FUNCTIONS,
    PUSH,
    ROLE,
    RUNS_APPROVE,
    RUNS_DISCARD,
    RUNS_LIST,
    RUNS_READ,
    RUNS_START,
    RUNS_STOP,
)
from shared.errors import Problem

_NO_RUN = "20000101T000000Z-full-5e0ce7e57"
_NO_JSON = b"{"
_CALLS: dict[str, tuple[str, str]] = {
    PUSH: ("POST", "api/mfa-sync?dryRun=true"),
    EXPLAIN: ("POST", "api/explain"),
    DOCTOR: ("POST", "api/doctor"),
    RUNS_LIST: ("GET", "api/runs"),
    RUNS_READ: ("GET", f"api/runs/{_NO_RUN}"),
    RUNS_START: ("POST", "api/runs"),
    RUNS_APPROVE: ("POST", f"api/runs/{_NO_RUN}/approve"),
    RUNS_DISCARD: ("POST", f"api/runs/{_NO_RUN}/discard"),
    RUNS_STOP: ("POST", f"api/runs/{_NO_RUN}/stop"),
}
_DECISION = RUNS_DISCARD
_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
# What an approver's call about no run, without a reason, is answered: so it was let through.
_LET_THROUGH = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY})
_PLAIN_HTTP_SECONDS = 15.0
_KEEP_OUT = "Do not use the app until this is mended."
# Only the schedule makes an id without a nonce (docs/runs.md).
_OF_SCHEDULE = re.compile(r"[0-9]{8}T[0-9]{6}Z-(full|changed)")


class Status(StrEnum):
    """What became of a check."""

    PASS = "pass"  # noqa: S105  no password
    FAIL = "FAIL"
    SKIP = "skip"


PASS, FAIL, SKIP = Status


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        status: Whether it is as it should be; skip: it could not be proved.
        detail: What was seen.
        remedy: What to do about it.
    """

    status: Status
    detail: str
    remedy: str = ""


def https_only(app: App, port: int) -> Check:
    """Plain http must be redirected or refused. No key is sent."""
    import httpx

    if app.address.url.startswith("http:"):
        return Check(SKIP, "this address is http on this machine")
    address = f"http://{app.address.host}:{port}/api/health"
    try:
        with httpx.Client(timeout=_PLAIN_HTTP_SECONDS, mounts=app.address.mounts()) as http:
            reply = http.get(address)
    except httpx.HTTPError as error:
        return Check(PASS, f"http is not served ({type(error).__name__})")
    location = reply.headers.get("location", "")
    if reply.has_redirect_location and location.startswith("https://"):
        return Check(PASS, f"http is redirected to https ({reply.status_code})")
    if reply.status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.UPGRADE_REQUIRED}:
        return Check(PASS, f"http is refused ({reply.status_code})")
    return Check(FAIL, f"http is served ({reply.status_code})", "Set httpsOnly on the site.")


def function_keys(app: App) -> Check:
    """Every function but health needs a key, and the host refuses before the app sees the call."""
    wrong = Secret.of(secrets.token_urlsafe(32), "a made-up key")
    open_to = [
        f"{function} ({reply.status} {'without a key' if key is None else 'with a wrong key'})"
        for function in _CALLS
        for key in (None, wrong)
        if not _by_host(reply := _try(app, function, key))
    ]
    if open_to:
        return Check(
            FAIL,
            f"open: {', '.join(open_to)}",
            f"{_KEEP_OUT} Deploy again; each function's level must be function.",
        )
    return Check(PASS, f"401 without a key and with a wrong one, {len(_CALLS)} functions")


def separate_keys(app: App) -> Check:
    """The key that HR has opens the push alone."""
    key = app.credentials.find_key(PUSH)
    if key is None or key.is_host:
        return Check(
            SKIP,
            "the push's own key is not known"
            if key is None
            else "the host key opens everything: it proves nothing",
            "Give MFA_SYNC_KEY_MFA_SYNC, the key that HR has.",
        )
    opened = [function for function in OPERATOR_FUNCTIONS if not _by_host(_try(app, function, key))]
    if opened:
        return Check(
            FAIL,
            f"the push's key opens {', '.join(opened)}",
            "Give HR the key of the function mfa_sync, not the host key, and renew the one that HR has.",
        )
    return Check(PASS, f"the push's key is refused by {len(OPERATOR_FUNCTIONS)} operators' functions")


def handshake(app: App) -> Check:
    """A push needs the handshake besides the key."""
    key = app.credentials.find_key(PUSH)
    if key is None:
        return Check(SKIP, "the push's key is not known", "Give MFA_SYNC_KEY_MFA_SYNC.")
    for how, message in (("without", None), ("with a wrong", _wrong_message())):
        reply = _try(app, PUSH, key, message)
        if reply.status != HTTPStatus.UNAUTHORIZED or reply.code != Problem.HANDSHAKE_REFUSED:
            return _unexpected(reply, f"a push {how} handshake", f"{_KEEP_OUT} Look at who answers.")
    return Check(PASS, "401 handshakeRefused without it and with a wrong one")


def approver(app: App) -> Check:
    """Deciding about runs needs more than a key, and more than the push's handshake."""
    key = app.credentials.find_key(_DECISION)
    if key is None:
        return Check(SKIP, f"the key of {_DECISION} is not known", "Give MFA_SYNC_KEY_RUNS_DISCARD.")
    first = _try(app, _DECISION, key)
    if app.sign_in and first.status in _LET_THROUGH:
        if (unsigned := _try(app, _DECISION, key, signed_in=False)).status not in _REFUSED:
            return _unexpected(unsigned, "a decision without sign-in", _KEEP_OUT)
        return Check(
            PASS, f"the account signed in has the app role {ROLE}; without sign-in {unsigned.status}"
        )
    known = app.credentials.find("handshake")
    tried = [
        ("without handshake", first),
        ("with a wrong handshake", _try(app, _DECISION, key, _wrong_message())),
    ]
    if known:
        tried.append(("with the push's handshake", _try(app, _DECISION, key, known)))
    for how, reply in tried:
        if reply.status not in _REFUSED or reply.code != Problem.APPROVER_REFUSED:
            return _unexpected(reply, f"a decision {how}", f"{_KEEP_OUT} The two handshakes must differ.")
    also = "" if known else "; the push's handshake is not known, so not tried"
    return Check(PASS, f"approverRefused {', '.join(how for how, _ in tried)}{also}")


def forged_principal(app: App) -> Check:
    """The platform's header counts for nothing when a caller sends it."""
    key = app.credentials.find_key(_DECISION)
    if key is None:
        return Check(SKIP, f"the key of {_DECISION} is not known", "Give MFA_SYNC_KEY_RUNS_DISCARD.")
    forged = _try(app, _DECISION, key, headers=_principal(ROLE), signed_in=False)
    if forged.status not in _REFUSED:
        return _unexpected(
            forged,
            "a decision with a forged X-MS-CLIENT-PRINCIPAL",
            f"{_KEEP_OUT} EASY_AUTH=true needs App Service authentication that lets nobody else through; "
            "switch that on, or set EASY_AUTH=false.",
        )
    if not app.sign_in:
        return Check(PASS, f"X-MS-CLIENT-PRINCIPAL from outside is not believed ({forged.status})")
    # What is forged is the opposite of the truth, so an answer that changes tells that it was believed.
    true = _try(app, _DECISION, key)
    opposite = _principal("Nothing.At.All" if true.status in _LET_THROUGH else ROLE)
    if (beside := _try(app, _DECISION, key, headers=opposite)).status != true.status:
        return _unexpected(beside, "a forged X-MS-CLIENT-PRINCIPAL beside a sign-in", _KEEP_OUT)
    return Check(
        PASS,
        f"X-MS-CLIENT-PRINCIPAL is not believed ({forged.status}), nor beside a sign-in ({beside.status})",
    )


def easy_auth(app: App) -> Check:
    """The platform itself refuses whoever is not signed in, also with the right key."""
    if app.sign_in is None:
        return Check(SKIP, "nothing shows that a sign-in is let through", "Give --audience.")
    key = app.credentials.key(RUNS_LIST)
    signed, unsigned = _try(app, RUNS_LIST, key), _try(app, RUNS_LIST, key, signed_in=False)
    if signed.status in _REFUSED:
        return Check(
            FAIL,
            f"signed in, the platform or the host answers {signed.status}",
            "Check --audience, the key of runs_list, and whom the registration admits.",
        )
    if not _by_host(unsigned):
        return _unexpected(
            unsigned,
            "the right key without sign-in",
            f"{_KEEP_OUT} App Service authentication is off or lets callers through: "
            "requireAuthentication, unauthenticatedClientAction Return401.",
        )
    return Check(PASS, f"without sign-in 401, signed in {signed.status}")


def denied(app: App) -> Check:
    """From here, nothing gets through: run where the access restrictions should refuse."""
    try:
        reply = app.send(Call("GET", "api/health", signed_in=False))
    except CommandError as error:
        if error.code is not Exit.UNAVAILABLE:
            raise
        return Check(
            SKIP, f"{error.text} That may be the network, or a wrong address.", "A refusal would be a 403."
        )
    if reply.status == HTTPStatus.FORBIDDEN and reply.code is None:
        return Check(PASS, "403 from the platform")
    return _unexpected(reply, "health", "Set the site's access restrictions to deny by default.")


def health(app: App) -> Check:
    """The functions are loaded."""
    reply = app.send(Call("GET", "api/health"))
    if reply.status == HTTPStatus.OK:
        return Check(PASS, "the app answers 200")
    return Check(
        FAIL,
        f"the app answers {reply.status}",
        "The functions are not loaded, or the address is another app's: look at the deployment's log.",
    )


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


def _try(
    app: App,
    function: str,
    key: Secret | None,
    message: Secret | None = None,
    *,
    headers: dict[str, str] | None = None,
    signed_in: bool = True,
) -> Reply:
    method, path = _CALLS[function]
    content = _NO_JSON if method == "POST" else None
    sent = {"Content-Type": "application/json", **(headers or {})} if content else headers
    call = Call(method, path, key, message, content=content, headers=sent, signed_in=signed_in)
    return app.send(call)


def _by_host(reply: Reply) -> bool:
    return reply.status == HTTPStatus.UNAUTHORIZED and reply.code is None


def _wrong_message() -> Secret:
    return Secret.of(secrets.token_urlsafe(32), "a made-up handshake")


_NOBODY = "00000000-0000-4000-8000-000000000000"
"""An object id, without which a decision is refused whether or not the header is believed."""


def _principal(role: str) -> dict[str, str]:
    """Return the platform's headers as anybody can write them."""
    stated = [{"typ": "roles", "val": role}, {"typ": "oid", "val": _NOBODY}]
    claims = {"auth_typ": "aad", "claims": stated}
    document = base64.b64encode(json.dumps(claims).encode()).decode()
    return {"X-MS-CLIENT-PRINCIPAL": document, "X-MS-CLIENT-PRINCIPAL-NAME": "forged by the smoke test"}


def _unexpected(reply: Reply, what: str, remedy: str) -> Check:
    """Return a failed line; where the app says itself what is wrong with it, with that."""
    own = reply.body.get("remedy") if reply.code and isinstance(reply.body, dict) else None
    code = f" {reply.code}" if reply.code else ""
    return Check(FAIL, f"{what} is answered {reply.status}{code}", str(own or remedy))


def _begun(app: App) -> str | None:
    if app.credentials.find_key(RUNS_LIST) is None:
        return None
    found = search(app, lambda run: bool(_OF_SCHEDULE.fullmatch(str(run["id"]))), most=1)
    return str(found.runs[0]["id"]) if found.runs else None


def _registered(app: App, master: Secret, fired: str) -> Check | None:
    """Return what the host's own list of functions tells; None if there is no such list here."""
    reply = app.send(Call("GET", "admin/functions", master))
    if reply.status in _REFUSED:
        return Check(
            FAIL,
            f"the list of functions is refused ({reply.status})",
            "MFA_SYNC_KEY_MASTER must be the _master key.",
        )
    if reply.status != HTTPStatus.OK or not isinstance(reply.body, list):
        return None
    listed = {one.get("name"): one for one in reply.body if isinstance(one, dict)}
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
