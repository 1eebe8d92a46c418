"""GET /users/delta: everybody, then who changed. Changes of authentication methods are none of a user.

Source: Graph "user: delta", "Use delta query to track changes"; docs/emulated-tenant.md says what is a guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from dev.tenant.delta_round import Round
from dev.tenant.graph import delta_token, user_properties
from dev.tenant.graph.caller import READ_USERS, Caller
from dev.tenant.graph.delta_token import DeltaToken
from dev.tenant.graph.errors import GraphError, bad_request, unsupported_query
from dev.tenant.graph.paging import remember
from dev.tenant.graph.users import context
from dev.tenant.journal import ADDED, LIFE, RESTORED
from dev.tenant.state import GRAPH_HOST, TenantState, new_guid
from dev.tenant.wire import Call, Reply

MOST_IDS = 50
_PATH = f"https://{GRAPH_HOST}/v1.0/users/delta"
_ID_CLAUSE = re.compile(r"\s*\(?\s*id\s+eq\s+'([^']*)'\s*\)?\s*", re.IGNORECASE)
_MINIMAL = "return=minimal"


def delta(state: TenantState, caller: Caller, call: Call) -> Reply:
    """One page of a round, which has a nextLink or a deltaLink, never both.

    Raises:
        GraphError: 400 for queries that delta does not know; 400 or 410 for a token that is too old.
    """
    caller.needs(READ_USERS)
    now, given = state.clock(), call.params.get("$deltatoken") or ""
    if "$skiptoken" in call.params:
        return _page(state, call, _known(state, call.params["$skiptoken"]))
    end = state.journal.position(now - state.switches.delta_delay)
    if given and given != "latest":
        former = _known(state, given)
        first = max((former.start or 0) - state.switches.delta_replays, state.journal.first)
        token = replace(former, issued=now, start=first, end=max(end, former.start or 0), round=new_guid())
        remember(state.rounds, token.round, _changes(state, token))
        return _page(state, call, token)
    token = DeltaToken(now, _select(state, call), _ids(call), None, end, new_guid())
    if given:
        link = _link("$deltatoken", _following(state, token))
        return Reply(200, {"@odata.context": context(token.select), "@odata.deltaLink": link, "value": []})
    remember(state.rounds, token.round, _everybody(state, token))
    return _page(state, call, token)


def _page(state: TenantState, call: Call, token: DeltaToken) -> Reply:
    switches = state.switches
    shown = state.rounds.get(token.round)
    if shown is None:
        raise _too_old(state, token.select)
    every, rest = switches.delta_empty_every, token
    if every and token.page % every == 0 and not token.was_empty:
        ids: list[str] = []
        rest = replace(token, was_empty=True)
    else:
        ids = list(shown.ids[token.offset : token.offset + switches.delta_page_size])
        rest = replace(token, offset=token.offset + len(ids), page=token.page + 1, was_empty=False)
    minimal = _MINIMAL in call.headers.get("prefer", "").replace(" ", "").lower()
    names = user_properties.selected(token.select)
    entries = [_entry(state, names, key, shown.names, minimal=minimal) for key in ids]
    value = [entry for entry in [*entries, *entries[: switches.delta_repeats]] if entry is not None]
    if not rest.was_empty and rest.offset >= len(shown.ids):
        link = {"@odata.deltaLink": _link("$deltatoken", _following(state, token))}
    else:
        link = {"@odata.nextLink": _link("$skiptoken", rest.text(state.delta_key))}
    reply = Reply(200, {"@odata.context": context(token.select), **link, "value": value})
    if minimal:
        reply.headers["Preference-Applied"] = _MINIMAL
    return reply


def _everybody(state: TenantState, token: DeltaToken) -> Round:
    if token.ids:
        return Round(token.ids)
    removed = list(state.people.restorable) if state.switches.delta_first_round_removed else []
    return Round(_Joined(state.people.roster(), removed) if removed else state.people.roster())


def _changes(state: TenantState, token: DeltaToken) -> Round:
    """Who changed in something selected, or came, went or came back."""
    followed = user_properties.fields_of(token.select)
    changed = state.journal.between(token.start or 0, token.end)
    if token.ids:
        changed = {key: names for key, names in changed.items() if key in token.ids}
    if state.switches.delta_misses_restored and token.select is not None:
        changed = {key: names - {RESTORED} for key, names in changed.items()}
    told = {key: names for key, names in changed.items() if names & (followed | LIFE)}
    return Round(tuple(told), told)


def _entry(
    state: TenantState, names: list[str], key: str, changed: dict[str, set[str]] | None, *, minimal: bool
) -> dict[str, Any] | None:
    """Somebody as they are now, or that they are gone; None for an id that never was."""
    person = state.people.get(key)
    if person is None:
        known = changed is not None or key in state.people.restorable
        reason = "changed" if key in state.people.restorable else "deleted"
        return {"id": key, "@removed": {"reason": reason}} if known else None
    shown = user_properties.show(person, names, with_extensions=True)
    news = changed[key] if changed is not None and minimal and not changed[key] & {ADDED, RESTORED} else None
    entry = {"id": person.id}
    for name, value in shown.items():
        fields = user_properties.FIELDS.get(name, frozenset())
        unset = value is None or (name == user_properties.EXTENSION_ATTRIBUTES and not person.attribute)
        if not (unset and not person.was_cleared(fields)) and (news is None or news & fields):
            entry[name] = value
    return entry


def _select(state: TenantState, call: Call) -> str | None:
    """The `$select` of a first call, with what delta refuses taken care of."""
    for name in ("$orderby", "$search", "$skip"):
        if name in call.params:
            raise unsupported_query(f"The query option '{name}' is not supported for delta queries.")
    select = call.params.get("$select") or None
    refused = {*user_properties.ELSEWHERE, *state.switches.delta_unsupported}
    asked = [name.strip() for name in (select or "").split(",")]
    wrong = [name for name in asked if name in refused]
    if "$expand" in call.params:
        wrong.append(call.params["$expand"])
    if wrong:
        raise bad_request(
            "Invalid request for delta query: for this entity set, $expand/$select is not supported for the "
            f"following properties: {', '.join(wrong)}."
        )
    user_properties.selected(select)
    return select


def _ids(call: Call) -> tuple[str, ...]:
    """The ids of a `$filter`, the only filter there is."""
    text = call.params.get("$filter")
    if text is None:
        return ()
    matches = [_ID_CLAUSE.fullmatch(clause) for clause in re.split(r"\s+or\s+", text, flags=re.IGNORECASE)]
    ids = [match.group(1).lower() for match in matches if match is not None]
    if len(ids) != len(matches):
        raise unsupported_query("Delta queries support filtering by the id of an object only.")
    if len(ids) > MOST_IDS:
        raise unsupported_query(f"Too many ids in the filter: {len(ids)}. Max allowed: {MOST_IDS}.")
    return tuple(dict.fromkeys(ids))


def _following(state: TenantState, token: DeltaToken) -> str:
    """The token of the next round, which begins where this one ends."""
    return DeltaToken(state.clock(), token.select, token.ids, token.end, token.end).text(state.delta_key)


def _known(state: TenantState, text: str) -> DeltaToken:
    token = delta_token.read(text, state.delta_key)
    if token is None:
        raise _too_old(state, None)
    expired = token.issued + state.switches.delta_token_lifetime <= state.clock()
    if expired or (token.start is not None and token.start < state.journal.first):
        raise _too_old(state, token.select)
    return token


def _too_old(state: TenantState, select: str | None) -> GraphError:
    if state.switches.delta_expired_status == HTTPStatus.GONE:
        query = f"$select={quote(select, safe=',')}&" if select else ""
        headers = {"Location": f"{_PATH}?{query}$deltatoken="}
        return GraphError(HTTPStatus.GONE, "resyncRequired", "Resync required.", headers)
    return bad_request(
        "The sync state generation is not found. The delta token is expired and data must be synchronized "
        "again.",
        "syncStateNotFound",
    )


def _link(name: str, token: str) -> str:
    return f"{_PATH}?{name}={token}"


class _Joined(Sequence[str]):
    """Everybody, then those who may be restored."""

    def __init__(self, first: Sequence[str], then: list[str]) -> None:
        self._first, self._then = first, then

    def __len__(self) -> int:
        return len(self._first) + len(self._then)

    def __getitem__(self, index: Any) -> Any:
        border = len(self._first)
        if isinstance(index, slice):
            start, stop, _ = index.indices(len(self))
            return [*self._first[start:stop], *self._then[max(start - border, 0) : max(stop - border, 0)]]
        return self._first[index] if index < border else self._then[index - border]
