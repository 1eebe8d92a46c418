"""The brake in storage: all workers together try a sign-in once."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from mfa_sync.sign_in.aadsts import refusal_of
from mfa_sync.sign_in.brake import Brake
from mfa_sync.sign_in.brake_rules import Versions
from mfa_sync.sign_in.entra import Granted, Refused
from mfa_sync.storage.table import Write
from shared.clock import Clock
from tests import virtual_time
from tests.clocks import FakeClock
from tests.shared_table import SharedTable

OLD = Versions("user-1", "password-1", "secret-1")
NEW = Versions("user-1", "password-2", "secret-1")
WRONG = refusal_of({"error_codes": [50126]})
NO_CONSENT = refusal_of({"error_codes": [65001]})


def brake(table: SharedTable, clock: Clock) -> Brake:
    """Return another worker's hand on the one brake."""
    return Brake(table, "contoso_app", clock)


class Entra:
    """Takes one password, and counts the trials."""

    def __init__(self, right: Versions) -> None:
        self.right = right
        self.trials = 0

    async def try_once(self, hand: Brake, versions: Versions, clock: Clock) -> bool:
        """Sign in under the brake: a token, or a refusal that was told or foreseen."""
        if await hand.enter(versions):
            return False
        self.trials += 1
        await clock.sleep(0.4)
        if versions != self.right:
            await hand.ended(Refused(WRONG), versions)
            return False
        await hand.ended(Granted("token", 3600), versions)
        return True


def test_a_hundred_cold_workers_send_a_wrong_password_once() -> None:
    """The others wait for the one that claimed the row, and then know."""

    async def all_at_once() -> tuple[list[bool], int]:
        table, clock, entra = SharedTable(), virtual_time.VirtualClock(), Entra(NEW)
        hands = [brake(table, clock) for _ in range(100)]
        tokens = await asyncio.gather(*(entra.try_once(hand, OLD, clock) for hand in hands))
        return tokens, entra.trials

    assert virtual_time.run(all_at_once()) == ([False] * 100, 1)


def test_workers_with_the_right_password_go_one_after_another() -> None:
    """Each needs a token of its own; none waits longer than a call may."""

    async def all_at_once() -> tuple[bool, float]:
        table, clock, entra = SharedTable(), virtual_time.VirtualClock(), Entra(OLD)
        hands = [brake(table, clock) for _ in range(20)]
        tokens = await asyncio.gather(*(entra.try_once(hand, OLD, clock) for hand in hands))
        return all(tokens), clock.monotonic()

    everybody, seconds = virtual_time.run(all_at_once())
    assert everybody
    assert seconds < 60


async def test_a_cold_start_knows_what_others_were_told() -> None:
    """The row outlives the worker."""
    table, clock = SharedTable(), FakeClock()
    first = brake(table, clock)
    assert await first.enter(OLD) is None
    await first.ended(Refused(WRONG), OLD)
    for _ in range(50):
        hold = await brake(table, clock).enter(OLD)
        assert hold
        assert hold.refusal == WRONG
        clock.advance(3600)
    assert await brake(table, clock).enter(NEW) is None


async def test_a_trial_that_is_due_is_one_workers() -> None:
    """One worker, one trial; the others hear of it."""
    table, clock = SharedTable(), FakeClock()
    first, second = brake(table, clock), brake(table, clock)
    assert await first.enter(OLD) is None
    await first.ended(Refused(NO_CONSENT), OLD)
    clock.advance(600)
    assert await first.enter(OLD) is None
    waiting = await second.enter(OLD)
    assert waiting
    assert waiting.refusal.healing.needs_nobody
    await first.ended(Granted("token", 3600), OLD)
    assert await second.enter(OLD) is None


async def test_a_worker_killed_in_mid_sign_in_is_waited_for() -> None:
    """Its claim ends: by the clock for a newcomer, by watching it for whoever stays."""
    table, clock = SharedTable(), FakeClock()
    assert await brake(table, clock).enter(OLD) is None
    patient = brake(table, clock)
    assert [await patient.enter(OLD) is None for _ in range(2)] == [False, True]
    assert await brake(table, clock).enter(OLD)
    clock.advance(2400)
    assert await brake(table, clock).enter(OLD) is None


async def test_two_workers_killed_in_a_row_stop_the_next_until_forty_minutes_after_the_first() -> None:
    """Each may have sent a wrong password."""
    table, clock = SharedTable(), FakeClock()
    for _ in range(2):
        assert await brake(table, clock).enter(OLD) is None
        clock.advance(90 + 301)
    hold = await brake(table, clock).enter(OLD)
    assert hold
    assert hold.seconds == 90 + 2400 - 2 * (90 + 301)
    clock.advance(hold.seconds)
    assert await brake(table, clock).enter(OLD) is None


async def test_the_storage_down_no_password_leaves(caplog: pytest.LogCaptureFixture) -> None:
    """Neither from whoever knows of a refusal nor from whoever knows of none; it is said once."""
    table, clock = SharedTable(), FakeClock()
    knowing, fresh = brake(table, clock), brake(table, clock)
    assert await knowing.enter(OLD) is None
    await knowing.ended(Refused(WRONG), OLD)
    table.down = True
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            assert await knowing.enter(OLD)
    assert [record.message.split()[0] for record in caplog.records] == ["brake.alone"]
    hold = await fresh.enter(NEW)
    assert hold
    assert (hold.seconds, hold.refusal.healing.needs_nobody) == (10, True)
    table.down = False
    assert await fresh.enter(NEW) is None


async def test_the_storage_down_an_app_alone_has_one_trial_in_ten_minutes() -> None:
    """Nobody can lock it."""
    table, clock = SharedTable(), FakeClock()
    worker, former, latter = brake(table, clock), Versions(client_secret="1"), Versions(client_secret="2")
    table.down = True
    assert await worker.enter(former) is None
    await worker.ended(Refused(refusal_of({"error_codes": [7000215]})), former)
    assert await worker.enter(former)
    assert await worker.enter(latter)
    clock.advance(600)
    assert await worker.enter(latter) is None


async def test_what_could_not_be_written_is_written_when_the_storage_is_back() -> None:
    """A refusal heard during the outage reaches the others."""
    table, clock = SharedTable(), FakeClock()
    worker = brake(table, clock)
    assert await worker.enter(OLD) is None
    table.down = True
    await worker.ended(Refused(WRONG), OLD)
    table.down = False
    assert await worker.enter(OLD)
    other = await brake(table, clock).enter(OLD)
    assert other
    assert other.refusal == WRONG


async def test_a_claim_whose_answer_was_lost_is_ours_all_the_same() -> None:
    """It was written, and we went on by ourselves: the end is told and the claim is gone."""
    table, clock = SharedTable(), FakeClock()
    worker = brake(table, clock)
    table.answers_lost = 1
    assert await worker.enter(OLD) is None
    await worker.ended(Refused(WRONG), OLD)
    other = await brake(table, clock).enter(OLD)
    assert other
    assert other.refusal == WRONG


async def test_a_row_of_another_release_is_left_alone() -> None:
    """Two formats that overwrite each other would forget refusals: no password leaves."""
    table, clock = SharedTable(), FakeClock()
    worker = brake(table, clock)
    await worker.enter(OLD)
    await worker.ended(Refused(WRONG), OLD)
    columns = dict(table.only_row()) | {"v": 2}
    await table.put("brake", Write("contoso_app", columns))
    assert await brake(table, clock).enter(OLD)
    assert table.only_row() == columns
    assert await worker.enter(OLD)


async def test_the_row_names_versions_and_nobody() -> None:
    """What is kept: a format, versions, a number, times."""
    table, clock = SharedTable(), FakeClock()
    worker = brake(table, clock)
    await worker.enter(OLD)
    await worker.ended(Refused(WRONG), OLD)
    columns = table.only_row()
    assert set(columns) == {
        "v", "spent", "misses", "missed", "counted", "owner", "until", "aadsts", "healing", "username",
        "password", "clientSecret",
    }  # fmt: skip
    assert json.loads(str(columns["spent"])) == [["password user-1 password-1", 50126]]


async def test_new_versions_are_looked_up_at_most_once_a_minute() -> None:
    """A flood of calls must not become a flood on the vault."""
    clock = FakeClock()
    worker = brake(SharedTable(), clock)
    assert [worker.may_look_up() for _ in range(5)] == [True, False, False, False, False]
    clock.advance(59.9)
    assert not worker.may_look_up()
    clock.advance(0.1)
    assert worker.may_look_up()
