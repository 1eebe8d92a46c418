"""The demo is a promise of the README's first screen."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dev.stack.local_stack import ROOT
from dev.tenant import sample


@pytest.mark.parametrize("demo", ["dev.demo", "dev.demo.sign_in"])
def test_the_demo_succeeds_and_shows_no_secret(demo: str) -> None:
    """It exits 0 only if the tenant's state is as it should be; numbers in it are masked.

    The second makes the same calls in every mode of sign-in, through the host.
    """
    run = subprocess.run(  # noqa: S603  our own programs
        [sys.executable, "-m", demo], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert run.returncode == 0, run.stdout
    assert "All is as it should be" in run.stdout
    assert [word for word in sample.secrets() if word in run.stdout + run.stderr] == []
