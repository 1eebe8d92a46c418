"""The pictures in the documents: drawn by Mermaid, whose parser is none of this project's tools.

What is held here is what it stumbles over most: a word of its own as a name, and a bracket that stays open.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mfa_sync.runs.run import State
from tests.project.pages import ROOT, blocks, name, pages

_PICTURES = [
    pytest.param(text, id=f"{name(page)}-{number}")
    for page in pages()
    for number, (language, text) in enumerate(blocks(page))
    if language == "mermaid"
]
_KINDS = ("flowchart ", "stateDiagram-v2")
_RESERVED = {"graph", "end", "style", "class", "click", "default", "linkStyle", "classDef"}
_QUOTED = re.compile(r"\"[^\"\n]*\"")
_ARROW = re.compile(r"^ *(\[\*\]|\w+) --> (\[\*\]|\w+)(?:: .+)?$", re.MULTILINE)


def _states(page: Path) -> list[tuple[str, str]]:
    (text,) = (text for language, text in blocks(page) if text.startswith("stateDiagram"))
    return _ARROW.findall(text)


@pytest.mark.parametrize("text", _PICTURES)
def test_a_picture_is_of_a_known_kind_with_its_brackets_closed(text: str) -> None:
    """An open one shows the reader an error in place of the picture."""
    bare = _QUOTED.sub('""', text)
    assert text.startswith(_KINDS)
    assert text.count('"') % 2 == 0
    assert [bare.count(one) - bare.count(other) for one, other in ("[]", "()", "{}")] == [0, 0, 0]
    assert bare.count("|") % 2 == 0
    assert len(re.findall(r"^ *subgraph ", text, re.MULTILINE)) == len(
        re.findall(r"^ *end$", text, re.MULTILINE)
    )


@pytest.mark.parametrize("text", _PICTURES)
def test_no_part_is_named_by_a_word_of_mermaids_own(text: str) -> None:
    """`graph["Graph"]` is where its parser gives up."""
    named = set(re.findall(r"(?<![\w/.])([A-Za-z]\w*)(?=[\[({]| (?:--|-\.|<--|==))", _QUOTED.sub('""', text)))
    assert not named & _RESERVED


def test_the_picture_of_a_runs_states_shows_each_of_them_and_which_are_final() -> None:
    """What an operator sees in `state` is in the picture."""
    arrows = _states(ROOT / "docs" / "architecture.md")
    assert {one for arrow in arrows for one in arrow} - {"[*]"} == {state.value for state in State}
    assert {one for one, other in arrows if other == "[*]"} == {
        state.value for state in State if state.is_final
    }
