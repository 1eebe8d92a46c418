"""How long a service asks us to wait."""

from __future__ import annotations

import pytest

from shared.errors import PermanentError, Problem, SettingsError, TransientError, seconds_asked


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("7", 7.0),
        ("3600", 3600.0),
        ("3601", 3600.0),
        ("999999999", 3600.0),
        ("1000000000", None),
        ("-1", None),
        ("1.5", None),
        ("7 s", None),
        ("Wed, 25 Nov 2026 07:28:00 GMT", None),
    ],
)
def test_a_wait_is_whole_seconds_and_an_hour_at_most(header: str | None, seconds: float | None) -> None:
    """RFC 9110, 10.2.3: what names no seconds is none, and then we choose for ourselves."""
    assert seconds_asked(header) == seconds


def test_an_error_tells_its_code_its_detail_and_what_to_do() -> None:
    """Whoever logs it needs no attribute of it; whoever waits is told how long."""
    waits = TransientError(Problem.GRAPH_UNAVAILABLE, "Graph answered 503.", retry_after=7)
    assert str(waits) == "graphUnavailable: Graph answered 503."
    assert (waits.code, waits.detail, waits.retry_after) == (
        Problem.GRAPH_UNAVAILABLE,
        "Graph answered 503.",
        7,
    )
    assert waits.remedy
    refuses = PermanentError(Problem.GRAPH_REFUSED, "Graph answered 403.", remedy="Consent.", aadsts=65001)
    assert (refuses.detail, refuses.remedy, refuses.aadsts) == ("Graph answered 403.", "Consent.", 65001)
    settings = SettingsError(("A is empty.", "B is empty."))
    assert (settings.code, settings.faults) == (Problem.MISCONFIGURED, ("A is empty.", "B is empty."))
    assert all(fault in settings.detail for fault in settings.faults)
