"""What the smoke test looks at first: who gets in, and who is kept out."""

from __future__ import annotations

import base64
import json
import secrets
from http import HTTPStatus

from ops.cli.app import App, Call
from ops.cli.credentials import Secret
from ops.cli.smoke_check import (
    CALLS,
    DECISION,
    FAIL,
    KEEP_OUT,
    LET_THROUGH,
    PASS,
    REFUSED,
    SKIP,
    Check,
    attempt,
    by_host,
    unexpected,
    wrong_message,
)
from ops.cli.terminal import CommandError, Exit
from ops.cli.vocabulary import OPERATOR_FUNCTIONS, PUSH, ROLE, RUNS_LIST
from shared.errors import Problem

_PLAIN_HTTP_SECONDS = 15.0


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
        for function in CALLS
        for key in (None, wrong)
        if not by_host(reply := attempt(app, function, key))
    ]
    if open_to:
        return Check(
            FAIL,
            f"open: {', '.join(open_to)}",
            f"{KEEP_OUT} Deploy again; each function's level must be function.",
        )
    return Check(PASS, f"401 without a key and with a wrong one, {len(CALLS)} functions")


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
    opened = [function for function in OPERATOR_FUNCTIONS if not by_host(attempt(app, function, key))]
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
    for how, message in (("without", None), ("with a wrong", wrong_message())):
        reply = attempt(app, PUSH, key, message)
        if reply.status != HTTPStatus.UNAUTHORIZED or reply.code != Problem.HANDSHAKE_REFUSED:
            return unexpected(reply, f"a push {how} handshake", f"{KEEP_OUT} Look at who answers.")
    return Check(PASS, "401 handshakeRefused without it and with a wrong one")


def approver(app: App) -> Check:
    """Deciding about runs needs more than a key, and more than the push's handshake."""
    key = app.credentials.find_key(DECISION)
    if key is None:
        return Check(SKIP, f"the key of {DECISION} is not known", "Give MFA_SYNC_KEY_RUNS_DISCARD.")
    first = attempt(app, DECISION, key)
    if app.sign_in and first.status in LET_THROUGH:
        if (unsigned := attempt(app, DECISION, key, signed_in=False)).status not in REFUSED:
            return unexpected(unsigned, "a decision without sign-in", KEEP_OUT)
        return Check(
            PASS, f"the account signed in has the app role {ROLE}; without sign-in {unsigned.status}"
        )
    known = app.credentials.find("handshake")
    tried = [
        ("without handshake", first),
        ("with a wrong handshake", attempt(app, DECISION, key, wrong_message())),
    ]
    if known:
        tried.append(("with the push's handshake", attempt(app, DECISION, key, known)))
    for how, reply in tried:
        if reply.status not in REFUSED or reply.code != Problem.APPROVER_REFUSED:
            return unexpected(reply, f"a decision {how}", f"{KEEP_OUT} The two handshakes must differ.")
    also = "" if known else "; the push's handshake is not known, so not tried"
    return Check(PASS, f"approverRefused {', '.join(how for how, _ in tried)}{also}")


def forged_principal(app: App) -> Check:
    """The platform's header counts for nothing when a caller sends it."""
    key = app.credentials.find_key(DECISION)
    if key is None:
        return Check(SKIP, f"the key of {DECISION} is not known", "Give MFA_SYNC_KEY_RUNS_DISCARD.")
    forged = attempt(app, DECISION, key, headers=_principal(ROLE), signed_in=False)
    if forged.status not in REFUSED:
        return unexpected(
            forged,
            "a decision with a forged X-MS-CLIENT-PRINCIPAL",
            f"{KEEP_OUT} EASY_AUTH=true needs App Service authentication that lets nobody else through; "
            "switch that on, or set EASY_AUTH=false.",
        )
    if not app.sign_in:
        return Check(PASS, f"X-MS-CLIENT-PRINCIPAL from outside is not believed ({forged.status})")
    # What is forged is the opposite of the truth, so an answer that changes tells that it was believed.
    true = attempt(app, DECISION, key)
    opposite = _principal("Nothing.At.All" if true.status in LET_THROUGH else ROLE)
    if (beside := attempt(app, DECISION, key, headers=opposite)).status != true.status:
        return unexpected(beside, "a forged X-MS-CLIENT-PRINCIPAL beside a sign-in", KEEP_OUT)
    return Check(
        PASS,
        f"X-MS-CLIENT-PRINCIPAL is not believed ({forged.status}), nor beside a sign-in ({beside.status})",
    )


def easy_auth(app: App) -> Check:
    """The platform itself refuses whoever is not signed in, also with the right key."""
    if app.sign_in is None:
        return Check(SKIP, "nothing shows that a sign-in is let through", "Give --audience.")
    key = app.credentials.key(RUNS_LIST)
    signed, unsigned = attempt(app, RUNS_LIST, key), attempt(app, RUNS_LIST, key, signed_in=False)
    if signed.status in REFUSED:
        return Check(
            FAIL,
            f"signed in, the platform or the host answers {signed.status}",
            "Check --audience, the key of runs_list, and whom the registration admits.",
        )
    if not by_host(unsigned):
        return unexpected(
            unsigned,
            "the right key without sign-in",
            f"{KEEP_OUT} App Service authentication is off or lets callers through: "
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
    return unexpected(reply, "health", "Set the site's access restrictions to deny by default.")


_NOBODY = "00000000-0000-4000-8000-000000000000"
"""An object id, without which a decision is refused whether or not the header is believed."""


def _principal(role: str) -> dict[str, str]:
    """Return the platform's headers as anybody can write them."""
    stated = [{"typ": "roles", "val": role}, {"typ": "oid", "val": _NOBODY}]
    claims = {"auth_typ": "aad", "claims": stated}
    document = base64.b64encode(json.dumps(claims).encode()).decode()
    return {"X-MS-CLIENT-PRINCIPAL": document, "X-MS-CLIENT-PRINCIPAL-NAME": "forged by the smoke test"}
