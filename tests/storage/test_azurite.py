"""The emulated storage leaves nothing behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from dev.azurite import Azurite, AzuriteDidNotStartError

ROOT = Path(__file__).parents[2]
_PARENT = """
import signal
from dev.azurite import Azurite
with Azurite() as running:
    print(running.pid, flush=True)
    signal.pause()
"""


def test_it_ends_with_a_parent_that_is_killed() -> None:
    """A test run that is broken off must not leave a server on the machine."""
    with subprocess.Popen(  # noqa: S603  our own command
        [sys.executable, "-c", _PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        process = os.pidfd_open(int(parent.stdout.readline()))
        try:
            parent.send_signal(signal.SIGKILL)
            ended, _, _ = select.select([process], [], [], 30)
        finally:
            # Where it did not end, the test must not leave it either.
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, signal.SIGKILL)
            os.close(process)
    assert ended == [process]


def test_without_node_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs pytest by hand may not have run make."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AzuriteDidNotStartError, match="make setup"), Azurite():
        pass
