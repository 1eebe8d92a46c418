"""A worker in a process of its own that tries the canary, to be killed amid it."""

from __future__ import annotations

import asyncio
import os

from mfa_sync.api.doctor import doctor
from mfa_sync.api.worker import Call
from mfa_sync.composition import build_worker
from shared.clock import SystemClock
from tests.wire.operating import KNOWING


async def main() -> None:
    """Ask the doctor."""
    worker = build_worker(os.environ, SystemClock())
    await doctor(Call(worker, KNOWING, {}, b'{"canary": true}'))


if __name__ == "__main__":
    asyncio.run(main())
