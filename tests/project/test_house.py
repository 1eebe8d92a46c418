"""The house keeps its shape: few rooms, few ways between them, none back (docs/architecture.md)."""

from __future__ import annotations

import pytest

from tests.project.house import circles, floors_of, house, imports, packages_of

MODULES = imports()
MOST_ROOMS, MOST_ARROWS = 11, 36


def test_the_app_has_few_rooms_and_few_ways_between_them() -> None:
    """A newcomer can hold so many in mind. Whoever needs one more merges two others first."""
    found = house("mfa_sync", MODULES, floors_of())
    assert len(found.rooms) <= MOST_ROOMS, sorted(found.rooms)
    assert sum(len(to) for to in found.arrows.values()) <= MOST_ARROWS, found.arrows
    assert found.backward == ()


def test_every_room_has_a_floor() -> None:
    """A room that the layers' contract does not name could lead anywhere."""
    assert house("mfa_sync", MODULES).rooms == set(floors_of())


def test_no_module_leads_back_to_itself() -> None:
    """Not even for a type: what two modules need of each other belongs into a third."""
    assert circles(MODULES) == ()


@pytest.mark.parametrize("package", sorted(packages_of(MODULES)))
def test_no_rooms_of_any_package_lead_in_a_circle(package: str) -> None:
    """In the whole repository, at every depth."""
    assert house(package, MODULES).circles == ()


@pytest.mark.parametrize(
    ("arrows", "expected"),
    [
        ({"a": {"b"}, "b": set()}, ()),
        ({"a": {"b"}, "b": {"a"}}, ({"a", "b"},)),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}, ({"a", "b", "c"},)),
        ({"a": {"b"}, "b": {"a"}, "c": {"d"}, "d": {"c"}}, ({"a", "b"}, {"c", "d"})),
    ],
)
def test_circles_are_found(arrows: dict[str, set[str]], expected: tuple[set[str], ...]) -> None:
    """Also long ones, and each once; what only leads into a circle is not in it."""
    assert circles(arrows) == expected


def test_a_way_back_up_is_found() -> None:
    """Seen on a house of two floors."""
    modules = {"p.top.x": {"p.low.y"}, "p.low.y": {"p.top.z"}, "p.top.z": set[str]()}
    found = house("p", modules, ["top", "low"])
    assert found.backward == ("low -> top",)
    assert found.circles == (frozenset({"low", "top"}),)
