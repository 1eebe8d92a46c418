"""Behind App Service authentication: the Azure CLI's sign-in decides, and smoke proves the platform."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev.azurite import Azurite
from dev.functions_host import HostOptions
from dev.stack.local_stack import LocalStack
from tests.cli.front import Answered, Asked, Twist, front
from tests.cli.operator import SMOKE, Operator

type Forward = Callable[[Asked], Answered]


TOKEN = "eyJ0eXAiOiJKV1Qi.made-up-token-of-the-azure-cli.c2lnbmF0dXJl"
AUDIENCE = "api://mfa-sync"
OID = "0b1c2d3e-1111-4222-8333-44445555666a"
NAME = "engineer@contoso.com"
WHO = f"{OID} {NAME}"
EASY_AUTH = (*SMOKE, "--easy-auth")
FAST = ("--interval", "0.05")


@pytest.fixture(scope="module")
def running(steady_azurite: Azurite) -> Iterator[LocalStack]:
    """An app that believes the platform; nobody may reach it but through the platform."""
    settings = {"EASY_AUTH": "true", "STATE_TABLE": "easyauth", "STATE_CONTAINER": "easy-auth"}
    with LocalStack(settings, storage=steady_azurite, options=HostOptions(max_polling_seconds=0.1)) as stack:
        yield stack


@pytest.fixture
def stack(running: LocalStack) -> LocalStack:
    """The stack as it is."""
    return running


@pytest.fixture
def signed_in(operator: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Operator:
    """An operator whose Azure CLI is signed in, and who knows no approvers' handshake."""
    answer = {"accessToken": TOKEN, "expires_on": int(time.time()) + 3600, "tokenType": "Bearer"}
    azure = tmp_path / "az"
    azure.write_text(f"#!/bin/sh\necho \"$@\" >> '{tmp_path}/asked'\necho '{json.dumps(answer)}'\n", "utf-8")
    azure.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    operator.set(AUDIENCE=AUDIENCE, APPROVER=None)
    operator.secrets.append(TOKEN)
    return operator


def platform(*roles: str) -> Twist:
    """Return App Service authentication for somebody with these app roles."""

    def twist(asked: Asked, on: Forward) -> Answered:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answered(
                401, {"www-authenticate": "Bearer"}, b"You do not have permission to view this page."
            )
        return on(_with_principal(asked, *roles))

    return twist


def _with_principal(asked: Asked, *roles: str) -> Asked:
    who = [{"typ": "oid", "val": OID}, {"typ": "preferred_username", "val": NAME}]
    claims = {"auth_typ": "aad", "claims": [*who, *({"typ": "roles", "val": role} for role in roles)]}
    document = base64.b64encode(json.dumps(claims).encode()).decode()
    asked.headers |= {"x-ms-client-principal": document, "x-ms-client-principal-name": NAME}
    return asked


def test_a_decision_is_recorded_under_the_name_of_who_signed_in(signed_in: Operator, tmp_path: Path) -> None:
    """The token is asked for once, for the audience alone; no handshake is asked for."""
    with front(signed_in.url, platform("Sync.Approve")) as url:
        signed_in.set(URL=url)
        run = signed_in("runs", "start", "full", "--yes", "--json", *FAST).json
        gone = signed_in("runs", "discard", run["id"], "--yes", "--reason", "r", "--json")
    assert (gone.code, gone.json["decision"]["by"]) == (0, WHO)
    asked = (tmp_path / "asked").read_text("utf-8").splitlines()
    assert len(asked) == 2, "one for each command"
    assert f"--resource {AUDIENCE}" in asked[0]


def test_who_has_not_the_role_is_refused_with_what_is_missing(signed_in: Operator) -> None:
    """The handshake opens nothing there."""
    with front(signed_in.url, platform()) as url:
        signed_in.set(URL=url)
        run = signed_in("runs", "start", "full", "--yes", "--json", *FAST).json
        refused = signed_in("runs", "discard", run["id"], "--yes", "--reason", "r")
    assert (refused.code, "403 approverRefused" in refused.err, "Sync.Approve" in refused.err) == (
        1,
        True,
        True,
    )


def test_without_a_sign_in_it_is_said_which_option_is_missing(operator: Operator, stack: LocalStack) -> None:
    """The platform's 401 looks like a wrong key's."""
    with front(stack.host.url, platform()) as url:
        operator.set(URL=url)
        refused = operator("runs", "list")
    assert (refused.code, "--audience" in refused.err) == (1, True)


@pytest.mark.parametrize(
    "script", ["exit 127", "echo 'ERROR: AADSTS70043: expired. az login' >&2; exit 1", None]
)
def test_an_azure_cli_that_gives_no_token_is_explained(
    signed_in: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str | None
) -> None:
    """Not there, or not signed in."""
    (tmp_path / "az").unlink()
    if script:
        (tmp_path / "az").write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        (tmp_path / "az").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    refused = signed_in("runs", "list")
    assert (refused.code, "az login" in refused.err) == (1, True)
    assert ("AADSTS70043" in refused.err) == ("AADSTS" in (script or ""))


@pytest.mark.parametrize("roles", [(), ("Sync.Approve",)])
def test_a_sound_platform_is_green(signed_in: Operator, roles: tuple[str, ...]) -> None:
    """Whether the account that proves it may approve or not."""
    with front(signed_in.url, platform(*roles)) as url:
        seen = signed_in(*EASY_AUTH, "--url", url)
    assert (seen.code, seen.failed) == (0, set()), seen.all
    assert seen.lines["easy auth"] == "pass"


def test_an_app_that_believes_the_header_without_the_platform_is_red(operator: Operator) -> None:
    """EASY_AUTH=true where nothing strips the header: anybody could approve."""
    seen = operator(*EASY_AUTH)
    assert (seen.code, "forged principal" in seen.failed) == (1, True)
    assert seen.lines["easy auth"] == "skip"


def _lets_callers_through(asked: Asked, on: Forward) -> Answered:
    if "authorization" in asked.headers:
        return on(_with_principal(asked, "Sync.Approve"))
    asked.headers = {name: text for name, text in asked.headers.items() if not name.startswith("x-ms-")}
    return on(asked)


def _keeps_a_forged_header(*roles: str) -> Twist:
    def twist(asked: Asked, on: Forward) -> Answered:
        if "x-ms-client-principal" in asked.headers and "authorization" in asked.headers:
            return on(asked)
        return platform(*roles)(asked, on)

    return twist


def _admits_nobody(asked: Asked, on: Forward) -> Answered:
    return on(asked) if asked.path == "/api/health" else Answered(401, {}, b"")


@pytest.mark.parametrize(
    ("twist", "red"),
    [
        (_lets_callers_through, {"easy auth"}),
        pytest.param(_keeps_a_forged_header(), {"forged principal"}, id="of-a-reader"),
        pytest.param(_keeps_a_forged_header("Sync.Approve"), {"forged principal"}, id="of-an-approver"),
        (_admits_nobody, {"handshake", "approver", "storage", "dry run", "schedule", "easy auth"}),
    ],
)
def test_a_platform_that_is_off_is_red(signed_in: Operator, twist: Twist, red: set[str]) -> None:
    """It lets callers through unauthenticated, or passes on what they forge, or refuses everybody."""
    with front(signed_in.url, twist) as url:
        seen = signed_in(*EASY_AUTH, "--url", url)
    assert (seen.code, seen.failed) == (1, red), seen.all
