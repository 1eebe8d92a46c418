"""`explain`: why one user's phone is what it is, and what would happen now. Nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.cli.terminal import Exit, facts, usage
from ops.cli.vocabulary import EXPLAIN, advice, at, moment

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

    from ops.cli.app import App
    from ops.cli.terminal import Terminal

_ATTRIBUTE = {
    "notReturned": "not returned by Graph: nothing is known, and nothing is done",
    "empty": "empty",
    "invalid": "not one unmistakable number",
    "number": "a number",
}


def explain(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Print what is known of one user. Refused is a user of whom nothing is known."""
    if bool(options.user) == bool(options.id):
        raise usage("Name one user: by UPN, or by --id.")
    row = {"UserPrincipalName": options.user} if options.user else {"Id": options.id}
    answer = app.call(EXPLAIN, "POST", "api/explain", body=row).body
    if options.json:
        terminal.json(answer)
    else:
        terminal.say(_text(answer, options.user or options.id))
    return Exit.DONE if answer["user"] else Exit.REFUSED


def _text(answer: Mapping[str, Any], asked: str) -> list[str]:
    """Return the explanation in words."""
    user, code = answer["user"], answer["code"]
    who, remedy = advice(code) if code else ("", "")
    return [
        f"{user['userPrincipalName']} ({user['id']})" if user else asked,
        *facts(
            [
                ("account", _account(user) if user else "not found"),
                ("source", _source(answer["attribute"])),
                ("mobile phone", _mobile(answer["mobileMethod"])),
                ("last write", _last_write(answer["lastWrite"]) if user else ""),
                ("now it would be", _would(answer)),
                ("decided by", answer["decidedBy"]),
                ("detail", answer["detail"] if not (answer["attribute"] or {}).get("reason") else ""),
                ("who acts", who),
                ("what to do", remedy),
                ("notes", ", ".join(answer["notes"])),
            ]
        ),
    ]


def _account(user: Mapping[str, Any]) -> str:
    synced = moment(user["sourceSyncedAt"])
    said = (
        {True: "enabled", False: "disabled"}.get(user["accountEnabled"]),
        "guest" if user["guest"] else "member",
        "synced from Active Directory" if user["syncedFromActiveDirectory"] else "cloud only",
        f"last on {at(synced)}" if synced and user["syncedFromActiveDirectory"] else "",
        f"usage location {user['usageLocation']}" if user["usageLocation"] else "",
    )
    return ", ".join(filter(None, said))


def _source(attribute: Mapping[str, Any] | None) -> str:
    if not attribute:
        return ""
    words = _ATTRIBUTE.get(attribute["state"], attribute["state"])
    read = f", read as {attribute['readAs']}" if attribute["readAs"] else ""
    reason = f": {attribute['reason']}" if attribute.get("reason") else ""
    return f"extensionAttribute15 is {words}{read}{reason}"


def _mobile(method: Mapping[str, Any] | None) -> str:
    if method is None:
        return "not read"
    phone = method["phone"] or "none"
    masked = " (masked by Graph itself)" if method["maskedByGraph"] else ""
    alternate = "; an alternate mobile is registered too" if method["alternateMobile"] else ""
    return f"{phone}{masked}{alternate}"


def _last_write(last: Mapping[str, Any] | None) -> str:
    if not last:
        return "none that is remembered"
    if last["state"] == "unreadable":
        return "unknown: the storage is out of reach"
    time = moment(last.get("at"))
    by = f" by {last['run']}" if last.get("run") else ""
    return f"{last.get('kind') or 'none'}{by}{f', {at(time)}' if time else ''} ({last['state']})"


def _would(answer: Mapping[str, Any]) -> str:
    code = f": {answer['code']}" if answer["code"] else ""
    said = answer["wouldBe"].startswith(answer["action"] or "")
    return f"{answer['wouldBe']}{code}{'' if said else f' ({answer["action"]})'}"
