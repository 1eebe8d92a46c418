"""Users as Graph returns them: what cannot be read is not empty."""

from __future__ import annotations

from typing import Any

import pytest

from mfa_sync.graph.users import user_of
from shared.tenant import Absent, User


def read(body: dict[str, Any]) -> User:
    """Return the user that an object describes."""
    user = user_of(body)
    assert user
    return user


def test_an_attribute_that_cannot_be_read_is_not_empty() -> None:
    """Empty may mean a delete: a number where a text belongs is a fault of the feed and not a wish."""
    body = {"id": "x", "onPremisesExtensionAttributes": {"extensionAttribute15": 46701740611}}
    assert read(body).attribute is Absent.NOT_RETURNED


def test_an_attribute_that_is_null_is_empty() -> None:
    """So Graph shows an attribute that was cleared."""
    body = {"id": "x", "onPremisesExtensionAttributes": {"extensionAttribute15": None}}
    assert read(body).attribute is None


@pytest.mark.parametrize("body", [None, "html", [], {}, {"id": None}, {"id": 7}, {"userPrincipalName": "x"}])
def test_what_has_no_id_is_no_user(body: object) -> None:
    """A success of another shape names nobody."""
    assert user_of(body) is None
