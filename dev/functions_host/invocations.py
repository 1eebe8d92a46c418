"""One invocation from its first log line to its last: the function runs, then its outputs are sent."""

import asyncio
import logging
import time
from collections.abc import Mapping

from azure_functions_runtime.bindings.datumdef import Datum

from dev.functions_host.queue_output import OutputError, QueueOutputs
from dev.functions_host.worker import Function, Invocation, Outcome, Worker


class Invocations:
    """Runs functions for every kind of trigger."""

    def __init__(self, worker: Worker, outputs: QueueOutputs, timeout_seconds: float) -> None:
        self._worker = worker
        self._outputs = outputs
        self._timeout_seconds = timeout_seconds

    async def run(
        self,
        invocation: Invocation,
        function: Function,
        trigger: Datum,
        metadata: Mapping[str, Datum] | None = None,
        reason: str = "",
    ) -> Outcome:
        """Run one function on one value. An output that cannot be sent fails it; nothing is thrown."""
        log = logging.getLogger(f"Function.{function.name}")
        said = f"Reason='{reason}', " if reason else ""
        log.info("Executing 'Functions.%s' (%sId=%s)", function.name, said, invocation.identifier)
        began = time.monotonic()
        try:
            outcome = await self._within_the_timeout(invocation, function, trigger, metadata)
        except asyncio.CancelledError:
            log.warning("Abandoned 'Functions.%s' (Id=%s): stopping", function.name, invocation.identifier)
            raise
        # The library has already logged the traceback.
        log.log(
            logging.ERROR if outcome.error else logging.INFO,
            "Executed 'Functions.%s' (%s, Id=%s, Duration=%dms)%s",
            function.name,
            "Failed" if outcome.error else "Succeeded",
            invocation.identifier,
            (time.monotonic() - began) * 1000,
            f": {outcome.error}" if outcome.error else "",
        )
        return outcome

    async def _within_the_timeout(
        self, invocation: Invocation, function: Function, trigger: Datum, metadata: Mapping[str, Datum] | None
    ) -> Outcome:
        """Run the function and send its outputs, both within functionTimeout."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                outcome = await self._worker.invoke(function, invocation, trigger, metadata)
                return outcome if outcome.error else await self._with_outputs_sent(function, outcome)
        except TimeoutError:
            # In Azure the worker is ended then, and with it whatever else runs there.
            return Outcome({}, f"FunctionTimeoutException: over {self._timeout_seconds:g} seconds")

    async def _with_outputs_sent(self, function: Function, outcome: Outcome) -> Outcome:
        try:
            await self._outputs.send(function.name, outcome.values)
        except OutputError as error:
            return Outcome({}, str(error))
        return outcome
