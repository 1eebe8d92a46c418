"""The zip that is deployed: whole by itself, without what is not the app's, the same each time."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from dev.delivery.package import LIBRARIES, ROOT, app_files, build, functions_in, install_wheels


def nothing(_: Path, __: Path) -> None:
    """No libraries."""


def test_the_package_imports_on_its_own(package: Path) -> None:
    """No other folder is on the path: what is missing in the lock or in the zip is found out here."""
    assert {"mfa_sync", "health", "runs_approve", "run_step"} <= set(functions_in(package))


def test_the_package_holds_the_app_and_nothing_else(package: Path) -> None:
    """Tests, emulations and settings of a developer's machine stay at home."""
    with zipfile.ZipFile(package) as opened:
        names = [Path(name) for name in opened.namelist()]
    assert {name.parts[0] for name in names} == {
        *(".python_packages", "LICENSE", "function_app.py", "host.json", "mfa_sync", "requirements.txt"),
        "shared",
    }
    libraries = {name.relative_to(LIBRARIES).parts[0] for name in names if name.is_relative_to(LIBRARIES)}
    assert "azure" in libraries
    assert not libraries & {"pytest", "mypy", "starlette", "bin", "__pycache__"}
    assert not [
        name for name in names if name.suffix in {".pyc", ".md"} and not name.is_relative_to(LIBRARIES)
    ]


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    """Neither the clock nor the order of a folder shows."""
    made = [build(tmp_path / name, install=nothing).read_bytes() for name in ("a.zip", "b.zip")]
    assert made[0] == made[1]
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        assert {entry.date_time for entry in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_what_is_missing_is_found_out(tmp_path: Path) -> None:
    """The import really sees nothing of this environment."""
    bare = build(tmp_path / "bare.zip", install=nothing)
    with pytest.raises(subprocess.CalledProcessError) as failed:
        functions_in(bare)
    assert "No module named 'azure'" in failed.value.stderr


def test_ignored_and_linked_files_are_left_out(tmp_path: Path) -> None:
    """By both lists, at any depth; a link could lead anywhere."""
    for name in (
        "host.json",
        "local.settings.json",
        "mfa_sync/a.py",
        "mfa_sync/__pycache__/a.pyc",
        "tests/b.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "linked.py").symlink_to(ROOT / "function_app.py")
    for name in (".funcignore", ".gitignore"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    found = {path.relative_to(tmp_path).as_posix() for path in app_files(tmp_path)}
    assert found == {"host.json", "mfa_sync/a.py"}


def wheel(folder: Path, tag: str) -> str:
    """Make a tiny wheel, and return the line of a lock that knows it."""
    path = folder / f"tiny-1.0-{tag}.whl"
    record = (
        "tiny.py,,\ntiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/WHEEL,,\ntiny-1.0.dist-info/RECORD,,\n"
    )
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("tiny.py", "x = 1\n")
        made.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        made.writestr("tiny-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        made.writestr("tiny-1.0.dist-info/RECORD", record)
    return f"tiny==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.mark.parametrize(
    ("tag", "spoil", "taken"),
    [
        ("py3-none-any", False, True),
        ("cp313-cp313-manylinux_2_17_x86_64", False, True),
        ("cp313-cp313-manylinux_2_28_x86_64", False, True),
        ("cp313-cp313-win_amd64", False, False),
        ("cp312-cp312-manylinux_2_17_x86_64", False, False),
        ("py3-none-any", True, False),
    ],
)
def test_wheels_are_for_azure_and_known_by_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tag: str, *, spoil: bool, taken: bool
) -> None:
    """Another system, another Python or another hash ends the build."""
    lock, target = tmp_path / "requirements.txt", tmp_path / "target"
    line = wheel(tmp_path, tag)
    lock.write_text(line.replace(line[-9:-1], base64.b16encode(b"wrng").decode().lower()) if spoil else line)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    if taken:
        install_wheels(lock, target)
        assert (target / "tiny.py").is_file()
        return
    with pytest.raises(subprocess.CalledProcessError):
        install_wheels(lock, target)


def test_a_library_without_a_hash_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pip checks the hashes that it is given; that none is missing must be demanded."""
    lock = tmp_path / "requirements.txt"
    lock.write_text(wheel(tmp_path, "py3-none-any").partition(" --hash")[0])
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(subprocess.CalledProcessError):
        install_wheels(lock, tmp_path / "target")


@pytest.mark.parametrize("stray", ["keys.txt", "feed.xlsx", "notes.md", "backup/old.py", "app.tar"])
def test_what_a_clone_also_holds_is_not_shipped(tmp_path: Path, stray: str) -> None:
    """Keys and feeds lie where people work: the app's own files are named, all others stay at home."""
    for name in (".funcignore", ".gitignore"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    for name in ("function_app.py", "host.json", "shared/plan.py", stray):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    shipped = {path.relative_to(tmp_path).as_posix() for path in app_files(tmp_path)}
    assert shipped == {"function_app.py", "host.json", "shared/plan.py"}
