"""What is printed to be pasted does nothing else in a shell, whatever a run or a file is called."""

from __future__ import annotations

import json
import shlex
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ops.cli import decide, follow, push, run_text, runs
from ops.cli.app import Address, App
from ops.cli.credentials import Credentials, read_key_file
from ops.cli.terminal import CommandError, Terminal

HOSTILE = "x; touch owned & echo $(id) 'y"
RUN: dict[str, Any] = {
    "id": HOSTILE,
    "state": "held",
    "digest": HOSTILE,
    "kind": "full",
    "counts": {"users": 1, "planned": {"delete": 1}, "outcomes": {}},
}


class Hostile(BaseHTTPRequestHandler):
    """An app that was taken over, or somebody in its place."""

    def do_GET(self) -> None:
        """Answer with a run that moves on and on."""
        self._answer(200, RUN)

    def do_POST(self) -> None:
        """Answer a push with a run."""
        self._answer(
            202, {"runId": HOSTILE, "pagesApplied": 0, "pages": 0, "rowsPlanned": 0, "state": "planning"}
        )

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: object) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def app() -> Iterator[App]:
    """A client of such an app."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        environment = {"MFA_SYNC_KEY": "a-host-key", "MFA_SYNC_HANDSHAKE": "a-handshake"}
        address, terminal = Address.parse(f"http://127.0.0.1:{server.server_port}"), Terminal()
        with App(address, Credentials(environment, None, terminal), terminal) as client:
            yield client
        server.shutdown()


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody presses Ctrl-C while it waits."""

    def press(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", press)


def remedy_of(work: Callable[[], object]) -> str:
    """Return what a command that cannot go on says to do."""
    with pytest.raises(CommandError) as error:
        work()
    return error.value.remedy


def words_after(text: str, command: str) -> list[str]:
    """Return the words that a shell would make of what follows a command's name, to the line's end."""
    (line,) = [line for line in text.splitlines() if command in line]
    return shlex.split(line.partition(command)[2])


def test_commands_that_decide_a_run() -> None:
    """The run's id and its digest come from the app."""
    text = "\n".join(run_text.to_decide(RUN))
    assert words_after(text, "runs approve")[:3] == [HOSTILE, "--digest", HOSTILE]
    assert words_after(text, "runs discard")[0] == HOSTILE


@pytest.mark.parametrize("yes", [True, False])
def test_the_command_that_reads_before_an_approval(
    app: App,
    yes: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both times an approval is not what was seen."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    options = Namespace(yes=yes, id=HOSTILE, digest=None if yes else "another", kinds=None)
    said = remedy_of(lambda: decide.approve(app, Terminal(), options))
    assert words_after(said, "runs show") == [HOSTILE]


@pytest.mark.usefixtures("interrupted")
def test_commands_for_who_stopped_watching(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on."""
    monkeypatch.setitem(RUN, "state", "planning")
    said = remedy_of(lambda: follow.follow(app, Terminal(), HOSTILE, 1.0))
    assert words_after(said, "runs show") == [HOSTILE, "--wait"]
    assert words_after(said, "runs stop")[0] == HOSTILE


@pytest.mark.usefixtures("interrupted")
def test_the_command_for_who_stopped_waiting_for_a_push(app: App) -> None:
    """Its run goes on."""
    options = Namespace(user=["a@contoso.com"], file=None, apply=False, yes=False, json=False, interval=None)
    said = remedy_of(lambda: push.push(app, Terminal(), options))
    assert words_after(said, "runs show") == [HOSTILE]


def test_commands_under_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it goes on, and which run waits."""
    options = Namespace(kind=None, state=None, json=False, all=False, after=None)
    runs._remark(Terminal(), runs.Found([RUN], HOSTILE), options)
    said = capsys.readouterr().err
    assert words_after(said.replace("(or --all)", ""), "runs list") == ["--after", HOSTILE]
    assert words_after(said, "runs show") == [HOSTILE]


def test_the_command_that_shuts_a_key_file(tmp_path: Path) -> None:
    """A folder may have a blank in its name."""
    path = tmp_path / HOSTILE
    path.write_text("{}")
    path.chmod(0o644)
    assert words_after(remedy_of(lambda: read_key_file(path)), "chmod") == ["600", str(path)]
