"""Workers that start at the same moment: real threads, one brake, one Entra."""

from __future__ import annotations

import asyncio

import pytest

from dev.tenant.server import EmulatedTenant
from shared.errors import PermanentError
from tests.clocks import FakeClock
from tests.wire.signing import Signing

WORKERS = 8


class PatientClock(FakeClock):
    """Whoever sleeps lets the others go on, and no time passes."""

    async def sleep(self, seconds: float) -> None:
        """Give way."""
        assert seconds > 0
        await asyncio.sleep(0)


@pytest.fixture
def signing(tenant: EmulatedTenant) -> Signing:
    """Workers whose waiting costs no time."""
    return Signing(tenant, PatientClock())


async def test_cold_workers_send_a_wrong_password_once(signing: Signing) -> None:
    """One sends it, the others hear of it."""
    signing.control.put_secret("mfa-sync-password", "wrong")
    workers = [signing.cold_start() for _ in range(WORKERS)]
    endings = await asyncio.gather(*(worker.token() for worker in workers), return_exceptions=True)
    assert [ending.aadsts for ending in endings if isinstance(ending, PermanentError)] == [50126] * WORKERS
    assert signing.sign_ins() == 1


async def test_cold_workers_with_the_right_password_each_get_a_token(signing: Signing) -> None:
    """One after another."""
    workers = [signing.cold_start() for _ in range(WORKERS)]
    tokens = await asyncio.gather(*(worker.token() for worker in workers))
    assert len({token.value for token in tokens}) == signing.sign_ins() == WORKERS


async def test_traps_26_and_45_calls_of_one_worker_share_its_sign_in(signing: Signing) -> None:
    """One renewal at a time."""
    worker = signing.worker
    tokens = await asyncio.gather(*(worker.token() for _ in range(WORKERS)))
    assert len({token.value for token in tokens}) == signing.sign_ins() == 1


async def test_what_the_brake_keeps_names_no_secret_and_nobody(signing: Signing) -> None:
    """Versions, a number and times."""
    signing.control.put_secret("mfa-sync-password", "a-secret-of-ours")
    signing.control.put_secret("mfa-sync-username", "nobody-of-ours@contoso.com")
    await signing.refusal()
    kept = repr(signing.table.only_row())
    assert "of-ours" not in kept
    assert "contoso" not in kept
