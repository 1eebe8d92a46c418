"""What the pages tell an installer to set is what the template takes and gives."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.project.pages import ROOT, blocks, name, pages

_PAGE = ROOT / "docs" / "install.md"
_PARAMETERS = (ROOT / "infra" / "main.parameters.json").read_text(encoding="utf-8")
_TEMPLATE = (ROOT / "infra" / "main.bicep").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", pages(), ids=name)
def test_what_is_set_in_azds_environment_is_read_from_it(page: Path) -> None:
    """`azd env set` takes any name, and one that no parameter reads does nothing."""
    told = set(re.findall(r"azd env set ([A-Z_]+)", page.read_text(encoding="utf-8")))
    assert told <= set(re.findall(r"\$\{([A-Z_]+)", _PARAMETERS))


def test_the_lines_to_fill_stand_in_the_parameters_file() -> None:
    """They are pasted over those that are there, so name and kind must be theirs."""
    (block,) = re.findall(r"```json\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
    told = json.loads("{" + block.strip().rstrip(",") + "}")
    there = json.loads(_PARAMETERS)["parameters"]
    kinds = {key: type(line["value"]) for key, line in there.items()}
    assert {key: type(line["value"]) for key, line in told.items()}.items() <= kinds.items()


def test_the_outputs_to_look_for_are_the_templates() -> None:
    """Whoever misses one believes that the deployment failed."""
    (told,) = re.findall(r"the outputs (.*?);", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert set(re.findall(r"`(\w+)`", told)) == set(re.findall(r"^output (\w+)", _TEMPLATE, re.MULTILINE))


@pytest.mark.parametrize("page", pages(), ids=name)
def test_no_page_publishes_by_what_builds_anew(page: Path) -> None:
    """`az … config-zip` asks for a build in Azure for every Python app (azure-cli, appservice/custom.py).

    That build runs another Python, and takes what it finds, where the package has what was locked by hash.
    """
    assert "config-zip" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", pages(), ids=name)
def test_what_azd_publishes_is_the_package_that_was_built(page: Path) -> None:
    """By itself `azd deploy` zips the folder; a package it takes only for a service that is named."""
    told = re.findall(r"^azd (?:deploy|up)\b.*$", "\n".join(text for _, text in blocks(page)), re.MULTILINE)
    assert [line for line in told if not line.startswith("azd deploy mfa-sync --from-package ")] == []


def test_azd_is_new_enough_to_publish_what_was_built() -> None:
    """1.23.5 heeds `remoteBuild: false`, 1.23.13 what .funcignore takes back (azure-dev, its CHANGELOG)."""
    text = (ROOT / "azure.yaml").read_text(encoding="utf-8")
    (least,) = re.findall(r'^  azd: ">= ([\d.]+)"$', text, re.MULTILINE)
    assert tuple(map(int, least.split("."))) >= (1, 23, 13)
    assert f"`azd` {least} or later" in _PAGE.read_text(encoding="utf-8")
