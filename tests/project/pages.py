"""The documents as text: which there are, and what links, code and tables they hold."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


def pages() -> list[Path]:
    """Return every page that people read: the docs, and what stands beside the code's first level."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def manuals() -> list[Path]:
    """Return the pages that speak of today: what has changed is no manual."""
    return [page for page in pages() if page.name != "CHANGELOG.md"]


def name(page: Path) -> str:
    """Return a page's path from the root, for messages."""
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return a page's fenced blocks: language and text."""
    return _FENCED.findall(page.read_text(encoding="utf-8"))


def code(page: Path) -> list[str]:
    """Return all that stands in backticks on a page, and its fenced blocks."""
    return [*_CODE.findall(prose(page)), *(text for _, text in blocks(page))]


def links(page: Path) -> list[str]:
    """Return the targets of a page's links that stay within the project."""
    targets = _LINK.findall(_CODE.sub("", prose(page)))
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in _HEADING.findall(prose(page)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def tables(page: Path) -> list[tuple[list[str], list[list[str]]]]:
    """Return a page's tables: the header's cells, and each row's."""
    found = []
    for table in re.findall(r"(?:^\|.*\|\n)+", prose(page), re.MULTILINE):
        header, _, *rows = [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
            for line in table.splitlines()
        ]
        found.append((header, rows))
    return found
