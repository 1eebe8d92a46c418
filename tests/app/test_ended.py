"""Whatever ends a function, the host is answered: what is not answered costs ten minutes and the worker."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from azure.storage.queue import QueueClient

from dev.azurite import Azurite
from dev.functions_host import FunctionsHost, HostOptions

FOLDER = Path(__file__).parent / "ended"
RUN = "20261124T020000Z-full"
ROUTES = [
    ("mfa_sync", "POST", "mfa-sync"),
    ("mfa_sync", "GET", f"mfa-sync/{RUN}"),
    ("explain", "POST", "explain"),
    ("runs_list", "GET", "runs"),
    ("runs_start", "POST", "runs"),
    ("runs_read", "GET", f"runs/{RUN}"),
    ("runs_approve", "POST", f"runs/{RUN}/approve"),
    ("runs_discard", "POST", f"runs/{RUN}/discard"),
    ("runs_stop", "POST", f"runs/{RUN}/stop"),
]


@pytest.fixture(
    scope="module",
    params=["CancelledError", "SystemExit", "KeyboardInterrupt", "GeneratorExit", "RecursionError"],
)
def ended(
    request: pytest.FixtureRequest, steady_azurite: Azurite
) -> Iterator[tuple[FunctionsHost, str, str]]:
    """The app's own functions in a host that ends what is never answered after half a minute."""
    account = steady_azurite.another_account()
    environment = {"AzureWebJobsStorage": account, "ENDED": request.param}
    options = HostOptions(
        timers=False, max_polling_seconds=0.1, visibility_seconds=0, function_timeout_seconds=30
    )
    for name in ("mfa-sync-runs", "mfa-sync-runs-poison"):
        with QueueClient.from_connection_string(account, name) as queue:
            queue.create_queue()
    with FunctionsHost(FOLDER, environment=environment, options=options) as host:
        yield host, request.param, account
    assert "a secret that an exception's text may hold" not in host.output()


@pytest.mark.parametrize(("function", "method", "path"), ROUTES)
def test_a_call_is_answered_whatever_ends_it(
    ended: tuple[FunctionsHost, str, str], function: str, method: str, path: str
) -> None:
    """As a fault of ours, whose type and place stand in the log alone."""
    host, end, _ = ended
    answer = httpx.request(
        method,
        f"{host.url}/api/{path}",
        headers={"x-functions-key": host.key(function)},
        content=b"[]" if method == "POST" else None,
        trust_env=False,
        timeout=60,
    )
    assert (answer.status_code, '"code": "internalError"' in answer.text) == (500, True), answer.text
    assert f"{end} in _ended" in host.output()


def test_a_message_fails_whatever_ends_its_function(ended: tuple[FunctionsHost, str, str]) -> None:
    """It comes again, as often as the queue tries, and is then the poison queue's, which fails likewise."""
    host, end, account = ended
    message = base64.b64encode(f'{{"v": 1, "run": "{RUN}", "step": 1}}'.encode()).decode()
    with QueueClient.from_connection_string(account, "mfa-sync-runs") as queue:
        queue.send_message(message)
    host.await_output("Executed 'Functions.run_step' (Failed", 5)
    output = host.await_output("Executed 'Functions.run_poison' (Failed")
    assert f"{end} in _ended" in output
    assert "FunctionTimeoutException" not in output


@pytest.mark.parametrize("timer", ["sweep", "watchdog"])
def test_a_timer_fails_whatever_ends_its_function(ended: tuple[FunctionsHost, str, str], timer: str) -> None:
    """At once: until then it would hold up its own next time."""
    host, _, _ = ended
    assert host.run_timer(timer) is False
    assert "FunctionTimeoutException" not in host.output()
