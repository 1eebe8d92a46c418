"""Starts the host as a process of its own, for tests and demonstrations."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

_ROOT = Path(__file__).parents[2]

# What a process needs from its surroundings whatever its settings are.
_FROM_OURS = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT")

# Loading an app takes about a second; this only ends a wait that would never end.
_START_WITHIN_SECONDS = 60


class HostDidNotStartError(Exception):
    """The host ended, or said nothing in time; the text is what it wrote."""


class FunctionsHost:
    """A host that serves an app folder while the `with` block runs.

    It is always a process of its own, because the worker library takes one app in the life of a process.
    """

    def __init__(
        self,
        app_folder: Path | str,
        *,
        environment: Mapping[str, str] | None = None,
        keys: Mapping[str, str] | None = None,
        host_key: str | None = None,
        port: int = 0,
    ) -> None:
        self._app_folder = Path(app_folder).resolve()
        self._environment = dict(environment or {})
        self._given_keys = {"functions": dict(keys or {}), **({"host": host_key} if host_key else {})}
        self._port = port
        self._ready_line = ""
        self._last_output: str | None = None
        self._keys: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None
        self._url = ""
        self.host_key = ""

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
        # Keys go through a file, because anyone may read a command line.
        keys_path = Path(self._folder.name, "keys.json")
        keys_path.touch(mode=0o600)
        keys_path.write_text(json.dumps(self._given_keys), "utf-8")
        command = [sys.executable, "-m", "dev.functions_host", "--app", str(self._app_folder)]
        command += ["--port", str(self._port), "--keys", str(keys_path)]
        ours = {name: os.environ[name] for name in _FROM_OURS if name in os.environ}
        with self._log_path.open("w") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                cwd=_ROOT,
                env={**ours, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._ready_line = self._first_line(self._process)
        if not self._ready_line:
            code = self._process.wait()
            raise HostDidNotStartError(f"The host ended with status {code}.\n{self.output()}")
        self._url = json.loads(self._ready_line)["url"]
        keys = json.loads(keys_path.read_text("utf-8"))
        self.host_key = keys["host"]
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
        process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
        # What it wrote stays readable after the end, as a test may look for leaks only then.
        self._last_output = self.output()
        self._folder.cleanup()
