"""The package: `python -m dev.delivery.package [FILE]` writes the zip that is deployed.

The same bytes come from the same sources and wheels. Libraries are wheels for Azure's machines, whatever this
one is, and only those whose hashes requirements.txt knows; nothing is built, here or there (remote build
stays off).
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from pathspec import PathSpec

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / ".local" / "mfa-phone-sync.zip"
# Where the Python worker looks for libraries (Azure Functions, "Python developer reference").
LIBRARIES = Path(".python_packages/lib/site-packages")
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
PYTHON = "3.13"
# Notes of the installation: they name this machine's interpreter, or say nothing that is needed there.
_NOT_SHIPPED = ("bin", "__pycache__")
_NOTES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16
_PIP_SECONDS, _IMPORT_SECONDS = 600, 120
_IMPORT = (
    "import sys; sys.path[:0] = sys.argv[1:]; import function_app; "
    "print('\\n'.join(sorted(f.get_function_name() for f in function_app.app.get_functions())))"
)


def build(
    output: Path,
    *,
    install: Callable[[Path, Path], None] | None = None,
    compression: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """Write the package.

    Args:
        output: The zip to write.
        install: Puts what requirements.txt (first argument) names into a folder (second); pip by default.
        compression: A constant of `zipfile`.

    Returns:
        `output`.

    Raises:
        subprocess.CalledProcessError: pip found no wheel, or another than the one whose hash is known.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="package-") as folder:
        libraries = Path(folder)
        (install or install_wheels)(ROOT / "requirements.txt", libraries)
        files = {path.relative_to(ROOT): path for path in app_files(ROOT)}
        files |= {LIBRARIES / path.relative_to(libraries): path for path in _library_files(libraries)}
        with zipfile.ZipFile(output, "w", compression) as package:
            for name in sorted(files, key=Path.as_posix):
                entry = zipfile.ZipInfo(name.as_posix(), _EARLIEST)
                entry.external_attr, entry.compress_type = _MODE, compression
                package.writestr(entry, files[name].read_bytes())
    return output


def install_wheels(requirements: Path, target: Path) -> None:
    """Unpack the wheels of a locked list for Azure's machines: by hash, with nothing built or resolved."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-compile"]
    command += ["--implementation", "cp", "--python-version", PYTHON, "--abi", f"cp{PYTHON.replace('.', '')}"]
    command += [part for name in PLATFORMS for part in ("--platform", name)]
    command += ["--target", str(target), "-r", str(requirements)]
    subprocess.run(command, check=True, timeout=_PIP_SECONDS)  # noqa: S603  pip


def app_files(root: Path) -> Iterator[Path]:
    """Yield the files of the app: what neither .funcignore nor .gitignore leaves out.

    A clone also holds what its owner works with: keys, feeds, parameters. So .funcignore names the app's.
    """
    lines = [
        line for name in (".funcignore", ".gitignore") for line in (root / name).read_text().splitlines()
    ]
    spec = PathSpec.from_lines("gitignore", lines)
    waiting = [root]
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            name = path.relative_to(root).as_posix()
            if spec.match_file(f"{name}/" if path.is_dir() else name) or path.is_symlink():
                continue
            if path.is_dir():
                waiting.append(path)
            else:
                yield path


def functions_in(package: Path) -> list[str]:
    """Return the names of the functions, by importing the package alone in an interpreter of its own.

    Raises:
        subprocess.CalledProcessError: It cannot be imported: something is missing in it.
    """
    with tempfile.TemporaryDirectory(prefix="package-") as folder:
        shutil.unpack_archive(package, folder, "zip")
        # Neither the environment nor this interpreter's libraries are seen: -I and -S.
        command = [sys.executable, "-I", "-S", "-c", _IMPORT, folder, str(Path(folder) / LIBRARIES)]
        ran = subprocess.run(  # noqa: S603  the package just built
            command, check=True, capture_output=True, text=True, cwd=folder, timeout=_IMPORT_SECONDS
        )
    return ran.stdout.split()


def _library_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        note = path.name in _NOTES and inside.parts[0].endswith(".dist-info")
        if (
            path.is_file()
            and not note
            and inside.parts[0] not in _NOT_SHIPPED
            and "__pycache__" not in inside.parts
        ):
            yield path


def main() -> None:
    """Build the package, and prove that it can be imported."""
    parser = argparse.ArgumentParser("python -m dev.delivery.package", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=OUTPUT)
    package = build(parser.parse_args().file)
    names = functions_in(package)
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    print(f"{package}: {package.stat().st_size / 1e6:.1f} MB, sha256 {digest}")
    print(f"{len(names)} functions: {', '.join(names)}")


if __name__ == "__main__":
    main()
