"""Smoke: who gets in. Each call is one that could write nothing even if it were let through.

Pushes are dry runs with a body that is no JSON, decisions are about a run that does not exist. Who refuses is
told apart: the app's refusals are problem documents with a code, the platform's and the host's are not.
"""

from __future__ import annotations

import base64
import json
import secrets
from typing import TYPE_CHECKING

import httpx

from ops.cli.app import Call, direct
from ops.cli.ending import CommandError, Exit
from ops.cli.secret import Secret
from ops.cli.smoke_line import Line
from ops.cli.vocabulary import (
    EXPLAIN,
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

if TYPE_CHECKING:
    from argparse import Namespace

    from ops.cli.app import App, Reply

_NO_RUN = "20000101T000000Z-full-5e0ce7e57"
_NO_JSON = b"{"
_CALLS: dict[str, tuple[str, str]] = {
    PUSH: ("POST", "api/mfa-sync?dryRun=true"),
    EXPLAIN: ("POST", "api/explain"),
    RUNS_LIST: ("GET", "api/runs"),
    RUNS_READ: ("GET", f"api/runs/{_NO_RUN}"),
    RUNS_START: ("POST", "api/runs"),
    RUNS_APPROVE: ("POST", f"api/runs/{_NO_RUN}/approve"),
    RUNS_DISCARD: ("POST", f"api/runs/{_NO_RUN}/discard"),
    RUNS_STOP: ("POST", f"api/runs/{_NO_RUN}/stop"),
}
_DECISION = RUNS_DISCARD
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_REDIRECTS = frozenset({301, 302, 307, 308})
_REFUSED = frozenset({_UNAUTHORIZED, _FORBIDDEN})
# What an approver's call about no run, without a reason, is answered: so it was let through.
_LET_THROUGH = frozenset({400, 404, 422})
_PATIENCE_SECONDS = 15.0
_KEEP_OUT = "Do not use the app until this is mended."


def https_only(app: App, options: Namespace) -> Line:
    """Plain http must be redirected or refused. No key is sent."""
    if app.address.url.startswith("http:"):
        return Line.skipped("this address is http on this machine")
    address = f"http://{app.address.host}:{options.http_port}/api/health"
    try:
        with httpx.Client(timeout=_PATIENCE_SECONDS, mounts=direct(app.address)) as http:
            reply = http.get(address)
    except httpx.HTTPError as error:
        return Line.passed(f"http is not served ({type(error).__name__})")
    location = reply.headers.get("location", "")
    if reply.status_code in _REDIRECTS and location.startswith("https://"):
        return Line.passed(f"http is redirected to https ({reply.status_code})")
    if reply.status_code in {_FORBIDDEN, 426}:
        return Line.passed(f"http is refused ({reply.status_code})")
    return Line.failed(f"http is served ({reply.status_code})", "Set httpsOnly on the site.")


def function_keys(app: App, options: Namespace) -> Line:
    """Every function but health needs a key, and the host refuses before the app sees the call."""
    del options
    wrong = Secret.of(secrets.token_urlsafe(32), "a made-up key")
    open_to = [
        f"{function} ({reply.status} {'without a key' if key is None else 'with a wrong key'})"
        for function in _CALLS
        for key in (None, wrong)
        if not _by_host(reply := _try(app, function, key))
    ]
    if open_to:
        return Line.failed(
            f"open: {', '.join(open_to)}",
            f"{_KEEP_OUT} Deploy again; each function's level must be function.",
        )
    return Line.passed(f"401 without a key and with a wrong one, {len(_CALLS)} functions")


def separate_keys(app: App, options: Namespace) -> Line:
    """The key that HR has opens the push alone."""
    del options
    key = app.credentials.find_key(PUSH)
    if key is None or key.is_host:
        return Line.skipped(
            "the push's own key is not known"
            if key is None
            else "the host key opens everything: it proves nothing",
            "Give MFA_SYNC_KEY_MFA_SYNC, the key that HR has.",
        )
    opened = [function for function in OPERATOR_FUNCTIONS if not _by_host(_try(app, function, key))]
    if opened:
        return Line.failed(
            f"the push's key opens {', '.join(opened)}",
            "Give HR the key of the function mfa_sync, not the host key, and renew the one that HR has.",
        )
    return Line.passed(f"the push's key is refused by {len(OPERATOR_FUNCTIONS)} operators' functions")


def handshake(app: App, options: Namespace) -> Line:
    """A push needs the handshake besides the key."""
    del options
    key = app.credentials.find_key(PUSH)
    if key is None:
        return Line.skipped("the push's key is not known", "Give MFA_SYNC_KEY_MFA_SYNC.")
    for how, message in (("without", None), ("with a wrong", _wrong_message())):
        reply = _try(app, PUSH, key, message)
        if reply.status != _UNAUTHORIZED or reply.code != Problem.HANDSHAKE_REFUSED:
            return _unexpected(reply, f"a push {how} handshake", f"{_KEEP_OUT} Look at who answers.")
    return Line.passed("401 handshakeRefused without it and with a wrong one")


def approver(app: App, options: Namespace) -> Line:
    """Deciding about runs needs more than a key, and more than the push's handshake."""
    del options
    key = app.credentials.find_key(_DECISION)
    if key is None:
        return Line.skipped(f"the key of {_DECISION} is not known", "Give MFA_SYNC_KEY_RUNS_DISCARD.")
    first = _try(app, _DECISION, key)
    if app.sign_in and first.status in _LET_THROUGH:
        if (unsigned := _try(app, _DECISION, key, signed_in=False)).status not in _REFUSED:
            return _unexpected(unsigned, "a decision without sign-in", _KEEP_OUT)
        return Line.passed(
            f"the account signed in has the app role {ROLE}; without sign-in {unsigned.status}"
        )
    known = app.credentials.find_handshake()
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
    return Line.passed(f"approverRefused {', '.join(how for how, _ in tried)}{also}")


def forged_principal(app: App, options: Namespace) -> Line:
    """The platform's header counts for nothing when a caller sends it."""
    del options
    key = app.credentials.find_key(_DECISION)
    if key is None:
        return Line.skipped(f"the key of {_DECISION} is not known", "Give MFA_SYNC_KEY_RUNS_DISCARD.")
    forged = _try(app, _DECISION, key, headers=_principal(ROLE), signed_in=False)
    if forged.status not in _REFUSED:
        return _unexpected(
            forged,
            "a decision with a forged X-MS-CLIENT-PRINCIPAL",
            f"{_KEEP_OUT} EASY_AUTH=true needs App Service authentication that lets nobody else through; "
            "switch that on, or set EASY_AUTH=false.",
        )
    if not app.sign_in:
        return Line.passed(f"X-MS-CLIENT-PRINCIPAL from outside is not believed ({forged.status})")
    # What is forged is the opposite of the truth, so an answer that changes tells that it was believed.
    true = _try(app, _DECISION, key)
    opposite = _principal("Nothing.At.All" if true.status in _LET_THROUGH else ROLE)
    if (beside := _try(app, _DECISION, key, headers=opposite)).status != true.status:
        return _unexpected(beside, "a forged X-MS-CLIENT-PRINCIPAL beside a sign-in", _KEEP_OUT)
    return Line.passed(
        f"X-MS-CLIENT-PRINCIPAL is not believed ({forged.status}), nor beside a sign-in ({beside.status})"
    )


def easy_auth(app: App, options: Namespace) -> Line:
    """The platform itself refuses whoever is not signed in, also with the right key."""
    del options
    if app.sign_in is None:
        return Line.skipped("nothing shows that a sign-in is let through", "Give --audience.")
    key = app.credentials.key(RUNS_LIST)
    signed, unsigned = _try(app, RUNS_LIST, key), _try(app, RUNS_LIST, key, signed_in=False)
    if signed.status in _REFUSED:
        return Line.failed(
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
    return Line.passed(f"without sign-in 401, signed in {signed.status}")


def denied(app: App, options: Namespace) -> Line:
    """From here, nothing gets through: run where the access restrictions should refuse."""
    del options
    try:
        reply = app.send(Call("GET", "api/health", signed_in=False))
    except CommandError as error:
        if error.code is not Exit.UNAVAILABLE:
            raise
        return Line.skipped(
            f"{error.text} That may be the network, or a wrong address.", "A refusal would be a 403."
        )
    if reply.status == _FORBIDDEN and reply.code is None:
        return Line.passed("403 from the platform")
    return _unexpected(reply, "health", "Set the site's access restrictions to deny by default.")


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
    return reply.status == _UNAUTHORIZED and reply.code is None


def _wrong_message() -> Secret:
    return Secret.of(secrets.token_urlsafe(32), "a made-up handshake")


def _principal(role: str) -> dict[str, str]:
    """Return the platform's headers as anybody can write them."""
    claims = {"auth_typ": "aad", "claims": [{"typ": "roles", "val": role}]}
    document = base64.b64encode(json.dumps(claims).encode()).decode()
    return {"X-MS-CLIENT-PRINCIPAL": document, "X-MS-CLIENT-PRINCIPAL-NAME": "forged by the smoke test"}


def _unexpected(reply: Reply, what: str, remedy: str) -> Line:
    """Return a failed line; where the app says itself what is wrong with it, with that."""
    own = reply.body.get("remedy") if reply.code and isinstance(reply.body, dict) else None
    code = f" {reply.code}" if reply.code else ""
    return Line.failed(f"{what} is answered {reply.status}{code}", str(own or remedy))
