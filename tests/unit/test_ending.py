"""A function that would never end is ended in time, and whoever waits for it hears of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest

from mfa_sync import composition
from mfa_sync.triggers import ending, http_edge, run_queue
from mfa_sync.triggers.ending import EndedError, failing
from shared.clock import SystemClock
from shared.errors import Problem, TransientError

pytestmark = pytest.mark.timeout(30)


class Endless:
    """Runs that are never found."""

    async def get(self, run_id: str) -> None:
        """Wait for ever."""
        del run_id
        await asyncio.Event().wait()


async def test_a_message_whose_function_never_ends_fails_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the host ends the worker with all that runs there."""
    monkeypatch.setattr(ending, "BACKGROUND_SECONDS", 0)
    monkeypatch.setattr(composition, "worker", lambda: SimpleNamespace(runs=Endless()))
    handler: Callable[..., Awaitable[None]] = run_queue.run_poison.build().get_user_function()
    body = b'{"v": 1, "run": "20261124T020000Z-full", "step": 3}'
    with pytest.raises(EndedError, match="TimeoutError in "):
        await handler(message=func.QueueMessage(body=body))


async def test_a_call_that_never_ends_is_answered_in_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As a fault of ours; its work is ended."""
    is_ended = False

    async def endless(call: Any) -> Any:
        nonlocal is_ended
        try:
            await asyncio.Event().wait()
        finally:
            is_ended = call is not None

    monkeypatch.setattr(http_edge, "CALL_SECONDS", 0)
    monkeypatch.setattr(composition, "worker", lambda: SimpleNamespace(clock=SystemClock()))
    caplog.set_level(logging.INFO)
    request = func.HttpRequest(method="GET", url="/api/runs", body=b"")
    answer = await http_edge.respond(request, endless)
    assert (answer.status_code, is_ended) == (500, True)
    assert "TimeoutError in " in caplog.text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("the password is Winter2026"), r"ValueError in .*ends:\d+$"),
        (
            TransientError(Problem.STORAGE_UNAVAILABLE, "The storage is out of reach.", retry_after=1),
            "storageUnavailable: The storage is out of reach.",
        ),
    ],
)
async def test_what_a_function_fails_with_names_no_secret(error: Exception, said: str) -> None:
    """The host writes an exception's text twice; ours alone are known to be free of secrets."""

    @failing
    async def ends() -> None:
        raise error

    with pytest.raises(EndedError, match=said) as ended:
        await ends()
    assert (ended.value.__suppress_context__, ended.value.__cause__) == (True, None)
