"""The functions of an app, each with what triggers it; those with a faulty binding are left out."""

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from azure_functions_runtime.bindings.datumdef import Datum

from dev.functions_host.binding_settings import BindingError, connection_string, queue_name, resolved
from dev.functions_host.invocations import Invocations
from dev.functions_host.queue_output import QueueOutputs
from dev.functions_host.queue_settings import QueueSettings
from dev.functions_host.queue_trigger import QueueTrigger
from dev.functions_host.schedule import Schedule
from dev.functions_host.storage_queue import StorageQueue
from dev.functions_host.timer_trigger import TimerOptions, TimerTrigger
from dev.functions_host.worker import Function, Invocation, Worker

_log = logging.getLogger("Host.Startup")

_LONGEST_NAME = 63


class Trigger(Protocol):
    """What runs one function by itself."""

    async def start(self) -> None:
        """Begin."""
        ...

    async def stop(self, grace_seconds: float) -> None:
        """Begin nothing new, and give what runs so long to finish."""
        ...

    async def run_now(self, text: str) -> bool:
        """Run the function out of turn on this text; whether it succeeded."""
        ...


@dataclass(frozen=True)
class TriggerOptions:
    """What the host was told on its command line."""

    queues: QueueSettings
    function_timeout: float
    clocked: bool = True


class Triggers:
    """All functions that this host serves."""

    def __init__(self, worker: Worker, functions: Iterable[Function], options: TriggerOptions) -> None:
        """Take the app's functions; what is wrong with one is logged, and the others are served."""
        self._options = options
        self._queues: dict[tuple[str, str], StorageQueue] = {}
        self._output_queues: dict[tuple[str, str], StorageQueue | BindingError] = {}
        self.invocations = Invocations(
            worker, QueueOutputs(self._output_queues, encode=options.queues.base64), options.function_timeout
        )
        self._by_function: dict[str, Trigger] = {}
        self._on_demand: set[asyncio.Task[bool]] = set()
        self.indexed = list(functions)
        self.functions: list[Function] = []
        self.http_functions: list[Function] = []
        for function in self.indexed:
            try:
                self._add(function)
                self.functions.append(function)
            except BindingError as error:
                _log.error("The '%s' function is in error: %s", function.name, error)

    def __contains__(self, function_name: str) -> bool:
        """Whether it can run on demand."""
        return function_name in self._by_function

    async def start(self) -> None:
        """Begin to listen, and let the clocks run."""
        await asyncio.gather(*(trigger.start() for trigger in self._by_function.values()))

    async def stop(self, grace_seconds: float) -> None:
        """Begin nothing new; what runs may take so long, then it is abandoned."""
        _log.info("Stopping: what runs may take %s seconds more", grace_seconds)
        stopping = [trigger.stop(grace_seconds) for trigger in self._by_function.values()]
        if self._on_demand:
            stopping.append(self._stop_on_demand(grace_seconds))
        await asyncio.gather(*stopping)
        for queue in self._queues.values():
            await asyncio.to_thread(queue.close)

    def run_now(self, function_name: str, text: str) -> asyncio.Task[bool]:
        """Run a function out of turn; the task tells whether it succeeded."""
        task = asyncio.create_task(self._by_function[function_name].run_now(text))
        self._on_demand.add(task)
        task.add_done_callback(self._on_demand.discard)
        return task

    async def _stop_on_demand(self, grace_seconds: float) -> None:
        _, late = await asyncio.wait(self._on_demand, timeout=grace_seconds)
        for task in late:
            task.cancel()

    def _add(self, function: Function) -> None:
        outputs = self._outputs(function)
        match function.trigger_type:
            case "httpTrigger":
                self.http_functions.append(function)
            case "queueTrigger":
                self._by_function[function.name] = self._queue_trigger(function)
            case "timerTrigger":
                self._by_function[function.name] = self._timer_trigger(function)
            case other:
                _log.warning(
                    "%s has a %s, which this host does not serve: it will not run.", function.name, other
                )
        self._output_queues.update(outputs)

    def _outputs(self, function: Function) -> dict[tuple[str, str], StorageQueue | BindingError]:
        """The queue of each output; what is wrong with one fails the function only when it sets something."""
        found: dict[tuple[str, str], StorageQueue | BindingError] = {}
        for output in function.outputs:
            key = function.name, output["name"]
            if output["type"] == "queue":
                try:
                    name = queue_name(output, os.environ)
                    found[key] = self._queue(connection_string(output, os.environ), name)
                except BindingError as error:
                    found[key] = error
            elif output["type"] != "http":
                _log.warning(
                    "%s writes to a %s binding, which this host does not serve: it is dropped.",
                    function.name,
                    output["type"],
                )
        return found

    def _queue_trigger(self, function: Function) -> QueueTrigger:
        account = connection_string(function.trigger, os.environ)
        name = queue_name(function.trigger, os.environ)
        poison = f"{name}-poison"
        has_poison = not name.endswith("-poison") and len(poison) <= _LONGEST_NAME

        async def invoke(value: Datum, metadata: Mapping[str, Datum], reason: str) -> bool:
            return await self._succeeds(function, value, metadata, reason)

        return QueueTrigger(
            self._queue(account, name),
            self._queue(account, poison) if has_poison else None,
            invoke,
            self._options.queues,
            as_bytes=str(function.trigger.get("dataType", "")).upper() == "BINARY",
        )

    def _timer_trigger(self, function: Function) -> TimerTrigger:
        binding = function.trigger

        async def invoke(value: Datum, reason: str) -> bool:
            return await self._succeeds(function, value, {}, reason)

        return TimerTrigger(
            function.name,
            Schedule.parse(resolved(str(binding.get("schedule", "")), os.environ)),
            invoke,
            TimerOptions(
                run_on_startup=binding.get("runOnStartup") is True,
                use_monitor=binding.get("useMonitor") is not False,
                clocked=self._options.clocked,
            ),
        )

    async def _succeeds(
        self, function: Function, value: Datum, metadata: Mapping[str, Datum], reason: str
    ) -> bool:
        invocation = Invocation(function.name)
        return (await self.invocations.run(invocation, function, value, metadata, reason)).error is None

    def _queue(self, account: str, name: str) -> StorageQueue:
        # One object for each queue, so that who puts a message there wakes who listens.
        return self._queues.setdefault((account, name), StorageQueue(account, name))
