"""A push that is stopped."""

from __future__ import annotations

import pytest

from shared.errors import SyncError
from tests.wire.bench import Bench


async def stopped(bench: Bench) -> SyncError:
    """Push somebody and return what stopped it."""
    person = bench.person("+46701740611")
    with pytest.raises(SyncError) as caught:
        await bench.push([{"Id": person.id}])
    return caught.value
