"""What operators may send: every body and query is strict, since a misspelt one must not decide."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from mfa_sync.api.contract.operator import (
    Approval,
    Start,
    parse_approval,
    parse_listing,
    parse_page,
    parse_reason,
    parse_start,
    refuse_unplanned,
)
from mfa_sync.api.contract.problems import Fault, RequestError
from mfa_sync.runs.run import RunKind
from mfa_sync.runs.store import RUN_ID
from shared.errors import Problem

JSON = "application/json"
DIGEST = "d" * 64
RUN = "20261124T060000Z-full-0a1b2c3d"


def faults(parse: Callable[[bytes, str | None], object], body: Any) -> dict[str, str]:
    """Return the faults of a body that is refused, by JSON pointer."""
    with pytest.raises(RequestError) as caught:
        parse(json.dumps(body).encode(), JSON)
    assert (caught.value.status, caught.value.code) == (422, Problem.INVALID_REQUEST)
    return {fault.pointer: fault.detail for fault in caught.value.errors}


def approval(**body: Any) -> Approval:
    """Return what an approval with this body asks."""
    return parse_approval(json.dumps({"digest": DIGEST, **body}).encode(), JSON)


@pytest.mark.parametrize(("kind", "apply"), [("full", True), ("changed", False)])
def test_a_start_names_kind_and_whether_to_apply(kind: str, *, apply: bool) -> None:
    """Both are said, neither is guessed; names are matched without case, as in a row."""
    body = json.dumps({"Kind": kind, "APPLY": apply}).encode()
    assert parse_start(body, None) == Start(RunKind(kind), apply)


@pytest.mark.parametrize("body", [b'{"kind": "readiness"}', b'{"kind": "readiness", "apply": false}'])
def test_a_readiness_run_need_not_say_that_it_writes_nothing(body: bytes) -> None:
    """It never does."""
    assert parse_start(body, None) == Start(RunKind.READINESS, apply=False)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"/kind", "/apply"}),
        ({"kind": "readiness", "apply": True}, {"/apply"}),
        ({"kind": "readiness", "apply": 0}, {"/apply"}),
        ({"kind": "full"}, {"/apply"}),
        ({"kind": "full", "apply": "true"}, {"/apply"}),
        ({"kind": "full", "apply": 1}, {"/apply"}),
        ({"kind": "full", "apply": None}, {"/apply"}),
        ({"kind": "push", "apply": False}, {"/kind"}),
        ({"kind": "Full", "apply": False}, {"/kind"}),
        ({"kind": ["full"], "apply": False}, {"/kind"}),
        ({"kind": "full", "aply": True, "apply": False}, {"/aply"}),
        ({"kind": "full", "apply": False, "a/b~c": 1}, {"/a~1b~0c"}),
    ],
)
def test_a_start_that_says_anything_else_is_refused(body: Any, pointers: set[str]) -> None:
    """Every fault at once, each by its pointer."""
    assert set(faults(parse_start, body)) == pointers


def test_an_unknown_key_is_told_the_nearest_one() -> None:
    """Never guessed."""
    found = faults(parse_approval, {"digest": DIGEST, "kind": ["create"], "reason": "r"})
    assert found == {"/kind": "Unknown key; did you mean kinds?"}


def test_a_key_that_stands_twice_is_refused() -> None:
    """Which of both is meant nobody knows."""
    body = b'{"reason": "one", "Reason": "other"}'
    with pytest.raises(RequestError) as caught:
        parse_reason(body, JSON)
    assert [fault.pointer for fault in caught.value.errors] == ["/Reason"]


def test_many_faults_are_told_up_to_twenty() -> None:
    """As in a push."""
    body = {"reason": "r", **{f"key{number}": 1 for number in range(30)}}
    assert len(faults(parse_reason, body)) == 20


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", JSON, 400),
        (b'{"reason": "r"', JSON, 400),
        (b'{"reason": "\xff"}', JSON, 400),
        (b'{"reason": "r"}', "multipart/form-data", 415),
        (b"x" * (4 * 1024 * 1024 + 1), JSON, 413),
        (b'[{"reason": "r"}]', JSON, 422),
        (b'"reason"', JSON, 422),
        (b"null", JSON, 422),
    ],
)
def test_what_is_no_object_in_json_is_refused_as_in_a_push(
    body: bytes, content_type: str, status: int
) -> None:
    """One rule for all bodies."""
    with pytest.raises(RequestError) as caught:
        parse_reason(body, content_type)
    assert caught.value.status == status


def test_an_approval_may_name_kinds_in_any_order() -> None:
    """The same kinds in another order are the same approval."""
    given = approval(kinds=["update", "create"], reason=" checked with HR, CHG0012345 ")
    assert given == Approval(DIGEST, ("create", "update"), "checked with HR, CHG0012345")
    assert approval(reason="r").kinds == ()


@pytest.mark.parametrize(
    ("kinds", "pointer"),
    [
        ([], "/kinds"),
        (None, "/kinds"),
        ("create", "/kinds"),
        (["create", "delet"], "/kinds/1"),
        (["create", "create"], "/kinds/1"),
        ([["create"]], "/kinds/0"),
        ([None], "/kinds/0"),
    ],
)
def test_kinds_that_cannot_be_are_refused(kinds: Any, pointer: str) -> None:
    """An empty list above all: it reads as none, and must not mean all."""
    body = {"digest": DIGEST, "reason": "r", "kinds": kinds}
    assert set(faults(parse_approval, body)) == {pointer}


@pytest.mark.parametrize("digest", [None, "", 7, ["d"]])
def test_an_approval_names_a_digest(digest: Any) -> None:
    """Of what was seen."""
    assert set(faults(parse_approval, {"digest": digest, "reason": "r"})) == {"/digest"}


@pytest.mark.parametrize(
    "reason",
    [
        None, "", "   ", 7, "x" * 501, "two\nlines", "bell\x07", "half \ud800", "right\u202eleft",
        "Anna has +46 70 174 06 11", "call 070-174 06 11", "+46701740611", "(+46) 701740611", "0701740611",
    ],
)  # fmt: skip
def test_a_reason_is_printable_and_holds_no_phone_number(reason: Any) -> None:
    """It is kept and shown, so no whole number may come in by it; and whoever decides says why."""
    assert set(faults(parse_reason, {"reason": reason})) == {"/reason"}


@pytest.mark.parametrize(
    "reason",
    [
        "x", "x" * 500, "Wrong feed, CHG0012345", "seen 2026-11-24 06:00:00", "smörgåsbord på svenska",
        "+20 % more",
        "60 deletes, INC000000123456", "run 20261124T060000Z-full",
    ],
)  # fmt: skip
def test_ordinary_reasons_are_taken(reason: str) -> None:
    """Tickets, dates and counts are no phone numbers."""
    assert parse_reason(json.dumps({"reason": reason}).encode(), JSON) == reason


def test_only_kinds_that_the_plan_holds_can_be_approved() -> None:
    """Who approves deletes where there are none has seen another plan."""
    refuse = partial(refuse_unplanned, planned={"create": 2, "update": 1, "assert": 0})
    refuse(())
    refuse(("create", "update"))
    for kinds in [("delete",), ("assert", "create")]:
        with pytest.raises(RequestError) as caught:
            refuse(kinds)
        assert caught.value.errors == [Fault("/kinds", "The plan holds: create, update.")]


def test_a_list_is_paged() -> None:
    """Twenty unless told; the platform's own names are let through."""
    assert parse_listing({"code": "k"}) == (20, None)
    assert parse_listing({"limit": "100", "after": RUN}) == (100, RUN)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"}, {"limit": "101"}, {"limit": ""}, {"limit": "1.0"}, {"limit": "-1"}, {"limit": "٣"},
        {"limit": "1,2"}, {"after": ""}, {"after": "x"}, {"after": "../run"}, {"limits": "3"}, {"Limit": "3"},
        {"page": "0"},
    ],
)  # fmt: skip
def test_a_list_takes_no_other_query(query: dict[str, str]) -> None:
    """A misspelt name is not left unheard."""
    with pytest.raises(RequestError) as caught:
        parse_listing(query)
    assert caught.value.status == 422


@pytest.mark.parametrize(("query", "page"), [({}, 0), ({"page": "0"}, 0), ({"page": "12"}, 12)])
def test_a_page_is_named_by_its_number(query: dict[str, str], page: int) -> None:
    """From 0 on."""
    assert parse_page(query) == page


@pytest.mark.parametrize("query", [{"page": "-1"}, {"page": ""}, {"page": "1e3"}, {"pages": "1"}])
def test_a_page_takes_no_other_query(query: dict[str, str]) -> None:
    """As everywhere."""
    with pytest.raises(RequestError) as caught:
        parse_page(query)
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (RUN, True), ("20261124T060000Z-full", True), ("20261124T060000Z-push-0a1b2c3d", True), ("", False),
        (RUN + "\n", False), (RUN + "/pages", False), ("20261124T060000Z", False), ("a" * 5000, False),
        ("20261124T060000Z-full-" + "a" * 33, False), ("20261124T060000Z-f'ull", False),
    ],
)  # fmt: skip
def test_what_cannot_be_an_id_is_told_without_storage(text: str, *, known: bool) -> None:
    """Quotes, slashes and long texts never reach a query of the table."""
    assert bool(RUN_ID.fullmatch(text)) is known
