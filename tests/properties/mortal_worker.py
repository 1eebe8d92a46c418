"""Runs over a storage and a directory in memory, whose worker dies, fails or stands still amid its work.

Calls that count are all writes, and seeing users: between the other reads nothing happens that matters.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from copy import replace
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from dev.memory.blobs import MemoryBlobs
from dev.memory.table import MemoryTable
from dev.stack.local_stack import example_settings
from mfa_sync.graph.client import GraphClient
from mfa_sync.graph.groups import Groups
from mfa_sync.graph.reach import Reach
from mfa_sync.graph.tenant import GraphTenant
from mfa_sync.runs.context import RunContext
from mfa_sync.runs.store import RunStore
from mfa_sync.settings.settings import Settings
from mfa_sync.storage.change_counts import Counters
from mfa_sync.storage.emptiness import EmptySince
from mfa_sync.storage.known_facts import KnownFacts
from mfa_sync.storage.last_writes import LastWritten
from mfa_sync.storage.table import StorageDownError, Write
from mfa_sync.vault.fingerprints import FingerprintKeys
from mfa_sync.vault.key_vault import KeyVault, Secret
from shared.clock import Deadline
from shared.errors import Problem, TransientError
from shared.facts import Facts
from shared.guard import Limit
from shared.phone_number import ObservedNumber
from shared.tenant import Change, Fate, Kind, Observation, PhoneMethods, Privileged, ScopeSets, WriteAnswer
from tests.clocks import FakeClock
from tests.people import person

CLAIM_SECONDS = 300.0


class KilledError(BaseException):
    """The worker's process is gone: no handler of an exception may run in it."""


class End(Enum):
    """What happens to a worker at one of its calls."""

    DIES_BEFORE = "dies before it"
    DIES_AFTER = "dies after it"
    REFUSED = "is refused"
    UNHEARD = "is done, and the answer is lost"
    STANDS_STILL = "stands still before it, over its claim"


class Fuse:
    """Counts the calls of one worker and lets one of them end so."""

    def __init__(self) -> None:
        self.left = 0
        self.end: End | None = None
        self.standing: asyncio.Event | None = None
        self.stood = asyncio.Event()

    def set(self, end: End | None, number: int) -> None:
        """Let the call of that number, from now, end so."""
        self.end, self.left = end, number

    def is_to_stand(self) -> bool:
        """Return whether the worker would stand still at the very next call."""
        return self.left == 1 and self.end is End.STANDS_STILL

    def blow(self) -> End | None:
        """Return how the call that is about to be made ends."""
        self.left -= 1
        if self.left:
            return None
        end, self.end = self.end, None
        return end

    async def around[T](self, call: Callable[[], Awaitable[T]], error: type[Exception]) -> T:
        """Make a call, unless it ends otherwise; where it fails, by this error."""
        end = self.blow()
        if end is End.STANDS_STILL:
            await self.stand()
        if end is End.DIES_BEFORE:
            raise KilledError
        if end is End.REFUSED:
            raise error
        done = await call()
        if end is End.DIES_AFTER:
            raise KilledError
        if end is End.UNHEARD:
            raise error
        return done

    async def stand(self) -> None:
        """Wait until somebody lets the worker go on."""
        self.standing = asyncio.Event()
        self.stood.set()
        await self.standing.wait()


class _Table(MemoryTable):
    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self._fuse = fuse

    async def put(self, partition: str, write: Write) -> str:
        return await self._fuse.around(lambda: MemoryTable.put(self, partition, write), StorageDownError)

    async def put_many(self, partition: str, writes: Sequence[Write]) -> dict[str, str]:
        return await self._fuse.around(
            lambda: MemoryTable.put_many(self, partition, writes), StorageDownError
        )

    async def delete(self, partition: str, key: str, etag: str = "*") -> None:
        await self._fuse.around(lambda: MemoryTable.delete(self, partition, key, etag), StorageDownError)


class _Blobs(MemoryBlobs):
    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self._fuse = fuse

    async def put(self, name: str, data: bytes) -> None:
        # A request lasts no longer than its time limit: nobody stands in one over a claim, but fails there.
        if self._fuse.is_to_stand():
            self._fuse.set(End.REFUSED, 1)
        await self._fuse.around(lambda: MemoryBlobs.put(self, name, data), StorageDownError)


class _Vault:
    """Holds the one key of fingerprints."""

    async def secret(self, name: str) -> Secret:
        return Secret(name, "1", None, "a key of fingerprints, long enough")

    async def find(self, name: str, *, version: str) -> Secret | None:
        return await self.secret(name) if version == "1" else None


class _GraphIsDownError(TransientError):
    def __init__(self) -> None:
        super().__init__(Problem.GRAPH_UNAVAILABLE, "Graph is down.", retry_after=1)


class Directory:
    """Who is there, with what attribute and what number, and how often we wrote whom."""

    def __init__(self, fuse: Fuse, clock: FakeClock) -> None:
        self.fuse = fuse
        self._clock = clock
        self.attributes: dict[str, str | None] = {}
        self.numbers: dict[str, str | None] = {}
        self.written: Counter[str] = Counter()
        self.made: set[tuple[Kind, str]] = set()

    def of_call(self, deadline: Deadline) -> _Tenant:
        """Return the directory within one call."""
        return _Tenant(self, deadline)

    async def write(self, change: Change, deadline: Deadline) -> WriteAnswer:
        """Make one change, unless it ends otherwise."""
        end = self.fuse.blow()
        if end is End.STANDS_STILL:
            await self.fuse.stand()
        if end is End.DIES_BEFORE:
            raise KilledError
        if end is End.REFUSED:
            return WriteAnswer(Fate.UNAVAILABLE)
        if deadline.remaining() <= 0:
            return WriteAnswer(Fate.NOT_SENT)
        if change.kind is Kind.CREATE and self.numbers[change.user_id] is not None:
            return WriteAnswer(Fate.REJECTED)
        if change.kind is not Kind.CREATE and self.numbers[change.user_id] is None:
            return WriteAnswer(Fate.MISSING)
        self.numbers[change.user_id] = change.number.reveal() if change.number else None
        self.written[change.user_id] += 1
        self.made.add((change.kind, change.user_id))
        if end is End.DIES_AFTER:
            raise KilledError
        return WriteAnswer(Fate.UNKNOWN if end is End.UNHEARD else Fate.DONE)


class _Tenant:
    """A `shared.tenant.Tenant`, bound to one call."""

    def __init__(self, directory: Directory, deadline: Deadline) -> None:
        self._directory = directory
        self._deadline = deadline

    async def scope_sets(self) -> ScopeSets:
        return ScopeSets()

    async def observe(self, keys: Collection[str]) -> Mapping[str, Observation]:
        seen = self._see(keys)  # whoever stands still now has seen what will be no longer so

        async def hear() -> Mapping[str, Observation]:
            return seen

        return await self._directory.fuse.around(hear, _GraphIsDownError)

    def _see(self, keys: Collection[str]) -> Mapping[str, Observation]:
        found: dict[str, Observation] = {}
        for key in keys:
            number = self._directory.numbers[key]
            user = person(self._directory.attributes[key], object_id=key, upn=f"{key}@contoso.com")
            found[key] = Observation(user, PhoneMethods(ObservedNumber(number) if number else None))
        return found

    async def privileged_principals(self) -> Privileged:
        return Privileged(frozenset(), are_all=True)

    async def other_factors(self, user_ids: Collection[str]) -> Mapping[str, int]:
        return dict.fromkeys(user_ids, 2)

    async def write(self, changes: Sequence[Change]) -> Mapping[str, WriteAnswer]:
        return {one.user_id: await self._directory.write(one, self._deadline) for one in changes}

    async def patience(self) -> Sequence[float]:
        return Facts().patience

    async def pause(self, seconds: float) -> bool:
        return self._deadline.remaining() > seconds


@dataclass(frozen=True, slots=True)
class _Context(RunContext):
    """What runs work with, over a directory in memory."""

    directory: Directory

    def tenant(self, deadline: Deadline) -> GraphTenant:
        """Return the directory, bound to one call's deadline."""
        return cast("GraphTenant", self.directory.of_call(deadline))


class MortalWorker:
    """What runs work with here. A new worker knows nothing of the former one's memory."""

    def __init__(self, **most: int) -> None:
        self.clock = FakeClock()
        self.fuse = Fuse()
        self.directory = Directory(self.fuse, self.clock)
        self.ledger = Counters(table := _Table(self.fuse), self.clock)
        self.store = RunStore(table, _Blobs(self.fuse))
        self._table = table
        limits = {kind: Limit(f"MAX_{kind.name}S", most.get(kind.value, 99), 100) for kind in Kind}
        environ = {**example_settings(), "RUN_CLAIM_SECONDS": str(int(CLAIM_SECONDS))}
        self._settings = replace(Settings.from_environment(environ), limits=limits)
        self.tools = self._tools()

    def restart(self) -> None:
        """Take a new worker."""
        self.tools = self._tools()

    def _tools(self) -> RunContext:
        keys = FingerprintKeys(cast("KeyVault", _Vault()), "key")
        written = LastWritten(self._table, keys, self.clock)
        return _Context(
            self._settings,
            self.clock,
            cast("GraphClient", None),  # pushes name their users: nothing is listed
            cast("Groups", None),
            cast("Reach", None),
            written,
            self.ledger,
            EmptySince(self._table, self.clock),
            self.store,
            keys,
            KnownFacts(self._table, "", self.clock, is_used=False),
            self.directory,
        )

    async def until_it_stands(self, work: Awaitable[Any]) -> asyncio.Task[Any]:
        """Let a worker work until it is done, dead, or standing still; return what it works in."""
        task = asyncio.ensure_future(_as_coroutine(work))
        stood = asyncio.ensure_future(self.fuse.stood.wait())
        await asyncio.wait({task, stood}, return_when=asyncio.FIRST_COMPLETED)
        stood.cancel()
        self.fuse.stood.clear()
        return task


async def _as_coroutine(work: Awaitable[Any]) -> Any:
    return await work
