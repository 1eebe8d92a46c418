"""The emulated cloud in processes of its own, so that a contender's CPU is the contender's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dev.azurite import Azurite
from dev.stack.local_stack import ROOT, example_settings
from dev.tenant import sample
from dev.tenant.control_client import TenantControl

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
# Ends a measurement that would never end.
_CONTENDER_SECONDS = 1800.0
_LOOK_AGAIN_SECONDS = 0.05
_COMPLAINT = 2000
_REGISTERED = "+46701740699"


class Cloud:
    """Tenant and storage, up while the `with` block runs."""

    def __init__(self) -> None:
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as exits:
            folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            ready = folder / "ready.json"
            tenant = subprocess.Popen(  # noqa: S603  our own program
                [sys.executable, "-m", "dev.tenant", "--port-file", str(ready)],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
            )
            exits.callback(_end, tenant)
            said = _await(ready, tenant)
            self.control = exits.enter_context(TenantControl(said["controlUrl"]))
            storage = exits.enter_context(Azurite()).connection_string
            self.environment = {
                name: value for name, value in os.environ.items() if name not in said["remove"]
            } | said["environment"]
            self.settings = {**example_settings(), "AzureWebJobsStorage": storage}
            self.settings["MAX_USERS_PER_NUMBER"] = "1000000"  # fictional numbers are few
            self._exits = exits.pop_all()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exits.close()

    def add_people(self, count: int, *, agree: bool) -> list[str]:
        """Add people whose phone agrees with the attribute or differs from it, and return their ids."""
        numbers = [f"+4670174{605 + index % 90:04}" for index in range(count)]
        people = [
            {
                "id": str(uuid.uuid4()),
                "upn": f"bench.{uuid.uuid4().hex[:12]}@contoso.com",
                "attribute": number,
                "phones": {"mobile": {"number": number if agree else _REGISTERED}},
                "methods": ["password", "microsoftAuthenticator"],
            }
            for number in numbers
        ]
        self.control.seed(people=people)
        return [str(person["id"]) for person in people]

    def start(self, program: Sequence[str], **job: Any) -> Contender:
        """Start a contender with a job."""
        access = {
            "tenantId": sample.TENANT_ID,
            "clientId": sample.CLIENT_ID,
            "clientSecret": sample.CLIENT_SECRET,
            "username": sample.SERVICE_ACCOUNT,
            "password": sample.PASSWORD,
            "handshake": sample.HANDSHAKE,
        }
        return Contender(program, self.environment, {"access": access, "settings": self.settings, **job})

    def run(self, program: Sequence[str], **job: Any) -> Any:
        """Run a contender and return what it found."""
        return self.start(program, **job).result()


class Contender:
    """A program in a process of its own that reads a job as JSON and writes what it found as JSON."""

    def __init__(self, program: Sequence[str], environment: dict[str, str], job: dict[str, Any]) -> None:
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed by `result`
        self._process = subprocess.Popen(  # noqa: S603  our own programs
            program,
            cwd=ROOT,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
        )
        assert self._process.stdin  # noqa: S101  it is a pipe
        with self._process.stdin as stdin:
            json.dump(job, stdin)

    def result(self) -> Any:
        """Wait for the end and return what was found.

        Raises:
            RuntimeError: It failed; the text is what it complained of last.
        """
        assert self._process.stdout  # noqa: S101  it is a pipe
        with limited(self._process), self._process.stdout as stdout, self._complaints as complaints:
            written = stdout.read()
            if self._process.wait():
                complaints.seek(0)
                raise RuntimeError(complaints.read()[-_COMPLAINT:])
        return json.loads(written)


@contextmanager
def limited(process: subprocess.Popen[str]) -> Iterator[None]:
    """Kill a process that takes too long, so that neither its output nor its end is waited for for ever."""
    limit = threading.Timer(_CONTENDER_SECONDS, process.kill)
    limit.start()
    try:
        yield
    finally:
        limit.cancel()


def _end(tenant: subprocess.Popen[bytes]) -> None:
    tenant.terminate()
    try:
        tenant.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        tenant.kill()
        raise


def _await(ready: Path, tenant: subprocess.Popen[bytes]) -> dict[str, Any]:
    deadline = time.monotonic() + _START_SECONDS
    while not ready.exists():
        if tenant.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("The emulated tenant did not start.")
        time.sleep(_LOOK_AGAIN_SECONDS)
    said: dict[str, Any] = json.loads(ready.read_text("utf-8"))
    return said
