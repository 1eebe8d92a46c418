"""A host that is told to stop does, whatever a client holds open and whatever a function waits for."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
APP = """
import asyncio, time
import azure.functions as func
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route("thread")
def in_a_thread(req: func.HttpRequest) -> str:
    print("entered", flush=True)
    time.sleep(3600)

@app.route("loop")
async def in_the_loop(req: func.HttpRequest) -> str:
    print("entered", flush=True)
    await asyncio.sleep(3600)

@app.route("blocking")
async def blocking_the_loop(req: func.HttpRequest) -> str:
    print("entered", flush=True)
    time.sleep(3600)
"""

pytestmark = pytest.mark.timeout(60)


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[str], socket.socket]]:
    """A host by its command alone, which nobody kills if it does not stop, and a connection to it."""
    (folder / "host.json").write_text("{}")
    (folder / "function_app.py").write_text(APP)
    command = [sys.executable, "-m", "dev.functions_host", "--app", str(folder), "--port", "0"]
    command += ["--keys", "{}", "--grace-seconds", "1"]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(  # noqa: S603  our own command
            command, cwd=ROOT, env={"PATH": os.environ["PATH"]}, stdout=pipe, stderr=pipe, text=True
        ) as host,
        ExitStack() as exits,
    ):
        exits.callback(host.kill)
        assert host.stdout is not None
        port = urlsplit(json.loads(host.stdout.readline())["url"]).port or 0
        yield host, exits.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))


@pytest.mark.parametrize(
    "sent", [b"", b"POST /api/lo", b"POST /api/loop HTTP/1.1\r\nContent-Length: 9\r\n\r\n"]
)
def test_a_host_stops_with_a_connection_that_is_silent(tmp_path: Path, sent: bytes) -> None:
    """Before a request, in its head, and in its body."""
    with served(tmp_path) as (host, connection):
        connection.sendall(sent)
        host.send_signal(signal.SIGTERM)
        assert host.wait(30) in {0, -signal.SIGTERM}


@pytest.mark.parametrize("function", ["loop", "thread", "blocking"])
def test_a_host_stops_in_the_middle_of_a_function(tmp_path: Path, function: str) -> None:
    """One that heeds no cancelling is ended hard, and the log says where it stood."""
    with served(tmp_path) as (host, connection):
        connection.sendall(f"GET /api/{function} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert host.stderr is not None
        while "entered" not in host.stderr.readline():
            assert host.poll() is None
        host.send_signal(signal.SIGTERM)
        host.wait(30)
        assert ("in blocking_the_loop" in host.stderr.read()) is (function == "blocking")
