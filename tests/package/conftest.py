"""The package, built once."""

from __future__ import annotations

import importlib.metadata
import re
import zipfile
from pathlib import Path

import pytest

from dev.delivery.package import build


def link_installed(requirements: Path, target: Path) -> None:
    """Take the libraries from this environment's own: the same versions, without the half minute of pip."""
    for name in re.findall(r"^([A-Za-z0-9._-]+)==", requirements.read_text(), re.MULTILINE):
        for file in importlib.metadata.distribution(name).files or []:
            place, source = target / str(file), Path(str(file.locate()))
            if ".." not in file.parts and source.is_file():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(source)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with the libraries of this environment."""
    output = tmp_path_factory.mktemp("package") / "app.zip"
    return build(output, install=link_installed, compression=zipfile.ZIP_STORED)
