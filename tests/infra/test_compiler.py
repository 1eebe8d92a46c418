"""How the compiler is found and asked; here a program that says what such a one says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dev.infra.__main__ import main
from dev.infra.compiler import GRAPH_TYPES, Copy, NoCompilerError, RefusedError, find
from tests.infra.snapshot import INFRA

_SAYS = """#!/bin/sh
case "$1" in
build) echo "$PWD/main.bicep(1,1) : Warning no-unused-params: b" >&2 ;;
lint) echo "$PWD/main.bicep(1,1) : Info use-recent-api-versions: b" ;;
format) printf '\\033[38;5;77mno\\033[0m'; exit 1 ;;
*) cat identity/bicepconfig.json ;;
esac
"""


@pytest.fixture
def compiler(tmp_path: Path) -> Path:
    """A program in a folder of its own."""
    program = tmp_path / "tools" / "bicep"
    program.parent.mkdir()
    program.write_text(_SAYS, encoding="utf-8")
    program.chmod(0o755)
    return program


def test_a_missing_compiler_is_told_and_one_that_is_named_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`make check` goes on without one; `make infra` cannot, and a name that leads nowhere is a fault."""
    for name in ("PATH", "HOME", "AZURE_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("BICEP", raising=False)
    assert (main(["check"]), main(["write"])) == (0, 1)
    assert "No Bicep compiler was found. Install 0.49 or later" in capsys.readouterr().err
    monkeypatch.setenv("BICEP", str(tmp_path / "none"))
    assert main(["check"]) == 1
    with pytest.raises(NoCompilerError, match=r"BICEP=.*none is no program"):
        find()


@pytest.mark.parametrize("where", ["bin", ".azure/bin"])
def test_a_compiler_is_found_on_the_path_or_where_az_puts_it(tmp_path: Path, where: str) -> None:
    """`az bicep install` puts it onto no path."""
    program = tmp_path / where / "bicep"
    program.parent.mkdir(parents=True)
    environment = {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}
    program.write_text("#!/bin/sh\necho Bicep CLI version 0.49.2\n", encoding="utf-8")
    program.chmod(0o755)
    assert find(environment) == program
    program.write_text("#!/bin/sh\necho Bicep CLI version 0.33.93\n", encoding="utf-8")
    with pytest.raises(NoCompilerError, match=r"is 0\.33\.93\. Install 0\.49 or later"):
        find(environment)


def test_a_warning_is_a_refusal_and_a_remark_is_none(compiler: Path, tmp_path: Path) -> None:
    """Nobody reads warnings that stop nothing; that a newer version of an API exists stops nobody."""
    copy = Copy(compiler, INFRA, tmp_path, {})
    with pytest.raises(
        RefusedError, match=r"^bicep build: exit 0\ninfra/main\.bicep\(1,1\) : Warning no-unused"
    ):
        copy.run("build")
    assert copy.run("lint") == "infra/main.bicep(1,1) : Info use-recent-api-versions: b"
    with pytest.raises(RefusedError, match=r"^bicep format: exit 1\nno$"):
        copy.run("format")


def test_graph_types_are_a_file_where_there_is_one_and_else_the_registrys(
    compiler: Path, tmp_path: Path
) -> None:
    """Beside the compiler, or as BICEP_GRAPH_TYPES names it: so `infra/identity` builds without a network."""
    named, beside = tmp_path / "any.tgz", compiler.with_name(GRAPH_TYPES)
    named.touch()

    def types(folder: str, **environment: str) -> str:
        (tmp_path / folder).mkdir()
        extensions = json.loads(Copy(compiler, INFRA, tmp_path / folder, environment).run("show"))[
            "extensions"
        ]
        return str(extensions["microsoftGraphV1"])

    assert types("registry").startswith("br:mcr.microsoft.com/")
    assert types("named", BICEP_GRAPH_TYPES=str(named)) == "../../graph.tgz"
    shutil.copy(named, beside)
    assert types("beside") == "../../graph.tgz"
