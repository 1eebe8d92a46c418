"""What the documents name exists: commands, programs, files, settings with their values, Entra's numbers."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from opentelemetry.sdk import environment_variables

from mfa_sync.settings.settings import Settings
from mfa_sync.sign_in import aadsts
from shared.errors import SettingsError
from tests.project.pages import ROOT, blocks, code, manuals, name
from tests.project.test_documents import NEEDED, settings_read

_MAKE = re.compile(r"\bmake ((?:[a-z]+\b ?)+)")
_MODULE = re.compile(r"\bpython3? -m ([A-Za-z_][A-Za-z0-9_.]*)")
# A path of ours stands from the root: a folder, or a file by its kind.
_PATH = re.compile(r"(?<![\w./<{*-])((?:[\w.-]+/)+(?:[\w.-]+)?)")
_OURS = ("dev/", "docs/", "infra/", "mfa_sync/", "shared/", "ops/", "tests/", ".github/", ".ci/")
_CAPITALS = re.compile(r"\b[A-Z][A-Z0-9]*(?:_+[A-Za-z0-9]+)+\b")
_SET = re.compile(r"\b([A-Z][A-Z0-9]*(?:_+[A-Za-z0-9]+)*)=([A-Za-z0-9-]+)")
_AADSTS = re.compile(r"\bAADSTS([0-9]{5,7})\b")
# What a page's own script sets or reads: a shell's variables, and the environment in Python and PowerShell.
_OWN = re.compile(r"""\$\{?(\w+)|environ\[["'](\w+)|\$env:(\w+)""")
# Read by OpenTelemetry's library; and one of the platform's, of which a page says that Flex knows it not.
_ELSEWHERE = {*vars(environment_variables), "WEBSITE_TIME_ZONE"}


@cache
def _words() -> frozenset[str]:
    """Return all words of all files that are no documents and no tests."""
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],  # noqa: S607  of the path
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=100,
    ).stdout.splitlines()
    kinds = (".py", ".json", ".bicep", ".yml", ".yaml", ".kql", ".example", "Makefile")
    texts = [
        (ROOT / file).read_text(encoding="utf-8")
        for file in files
        if file.endswith(kinds) and not file.startswith(("tests/", "docs/")) and (ROOT / file).is_file()
    ]
    return frozenset(re.findall(r"\w+", "\n".join(texts)))


@cache
def _targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def _is_module(module: str) -> bool:
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return False
    if found is None:
        return False
    return found.submodule_search_locations is None or _is_module(f"{module}.__main__")


@pytest.mark.parametrize("page", manuals(), ids=name)
def test_every_make_target_exists(page: Path) -> None:
    """Two words are all that a newcomer types."""
    named = {word for text in code(page) for words in _MAKE.findall(text) for word in words.split()[:1]}
    assert named <= _targets()


@pytest.mark.parametrize("page", manuals(), ids=name)
def test_every_program_exists(page: Path) -> None:
    """`python -m` runs a module, or a package that has a `__main__`."""
    named = {module.rstrip(".") for text in code(page) for module in _MODULE.findall(text)}
    assert [module for module in sorted(named) if not _is_module(module)] == []


@pytest.mark.parametrize("page", manuals(), ids=name)
def test_every_path_exists(page: Path) -> None:
    """A file that is named can be opened; a pattern names at least one."""
    named = {path for text in code(page) for path in _PATH.findall(text) if path.startswith(_OURS)}
    assert [path for path in sorted(named) if not list(ROOT.glob(path.rstrip("/.")))] == []


@pytest.mark.parametrize("page", manuals(), ids=name)
def test_every_environment_setting_exists(page: Path) -> None:
    """In capitals with a line between: a setting, or what a program of ours or its platform reads."""
    own = {word for _, text in blocks(page) for words in _OWN.findall(text) for word in words}
    named = {word for text in code(page) for word in _CAPITALS.findall(text)} - own
    assert sorted(named - _words() - settings_read() - _ELSEWHERE) == []


@pytest.mark.parametrize("page", manuals(), ids=name)
def test_every_value_that_is_given_to_a_setting_is_allowed(page: Path) -> None:
    """What is copied from a page into the portal must not end in `misconfigured`."""
    wrong = []
    for setting, value in {pair for text in code(page) for pair in _SET.findall(text)}:
        if setting not in settings_read():
            continue
        try:
            Settings.from_environment({**NEEDED, setting: value})
        except SettingsError as error:
            wrong += [fault for fault in error.faults if fault.startswith(f"{setting}: must be one of")]
            wrong += [
                fault for fault in error.faults if fault.startswith(f"{setting}: must be a whole number")
            ]
    assert wrong == []


@pytest.mark.parametrize("page", manuals(), ids=name)
def test_every_number_of_entras_is_one_that_the_app_tells_apart(page: Path) -> None:
    """A remedy in the run book is the one that the answer gives."""
    named = {int(number) for number in _AADSTS.findall(page.read_text(encoding="utf-8"))}
    assert named <= set(aadsts._KNOWN)
