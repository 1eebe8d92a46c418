"""Nothing that opens the app is ever printed: not in errors, not with -v, not when the far end echoes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.stack.local_stack import LocalStack
from dev.tenant import sample
from tests.cli.front import Answered, Asked, front
from tests.cli.operator import Operator

type Forward = Callable[[Asked], Answered]


COMMANDS = [
    ("runs", "list"),
    ("runs", "show"),
    ("runs", "start", "full", "--apply", "--yes", "--no-wait"),
    ("explain", "bo.same@contoso.com"),
    ("push", "--user", "bo.same@contoso.com"),
    ("smoke", "--user", "bo.same@contoso.com"),
]


def _echo(status: int) -> Callable[[Asked, Forward], Answered]:
    def twist(asked: Asked, on: Forward) -> Answered:
        del on
        detail = json.dumps(asked.headers)
        problem = {
            "code": "misconfigured",
            "detail": detail,
            "remedy": detail,
            "runs": [detail],
            "next": detail,
        }
        return Answered.json(status, problem, **{"content-type": "application/problem+json"})

    return twist


def _not_http(asked: Asked, on: Forward) -> Answered:
    del on
    return Answered(200, {"x-broken": "a\x00b"}, json.dumps(asked.headers).encode())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "twist",
    [*(pytest.param(_echo(status), id=str(status)) for status in (200, 401, 500, 503)), _not_http],
)
def test_what_is_echoed_is_not_printed(
    operator: Operator,
    stack: LocalStack,
    twist: Callable[[Asked, Forward], Answered],
    command: tuple[str, ...],
) -> None:
    """A proxy's error page, a debugging server: `operator` looks for every secret in all that is printed."""
    operator.set(KEY="own-host-key-only-of-this-test", HANDSHAKE='quotes "and" backslash \\ in it')
    operator.secrets += ["own-host-key-only-of-this-test", 'quotes "and" backslash', "backslash \\ in it"]
    with front(stack.host.url, twist) as url:
        for options in (("-v",), ("--json", "-v")) if command[0] != "smoke" else (("-v",),):
            assert operator(*command, *options, "--url", url).code in {1, 4}


@pytest.mark.parametrize(
    "arguments",
    [
        ("runs", "list", "--key", sample.APPROVER_HANDSHAKE),
        ("runs", "list", f"--key={sample.APPROVER_HANDSHAKE}"),
        ("runs", "approve", "held", "--message", sample.APPROVER_HANDSHAKE),
        ("runs", "list", "--url", f"https://contoso.azurewebsites.net/api/runs?code={sample.HANDSHAKE}"),
        ("runs", "list", "--url", f"https://key:{sample.HANDSHAKE}@contoso.azurewebsites.net"),
        ("runs", "list", "--url", f"http://contoso.azurewebsites.net/{sample.HANDSHAKE}"),
    ],
)
def test_a_secret_among_the_arguments_is_refused_and_not_repeated(
    operator: Operator, arguments: tuple[str, ...]
) -> None:
    """It stands in the shell's history already; not in a log of ours too."""
    assert operator(*arguments, "-v").code == 2


@pytest.mark.parametrize("broken", ["line\nend", "bell\x07", "  ", "\x1b[31m"])
def test_a_secret_that_no_header_can_carry_is_named_by_its_origin(operator: Operator, broken: str) -> None:
    """The HTTP library's own error would quote it."""
    secret = f"{sample.HANDSHAKE}{broken}{sample.HANDSHAKE}" if broken.strip() else broken
    operator.set(HANDSHAKE=secret)
    seen = operator("push", "--user", "bo.same@contoso.com", "-v")
    assert (seen.code, "MFA_SYNC_HANDSHAKE" in seen.err) == (2, True)


def test_a_fault_of_our_own_tells_its_type_alone(operator: Operator, stack: LocalStack) -> None:
    """And with -v its place, without values."""
    with front(
        stack.host.url, lambda *_: Answered.json(200, {"runs": sample.HANDSHAKE, "next": None})
    ) as url:
        plain = operator("runs", "list", "--url", url)
        detailed = operator("runs", "list", "--url", url, "-v")
    assert (plain.code, "A fault of this program" in plain.err, "runs.py" in plain.err) == (1, True, False)
    assert "runs.py" in detailed.err


def test_what_could_steer_a_terminal_is_not_printed(operator: Operator, stack: LocalStack) -> None:
    """Names and reasons come from others."""
    problem = {"code": "wrongState", "detail": "\x1b[2J\x07\u202egnihton"}
    reply = Answered.json(409, problem, **{"content-type": "application/problem+json"})
    with front(stack.host.url, lambda *_: reply) as url:
        seen = operator("runs", "list", "--url", url)
    assert not any(char in seen.all for char in "\x1b\x07\u202e")


def test_a_redirect_is_not_followed(operator: Operator, stack: LocalStack) -> None:
    """Keys would go where it points."""
    elsewhere: list[str] = []

    def other(asked: Asked, on: Forward) -> Answered:
        elsewhere.append(asked.path)
        return on(asked)

    with front(stack.host.url, other) as trap:
        moved = Answered(307, {"location": f"{trap}/api/runs"}, b"")
        with front(stack.host.url, lambda *_: moved) as url:
            assert operator("runs", "list", "--url", url).code == 1
    assert elsewhere == []


def test_keys_come_from_a_file_that_is_ours_alone(
    operator: Operator, stack: LocalStack, tmp_path: Path
) -> None:
    """Mode 0600, or it is not read; each key by its function, else the host key."""
    keys = tmp_path / "keys.json"
    functions = {"runs_list": stack.host.key("runs_list")}
    keys.write_text(json.dumps({"functions": functions, "approver": sample.APPROVER_HANDSHAKE}), "utf-8")
    operator.set(KEY=None, APPROVER=None)
    keys.chmod(0o640)
    refused = operator("runs", "list", "--key-file", str(keys))
    assert (refused.code, f"chmod 600 {keys}" in refused.err) == (2, True)
    keys.chmod(0o600)
    assert operator("runs", "list", "--key-file", str(keys)).code == 0
    operator.set(KEY_FILE=str(keys))
    missing = operator("explain", "bo.same@contoso.com")
    assert (missing.code, "MFA_SYNC_KEY_EXPLAIN" in missing.err) == (2, True)
    operator.set(KEY_RUNS_LIST="the-wrong-key-in-the-environment")
    wrong = operator("runs", "list")
    assert (wrong.code, "MFA_SYNC_KEY_RUNS_LIST" in wrong.err) == (1, True)
    assert "the-wrong-key" not in wrong.all
