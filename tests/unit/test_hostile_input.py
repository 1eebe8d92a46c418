"""What an attacker may send: it costs no more than its length, and brings nothing down."""

from __future__ import annotations

import json
import logging
import tracemalloc
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import cast

import azure.functions as func
import pytest

from dev.memory.blobs import MemoryBlobs
from dev.memory.table import MemoryTable
from mfa_sync import composition
from mfa_sync.api.contract.operator import parse_approval, parse_start
from mfa_sync.api.contract.problems import RequestError
from mfa_sync.api.contract.rows import parse_rows, refuse_query
from mfa_sync.api.explain import explain
from mfa_sync.api.worker import Call, Worker
from mfa_sync.runs.run import Run, RunKind
from mfa_sync.runs.store import RunStore
from mfa_sync.storage.table import Write
from mfa_sync.triggers import run_queue, runs_http
from shared.codes import Code
from shared.entries import entries_of
from shared.phone_number import InvalidPhoneNumberError, PhoneNumber
from shared.plan import Intent, Refusal, Request
from shared.policy import Policy
from shared.tenant import ScopeSets
from tests.people import person, sighting

KILOBYTE, MEGABYTE = 1024, 1024 * 1024
RUN = Run("20261124T020000Z-full", RunKind.FULL, 0.0, 0.0, apply=False, step=3)
type Handler = Callable[..., Awaitable[None]]


class Unsent:
    """What a function would send to the queue: nothing."""

    def set(self, texts: list[str]) -> None:
        """Refuse to send."""
        raise AssertionError(texts)


def refused(work: Callable[[], object]) -> RequestError:
    """Return the refusal."""
    with pytest.raises(RequestError) as error:
        work()
    return error.value


def peak_of(work: Callable[[], object]) -> int:
    """Return the most memory that work took, in bytes. Unlike its time, that is the same everywhere."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("names", ["a&" * 32_768, "&".join(f"{one:x}" for one in range(12_000))])
async def test_a_query_of_thousands_of_names_is_refused_before_anything_is_done(
    names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each was once looked for among all: 64 KB took 40 s of CPU, without key to the vault or handshake."""
    monkeypatch.setattr(composition, "worker", SimpleNamespace)
    function = runs_http.runs_list.build().get_user_function()
    answer = await function(func.HttpRequest(method="GET", url=f"https://x.test/api/runs?{names}", body=b""))
    problem = json.loads(answer.get_body())
    assert (answer.status_code, problem["detail"]) == (422, "The query holds over 100 names.")


def test_a_suggestion_looks_at_the_beginning_of_a_name_alone() -> None:
    """The library's comparison takes 200 MB for a key of 4 MB; the body itself takes eight."""
    key = "UserPrincipalNam" + "e" * (4 * MEGABYTE - 100)
    body = json.dumps({key: 1}).encode()
    assert peak_of(lambda: refused(lambda: parse_rows(body, None, 1))) < 20 * MEGABYTE
    assert peak_of(lambda: refused(lambda: refuse_query({key: ""}, "dryRun"))) < MEGABYTE
    error = refused(lambda: parse_rows(b'{"UserPrincipalNam": 1}', None, 1))
    assert error.errors[0].detail == "Unknown key; did you mean UserPrincipalName?"


def test_a_million_faults_are_counted_and_not_kept() -> None:
    """Twenty are shown. The object's own pairs are what is left to pay for."""
    body = ("{" + ",".join(['"a":1'] * 100_000) + "}").encode()
    error: list[RequestError] = []
    peak = peak_of(lambda: error.append(refused(lambda: parse_rows(body, None, 1))))
    assert (len(error[0].errors), error[0].detail.partition(" ")[0]) == (20, "100001")
    assert peak < 12 * MEGABYTE


async def test_one_object_is_short() -> None:
    """Such routes parse before a handshake, or without one. 64 KB is many times what they take."""
    body = json.dumps({"kind": "full", "apply": False, "x": "y" * 64 * KILOBYTE}).encode()
    assert refused(lambda: parse_start(body, None)).status == 413
    assert refused(lambda: parse_start(body[:100] + b'"}', None)).status == 422
    with pytest.raises(RequestError, match="over 65536 bytes"):
        await explain(Call(cast("Worker", None), {}, {}, body))


def test_kinds_are_not_compared_with_each_other_without_end() -> None:
    """There are four of them: the fifth is unknown or a repetition."""
    body = json.dumps({"digest": "d", "reason": "read", "kinds": ["create"] * 6000}).encode()
    assert len(refused(lambda: parse_approval(body, None)).errors) == 4


def test_a_text_longer_than_any_number_is_not_looked_at() -> None:
    """Whatever could be made of its punctuation."""
    with pytest.raises(InvalidPhoneNumberError, match="too long"):
        PhoneNumber.parse("+46 70 174 06 05" + "-" * 128)


def test_rows_that_contradict_each_other_are_not_each_answered_with_all_of_them() -> None:
    """A thousand rows for one person, all of them different, made an answer of five megabytes."""
    key = "anna@contoso.com"
    wishes = [Request(row, key, Intent(keep_when_empty=bool(row % 2))) for row in range(1000)]
    (entry,) = entries_of(wishes, {key: sighting(person())}, Policy(), ScopeSets())
    assert isinstance(entry.decision, Refusal)
    assert entry.decision.code is Code.CONTRADICTORY_ROWS
    assert (
        entry.decision.detail
        == f"Rows {', '.join(map(str, range(20)))} and 980 more name one person and differ."
    )


HOSTILE_MESSAGES = {
    "empty": "",
    "no JSON": "call 0701740611 at once",
    "nested lists": "[" * 48_000,
    "nested lists, closed": "[" * 24_000 + "]" * 24_000,
    "nested objects": '{"run":' * 6_000 + "1" + "}" * 6_000,
    "nested where a name is due": '{"run": ' + "[" * 9_000 + "]" * 9_000 + ', "step": 3}',
    "a huge number": '{"run": "20261124T020000Z-full", "step": ' + "9" * 45_000 + "}",
    "a large number": '{"run": "20261124T020000Z-full", "step": ' + "9" * 4_000 + "}",
    "a negative number": '{"run": "20261124T020000Z-full", "step": -1}',
    "an infinite number": '{"run": "20261124T020000Z-full", "step": 1e999}',
    "no number": '{"run": "20261124T020000Z-full", "step": "3"}',
    "no name": '{"run": null, "step": 3}',
    "no run's name": '{"run": "../../20261124T020000Z-full", "step": 3}',
    "half a surrogate pair": '{"run": "\\ud800", "step": 3}',
    "a long name": '{"run": "' + "a" * 48_000 + '", "step": 3}',
    "a list": '["20261124T020000Z-full", 3]',
    "not UTF-8": "\udcff",
}


@pytest.mark.parametrize("function", ["run_step", "run_poison"])
@pytest.mark.parametrize("message", HOSTILE_MESSAGES.values(), ids=HOSTILE_MESSAGES)
async def test_a_message_of_any_shape_ends_as_poison(
    message: str, function: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told by the event that the alert waits for, moves no run, and never comes again."""
    store = RunStore(MemoryTable(), MemoryBlobs())
    await store.create(RUN)
    monkeypatch.setattr(composition, "worker", lambda: SimpleNamespace(runs=store))
    caplog.set_level(logging.INFO)
    handler: Handler = getattr(run_queue, function).build().get_user_function()
    body = message.encode("utf-8", "surrogateescape")
    await handler(func.QueueMessage(body=body), *([Unsent()] if function == "run_step" else []))
    told = [record.getMessage() for record in caplog.records]
    assert [text.partition(" ")[0] for text in told] == ["run.poisoned"]
    assert "no nudge" in told[0]
    stored = await store.get(RUN.id)
    assert stored
    assert stored.run == RUN


async def test_a_given_up_message_about_a_head_that_cannot_be_read_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Behind this queue there is no other: what fails here comes again for ever."""
    table = MemoryTable()
    store = RunStore(table, MemoryBlobs())
    await store.create(RUN)
    (row,) = await table.range("run", "0", "a")
    await table.put("run", Write(row.key, {"run": "[" * 30_000}, row.etag))
    monkeypatch.setattr(composition, "worker", lambda: SimpleNamespace(runs=store))
    handler: Handler = run_queue.run_poison.build().get_user_function()
    await handler(func.QueueMessage(body=b'{"run": "20261124T020000Z-full", "step": 3}'))
    assert "Its head cannot be read." in caplog.text


@pytest.mark.parametrize(
    "data", [b"[" * 100_000, b'{"v":1,"changes":' + b"[" * 9_000 + b"]" * 9_000 + b"}", b"7"]
)
async def test_a_page_that_is_none_is_gone(data: bytes) -> None:
    """Whoever can write blobs ends the run by it, and no more: a step that raises is tried five times."""
    blobs = MemoryBlobs()
    await blobs.put("runs/20261124T020000Z-full/pages/0-0123456789abcdef.json", data)
    run = Run(RUN.id, RunKind.FULL, 0.0, 0.0, apply=False, pages=1, digests=("0123456789abcdef",))
    assert await RunStore(MemoryTable(), blobs).page(run, 0) is None
