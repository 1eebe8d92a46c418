"""Microsoft's own storage emulator as a process of ours, which can be stopped, started again and frozen."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_HERE = Path(__file__).parent
_PROGRAM = _HERE / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
_ACCOUNT = "devstoreaccount1"
# The emulator's account key, the same on every machine, as published with it.
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
# More than one run of the tests needs.
_OTHERS = [f"account{number}" for number in range(1, 61)]
_SERVICES = ("blob", "queue", "table")
_LISTENS = "Azurite Table service is successfully listening"
# Starting takes about a second; this only ends a wait that would never end.
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.02
_FROM_OURS = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


class AzuriteDidNotStartError(Exception):
    """The emulator is not installed, ended, or said nothing in time; the text is what it wrote."""


class Azurite:
    """Empty storage accounts on this machine. What they hold outlives `stop`, not the `with` block."""

    def __init__(self) -> None:
        self._others = iter(_OTHERS)
        self._exits = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path()
        self._ports: dict[str, int] = {}

    @property
    def connection_string(self) -> str:
        """How the Azure libraries find and enter the account."""
        return self._to(_ACCOUNT)

    def another_account(self) -> str:
        """Return how to enter an account that nobody was given yet, with queues and tables of its own."""
        return self._to(next(self._others))

    def _to(self, account: str) -> str:
        addresses = "".join(
            f"{service.title()}Endpoint=http://127.0.0.1:{port}/{account};"
            for service, port in self._ports.items()
        )
        return f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={_KEY};{addresses}"

    @property
    def pid(self) -> int:
        """The process it runs in, for whoever watches it."""
        if self._process is None:
            raise AzuriteDidNotStartError("Azurite is not running.")
        return self._process.pid

    def __enter__(self) -> Self:
        with ExitStack() as exits:
            folder = tempfile.TemporaryDirectory(prefix="azurite-", ignore_cleanup_errors=True)
            self._folder = Path(exits.enter_context(folder))
            self._ports = dict(zip(_SERVICES, _free_ports(len(_SERVICES)), strict=True))
            exits.callback(self._end, signal.SIGKILL)
            self.start()
            self._exits = exits.pop_all()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exits.close()

    def start(self) -> None:
        """Start it, where it was, with what it held.

        Raises:
            AzuriteDidNotStartError: See there.
        """
        node = shutil.which("node")
        if node is None or not _PROGRAM.exists():
            raise AzuriteDidNotStartError("Azurite is not installed: run `make setup`.")
        # On disk and not in memory: an outage must not cost the account what it held.
        command = [node, "--require", str(_HERE / "preload.js"), str(_PROGRAM)]
        command += ["--location", str(self._folder / "data")]
        command += ["--skipApiVersionCheck", "--disableTelemetry", "--silent"]
        command += [part for name, port in self._ports.items() for part in (f"--{name}Port", str(port))]
        output = self._folder / "output.log"
        with output.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                env={
                    **{name: os.environ[name] for name in _FROM_OURS if name in os.environ},
                    "AZURITE_ACCOUNTS": ";".join(f"{name}:{_KEY}" for name in (_ACCOUNT, *_OTHERS)),
                },
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._await_ready(self._process, output)

    def stop(self) -> None:
        """Make it unreachable, as in an outage; `start` brings it back with what it held."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Let it take connections and answer nothing, as a storage that is too slow."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it answer again, also what was asked in the meantime."""
        self._signal(signal.SIGCONT)

    def _await_ready(self, process: subprocess.Popen[bytes], output: Path) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while _LISTENS not in (said := output.read_text("utf-8", errors="replace")):
            if process.poll() is not None or time.monotonic() > deadline:
                self._end(signal.SIGKILL)
                raise AzuriteDidNotStartError(f"Azurite did not start.\n{said}")
            time.sleep(_LOOK_AGAIN_SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            # Its own group: what it may have started ends and sleeps with it.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _end(self, number: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        self._signal(number)
        self._signal(signal.SIGCONT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            process.wait(_STOP_SECONDS)
        if process.stdin:
            process.stdin.close()
        self._process = None


def _free_ports(count: int) -> list[int]:
    """Return ports that are free now. All are held until the last is found, so that they differ."""
    with ExitStack() as exits:
        sockets = [exits.enter_context(closing(socket.socket())) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
