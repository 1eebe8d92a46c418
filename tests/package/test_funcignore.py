"""What `azd deploy` and `func … publish` take from the folder: what was built, and nothing else.

`.funcignore` is read in three ways: as git reads such lines, as azd does, and as func does. azd goes down
the folders (`createDeployableZip` in its cli/azd/pkg/project/project_utils.go) and asks
denormal/go-gitignore: the last line that matches decides, and a star in an anchored line crosses folders
(`name.Match` in its pattern.go: fnmatch without flags). func makes regular expressions of the lines, which
match beginnings (GitIgnoreParser.cs of azure-functions-core-tools). So a line that is right for git may take
`cacert.pem` away.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from pathspec import PathSpec

from dev.delivery.package import LIBRARIES, ROOT

type Reader = Callable[[list[str], str], bool]
LINES = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()
# What lies in a clone beside the app, and what its owner may have put there.
STRAYS = [
    *(
        ".git/HEAD",
        ".azure/test/.env",
        ".venv/bin/python",
        ".venv/lib/certifi/cacert.pem",
        "node_modules/x/index.js",
    ),
    *(
        ".env",
        "local.settings.json",
        "client.pem",
        "my-keys.json",
        "feed.csv",
        "feed.xlsx",
        "notes.txt",
        "app.zip",
    ),
    *("backup/function_app.py", "secrets/handshake", ".mfa-sync.json", "prod.parameters.json"),
    *("dev/stack/__main__.py", "tests/conftest.py", "ops/cli/main.py", "infra/main.bicep", "docs/install.md"),
    *("requirements-dev.txt", "pyproject.toml", "azure.yaml", ".funcignore"),
]


def as_git(lines: list[str], path: str) -> bool:
    """Tell whether git would leave the file out, or a folder above it."""
    spec = PathSpec.from_lines("gitignore", lines)
    return any(spec.match_file(place) for place in _down_to(path, folder="/"))


def as_azd(lines: list[str], path: str) -> bool:
    """Tell whether azd leaves the file out, or a folder above it."""
    return any(_last_match(lines, place) for place in _down_to(path, folder=""))


def _down_to(path: str, *, folder: str) -> list[str]:
    parts = path.split("/")
    return [*("/".join(parts[:deep]) + folder for deep in range(1, len(parts))), path]


def _last_match(lines: list[str], path: str) -> bool:
    for line in reversed([line for line in lines if line and not line.startswith("#")]):
        pattern = line.removeprefix("!")
        anchored, pattern = pattern.startswith("/"), pattern.removeprefix("/").removesuffix("/")
        if pattern.endswith("/**"):
            matches = path.startswith(pattern[:-2])
        else:
            matches = fnmatchcase(path if anchored else path.rpartition("/")[2], pattern)
        if matches:
            return not line.startswith("!")
    return False


def as_func(lines: list[str], path: str) -> bool:
    """Tell whether func leaves the file out."""

    def begins(negated: bool) -> bool:  # noqa: FBT001  one of two lists
        for line in lines:
            if line and not line.startswith("#") and line.startswith("!") is negated:
                pattern = re.escape(line.removeprefix("!").removeprefix("/"))
                pattern = pattern.replace(r"\*\*", "(.+)").replace(r"\*", "([^/]+)")
                if re.match(pattern, path):
                    return True
        return False

    return begins(negated=False) and not begins(negated=True)


READERS = pytest.mark.parametrize("ignores", [as_git, as_azd, as_func])


@READERS
def test_all_that_was_built_is_let_through(ignores: Reader, package: Path) -> None:
    """The app, its libraries and the certificates by which it knows Microsoft's servers."""
    with zipfile.ZipFile(package) as opened:
        built = opened.namelist()
    assert f"{LIBRARIES.as_posix()}/certifi/cacert.pem" in built
    assert [name for name in built if ignores(LINES, name)] == []


@READERS
@pytest.mark.parametrize("stray", STRAYS)
def test_what_else_lies_in_a_clone_stays_at_home(ignores: Reader, stray: str) -> None:
    """Settings, keys and feeds lie where people work, under names that nobody foresaw."""
    assert ignores(LINES, stray)


@READERS
def test_what_lies_beside_the_app_in_this_folder_stays_at_home(ignores: Reader) -> None:
    """A new folder of the project is none of the app's."""
    app = {"LICENSE", "function_app.py", "host.json", "mfa_sync", "requirements.txt", "shared"}
    assert {one.name for one in ROOT.iterdir() if not ignores(LINES, one.name)} - {".python_packages"} == app
