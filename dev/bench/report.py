"""The page that a run of all measurements writes."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from dev.bench.quality import Quality
from dev.stack.local_stack import ROOT

_PAGE = ROOT / "docs" / "benchmarks.md"
_PACKAGES = ("azure-functions", "httpx", "msal", "phonenumbers")


def write(qualities: Sequence[Quality]) -> None:
    """Write docs/benchmarks.md anew."""
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    rows = "\n".join(
        f"| {quality.name} | {quality.goal} | {quality.result} | {quality.verdict} |" for quality in qualities
    )
    how = "\n".join(f"- **{quality.name}**: {quality.how}." for quality in qualities)
    _PAGE.write_text(
        f"""# Benchmarks

Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}, on two cores shared by client, emulated tenant and
storage, with Python {platform.python_version()}, {versions}.
Read the ratios; seconds are those of this machine.

| quality | goal | result | |
|---|---|---|---|
{rows}

## How each was measured

{how}
""",
        "utf-8",
    )
