"""One app in the real worker library: indexed once, then invoked by function."""

import asyncio
import json
import logging
import os
import sys
import uuid
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as runtime
from azure_functions_runtime.bindings.datumdef import Datum
from azure_functions_runtime.native_invocation import invocation_request_native

from dev.functions_host import worker_protocol

_log = logging.getLogger("Host.Worker")


class IndexingError(Exception):
    """The app could not be loaded; the text is the one a deployment would show."""


@dataclass(frozen=True)
class Function:
    """A function as its decorators declare it."""

    name: str
    identifier: str
    trigger: Mapping[str, Any]
    outputs: tuple[Mapping[str, Any], ...]

    @property
    def trigger_type(self) -> str:
        """The kind of trigger, such as httpTrigger, timerTrigger or queueTrigger."""
        return str(self.trigger["type"])


@dataclass(frozen=True)
class Invocation:
    """One call of one function."""

    function_name: str
    trace_parent: str = ""
    trace_state: str = ""
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Outcome:
    """What an invocation gave: values by binding name, or the exception as text."""

    values: Mapping[str, Any]
    error: str | None = None


# Handlers that are coroutines see the first; those in the thread pool see the library's own variable
# instead, and the table turns its identifier into a name.
_current: ContextVar[Invocation | None] = ContextVar("invocation", default=None)
_running: dict[str, Invocation] = {}


def current_invocation() -> Invocation | None:
    """The invocation on whose behalf the calling code runs, for log lines."""
    return _current.get() or _running.get(runtime.invocation_id_cv.get() or "")


def _function(metadata: Any) -> Function:
    bindings = [json.loads(text) for text in metadata.raw_bindings]
    return Function(
        name=metadata.name,
        identifier=metadata.function_id,
        trigger=next(binding for binding in bindings if binding["type"].lower().endswith("trigger")),
        outputs=tuple(binding for binding in bindings if binding["direction"].upper() == "OUT"),
    )


class Worker:
    """The worker library with one app in it; it can be started once in the life of a process."""

    async def start(self, app_folder: Path) -> list[Function]:
        """Load and index the app.

        Raises:
            IndexingError: With the library's own words, if the app cannot be loaded.
        """
        # Azure starts the worker in the app's folder with the app first on the path; the library itself
        # arranges for neither.
        os.chdir(app_folder)
        sys.path.insert(0, str(app_folder))
        runtime.start_threadpool_executor()
        properties = {"host": "127.0.0.1", "protos": worker_protocol}
        started = await runtime.worker_init_request(
            SimpleNamespace(
                properties=properties,
                request=SimpleNamespace(
                    worker_init_request=SimpleNamespace(
                        function_app_directory=str(app_folder), capabilities={}
                    )
                ),
            )
        )
        if started.result.status != worker_protocol.StatusResult.Success:
            raise IndexingError(started.result.exception.message)
        found = await runtime.functions_metadata_request(
            SimpleNamespace(properties=properties, request=SimpleNamespace())
        )
        if not found.function_metadata_results:
            raise IndexingError(f"No functions found: is there a function_app.py in {app_folder}?")
        return [_function(metadata) for metadata in found.function_metadata_results]

    async def invoke(
        self,
        function: Function,
        invocation: Invocation,
        trigger: Datum,
        metadata: Mapping[str, Datum] | None = None,
    ) -> Outcome:
        """Run one function on one trigger value. An exception that it raises is in the outcome, not thrown.

        Whatever else ends it is never answered, as seen on host 4.1037: the library catches `Exception`
        alone, and the host waits for its answer until functionTimeout.
        """
        token = _current.set(invocation)
        _running[invocation.identifier] = invocation
        try:
            succeeded, returned, outputs, error, _ = await invocation_request_native(
                invocation.identifier,
                function.identifier,
                [(function.trigger["name"], trigger)],
                dict(metadata or {}),
                invocation.trace_parent,
                invocation.trace_state,
            )
        except BaseException as ended:
            # Our own task being cancelled means that the host is stopping, or that the time is over.
            task = asyncio.current_task()
            if isinstance(ended, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            _log.error("%s ended '%s', which nothing answers", type(ended).__name__, function.name)
            await asyncio.Event().wait()
            raise
        finally:
            del _running[invocation.identifier]
            _current.reset(token)
        if not succeeded:
            return Outcome({}, error)
        return Outcome({"$return": returned, **dict(outputs)})

    def stop(self) -> None:
        """Let the thread pool finish."""
        runtime.stop_threadpool_executor()
