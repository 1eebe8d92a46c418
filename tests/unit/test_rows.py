"""Rows of a push: what is read, and what is pointed at as wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mfa_sync.api.contract.problems import Fault, RequestError, problem
from mfa_sync.api.contract.rows import Row, parse_rows
from shared.errors import Problem
from shared.plan import Intent
from tests.people import ANNA_ID

UPN = "anna@contoso.com"
JSON = "application/json"


def rows_of(*items: dict[str, Any]) -> list[Row]:
    """Return what the contract reads from an array of these objects."""
    return parse_rows(json.dumps(items).encode(), JSON, 100)


def refused(body: bytes, content_type: str | None = JSON, most: int = 100) -> RequestError:
    """Return the refusal of a body."""
    with pytest.raises(RequestError) as error:
        parse_rows(body, content_type, most)
    return error.value


def faults_of(*items: Any) -> list[tuple[str, str]]:
    """Return the faults found in an array of these, as pointer and detail."""
    error = refused(json.dumps(items).encode())
    assert (error.status, error.code) == (422, Problem.INVALID_REQUEST)
    return [(fault.pointer, fault.detail) for fault in error.errors]


def test_a_row_carries_who_what_and_the_callers_own_key() -> None:
    """Each key of the table arrives."""
    (row,) = rows_of(
        {"UserPrincipalName": " Anna@Contoso.com ", "Mobile": " +46 1 ", "OverwriteNull": 0, "Reference": "7"}
    )
    assert row == Row(
        "anna@contoso.com", "Anna@Contoso.com", Intent(keep_when_empty=True, mobile="+46 1"), "7"
    )


def test_a_user_may_be_named_by_object_id() -> None:
    """Object ids are compared in lower case."""
    (row,) = rows_of({"Id": ANNA_ID.upper()})
    assert (row.key, row.shown) == (ANNA_ID, None)


def test_keys_are_matched_without_case() -> None:
    """PowerShell's callers write them as they like."""
    assert rows_of({"userprincipalname": UPN, "OVERWRITENULL": "0"}) == rows_of(
        {"UserPrincipalName": UPN, "OverwriteNull": 0}
    )


@pytest.mark.parametrize("blank", [None, "", "   ", "\t\r\n"])
def test_a_blank_mobile_is_an_absent_one(blank: str | None) -> None:
    """The article sends empty strings for users without a number."""
    assert rows_of({"UserPrincipalName": UPN, "Mobile": blank}) == rows_of({"UserPrincipalName": UPN})


def test_a_mobile_of_invisible_characters_is_not_absent() -> None:
    """They are no emptiness; the decision refuses them as no number."""
    (row,) = rows_of({"UserPrincipalName": UPN, "Mobile": "\u00a0"})
    assert row.intent.mobile == "\u00a0"


@pytest.mark.parametrize(
    ("text", "keep"),
    [("1", False), ('"1"', False), ("true", False), ("0", True), ('"0"', True), ("false", True)],
)
def test_overwrite_null_is_read_in_its_six_spellings(text: str, keep: bool) -> None:  # noqa: FBT001
    """JSON's 0 and false keep the number: the runbook of 2022 misread them."""
    body = f'[{{"UserPrincipalName": "{UPN}", "OverwriteNull": {text}}}]'.encode()
    (row,) = parse_rows(body, JSON, 100)
    assert row.intent.keep_when_empty is keep


def test_an_empty_attribute_deletes_where_overwrite_null_is_not_given() -> None:
    """The default of the article."""
    assert not rows_of({"UserPrincipalName": UPN})[0].intent.keep_when_empty


@pytest.mark.parametrize(
    "value", [2, -1, 0.0, 1.0, 0.5, "", "2", "00", " 0", "true", "false", "no", None, [], {}, [0]], ids=repr
)
def test_any_other_overwrite_null_is_refused(value: object) -> None:
    """Whoever meant "keep" must not delete by a spelling that nobody knows."""
    ((pointer, detail),) = faults_of({"UserPrincipalName": UPN, "OverwriteNull": value})
    assert pointer == "/0/OverwriteNull"
    assert '0, "0" or false' in detail


@pytest.mark.parametrize(
    ("key", "pointer", "nearest"),
    [
        ("OverwriteNul", "/0/OverwriteNul", "did you mean OverwriteNull?"),
        ("overwrite_null", "/0/overwrite_null", "did you mean OverwriteNull?"),
        ("UserPrincipleName", "/0/UserPrincipleName", "did you mean UserPrincipalName?"),
        ("MobilePhone", "/0/MobilePhone", "did you mean Mobile?"),
        ("referenc", "/0/referenc", "did you mean Reference?"),
        ("zzz", "/0/zzz", "known: UserPrincipalName, Id, Mobile, OverwriteNull, Reference."),
        ("a/b~c", "/0/a~1b~0c", "known:"),
    ],
)
def test_a_misspelt_key_is_refused_by_name_with_the_nearest_known_one(
    key: str, pointer: str, nearest: str
) -> None:
    """A misspelt OverwriteNull must not delete."""
    ((found, detail),) = faults_of({"UserPrincipalName": UPN, key: 0})
    assert found == pointer
    assert nearest in detail


@pytest.mark.parametrize("second", ["OverwriteNull", "overwritenull"])
def test_a_key_given_twice_is_refused_by_name(second: str) -> None:
    """A parser that keeps the last of two would decide for the caller."""
    error = refused(f'[{{"UserPrincipalName": "{UPN}", "OverwriteNull": 0, "{second}": 1}}]'.encode())
    assert error.status == 422
    assert error.errors == [Fault(f"/0/{second}", "This key stands twice.")]


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"Mobile": None},
        {"UserPrincipalName": None},
        {"UserPrincipalName": " "},
        {"UserPrincipalName": UPN, "Id": ANNA_ID},
    ],
)
def test_a_row_names_its_user_exactly_once(row: dict[str, Any]) -> None:
    """Nobody, or two names for somebody, is no row."""
    assert faults_of(row) == [("/0", "Give exactly one of UserPrincipalName and Id.")]


@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        ({"UserPrincipalName": "anna"}, "/0/UserPrincipalName"),
        ({"UserPrincipalName": "@contoso.com"}, "/0/UserPrincipalName"),
        ({"UserPrincipalName": "anna@"}, "/0/UserPrincipalName"),
        ({"UserPrincipalName": "an na@contoso.com"}, "/0/UserPrincipalName"),
        ({"UserPrincipalName": "anna/../x@contoso.com"}, "/0/UserPrincipalName"),
        ({"UserPrincipalName": "anna\x00@contoso.com"}, "/0/UserPrincipalName"),
        ({"UserPrincipalName": "a" * 113 + "@contoso.com"}, "/0/UserPrincipalName"),
        ({"Id": "1234"}, "/0/Id"),
        ({"Id": ANNA_ID + "/authentication"}, "/0/Id"),
        ({"UserPrincipalName": UPN, "Mobile": 46701740605}, "/0/Mobile"),
        ({"UserPrincipalName": UPN, "Reference": 7}, "/0/Reference"),
        ({"UserPrincipalName": UPN, "Reference": "r" * 129}, "/0/Reference"),
        ({"UserPrincipalName": UPN, "Reference": "\ud800"}, "/0/Reference"),
        ({"UserPrincipalName": UPN, "Mobile": "\udfff"}, "/0/Mobile"),
    ],
)
def test_a_wrong_value_is_pointed_at(row: dict[str, Any], pointer: str) -> None:
    """A JSON pointer says where, and nothing is done."""
    assert [found for found, _ in faults_of(row)] == [pointer]


def test_half_a_surrogate_pair_as_a_user_name_is_refused() -> None:
    """It is no character, and could be sent to nobody."""
    assert {pointer for pointer, _ in faults_of({"UserPrincipalName": "\ud800@contoso.com"})} <= {
        "/0",
        "/0/UserPrincipalName",
    }


@pytest.mark.parametrize("item", [None, 1, True, "x", [], [["UserPrincipalName", UPN]]])
def test_a_row_is_an_object(item: object) -> None:
    """A pair of texts in an array is not taken for one."""
    ((pointer, detail),) = faults_of({"UserPrincipalName": UPN}, item)
    assert pointer == "/1"
    assert detail.startswith("A row is an object")


def test_all_faults_of_all_rows_are_named_up_to_twenty() -> None:
    """The count is told in full; nobody reads the twenty-first."""
    error = refused(json.dumps([{"UserPrincipalName": "x"}] * 21).encode())
    assert error.detail == "21 fault(s) in the rows; nothing was done."
    assert [fault.pointer for fault in error.errors] == [f"/{row}/UserPrincipalName" for row in range(20)]


def test_several_faults_of_one_row_are_all_named() -> None:
    """One round of correction is enough."""
    pointers = [pointer for pointer, _ in faults_of({"Mobil": 1, "Mobile": 2, "OverwriteNull": 3})]
    assert sorted(pointers) == ["/0", "/0/Mobil", "/0/Mobile", "/0/OverwriteNull"]


def test_one_object_is_one_row() -> None:
    """A caller with one user need not wrap it."""
    row = {"UserPrincipalName": "anna@contoso.com", "OverwriteNull": 0}
    one = parse_rows(json.dumps(row).encode(), None, 1)
    assert one == parse_rows(json.dumps([row]).encode(), None, 1)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (b"{}", [""]),
        (b'{"UserPrincipalName": "anna"}', ["/UserPrincipalName"]),
        (b'{"UserPrincipalName": "anna@contoso.com", "OverwriteNull": 2}', ["/OverwriteNull"]),
        (b"null", [""]),
        (b'"text"', [""]),
    ],
)
def test_the_faults_of_one_object_are_pointed_at_without_an_index(body: bytes, pointers: list[str]) -> None:
    """The pointer fits the document that was sent."""
    with pytest.raises(RequestError) as error:
        parse_rows(body, None, 1)
    assert error.value.status == 422
    assert [fault.pointer for fault in error.value.errors] == pointers


def test_a_key_that_is_no_text_is_refused_with_an_answer_that_can_be_sent() -> None:
    """The pointer to it must be UTF-8, or the caller gets a fault of ours."""
    with pytest.raises(RequestError) as error:
        parse_rows(b'[{"\\ud800": 1, "UserPrincipalName": "a@contoso.com"}]', None, 1)
    body = json.dumps(problem(error.value).plain()).encode()
    assert json.loads(body)["status"] == 422


def test_the_pointer_to_an_empty_key_points_at_the_key() -> None:
    """`/0/` is the member named "", `/0` would be the row."""
    with pytest.raises(RequestError) as error:
        parse_rows(b'[{"": 1, "UserPrincipalName": "a@contoso.com"}]', None, 1)
    assert [fault.pointer for fault in error.value.errors] == ["/0/"]
