"""Whom the platform's header makes an approver."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from mfa_sync.api.approver import principal
from mfa_sync.api.contract.problems import RequestError
from shared.errors import Problem

LONG = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
SUE = "0b1c2d3e-1111-4222-8333-44445555666a"
LONG_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
WHO = [{"typ": LONG_ID, "val": SUE}, {"typ": "preferred_username", "val": "sue@contoso.com"}]
RIGHT = [*WHO, {"typ": "roles", "val": "Sync.Approve"}]


def header(document: Any) -> str:
    """Return a document as App Service sends it."""
    return base64.b64encode(json.dumps(document).encode()).decode()


def headers(claims: Any = RIGHT, **more: Any) -> dict[str, str]:
    """Return what App Service sends of a principal with these claims."""
    return {
        "x-ms-client-principal": header({"auth_typ": "aad", "claims": claims, **more}),
        "x-ms-client-principal-name": "forged@contoso.com",
        "x-ms-client-principal-id": "forged",
    }


@pytest.mark.parametrize(
    "claims",
    [
        RIGHT,
        [*WHO, {"typ": LONG, "val": "Sync.Approve"}],
        [{"typ": "roles", "val": "Other"}, {"typ": "name", "val": "Sue"}, *RIGHT],
        ["no claim", None, {}, *RIGHT],
    ],
)
def test_who_has_the_role_approves_by_name(claims: Any) -> None:
    """Under the token's own name of the claim, or the long one."""
    assert principal(headers(claims)) == f"{SUE} sue@contoso.com"


def test_an_application_has_an_id_and_no_name() -> None:
    """It is recorded by that, and so is somebody whose name cannot be printed."""
    for name in ([], [{"typ": "name", "val": "a\nb"}], [{"typ": "name", "val": 7}]):
        assert principal(headers([RIGHT[0], *name, RIGHT[-1]])) == SUE


@pytest.mark.parametrize(
    "claims",
    [
        [],
        None,
        {},
        "roles Sync.Approve",
        [{"typ": "roles", "val": "sync.approve"}],
        [{"typ": "roles", "val": "Sync.Approver"}],
        [{"typ": "roles", "val": ["Sync.Approve"]}],
        [{"typ": "groups", "val": "Sync.Approve"}],
        [{"typ": ["roles"], "val": "Sync.Approve"}],
        [{"val": "Sync.Approve"}],
    ],
)
def test_without_the_role_nobody_approves(claims: Any) -> None:
    """Signed in is not enough."""
    assert refused(headers(claims)) == "Sign in with Entra as somebody who has the app role Sync.Approve."


@pytest.mark.parametrize(
    "sent", [None, "", "%%%", "bm8ganNvbg==", header([]), header("text"), header(None), "/w==", "[" * 100_000]
)
def test_a_header_that_tells_nothing_refuses(sent: str | None) -> None:
    """Missing, no base64, no JSON, no object."""
    assert refused({} if sent is None else {**headers(), "x-ms-client-principal": sent})


def test_another_provider_gives_no_roles_of_ours() -> None:
    """What a token of somebody else calls a role means nothing here."""
    assert refused(headers(auth_typ="google"))


@pytest.mark.parametrize("object_id", [None, "", "0b1c", 7, [SUE]])
def test_a_principal_without_an_object_id_decides_nothing(object_id: Any) -> None:
    """The record must name somebody, and a name alone may be anybody's."""
    assert "recorded" in refused(headers([{"typ": LONG_ID, "val": object_id}, *RIGHT[1:]]))


def refused(sent: dict[str, str]) -> str:
    """Return why a principal is refused."""
    with pytest.raises(RequestError) as caught:
        principal(sent)
    assert (caught.value.status, caught.value.code) == (403, Problem.APPROVER_REFUSED)
    return caught.value.detail
