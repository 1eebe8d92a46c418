"""What an access token calls its holder."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from mfa_sync.sign_in.token import AccessToken, names_in
from tests.clocks import FakeClock


def token_of(claims: Any) -> str:
    """Return a token with these claims, its signature of no matter."""
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"head.{part}.signature"


@pytest.mark.parametrize(
    ("claims", "names"),
    [
        ({"oid": "sp", "appid": "app", "sub": "x"}, {"sp", "app"}),
        ({"oid": "sp", "azp": "app"}, {"sp", "app"}),
        ({"oid": None, "appid": ["app"]}, set()),
        ({}, set()),
        ([], set()),
        ("text", set()),
    ],
)
def test_ids_are_taken_from_either_version_of_token(claims: Any, names: set[str]) -> None:
    """Those of the service principal and of the app; of other shapes, none."""
    assert names_in(token_of(claims)) == names


@pytest.mark.parametrize("text", ["", "opaque", "a.b", "a.!!!.c", "a.4oCc.c"])
def test_a_token_that_cannot_be_read_names_nobody(text: str) -> None:
    """Microsoft calls them opaque, so one day they may be."""
    assert names_in(text) == set()


@pytest.mark.parametrize(("lasts", "good_for"), [(3971, 3671), (86400, 86100), (400, 200), (0, 0)])
def test_a_token_is_renewed_some_minutes_before_its_end(lasts: float, good_for: float) -> None:
    """A short one, at half its life."""
    token = AccessToken.lasting("secret-token", lasts, {"A", ""}, FakeClock())
    assert (token.expires, set(token.principals)) == (good_for, {"a"})
    assert "secret-token" not in repr(token)
