"""Half a surrogate pair as a key is refused with an answer that can be sent."""

from __future__ import annotations

import json

import pytest

from mfa_sync.api.contract.answers import problem
from mfa_sync.api.contract.rows import RequestError, parse_rows


def test_a_key_that_is_no_text_is_refused_with_an_answer_that_can_be_sent() -> None:
    """The pointer to it must be UTF-8, or the caller gets a fault of ours."""
    with pytest.raises(RequestError) as refused:
        parse_rows(b'[{"\\ud800": 1, "UserPrincipalName": "a@contoso.com"}]', None, 1)
    body = problem(refused.value).text().encode()
    assert json.loads(body)["status"] == 422


def test_the_pointer_to_an_empty_key_points_at_the_key() -> None:
    """`/0/` is the member named "", `/0` would be the row."""
    with pytest.raises(RequestError) as refused:
        parse_rows(b'[{"": 1, "UserPrincipalName": "a@contoso.com"}]', None, 1)
    assert [fault["pointer"] for fault in refused.value.errors] == ["/0/"]
