"""Nudges that the queue gave up: told only while their step is due, and never by what a stranger wrote."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import azure.functions as func
import pytest

from dev.memory.blobs import MemoryBlobs
from dev.memory.table import MemoryTable
from mfa_sync import composition
from mfa_sync.runs.run import Run, RunKind
from mfa_sync.runs.store import RunStore
from mfa_sync.triggers import run_queue

RUN = Run("20261124T020000Z-full", RunKind.FULL, 0.0, 0.0, apply=False, step=3)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"v": 1, "run": "20261124T020000Z-full", "step": 3}', RUN.id),
        ('{"v": 1, "run": "20261124T020000Z-full", "step": 2}', None),
        ('{"v": 1, "run": "20261123T020000Z-full", "step": 3}', None),
        ("call 0701740611 at once", "no nudge"),
    ],
    ids=["due", "stale", "no such run", "a stranger's words"],
)
async def test_only_a_due_step_is_told_and_never_a_strangers_words(
    body: str, told: str | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An alert waits for this event; a step that is over is nobody's concern."""
    store = RunStore(MemoryTable(), MemoryBlobs())
    await store.create(RUN)
    monkeypatch.setattr(composition, "worker", lambda: SimpleNamespace(runs=store))
    caplog.set_level(logging.INFO)
    handler: Callable[[func.QueueMessage], Awaitable[None]] = run_queue.run_poison.build().get_user_function()
    await handler(func.QueueMessage(body=body.encode()))
    texts = [record.getMessage() for record in caplog.records]
    assert len(texts) == bool(told)
    assert all("run.poisoned" in text and str(told) in text and "1740611" not in text for text in texts)
