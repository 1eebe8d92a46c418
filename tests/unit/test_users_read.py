"""Users as Graph returns them: what cannot be read is not empty."""

from __future__ import annotations

from mfa_sync.graph.users import user_of
from shared.tenant import Absent


def test_an_attribute_that_cannot_be_read_is_not_empty() -> None:
    """Empty may mean a delete: a number where a text belongs is a fault of the feed and not a wish."""
    body = {"id": "x", "onPremisesExtensionAttributes": {"extensionAttribute15": 46701740611}}
    assert user_of(body).attribute is Absent.NOT_RETURNED


def test_an_attribute_that_is_null_is_empty() -> None:
    """So Graph shows an attribute that was cleared."""
    body = {"id": "x", "onPremisesExtensionAttributes": {"extensionAttribute15": None}}
    assert user_of(body).attribute is None
