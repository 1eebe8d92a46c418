"""The house in figures: `python -m tests.project.house` counts rooms, arrows and circles from the imports.

A room is what lies directly in a package: a folder or a loose module. An arrow leads from one room to another
that it imports, however often; imports for types count too. An arrow is backward if it leads to a room that
pyproject.toml lists above. A circle is a group of rooms, or of modules, each of which leads to each.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PACKAGES = ("shared", "mfa_sync", "ops", "dev")

type Arrows = Mapping[str, AbstractSet[str]]


@dataclass(frozen=True, slots=True)
class House:
    """What was counted in one package.

    Attributes:
        rooms: Their names.
        arrows: From each room to those that it imports.
        backward: The arrows that lead up, as `from -> to`.
        circles: The rooms of each circle.
        modules: How many modules there are.
    """

    rooms: frozenset[str]
    arrows: Arrows
    backward: tuple[str, ...]
    circles: tuple[frozenset[str], ...]
    modules: int

    def __str__(self) -> str:
        """Return the figures, in a line."""
        arrows = sum(len(to) for to in self.arrows.values())
        return (
            f"{len(self.rooms)} rooms, {arrows} arrows, {len(self.backward)} backward, "
            f"{len(self.circles)} circles, {self.modules} modules"
        )


def imports(root: Path = ROOT) -> Arrows:
    """Return which module of ours imports which, over all packages of the repository."""
    sys.path.insert(0, str(root))
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False, cache_dir=None)
    sys.path.remove(str(root))
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def house(package: str, modules: Arrows, floors: Iterable[str] = ()) -> House:
    """Return the figures of one package's rooms; `floors` are their names from the top down."""
    inside = [module for module in modules if module.startswith(f"{package}.")]
    arrows: dict[str, set[str]] = {_room(package, module): set() for module in inside}
    for module in inside:
        arrows[_room(package, module)] |= {
            _room(package, other) for other in modules[module] if other.startswith(f"{package}.")
        }
    for room, to in arrows.items():
        to.discard(room)
    height = {room: number for number, room in enumerate(floors)}
    backward = tuple(
        f"{room} -> {other}"
        for room, to in sorted(arrows.items())
        for other in sorted(to)
        if height.get(other, 0) < height.get(room, 0)
    )
    return House(frozenset(arrows), arrows, backward, circles(arrows), len(inside))


def circles(arrows: Arrows) -> tuple[frozenset[str], ...]:
    """Return the groups of two or more in which each leads to each, directly or through others."""
    reach = {start: _reached(start, arrows) for start in arrows}
    groups = {frozenset(other for other in reach[one] if one in reach[other]) for one in arrows}
    return tuple(sorted((group for group in groups if len(group) > 1), key=sorted))


def packages_of(modules: Iterable[str]) -> set[str]:
    """Return every package that holds others, at any depth."""
    return {module.rsplit(".", depth)[0] for module in modules for depth in range(1, module.count(".") + 1)}


def floors_of(root: Path = ROOT) -> list[str]:
    """Return the rooms of `mfa_sync` from the top down, as the contract in pyproject.toml has them."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (one["layers"] for one in contracts if one.get("containers") == ["mfa_sync"])
    return [str(layer) for layer in layers]


def _room(package: str, module: str) -> str:
    return module.removeprefix(f"{package}.").partition(".")[0]


def _reached(start: str, arrows: Arrows) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        for other in arrows.get(waiting.pop(), ()):
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    return reached


if __name__ == "__main__":
    found = imports()
    for name in ("mfa_sync", "shared", "ops", "dev"):
        print(f"{name}: {house(name, found, floors_of() if name == 'mfa_sync' else ())}")  # noqa: T201  a script prints
    print(f"all modules: {len(found)}, {len(circles(found))} circles")  # noqa: T201  as above
