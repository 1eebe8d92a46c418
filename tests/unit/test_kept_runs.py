"""What earlier versions of the app kept of runs, and what later ones may keep, is read.

kept/former_runs.json was written by the version that made its JSON by hand: the heads of three runs, step by
step, their nudges, pages and notes, and what sweeps knew of each other.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dev.memory.blobs import MemoryBlobs
from dev.memory.table import MemoryTable
from mfa_sync.runs import push_run
from mfa_sync.runs.context import RunContext
from mfa_sync.runs.kept import Kept, dump, load
from mfa_sync.runs.page import Page
from mfa_sync.runs.push_rows import KeptRows
from mfa_sync.runs.push_run import Person, lines_of
from mfa_sync.runs.run import DIGEST_LENGTH, Run
from mfa_sync.runs.step import Nudge
from mfa_sync.runs.store import RunStore, Sweeps
from mfa_sync.runs.sweep import Cursor, Next
from mfa_sync.storage.table import Write
from shared.policy import Policy

FORMER: dict[str, Any] = json.loads((Path(__file__).parent / "kept" / "former_runs.json").read_text())
BLOBS: dict[str, str] = FORMER["blobs"]
HEADS: list[str] = FORMER["heads"]
PAGES = [name for name in BLOBS if "/pages/" in name]
CURSORS = [json.loads(head)["cursor"] for head in HEADS if "phase" in head]
DEEP = '{"x": ' * 100_000 + "1" + "}" * 100_000


def notes(name: str) -> list[str]:
    """Return the texts kept as the notes of that name."""
    return [text for path, text in BLOBS.items() if re.fullmatch(rf"runs/[^/]+/{name}\.json", path)]


KEPT: list[tuple[Any, str]] = [
    *((Next, text) for text in notes("next")),
    *((list[str], text) for text in notes("ids/[0-9]+")),
    *((KeptRows, text) for text in notes("rows")),
    *((dict[str, Person], text) for text in notes("people")),
    *((Cursor, text) for text in CURSORS),
    (Sweeps, FORMER["sweeps"]),
]
VERSIONED: list[tuple[type[Kept], str]] = [
    *((Run, text) for text in HEADS),
    *((Page, BLOBS[name]) for name in PAGES),
    *((Nudge, text) for text in FORMER["nudges"]),
]


def test_the_samples_hold_something_of_every_kind() -> None:
    """An empty list of samples would prove nothing."""
    assert len(HEADS) > 20
    assert len(PAGES) == 4
    assert {json.loads(text)["phase"] for text in CURSORS} == {"list", "collect", "read"}
    assert all(notes(name) for name in ("next", "ids/[0-9]+", "rows", "people", "lines/[0-9]+", "answer"))


@pytest.mark.parametrize(("of", "text"), KEPT)
def test_what_was_kept_is_read_and_written_again_character_for_character(of: Any, text: str) -> None:
    """So the former version reads it too, should the app be taken back."""
    assert dump(load(text, of)) == text


@pytest.mark.parametrize(("of", "text"), VERSIONED)
def test_heads_pages_and_nudges_are_written_as_ever(of: type[Kept], text: str) -> None:
    """The format's version comes first."""
    assert of.load(text).dump() == text


@pytest.mark.parametrize("name", PAGES)
def test_a_former_page_has_the_digest_that_it_lies_under(name: str) -> None:
    """With another digest it would be none of the plan's, and the run would fail."""
    assert Page.load(BLOBS[name]).digest[:DIGEST_LENGTH] in name


def test_the_digest_of_a_former_plan_is_that_of_its_pages() -> None:
    """What was approved before an update is what is applied after it."""
    run = Run.load(HEADS[6])
    (page,) = (Page.load(BLOBS[name]) for name in PAGES if run.id in name)
    assert hashlib.sha256(f"\n{page.digest}".encode()).hexdigest() == run.digest


async def test_a_former_push_is_answered_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """From its rows, lines, people and pages, as the former version put the answer together."""
    monkeypatch.setattr(push_run, "_SLICE", 2)  # as it was when the samples were made
    table, blobs = MemoryTable(), MemoryBlobs()
    await asyncio.gather(*(blobs.put(name, text.encode()) for name, text in BLOBS.items()))
    answer = FORMER["answer"]
    head = next(text for text in reversed(HEADS) if answer["runId"] in text)
    await table.put("run", Write("0", {"v": 1, "run": head, "state": "finished", "writer": ""}))
    store = RunStore(table, blobs)
    (run,) = await store.newest(None, 2)
    context = SimpleNamespace(runs=store, settings=SimpleNamespace(policy=Policy()))
    assert await lines_of(run, cast("RunContext", context)) == (answer["results"], False)


@pytest.mark.parametrize(
    ("of", "text"), [*VERSIONED, *(one for one in KEPT if one[0] in {Next, KeptRows, Sweeps, Cursor})]
)
def test_what_a_later_version_added_is_passed_over(of: Any, text: str) -> None:
    """A member of whatever name."""
    later = json.dumps({**json.loads(text), "ofTomorrow": [{}]})
    assert load(later, of) == load(text, of)


@pytest.mark.parametrize(
    "text",
    [DEEP, DEEP.replace("x", "run"), "[" * 100_000, "", "null", "[]", '{"run": [], "current": 3}', "\ud800"],
    ids=["deep", "a deep member", "deep lists", "empty", "null", "a list", "wrong types", "no text"],
)
@pytest.mark.parametrize("of", [Run, Page, Nudge, Sweeps, Next, KeptRows])
def test_rubbish_is_a_value_error_that_does_not_quote_it(of: Any, text: str) -> None:
    """Whoever reads drops it or passes on; a RecursionError would be taken for a fault of ours."""
    with pytest.raises(ValueError, match="not what is kept") as caught:
        load(text, of)
    assert caught.value.__cause__ is None
