"""One run from start to end: the scheduled pushes, then calm, then what a caller does about the rest."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import traceback
from collections.abc import Iterable
from typing import Any, override
from unittest import mock

from azure.keyvault.secrets._shared import http_challenge_cache

from dev.simulation import virtual_time
from dev.simulation.history import History, Told
from dev.simulation.in_process import IDENTITY_ENDPOINT, IDENTITY_HEADER, Line
from dev.simulation.journal import at_work
from dev.simulation.schedule import Asked, Push, Schedule, schedule_of
from dev.simulation.virtual_time import VirtualClock
from dev.simulation.world import World
from dev.stack.local_stack import example_settings
from dev.tenant.server import REMOVED_VARIABLES
from mfa_sync.api.contract.problems import RequestError, internal_error, problem
from mfa_sync.api.push import push
from mfa_sync.api.worker import Call, Worker
from mfa_sync.telemetry.events import quieten_libraries
from shared.errors import SyncError

_TRIES = 6
_PAUSE, _AFTER_A_PERSON, _UNTIL_CALM = 61.0, 700.0, 300.0
_NOT_RETRYABLE = 502
_PROXIES = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")


class _Ear(logging.Handler):
    """Keeps every log record of the process as text, with all that it carries."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        carried = {name: value for name, value in vars(record).items() if name in {"facts", "args"}}
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        self.heard.append(f"{record.levelname} {record.name} {record.getMessage()} {carried} {trace}")


class _Play:
    def __init__(self, schedule: Schedule, clock: VirtualClock) -> None:
        self.schedule = schedule
        self.world = World(schedule, clock)
        self.world.killed = self._kill
        self._loop = clock.loop
        self._clock = clock
        self._environ = {**example_settings(), **schedule.settings}
        self._workers: dict[int, tuple[Worker, Line]] = {}
        self._deaths: dict[Line, asyncio.Future[None]] = {}
        self._told: list[Told] = []

    async def all(self) -> list[Told]:
        """Play every phase."""
        if self.schedule.finds_out:
            await self.world.find_out(self._worker(0)[0])
        for number, step in enumerate(self.schedule.steps):
            await asyncio.sleep(step.pause)
            self.world.before_step(number)
            for worker in step.cold:
                self._workers.pop(worker, None)
            await asyncio.gather(*(self._send("play", one) for one in step.pushes))
        await asyncio.sleep(_UNTIL_CALM)
        self.world.calm()
        for told in [one for one in self._told if not one.push.dry_run]:
            await self._retry(told)
        everybody = Push(0, tuple(self._everybody()))
        await asyncio.sleep(_UNTIL_CALM)
        await self._retry(await self._send("audit", everybody))
        await asyncio.sleep(_UNTIL_CALM)
        await self._send("again", everybody)
        return self._told

    async def _retry(self, told: Told) -> None:
        """Send again what an answer left open, as a caller does who reads it."""
        for attempt in range(_TRIES):
            rows = told.left_open()
            if not rows:
                return
            pause = _AFTER_A_PERSON if told.status == _NOT_RETRYABLE else max(_PAUSE, told.retry_after or 0)
            await asyncio.sleep(pause)
            # Who got no results may have been heard all the same: the same key asks for them.
            key = None if told.lines else told.push.key
            told = await self._send("retry", Push(attempt % 2, rows, key=key), told.number)

    def _everybody(self) -> Iterable[Asked]:
        for number, member in enumerate(self.schedule.cast.members):
            yield Asked(member.person.id, by_id=member.exists and number % 2 == 0)

    async def _send(self, phase: str, asked: Push, follows: int | None = None) -> Told:
        mark, now = self.world.journal.mark(), self._loop.time()
        told = Told(len(self._told), phase, asked, mark, now, follows)
        self._told.append(told)
        doing = at_work.set(told.number)
        try:
            worker, line = self._worker(asked.worker)
            work = asyncio.ensure_future(self._answer(worker, told))
        finally:
            at_work.reset(doing)
        death = self._deaths[line]
        await asyncio.wait({work, death}, return_when=asyncio.FIRST_COMPLETED)
        if death.done():
            work.cancel()
            told.status, told.body, told.headers = None, {}, {}
        told.ended, told.finished = self.world.journal.mark(), self._loop.time()
        return told

    def _worker(self, number: int) -> tuple[Worker, Line]:
        if number not in self._workers:
            self._workers[number] = self.world.worker(self._environ, self._clock)
            self._deaths[self._workers[number][1]] = self._loop.create_future()
        return self._workers[number]

    def _kill(self, line: Line) -> None:
        if line.is_cut:
            return
        line.is_cut = True
        self._deaths[line].set_result(None)
        self._workers = {number: pair for number, pair in self._workers.items() if pair[1] is not line}

    async def _answer(self, worker: Worker, told: Told) -> None:
        """Do what the trigger does: a problem is an answer too, and anything else an internal error."""
        headers = {"message": self.world.handshake}
        if told.push.key is not None:
            headers["idempotency-key"] = told.push.key
        if told.push.wait is not None:
            headers["prefer"] = f"wait={told.push.wait}"
        query = {"dryRun": "true"} if told.push.dry_run else {}
        body = json.dumps([self._row(number, asked) for number, asked in enumerate(told.push.rows)]).encode()
        try:
            answer = await push(Call(worker, headers, query, body))
        except (SyncError, RequestError) as error:
            answer = problem(error)
        except Exception as error:  # noqa: BLE001  whatever it is, a run must go on and show it
            told.fault = "".join(traceback.format_exception(error))
            answer = internal_error()
        told.status, told.headers = answer.status, dict(answer.headers)
        told.body = json.loads(json.dumps(answer.plain()))

    def _row(self, number: int, asked: Asked) -> dict[str, Any]:
        person = next(one.person for one in self.schedule.cast.members if one.person.id == asked.who)
        row: dict[str, Any] = {"Id": person.id} if asked.by_id else {"UserPrincipalName": person.upn}
        if asked.keep:
            row["OverwriteNull"] = "0"
        if asked.text is not None:
            row["Mobile"] = asked.text
        return row | {"Reference": f"r{number}"}


def play(seed: int) -> History:
    """Return the history of the run that `seed` stands for."""
    schedule, ear, root = schedule_of(seed), _Ear(), logging.getLogger()
    environ = {"IDENTITY_ENDPOINT": IDENTITY_ENDPOINT, "IDENTITY_HEADER": IDENTITY_HEADER}
    level = root.level
    quieten_libraries()
    root.addHandler(ear)
    root.setLevel(logging.INFO)
    plays: list[_Play] = []

    # The library keeps the vault's challenge for the whole process: each run is a process of its own.
    http_challenge_cache.clear()

    async def main(clock: VirtualClock) -> list[Told]:
        plays.append(_Play(schedule, clock))
        try:
            return await plays[0].all()
        finally:
            root.removeHandler(ear)

    try:
        with mock.patch.dict(os.environ, environ):
            for name in (*REMOVED_VARIABLES, *_PROXIES):
                os.environ.pop(name, None)
            told = virtual_time.run(main, seed)
    finally:
        root.removeHandler(ear)
        root.setLevel(level)
    return _history(plays[0].world, told, ear.heard)


def _history(world: World, told: list[Told], heard: list[str]) -> History:
    schedule, numbers = world.schedule, world.schedule.numbers
    struck = world.struck.copy()
    for kind, fault in schedule.faults:
        struck[kind] += fault.struck
    return History(
        schedule,
        world.journal,
        told,
        world.troubles,
        struck,
        list(world.state.log.entries),
        world.loop.unheard,
        heard,
        world.stored,
        world.most_failed_sign_ins,
        world.state.switches.lockout_threshold,
        [*world.secrets, *numbers.drawn, *numbers.texts(), *world.state.tokens],
    )
