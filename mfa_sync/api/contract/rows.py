"""What a caller may send: query names, headers, body and rows of the HTTP contract."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from mfa_sync.api.contract.problems import MOST_FAULTS, Fault, RequestError
from shared.errors import Problem
from shared.phone_number import holds_number, without_numbers
from shared.plan import Intent, Request
from shared.tenant import is_object_id

MAX_BODY_BYTES = 4 * 1024 * 1024
MOST_OBJECT_BYTES = 64 * 1024
"""Of a body that is one object, on routes that take it without a handshake, or before one."""
MOST_REFERENCE = 128
MOST_UPN = 113
_MOST_POINTER = 80
# The longest name is shorter. What is further on is not looked at: comparing costs the square of its length.
_MOST_COMPARED = 80
MOST_IDEMPOTENCY_KEY = 255
NOTHING: Mapping[str, str] = {}
NUMBER_SHOWN = "Holds what may be a phone number: it is kept and shown, so leave that out."

EMPTY = (
    "The body is empty. If you sent one, it went in chunks (Transfer-Encoding: chunked), which the platform "
    "does not pass on: send it whole, with a Content-Length."
)
"""Seen on Functions host 4.1037: a chunked body arrives as 0 bytes, also with a Content-Length beside it."""

_PLATFORM_QUERY = frozenset({"code", "clientId"})
_KEYS = ("UserPrincipalName", "Id", "Mobile", "OverwriteNull", "Reference")
# The article's PowerShell sends JSON and calls it a form.
_READ_AS_JSON = frozenset(
    {"", "application/json", "application/x-www-form-urlencoded", "text/plain", "text/json"}
)
_HALF = re.compile(r"[\ud800-\udfff]")
_NO_UPN = re.compile(r"[\s/\\\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a push.

    Attributes:
        key: UPN (A to Z lowered) or object id (lower case), to look the person up by.
        shown: The UPN as it was sent, or None.
        intent: What it asks.
        reference: The caller's own key, echoed.
    """

    key: str
    shown: str | None
    intent: Intent
    reference: str | None


def parse_idempotency_key(header: str | None) -> str | None:
    """Return what an `Idempotency-Key` header holds, with or without the quotes of its draft standard.

    Raises:
        RequestError: 422 if it is empty, or longer than 255 characters.
    """
    if header is None:
        return None
    key = header.strip()
    if len(key) > 1 and key.startswith('"') and key.endswith('"'):
        key = key[1:-1]
    if not key or len(key) > MOST_IDEMPOTENCY_KEY:
        raise RequestError.invalid(f"Idempotency-Key must hold 1 to {MOST_IDEMPOTENCY_KEY} characters.")
    return key


def parse_dry_run(query: Mapping[str, str]) -> bool:
    """Return whether the call is a dry run. A misspelt name must not write, so unknown ones are refused.

    Raises:
        RequestError: 422 for an unknown name or another value than true and false.
    """
    refuse_query(query, "dryRun")
    text = query.get("dryRun", "false")
    if text not in {"true", "false"}:
        raise RequestError.invalid("dryRun must be true or false.")
    return text == "true"


def refuse_query(query: Mapping[str, str], *known: str) -> None:
    """Refuse every query name but the platform's own and those that the route knows.

    Raises:
        RequestError: 422 naming it, and the nearest that is known.
    """
    for name in query:
        if name not in known and name not in _PLATFORM_QUERY:
            hint = _nearest(name, known) if known else "."
            raise RequestError.invalid(f"Unknown query name {json.dumps(_echoed(name, 40))}{hint}")


def parse_object(body: bytes, content_type: str | None, known: Sequence[str]) -> Members:
    """Return what one JSON object holds under the names known. The values are not looked at.

    Raises:
        RequestError: 400, 413, 415, as `parse_rows`; 422 if it is no object.
    """
    item = _json(body, content_type, MOST_OBJECT_BYTES)
    if not isinstance(item, _Object):
        raise RequestError.invalid(f"Send one object with {', '.join(known)}.")
    return Members(item, known, _Faults())


def parse_rows(
    body: bytes,
    content_type: str | None,
    most: int,
    not_taken: Mapping[str, str] = NOTHING,
    most_bytes: int = MAX_BODY_BYTES,
) -> list[Row]:
    """Return the rows of a push.

    Args:
        body: The request's bytes: JSON in UTF-8, a BOM accepted; an array of objects, or one object.
        content_type: The header's value; form and text types are read as JSON too.
        most: How many rows one call may carry.
        not_taken: Keys that this route does not take, each with what to do instead.
        most_bytes: How long the body may be.

    Raises:
        RequestError: 400, 413, 415 or 422; a wrong shape names every fault up to 20 by JSON pointer.
    """
    document = _json(body, content_type, most_bytes)
    items = document if isinstance(document, list) else [document]
    if len(items) > most:
        raise RequestError(
            Problem.TOO_MANY_ROWS,
            f"{len(items)} rows are over the limit SYNC_MAX={most}. Send them in several calls.",
        )
    faults = _Faults()
    pointers = (f"/{index}" if isinstance(document, list) else "" for index in range(len(items)))
    rows = [_row(item, pointer, faults, not_taken) for item, pointer in zip(items, pointers, strict=True)]
    faults.stop("rows")
    return [row for row in rows if row]


def requests_of(rows: Iterable[Row]) -> list[Request]:
    """Return the core's requests for the rows."""
    return [Request(index, row.key, row.intent) for index, row in enumerate(rows)]


def _json(body: bytes, content_type: str | None, most: int) -> Any:
    if not body:
        raise RequestError(Problem.NOT_JSON, EMPTY)
    media_type = (content_type or "").split(";")[0].strip().lower()
    if media_type not in _READ_AS_JSON and not media_type.endswith("+json"):
        raise RequestError(Problem.UNSUPPORTED_MEDIA_TYPE, "Send JSON as application/json; charset=utf-8.")
    if len(body) > most:
        raise RequestError(Problem.TOO_LARGE, f"The body is over {most} bytes.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(Problem.NOT_JSON, f"Not UTF-8 at byte {error.start}.") from None
    try:
        return json.loads(text, object_pairs_hook=_Object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise RequestError(Problem.NOT_JSON, f"Not JSON at {where}: {error.msg}.") from None
    except (ValueError, RecursionError):
        raise RequestError(Problem.NOT_JSON, "Not JSON that can be read.") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


class _Object:
    """A JSON object with all its pairs: a dict would silently drop a key given twice."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


class _Faults:
    """The first faults of a body, and how many there are: a body may hold a million, which nobody reads."""

    def __init__(self) -> None:
        self.count = 0
        self._shown: list[Fault] = []

    @property
    def is_full(self) -> bool:
        """Whether what comes is counted and not shown."""
        return self.count >= MOST_FAULTS

    def add(self, pointer: str, detail: str) -> None:
        """Count a fault, and keep it if it is among the first."""
        if not self.is_full:
            self._shown.append(Fault(pointer, detail))
        self.count += 1

    def stop(self, where: str) -> None:
        """Refuse the body if there are faults.

        Raises:
            RequestError: 422 naming up to 20 by JSON pointer.
        """
        if self.count:
            detail = f"{self.count} fault(s) in the {where}; nothing was done."
            raise RequestError.invalid(detail, self._shown)


class Members:
    """What a JSON object holds under the names known, matched without case.

    Attributes:
        values: By the name known, not looked at.
    """

    def __init__(self, item: _Object, known: Sequence[str], faults: _Faults, pointer: str = "") -> None:
        """Take the object that `pointer` names; what else it holds is one of the `faults`."""
        self.values: dict[str, Any] = {}
        self._faults = faults
        self._pointer = pointer
        names = {one.lower(): one for one in known}
        for key, value in item.pairs:
            name = names.get(key[:_MOST_COMPARED].lower())
            if name is None:
                self._fault_of(key, known)
            elif name in self.values:
                self._fault_of(key, None)
            else:
                self.values[name] = value

    def _fault_of(self, key: str, known: Sequence[str] | None) -> None:
        """Note a key that is none of the known; without those, one that stands twice."""
        if self._faults.is_full:
            self.fault("", "")  # counted alone: a pointer and the nearest name cost more than a key does
            return
        where = "/" + _echoed(key, _MOST_POINTER).replace("~", "~0").replace("/", "~1")
        self.fault(where, f"Unknown key{_nearest(key, known)}" if known else "This key stands twice.")

    def fault(self, where: str, detail: str) -> None:
        """Note a fault of what a JSON pointer within the object names; "" is the object as a whole."""
        self._faults.add(self._pointer + where, detail)

    def text(self, name: str) -> str | None:
        """Return a text as it was sent; None where it is null, absent, or a fault."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.fault(f"/{name}", "Must be text or null.")
        elif _HALF.search(value):
            self.fault(f"/{name}", "Holds half a surrogate pair, which is no character.")
        else:
            return value
        return None

    def stop(self) -> None:
        """Refuse the object if there are faults.

        Raises:
            RequestError: 422 naming up to 20 by JSON pointer.
        """
        self._faults.stop("body")


def _row(item: Any, pointer: str, faults: _Faults, not_taken: Mapping[str, str]) -> Row | None:
    """Return a row; None if it has faults, which are added to the others'."""
    if not isinstance(item, _Object):
        faults.add(pointer, 'A row is an object such as {"UserPrincipalName": "a@contoso.com"}.')
        return None
    before = faults.count
    given = Members(item, _KEYS, faults, pointer)
    for name in not_taken.keys() & given.values.keys():
        given.fault(f"/{name}", not_taken[name])
    key, shown = _who(given)
    mobile = (given.text("Mobile") or "").strip(" \t\r\n") or None
    reference = given.text("Reference")
    if reference and len(reference) > MOST_REFERENCE:
        given.fault("/Reference", f"At most {MOST_REFERENCE} characters.")
    elif reference and holds_number(reference):
        given.fault("/Reference", NUMBER_SHOWN)
    intent = Intent(_keep(given), mobile)
    return Row(key, shown, intent, reference) if faults.count == before else None


def _who(given: Members) -> tuple[str, str | None]:
    """Return by what the person is looked up, and the UPN as it was sent, where it was one."""
    upn, object_id = ((given.text(name) or "").strip() for name in ("UserPrincipalName", "Id"))
    if bool(upn) == bool(object_id):
        given.fault("", "Give exactly one of UserPrincipalName and Id.")
    elif upn:
        local, _, domain = upn.rpartition("@")
        if not local or not domain or len(upn) > MOST_UPN or _NO_UPN.search(upn):
            given.fault("/UserPrincipalName", f"Not a user principal name of at most {MOST_UPN} characters.")
            return "", None
        return _ascii_lower(upn), upn
    elif not is_object_id(object_id):
        given.fault("/Id", "An object id is a GUID.")
    return object_id.lower(), None


def _ascii_lower(upn: str) -> str:
    """Return a UPN with A to Z lowered. Case folding would rename people: "straße" is not "strasse"."""
    return re.sub(r"[A-Z]+", lambda letters: letters[0].lower(), upn)


def _keep(given: Members) -> bool:
    """Return whether OverwriteNull says keep. JSON's 0 and false do: the runbook of 2022 misread them."""
    value = given.values.get("OverwriteNull", 1)
    if isinstance(value, int | str) and value in {0, 1, "0", "1"}:
        return value in {0, "0"}
    must = 'Must be 1, "1" or true (an empty attribute deletes), or 0, "0" or false (keeps).'
    given.fault("/OverwriteNull", must)
    return False


def _echoed(name: str, most: int) -> str:
    """Return so much of a caller's own name for something, without a number that it may hold."""
    return without_numbers(name[: 2 * most])[:most]


def _nearest(name: str, known: Sequence[str]) -> str:
    lowered = {one.lower(): one for one in known}
    looked_at = name[:_MOST_COMPARED].lower()[:_MOST_COMPARED]
    close = difflib.get_close_matches(looked_at, lowered, n=1, cutoff=0.5)
    return f"; did you mean {lowered[close[0]]}?" if close else f"; known: {', '.join(known)}."
