"""A body may be one object instead of an array of them."""

from __future__ import annotations

import json

import pytest

from mfa_sync.api.contract.rows import RequestError, parse_rows


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
    with pytest.raises(RequestError) as refused:
        parse_rows(body, None, 1)
    assert refused.value.status == 422
    assert [fault["pointer"] for fault in refused.value.errors] == pointers
