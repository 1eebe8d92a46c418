"""What pyproject.toml installs is there: the operators' command line, and what it needs beside it."""

from __future__ import annotations

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from ops.cli.main import main

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_console_script_leads_to_the_command_line() -> None:
    """Under the name that the pages print."""
    scripts = PYPROJECT["project"]["scripts"]
    assert list(scripts) == ["mfa-sync"]
    assert EntryPoint("mfa-sync", scripts["mfa-sync"], "console_scripts").load() is main


def test_its_packages_exist_and_nothing_of_the_app_is_among_them() -> None:
    """The app is unpacked, never installed."""
    packages = PYPROJECT["tool"]["setuptools"]["packages"]
    assert [name for name in packages if not (ROOT / name.replace(".", "/") / "__init__.py").is_file()] == []
    assert {name.partition(".")[0] for name in packages} == {"ops", "shared"}


@pytest.mark.parametrize("needed", [*PYPROJECT["project"]["dependencies"], "setuptools"])
def test_what_it_needs_is_pinned_for_a_clone(needed: str) -> None:
    """`make setup` installs it without dependencies, and builds it with what is there."""
    asked = [line for file in ROOT.glob("requirements*.in") for line in file.read_text("utf-8").splitlines()]
    assert needed in asked
    assert f"\n{needed}==" in (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
