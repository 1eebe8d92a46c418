"""Between the Functions library and the work: which event a problem is, and what leaves as text."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable

import azure.functions as func
import pytest

from mfa_sync import composition
from mfa_sync.triggers import reads_http, runs_http, sync_http
from shared.errors import SettingsError

type Function = Callable[..., Awaitable[func.HttpResponse]]

RUN = "20261124T020000Z-push-0a1b2c3d"


class Sent:
    """What a function would send to the queue: nothing, where a call is stopped."""

    def set(self, texts: list[str]) -> None:
        """Refuse to send."""
        raise AssertionError(texts)


def asked(method: str, run_id: str | None = None, body: bytes = b"") -> func.HttpRequest:
    """Return a request."""
    route = {"runId": run_id} if run_id else {}
    return func.HttpRequest(method=method, url="/api/anything", route_params=route, body=body)


CALLS: list[tuple[object, str, tuple[object, ...], str]] = [
    (sync_http, "mfa_sync", (asked("POST"), Sent()), "push.stopped"),
    (sync_http, "mfa_sync", (asked("GET", RUN), Sent()), "call.stopped"),
    (reads_http, "explain", (asked("POST"),), "call.stopped"),
    (runs_http, "runs_list", (asked("GET"),), "call.stopped"),
    (runs_http, "runs_approve", (asked("POST", RUN), Sent()), "call.stopped"),
]


@pytest.mark.parametrize(("module", "name", "given", "event"), CALLS)
async def test_only_a_push_is_logged_as_a_stopped_push(
    module: object,
    name: str,
    given: tuple[object, ...],
    event: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An alert on pushes must not ring for an operator's slip."""

    def broken() -> None:
        raise SettingsError(("TENANT_ID: is missing",))

    monkeypatch.setattr(composition, "worker", broken)
    caplog.set_level(logging.INFO)
    function: Function = getattr(module, name).build().get_user_function()
    answer = await function(*given)
    assert (answer.status_code, json.loads(answer.get_body())["code"]) == (500, "misconfigured")
    assert [one.getMessage().partition(" ")[0] for one in caplog.records] == [event]


@pytest.mark.parametrize(("method", "run_id", "allowed"), [("GET", None, "POST"), ("POST", RUN, "GET")])
async def test_a_method_that_does_not_fit_the_path_is_not_allowed(
    method: str, run_id: str | None, allowed: str
) -> None:
    """One function answers two routes, and each knows one method."""
    function: Function = sync_http.mfa_sync.build().get_user_function()
    answer = await function(asked(method, run_id), Sent())
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
