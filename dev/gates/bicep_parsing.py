"""Bicep files as trees, parsed in a process of their own: some texts keep the parser busy for ever.

The trees are pycep's, with three changes. A name is `{"$name": "account"}`, told from the text `"account"`. A
property that stands twice, or a symbol that is declared twice, is an error, as it is to the compiler.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from lark.exceptions import LarkError
from pycep import BicepParser
from pycep.models import BicepElement
from pycep.transformer import BicepToJson

NAME = "$name"
_ROOT = Path(__file__).parents[2]


class BrokenBicepError(Exception):
    """A file cannot be read as Bicep; the text names it and says why."""


def parse(paths: list[Path], *, seconds: float = 60) -> dict[Path, dict[str, Any]]:
    """Return the tree of each file.

    Args:
        paths: The files.
        seconds: How long all of them may take together.

    Raises:
        BrokenBicepError: A file is no Bicep, or the parser did not come to an end with it.
    """
    command = [sys.executable, "-m", "dev.gates.bicep_parsing", *(str(path.resolve()) for path in paths)]
    try:
        done = subprocess.run(  # noqa: S603  this very module
            command, cwd=_ROOT, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as late:
        read = (late.stdout or b"").count(b"\n")
        raise BrokenBicepError(
            f"{paths[read]}: the parser did not end within {seconds} s. "
            "Close its texts, and take long ones out of it (loadTextContent)."
        ) from None
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) < len(paths):
        raise BrokenBicepError(f"{paths[len(answers)]}: the parser died: {done.stderr.strip()[-500:]}")
    for path, answer in zip(paths, answers, strict=True):
        if "fault" in answer:
            raise BrokenBicepError(f"{path}: {answer['fault']}")
    return {path: answer["tree"] for path, answer in zip(paths, answers, strict=True)}


class _Strict(BicepToJson):
    """Refuses what pycep would let the last one win."""

    def object(self, args: list[tuple[str, Any]]) -> dict[str, Any]:
        _refuse_twice("property", (key for key, _ in args))
        return super().object(args)

    def start(self, args: list[Any]) -> Any:
        declared = [(kind, one["__name__"]) for arg in args if arg for kind, one in arg.items()]
        _refuse_twice("output", (name for kind, name in declared if kind == "outputs"))
        _refuse_twice("symbol", (name for kind, name in declared if kind != "outputs"))
        return super().start(args)


def _refuse_twice(what: str, names: Any) -> None:
    twice = [name for name, count in Counter(map(str, names)).items() if count > 1]
    if twice:
        raise ValueError(f"{what} {twice[0]} stands twice. Remove one.")


def _plain(node: Any) -> Any:
    """Return the node as JSON has it, names told from texts."""
    match node:
        case BicepElement():
            return {NAME: str(node)}
        case dict():
            return {str(key): _plain(value) for key, value in node.items()}
        case list() | tuple():
            return [_plain(value) for value in node]
        case _:
            return node


def _main(paths: list[str]) -> None:
    parser = BicepParser().lark_parser
    for path in paths:
        try:
            text = Path(path).read_text(encoding="utf-8")
            answer = {"tree": _plain(_Strict(add_line_numbers=False).transform(parser.parse(text)))}
        except (LarkError, ValueError, TypeError, OSError) as error:
            answer = {"fault": str(getattr(error, "orig_exc", error)).strip()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1:])
