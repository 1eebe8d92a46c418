"""Whoever follows a link arrives, and the map on the first page leads everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project.pages import README, anchors, links, name, pages


def _broken(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    place = (page.parent / path).resolve() if path else page
    if not place.exists():
        return True
    return bool(anchor) and (place.suffix != ".md" or anchor not in anchors(place))


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_link_leads_to_a_file_and_to_a_heading_of_it(page: Path) -> None:
    """A dead link in a run book is found at the worst hour."""
    assert [target for target in links(page) if _broken(page, target)] == []


def test_every_page_is_reached_from_the_first_one() -> None:
    """What no map shows, nobody reads."""
    reached, ahead = {README}, [README]
    while ahead:
        page = ahead.pop()
        for target in links(page):
            place = (page.parent / target.partition("#")[0]).resolve()
            if place.suffix == ".md" and place.exists() and place not in reached:
                reached.add(place)
                ahead.append(place)
    assert {name(page) for page in pages()} == {name(page) for page in reached}


def test_the_map_names_each_page_of_the_docs_itself() -> None:
    """One look and one click: a folder's pages are shown by its own README."""
    first = {target.partition("#")[0] for target in links(README)}
    shown = {name(page) for page in pages() if page.parent.name == "docs" or page.name == "README.md"}
    assert shown - {name(README)} <= first
