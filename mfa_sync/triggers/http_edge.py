"""Between the Functions library and the work: any handler's outcome becomes one HTTP answer."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func

from mfa_sync.telemetry.events import Event, record
from mfa_sync.triggers.ending import CALL_SECONDS, said
from mfa_sync.triggers.run_queue import Messages, send

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from mfa_sync.api.contract.answers import Answer
    from mfa_sync.api.worker import Call


# No route knows more than a handful; a server's own limits let tens of thousands through.
MOST_QUERY_NAMES = 100


async def respond(
    request: func.HttpRequest,
    use_case: Callable[[Call], Coroutine[Any, Any, Answer]],
    nudges: Messages | None = None,
    *,
    is_push: bool = False,
) -> func.HttpResponse:
    """Return what a use case answers; a problem document if it cannot, whatever ended it.

    Its nudge goes to the queue.
    """
    from mfa_sync.api.contract.problems import RequestError, internal_error, problem
    from mfa_sync.api.worker import Call
    from mfa_sync.composition import worker
    from shared.clock import Deadline
    from shared.errors import Problem, SyncError

    stopped = Event.PUSH_STOPPED if is_push else Event.CALL_STOPPED
    run_id = request.route_params.get("runId") or ""
    try:
        call = Call(worker(), request.headers, _query(request), request.get_body(), run_id)
        answer = await Deadline.after(call.worker.clock, CALL_SECONDS).within(use_case(call))
    except SyncError as error:
        record(stopped, code=error.code.value, detail=error.detail)
        answer = problem(error)
    except RequestError as error:
        record(stopped, level=logging.INFO, code=error.code.value)
        answer = problem(error)
    except BaseException as error:  # noqa: BLE001  what is not answered ends the worker
        record(stopped, code=Problem.INTERNAL_ERROR.value, detail=said(error))
        answer = internal_error()
    if nudges is not None and answer.nudge is not None:
        send([answer.nudge], nudges)
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store", **answer.headers}
    return func.HttpResponse(
        json.dumps(answer.plain()),  # in ASCII: an echoed key may hold half a surrogate pair
        status_code=answer.status.value,
        headers=headers,
        mimetype=headers["Content-Type"],
        charset="utf-8",
    )


def _query(request: func.HttpRequest) -> dict[str, str]:
    """Return every query name of the address, also those without a value and those given twice.

    The host leaves empty ones out of `params`, and then `?dryRun=` would write.

    Raises:
        RequestError: 422; there are more than anybody sends.
    """
    from mfa_sync.api.contract.problems import RequestError

    query, given = urlsplit(request.url).query, dict[str, list[str]]()
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_QUERY_NAMES)
    except ValueError:
        raise RequestError.invalid(f"The query holds over {MOST_QUERY_NAMES} names.") from None
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    return {**request.params, **{name: ",".join(values) for name, values in given.items()}}
