"""One event is one line, whatever its facts hold."""

from __future__ import annotations

import json

import pytest

from mfa_sync.telemetry.events import Event, record


@pytest.mark.parametrize(
    "text",
    ["x\r\nrun.approved {}", "x\x1b[2Jy", "x\u2028y", "x\u202ey", 'x", "by": "y', "x\x00y"],
    ids=["line-break", "escape", "line-separator", "right-to-left", "quote", "null"],
)
def test_trap_15_a_text_from_outside_makes_no_line_of_its_own(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A user name may hold what a log would take for its next entry."""
    record(Event.RUN_HELD, detail=text)
    (line,) = caplog.messages
    assert (line.isascii(), line.isprintable()) == (True, True)
    assert json.loads(line.removeprefix("run.held ")) == {"detail": text}
