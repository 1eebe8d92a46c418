"""Starts the host as a process of its own, for tests and demonstrations."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_ROOT = Path(__file__).parents[2]

# What a process needs from its surroundings whatever its settings are.
_FROM_OURS = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT")

# Loading an app takes about a second; this only ends a wait that would never end.
_START_WITHIN_SECONDS = 60
# Beyond the time of grace for what runs; a host ends itself before that (`handle_exit`).
_STOP_WITHIN_SECONDS = 10
# A timer of ours begins work and does not do it.
_TIMER_WITHIN_SECONDS = 120
_LOOK_AGAIN_SECONDS = 0.02


class HostDidNotStartError(Exception):
    """The host ended, or said nothing in time; the text is what it wrote."""


class NotWrittenError(Exception):
    """The host did not write what was waited for; the text is what it wrote."""


@dataclass(frozen=True)
class HostOptions:
    """How a host runs what is not HTTP.

    With `timers` off a timer runs on demand only. A message is hidden from others for `lease_seconds`,
    renewed at half of it (None: ten minutes, as in Azure). `max_polling_seconds` goes before
    maxPollingInterval of host.json, `visibility_seconds` before its visibilityTimeout,
    `function_timeout_seconds` before its functionTimeout. When the host is told to stop, what runs may take
    `grace_seconds` more.
    """

    timers: bool = True
    lease_seconds: int | None = None
    max_polling_seconds: float | None = None
    visibility_seconds: int | None = None
    function_timeout_seconds: float | None = None
    grace_seconds: int = 5

    def arguments(self) -> list[str]:
        """The options as the command takes them."""
        arguments = ["--grace-seconds", str(self.grace_seconds)]
        if not self.timers:
            arguments.append("--no-timers")
        given = {
            "--lease-seconds": self.lease_seconds,
            "--max-polling-seconds": self.max_polling_seconds,
            "--visibility-seconds": self.visibility_seconds,
            "--function-timeout-seconds": self.function_timeout_seconds,
        }
        for name, value in given.items():
            if value is not None:
                arguments += [name, str(value)]
        return arguments


class FunctionsHost:
    """A host that serves an app folder while the `with` block runs.

    It is always a process of its own, because the worker library takes one app in the life of a process.
    Several hosts may share a storage account, as instances do in Azure; only one should run timers then.
    """

    def __init__(
        self,
        app_folder: Path | str,
        *,
        environment: Mapping[str, str] | None = None,
        keys: Mapping[str, str] | None = None,
        host_key: str | None = None,
        port: int = 0,
        options: HostOptions | None = None,
    ) -> None:
        self._app_folder = Path(app_folder).resolve()
        self._environment = dict(environment or {})
        self._given_keys = {"functions": dict(keys or {}), **({"host": host_key} if host_key else {})}
        self._port = port
        self._options = options or HostOptions()
        self._ready_line = ""
        self._last_output: str | None = None
        self._keys: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None
        self._url = ""
        self.host_key = ""
        self.master_key = ""

    @property
    def url(self) -> str:
        """Where it serves, without a slash at the end: http://127.0.0.1:49152."""
        return self._url

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the app's functions, of whatever trigger."""
        return tuple(self._keys)

    @property
    def pid(self) -> int:
        """The process it runs in, for whoever measures it."""
        if self._process is None:
            raise HostDidNotStartError("The host is not running.")
        return self._process.pid

    def key(self, function_name: str) -> str:
        """The key of one function."""
        return self._keys[function_name]

    def kill(self) -> None:
        """End the host and all it started at once, as a crash would: nothing is finished or given back."""
        if self._process is not None:
            # It has been waited for only if it ended itself; until then nobody else has its number.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_STOP_WITHIN_SECONDS)

    def restart(self) -> None:
        """Stop the host, unless it has ended, and start it again with the same address, keys and output."""
        self._end_process()
        self._start()

    def run_timer(self, name: str, *, past_due: bool = False) -> bool:
        """Run a timer now and wait for its end, whether the clock is on or off; whether it succeeded.

        Raises:
            LookupError: If the app has no such timer, or it is in error.
            HostDidNotStartError: If the host is not running, or ended meanwhile.
            TimeoutError: If the function has not ended within two minutes.
        """
        import httpx  # noqa: PLC0415 - most who start a host do not need it here

        try:
            answer = httpx.post(
                f"{self.url}/admin/functions/{name}",
                params={"wait": "true"},
                headers={"x-functions-key": self.master_key},
                json={"input": json.dumps({"IsPastDue": past_due})},
                timeout=_TIMER_WITHIN_SECONDS,
                trust_env=False,
            )
        except httpx.TimeoutException:
            raise TimeoutError(f"{name} did not end in {_TIMER_WITHIN_SECONDS} s.\n{self.output()}") from None
        except httpx.TransportError as error:
            raise HostDidNotStartError(f"The host is not there.\n{self.output()}") from error
        if answer.is_error:
            raise LookupError(f"The host runs no function {name} on demand: status {answer.status_code}.")
        return bool(answer.json()["succeeded"])

    def await_output(self, text: str, times: int = 1, *, within_seconds: float = 60) -> str:
        """Wait until a text has been written so many times, and give the whole output.

        Raises:
            NotWrittenError: If the host ends before, or takes longer.
        """
        deadline = time.monotonic() + within_seconds
        while True:
            ended = self._process is None or self._process.poll() is not None
            output = self.output()
            if output.count(text) >= times:
                return output
            if ended or time.monotonic() > deadline:
                raise NotWrittenError(f"{text!r} was not written {times} times.\n{output}")
            time.sleep(_LOOK_AGAIN_SECONDS)

    def output(self) -> str:
        """All that the host and the functions have written so far, standard output and error alike."""
        if self._last_output is not None:
            return self._last_output
        return self._ready_line + self._log_path.read_text("utf-8", errors="replace")

    def __enter__(self) -> Self:
        self._last_output = None
        self._folder = tempfile.TemporaryDirectory(prefix="functions-host-", ignore_cleanup_errors=True)
        self._log_path = Path(self._folder.name, "output.log")
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def _start(self) -> None:
        # Keys go through a file, because anyone may read a command line. A second start finds them there.
        keys_path = Path(self._folder.name, "keys.json")
        if not keys_path.exists():
            keys_path.touch(mode=0o600)
            keys_path.write_text(json.dumps(self._given_keys), "utf-8")
        command = [sys.executable, "-m", "dev.functions_host", "--app", str(self._app_folder)]
        command += ["--port", str(self._port), "--keys", str(keys_path), "--until-input-ends"]
        command += self._options.arguments()
        ours = {name: os.environ[name] for name in _FROM_OURS if name in os.environ}
        with self._log_path.open("a") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                cwd=_ROOT,
                env={**ours, **self._environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # A group of its own, which can be killed as one.
                process_group=0,
            )
        self._ready_line = self._first_line(self._process)
        if not self._ready_line:
            code = self._process.wait(_STOP_WITHIN_SECONDS)
            raise HostDidNotStartError(f"The host ended with status {code}.\n{self.output()}")
        self._url = json.loads(self._ready_line)["url"]
        self._port = int(self._url.rpartition(":")[2])
        keys = json.loads(keys_path.read_text("utf-8"))
        self.host_key, self.master_key = keys["host"], keys["master"]
        self._keys = keys["functions"]

    def _first_line(self, process: subprocess.Popen[str]) -> str:
        # Reading ends with the line, or with the process: killing it in time bounds the wait.
        deadline = threading.Timer(_START_WITHIN_SECONDS, process.kill)
        deadline.start()
        try:
            return process.stdout.readline() if process.stdout else ""
        finally:
            deadline.cancel()

    def _stop(self) -> None:
        self._end_process()
        # What it wrote stays readable after the end, as a test may look for leaks only then.
        self._last_output = self.output()
        self._folder.cleanup()

    def _end_process(self) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(self._options.grace_seconds + _STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
