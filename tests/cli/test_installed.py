"""The console script `mfa-sync` is the same program, and what it prints can be pasted."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ops.cli import run_text
from tests.cli.operator import Operator, read_terminal

ROOT = Path(__file__).parents[2]
SCRIPT = Path(sys.executable).with_name("mfa-sync")
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"][
    "packages"
]


def ran(*command: str | Path, **environment: str) -> tuple[int, str, str]:
    """Return the exit code of a program of ours, and what it printed."""
    done = subprocess.run(  # noqa: S603  our own program
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.skipif(not SCRIPT.exists(), reason="make setup installs it")
@pytest.mark.parametrize("arguments", [("--help",), ("runs", "approve", "--help"), ("runs", "list"), ("x",)])
def test_the_console_script_is_the_same_program(arguments: tuple[str, ...]) -> None:
    """Its help, its refusals and its exit codes, from any folder."""
    assert ran(SCRIPT, *arguments) == ran(sys.executable, "-m", "ops.cli", *arguments)


def test_what_is_installed_is_all_that_the_command_line_imports(tmp_path: Path) -> None:
    """In a folder that holds the distribution's packages and nothing else of ours."""
    for package in PACKAGES:
        folder = tmp_path / package.replace(".", "/")
        folder.mkdir(parents=True, exist_ok=True)
        for module in (ROOT / package.replace(".", "/")).glob("*.py"):
            shutil.copy(module, folder)
    libraries = ran(
        sys.executable, "-c", "import httpx, pathlib; print(pathlib.Path(httpx.__file__).parents[1])"
    )
    found = os.pathsep.join((str(tmp_path), libraries[1].strip()))
    code = "import ops.cli.main, sys; sys.exit(ops.cli.main.main(['--help']))"
    assert ran(sys.executable, "-S", "-P", "-c", code, PYTHONPATH=found)[::2] == (0, "")


@pytest.mark.parametrize(
    ("started", "printed"),
    [
        ("bin/mfa-sync", "mfa-sync"),
        (".venv/bin/mfa-sync", ".venv/bin/mfa-sync"),
        ("my clone/.venv/bin/mfa-sync", "'my clone/.venv/bin/mfa-sync'"),
        ("ops/cli/__main__.py", ".venv/bin/python -m ops.cli"),
    ],
)
def test_what_is_to_be_pasted_is_what_was_typed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, started: str, printed: str
) -> None:
    """By its name alone where the shell finds it; a clone's own by its path."""
    program = tmp_path / started
    program.parent.mkdir(parents=True)
    program.write_text("", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "argv", [started])
    monkeypatch.setattr(sys, "orig_argv", [".venv/bin/python", "-m", "ops.cli"])
    run = {"id": "r", "state": "held", "digest": "d", "counts": {"planned": {"create": 1}}}
    assert run_text.to_decide(run)[-1] == f'  give it up     {printed} runs discard r --reason "…"'


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({"TERM": "xterm", "NO_COLOR": "1"}, False)],
)
def test_a_terminal_is_shown_colours_unless_it_asks_for_none(
    operator: Operator,
    environment: dict[str, str],
    coloured: bool,  # noqa: FBT001  a column of the table
) -> None:
    """The words and lines are those that a pipe gets: a long line is the terminal's to wrap."""
    smoke = (sys.executable, "-m", "ops.cli", "smoke", "--url", operator.url)
    _, piped, _ = ran(*smoke, **environment)
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603  our own program
        smoke, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ):
        os.close(theirs)
        shown = read_terminal(ours)
        os.close(ours)
    assert (b"\x1b[32mpass\x1b[0m  health" in shown) == coloured
    assert (b"\x1b" in shown) == coloured
    assert re.sub(r"\x1b\[\d+m", "", shown.decode()).splitlines() == piped.splitlines()
