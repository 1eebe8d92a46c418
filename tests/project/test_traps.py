"""docs/traps.md and the tests that it names say the same."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
_ROW = re.compile(r"^\| (\d+) \| [^|]+ \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
_ONE = re.compile(r"test_trap_(\d+)_")
_SEVERAL = re.compile(r"test_traps_((?:\d+_)+and_\d+)_")


def rows() -> dict[int, set[str]]:
    """Return the tests that each row names, as `file::name`."""
    found = _ROW.findall((ROOT / "docs" / "traps.md").read_text(encoding="utf-8"))
    numbers = [int(number) for number, _ in found]
    assert len(numbers) == len(set(numbers)), "a number stands twice"
    return {int(number): set(re.findall(r"`([^`]+)`", cell)) for number, cell in found}


def traps_in(name: str) -> set[int]:
    """Return the numbers of the traps that a test's name names."""
    if several := _SEVERAL.match(name):
        return {int(number) for number in re.findall(r"\d+", several[1])}
    one = _ONE.match(name)
    return {int(one[1])} if one else set()


def named() -> dict[int, set[str]]:
    """Return the tests that name each trap, as `file::name`, out of the tests themselves."""
    tests: dict[int, set[str]] = defaultdict(set)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for number in traps_in(node.name):
                    tests[number].add(f"{path.relative_to(TESTS).as_posix()}::{node.name}")
    return tests


def test_each_trap_names_the_tests_that_name_it_and_no_others() -> None:
    """A row without a test promises what nobody proves; a number without a row tells nobody anything."""
    assert rows() == named()


def test_no_trap_is_left_out() -> None:
    """From 1 on, and every one has a test."""
    assert sorted(rows()) == list(range(1, len(rows()) + 1))
    assert all(rows().values())


def test_every_name_that_speaks_of_a_trap_can_be_read() -> None:
    """A misspelt name would prove nothing, and nobody would see it."""
    names = [
        node.name
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    assert [name for name in names if re.search(r"traps?_\d", name) and not traps_in(name)] == []
    assert traps_in("test_traps_5_6_and_47_a_world") == {5, 6, 47}
    assert traps_in("test_trap_7_409_is_neither") == {7}
