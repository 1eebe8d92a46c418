"""What a caller may send: query names, body and rows of the HTTP contract (design, section 3)."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from shared.errors import Problem
from shared.plan import Intent, Request
from shared.tenant import is_object_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


MAX_BODY_BYTES = 4 * 1024 * 1024
MOST_FAULTS = 20
MOST_REFERENCE = 128
MOST_UPN = 113
_MOST_POINTER = 80
MOST_IDEMPOTENCY_KEY = 255

_QUERY = ("dryRun",)
_PLATFORM_QUERY = frozenset({"code", "clientId"})
_KEYS = ("UserPrincipalName", "Id", "Mobile", "OverwriteNull", "Reference")
# The article's PowerShell sends JSON and calls it a form.
_READ_AS_JSON = frozenset(
    {"", "application/json", "application/x-www-form-urlencoded", "text/plain", "text/json"}
)
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


class RequestError(Exception):
    """A request that cannot be taken: a problem of the caller's."""

    def __init__(
        self,
        status: int,
        code: Problem,
        detail: str,
        errors: Sequence[dict[str, str]] = (),
        *,
        retryable: bool = False,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.retryable = retryable


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
        raise RequestError(
            422,
            Problem.INVALID_REQUEST,
            f"Idempotency-Key must hold 1 to {MOST_IDEMPOTENCY_KEY} characters.",
        )
    return key


def parse_dry_run(query: Mapping[str, str]) -> bool:
    """Return whether the call is a dry run. A misspelt name must not write, so unknown ones are refused.

    Raises:
        RequestError: 422 for an unknown name or another value than true and false.
    """
    refuse_query(query, *_QUERY)
    text = query.get("dryRun", "false")
    if text not in {"true", "false"}:
        raise RequestError(422, Problem.INVALID_REQUEST, "dryRun must be true or false.")
    return text == "true"


def refuse_query(query: Mapping[str, str], *known: str) -> None:
    """Refuse every query name but the platform's own and those that the route knows.

    Raises:
        RequestError: 422 naming it, and the nearest that is known.
    """
    for name in query:
        if name not in known and name not in _PLATFORM_QUERY:
            hint = _nearest(name, known) if known else "."
            raise RequestError(422, Problem.INVALID_REQUEST, f"Unknown query name {_quoted(name)}{hint}")


def parse_object(
    body: bytes, content_type: str | None, known: Sequence[str]
) -> tuple[dict[str, Any], Faults]:
    """Return what one JSON object holds under the names known, and the faults found so far.

    The values are not looked at. Names are matched without case, as in a row.

    Raises:
        RequestError: 400, 413, 415, as `parse_rows`; 422 if it is no object.
    """
    item = _json(body, content_type)
    faults: list[dict[str, str]] = []
    if not isinstance(item, _Object):
        raise RequestError(422, Problem.INVALID_REQUEST, f"Send one object with {', '.join(known)}.")
    return _values(item, known, faults), Faults(faults)


class Faults:
    """What is wrong with an object, until all of it has been looked at."""

    def __init__(self, found: list[dict[str, str]]) -> None:
        self._found = found

    def add(self, pointer: str, detail: str) -> None:
        """Note a fault of the value that a JSON pointer names."""
        self._found.append({"pointer": pointer, "detail": detail})

    def stop(self) -> None:
        """Refuse the object if there are faults.

        Raises:
            RequestError: 422 naming up to 20 by JSON pointer.
        """
        if self._found:
            count = len(self._found)
            raise RequestError(
                422,
                Problem.INVALID_REQUEST,
                f"{count} fault(s) in the body; nothing was done.",
                self._found[:MOST_FAULTS],
            )


def parse_rows(body: bytes, content_type: str | None, most: int) -> list[Row]:
    """Return the rows of a push.

    Args:
        body: The request's bytes: JSON in UTF-8, a BOM accepted; an array of objects, or one object.
        content_type: The header's value; form and text types are read as JSON too.
        most: How many rows one call may carry.

    Raises:
        RequestError: 400, 413, 415 or 422; a wrong shape names every fault up to 20 by JSON pointer.
    """
    document = _json(body, content_type)
    items = document if isinstance(document, list) else [document]
    if len(items) > most:
        raise RequestError(
            413,
            Problem.TOO_MANY_ROWS,
            f"{len(items)} rows are over the limit SYNC_MAX={most}. Send them in several calls.",
        )
    faults: list[dict[str, str]] = []
    rows = [
        _row(item, f"/{index}" if isinstance(document, list) else "", faults)
        for index, item in enumerate(items)
    ]
    if faults:
        raise RequestError(
            422,
            Problem.INVALID_REQUEST,
            f"{len(faults)} fault(s) in the rows; nothing was done.",
            faults[:MOST_FAULTS],
        )
    return [row for row in rows if row]


def requests_of(rows: Iterable[Row]) -> list[Request]:
    """Return the core's requests for the rows."""
    return [Request(index, row.key, row.intent) for index, row in enumerate(rows)]


def _json(body: bytes, content_type: str | None) -> Any:
    media_type = (content_type or "").split(";")[0].strip().lower()
    if media_type not in _READ_AS_JSON and not media_type.endswith("+json"):
        raise RequestError(
            415, Problem.UNSUPPORTED_MEDIA_TYPE, "Send JSON as application/json; charset=utf-8."
        )
    if len(body) > MAX_BODY_BYTES:
        raise RequestError(413, Problem.TOO_LARGE, f"The body is over {MAX_BODY_BYTES} bytes.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(400, Problem.NOT_JSON, f"Not UTF-8 at byte {error.start}.") from None
    try:
        return json.loads(text, object_pairs_hook=_Object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise RequestError(400, Problem.NOT_JSON, f"Not JSON at {where}: {error.msg}.") from None
    except (ValueError, RecursionError):
        raise RequestError(400, Problem.NOT_JSON, "Not JSON that can be read.") from None


class _Object:
    """A JSON object with all its pairs: a dict would silently drop a key given twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _row(item: Any, pointer: str, faults: list[dict[str, str]]) -> Row | None:
    fault = partial(_note, faults, pointer)
    if not isinstance(item, _Object):
        fault(None, 'A row is an object such as {"UserPrincipalName": "a@contoso.com"}.')
        return None
    before = len(faults)
    values = _values(item, _KEYS, faults, pointer)
    key, shown = _who(values, fault)
    mobile = _text(values, "Mobile", fault)
    reference = _text(values, "Reference", fault)
    if reference and len(reference) > MOST_REFERENCE:
        fault("Reference", f"At most {MOST_REFERENCE} characters.")
    keep = _keep(values, fault)
    if len(faults) > before:
        return None
    return Row(key, shown, Intent(keep, (mobile or "").strip(" \t\r\n") or None), reference)


def _note(faults: list[dict[str, str]], pointer: str, key: str | None, detail: str) -> None:
    """Note a fault of one key, or of the object as a whole where `key` is None."""
    token = "" if key is None else "/" + key[:_MOST_POINTER].replace("~", "~0").replace("/", "~1")
    faults.append({"pointer": pointer + token, "detail": detail})


def _values(
    item: _Object, known: Sequence[str], faults: list[dict[str, str]], pointer: str = ""
) -> dict[str, Any]:
    """Return what an object holds under the names known; what else it holds is a fault."""
    values: dict[str, Any] = {}
    for key, value in item.pairs:
        name = next((one for one in known if one.lower() == key.lower()), None)
        if name is None:
            # The nearest name is costly to find, and past the faults shown nobody reads it.
            hint = _nearest(key, known) if len(faults) < MOST_FAULTS else "."
            _note(faults, pointer, key, f"Unknown key{hint}")
        elif name in values:
            _note(faults, pointer, key, "This key stands twice.")
        else:
            values[name] = value
    return values


def _who(values: dict[str, Any], fault: Any) -> tuple[str, str | None]:
    upn, object_id = _text(values, "UserPrincipalName", fault), _text(values, "Id", fault)
    upn, object_id = (upn or "").strip() or None, (object_id or "").strip() or None
    if (upn is None) == (object_id is None):
        fault(None, "Give exactly one of UserPrincipalName and Id.")
    elif object_id is not None:
        if not is_object_id(object_id):
            fault("Id", "An object id is a GUID.")
        return object_id.lower(), None
    elif upn is not None:
        local, _, domain = upn.rpartition("@")
        if not local or not domain or len(upn) > MOST_UPN or _NO_UPN.search(upn):
            fault("UserPrincipalName", f"Not a user principal name of at most {MOST_UPN} characters.")
        return _ascii_lower(upn), upn
    return "", None


def _ascii_lower(upn: str) -> str:
    """Return a UPN with A to Z lowered. Case folding would rename people: "straße" is not "strasse"."""
    return re.sub(r"[A-Z]+", lambda letters: letters[0].lower(), upn)


def _text(values: dict[str, Any], name: str, fault: Any) -> str | None:
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        fault(name, "Must be text or null.")
        return None
    if any("\ud800" <= character <= "\udfff" for character in value):
        fault(name, "Holds half a surrogate pair, which is no character.")
        return None
    return value


def _keep(values: dict[str, Any], fault: Any) -> bool:
    """Return whether OverwriteNull says keep. JSON's 0 and false do: the runbook of 2022 misread them."""
    value = values.get("OverwriteNull", 1)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int) and value in {0, 1}:
        return value == 0
    if isinstance(value, str) and value in {"0", "1"}:
        return value == "0"
    fault("OverwriteNull", 'Must be 1, "1" or true (an empty attribute deletes), or 0, "0" or false (keeps).')
    return False


def _nearest(name: str, known: Sequence[str]) -> str:
    lowered = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    return f"; did you mean {lowered[close[0]]}?" if close else f"; known: {', '.join(known)}."


def _quoted(name: str) -> str:
    return json.dumps(name[:40])
