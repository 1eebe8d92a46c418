"""Where runs are kept: heads in the table, newest first, and pages in blobs (docs/runs.md)."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from mfa_sync.runs.kept import FORMAT, dump, load
from mfa_sync.runs.page import Page
from mfa_sync.runs.run import DIGEST_LENGTH, Run, RunKind
from mfa_sync.storage.table import Blobs, LostRaceError, Row, Table, Value, Write

RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[a-z]{1,20}(-[0-9a-f]{1,32})?")
"""What `run_id` makes. Anything else names no run, and the storage is not asked for it."""

_HEADS, _OPEN, _SWEEPS, _STATE, _WATCHDOG = "run", "open", "sweep", "state", "watchdog"
_STAMP = "%Y%m%dT%H%M%SZ"
_STAMP_LENGTH = 16
_FAR = 99_999_999_999
_AT_ONCE = 1000  # most rows that the table lists in one answer


@dataclass(frozen=True, slots=True)
class Stored:
    """A head as it was read: the run, who wrote it, and which version of the row this is."""

    run: Run
    writer: str
    etag: str


class Sweeps(msgspec.Struct, frozen=True):
    """What sweeps know of each other.

    Attributes:
        current: The sweep that was begun last.
        last: The last one that finished: where the next changed sweep goes on.
        last_full: The last full one that finished.
        full_at: When that one began, in seconds since 1970.
        population: The users in scope that held a number then; None before the first.
        digest: Of the settings that decide about users, as they were then.
        seal: Of what `last` kept for the next one; not there where a former version finished it.
    """

    current: str = ""
    last: str = ""
    last_full: str = ""
    full_at: float = 0.0
    population: int | None = None
    digest: str = ""
    seal: str | msgspec.UnsetType = msgspec.UNSET


def run_id(kind: RunKind, at: datetime, nonce: str = "") -> str:
    """Return a run's id. Without a nonce it is that of a schedule's slot: two timers make one run."""
    stamp = at.astimezone(UTC).strftime(_STAMP)
    return f"{stamp}-{kind.value}-{nonce}" if nonce else f"{stamp}-{kind.value}"


def kind_of(run_id: str) -> str:
    """Return the kind in a run's id; of a run of a later version it may be none that is known here."""
    return run_id[_STAMP_LENGTH + 1 :].partition("-")[0]


class RunStore:
    """Reads and writes runs. Every method may raise StorageDownError."""

    def __init__(self, table: Table, blobs: Blobs) -> None:
        self._table = table
        self._blobs = blobs

    async def create(self, run: Run) -> None:
        """Keep a new run, among the open ones first: what is not listed there is never forgotten.

        Raises:
            LostRaceError: There is one of this id.
        """
        await self._table.put(_OPEN, Write(run.id, {"v": FORMAT}))
        await self._write(run, "", None)

    async def record(self, run: Run) -> None:
        """Keep a run that is over.

        Raises:
            LostRaceError: There is one of this id.
        """
        await self._write(run, "", None)

    async def open(self) -> list[str]:
        """Return the ids of all runs that are not final, and of few that are or were never made."""
        found: list[str] = []
        first = "0"
        while rows := await self._table.range(_OPEN, first, "a", _AT_ONCE):
            found += [row.key for row in rows]
            if len(rows) < _AT_ONCE:
                break
            first = f"{found[-1]}!"  # sorts before all that a longer id could go on with
        return found

    async def close(self, run_id: str) -> None:
        """Take a run that is final from the open ones."""
        await self._table.delete(_OPEN, run_id)

    async def get(self, run_id: str) -> Stored | None:
        """Return a run, or None; also for a text that is no run's id."""
        key = _key(run_id)
        row = await self._table.get(_HEADS, key) if key else None
        return _stored(row) if row else None

    async def get_many(self, run_ids: Sequence[str]) -> Mapping[str, Stored | ValueError | None]:
        """Return runs, by id; None for one that is not there, an error for a head of another format."""
        keys = {run_id: key for run_id in run_ids if (key := _key(run_id))}
        rows = await self._table.get_many(_HEADS, keys.values())
        found: dict[str, Stored | ValueError | None] = dict.fromkeys(run_ids)
        for run_id, key in keys.items():
            if row := rows.get(key):
                try:
                    found[run_id] = _stored(row)
                except ValueError as error:
                    found[run_id] = error
        return found

    async def replace(self, former: Stored, run: Run) -> Stored:
        """Write a run over the version that was read.

        A write whose answer was lost is read back: its own name in it means that it was this one.

        Raises:
            LostRaceError: Somebody else wrote first.
        """
        writer = uuid.uuid4().hex
        try:
            return await self._write(run, writer, former.etag)
        except LostRaceError:
            found = await self.get(run.id)
            if found and found.writer == writer:
                return found
            raise

    async def newest(self, after: str | None, most: int) -> list[Run]:
        """Return at most `most` runs, newest first, that come after the run of that id."""
        # "!" sorts before all that a longer id could go on with.
        return await self._runs(f"{_key(after)}!" if after else "0", most)

    async def older(self, than: datetime, most: int) -> list[Run]:
        """Return at most `most` runs that were begun before a moment, the younger ones first."""
        return await self._runs(_countdown(than), most)

    async def remove(self, run_id: str) -> None:
        """Forget a run with its pages."""
        await self._blobs.delete(f"runs/{run_id}/")
        if key := _key(run_id):
            await self._table.delete(_HEADS, key)

    async def page(self, run: Run, number: int) -> Page | None:
        """Return a page of a run's plan, with what became of it as far as it was applied.

        A page lies under its digest: a late worker's cannot take its place, and one that was tampered with is
        none.
        """
        known = run.digests[number]
        data = await self._blobs.get(_page_name(run.id, number, known))
        try:
            page = Page.load(data) if data is not None else None
        except ValueError:
            return None
        return page if page and page.digest.startswith(known) else None

    async def put_page(self, run_id: str, number: int, page: Page) -> None:
        """Keep a page of a run's plan."""
        await self._blobs.put(_page_name(run_id, number, page.digest[:DIGEST_LENGTH]), page.dump().encode())

    async def note[T = Any](self, run_id: str, name: str, of: type[T] | None = None) -> T | None:
        """Return what a run keeps for itself under a name, as that type, or None.

        Raises:
            ValueError: Something else is kept there.
        """
        data = await self._blobs.get(f"runs/{run_id}/{name}.json")
        return load(data, of) if data is not None else None

    async def put_note(self, run_id: str, name: str, what: object) -> None:
        """Keep something for a run under a name."""
        await self._blobs.put(f"runs/{run_id}/{name}.json", dump(what).encode())

    async def sealed[T = Any](self, run_id: str, name: str, seal: str, of: type[T] | None = None) -> T | None:
        """Return what `seal` kept, or None: also where it is not what was sealed.

        Without a seal it is the plain note, as former versions kept it.

        Raises:
            ValueError: Something else is kept there.
        """
        if not seal:
            return await self.note(run_id, name, of)
        data = await self._blobs.get(_sealed_name(run_id, name, seal))
        return load(data, of) if data is not None and _seal_of(data) == seal else None

    async def seal(self, run_id: str, name: str, what: object) -> str:
        """Keep something that is shown or decides, and return the seal by which alone it is found again."""
        data = dump(what).encode()
        seal = _seal_of(data)
        await self._blobs.put(_sealed_name(run_id, name, seal), data)
        return seal

    async def sweeps(self) -> tuple[Sweeps, str | None]:
        """Return what sweeps know of each other, and the version of it."""
        row = await self._table.get(_SWEEPS, _STATE)
        if row is None:
            return Sweeps(), None
        return load(str(row.values["sweeps"]), Sweeps), row.etag

    async def put_sweeps(self, sweeps: Sweeps, etag: str | None) -> None:
        """Write that over the version that was read.

        Raises:
            LostRaceError: Somebody else wrote first.
        """
        await self._table.put(_SWEEPS, Write(_STATE, {"v": FORMAT, "sweeps": dump(sweeps)}, etag))

    async def watched(self) -> float | None:
        """Return when the watchdog came last, in seconds since 1970; None: not yet."""
        row = await self._table.get(_SWEEPS, _WATCHDOG)
        return float(row.values["at"]) if row else None

    async def put_watched(self, at: float) -> None:
        """Write down that the watchdog has come."""
        await self._table.put(_SWEEPS, Write(_WATCHDOG, {"v": FORMAT, "at": at}))

    async def _runs(self, first: str, most: int) -> list[Run]:
        """Return the runs whose keys come from `first` on; a head of another format hides no others."""
        found: list[Run] = []
        for row in await self._table.range(_HEADS, first, "a", most):
            with suppress(ValueError):
                found.append(_stored(row).run)
        return found

    async def _write(self, run: Run, writer: str, etag: str | None) -> Stored:
        key = _key(run.id)
        if key is None:
            raise ValueError("This is no run's id.")
        values: dict[str, Value] = {
            "v": FORMAT,
            "run": run.dump(),
            "state": run.state.value,
            "writer": writer,
        }
        return Stored(run, writer, await self._table.put(_HEADS, Write(key, values, etag)))


def _stored(row: Row) -> Stored:
    return Stored(Run.load(str(row.values.get("run"))), str(row.values.get("writer")), row.etag)


def _key(run_id: str) -> str | None:
    """Return a run's key, or None. Azure refuses keys of other characters, which looks like an outage."""
    if not RUN_ID.fullmatch(run_id):
        return None
    try:
        at = datetime.strptime(run_id[:_STAMP_LENGTH], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return f"{_countdown(at)}-{run_id}"


def _countdown(at: datetime) -> str:
    """Return the seconds from a moment to a day far ahead: keys sort as text, the newest is to come first."""
    return f"{_FAR - int(at.timestamp()):011d}"


def _seal_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sealed_name(run_id: str, name: str, seal: str) -> str:
    return f"runs/{run_id}/{name}-{seal[:DIGEST_LENGTH]}.json"


def _page_name(run_id: str, number: int, digest: str) -> str:
    return f"runs/{run_id}/pages/{number}-{digest}.json"
