from datetime import UTC, datetime

import pytest

from dev.functions_host.binding_settings import BindingError
from dev.functions_host.schedule import Schedule


def _times(text: str, count: int = 2, start: str = "2026-11-24T07:00:00") -> list[str]:
    schedule, moment = Schedule.parse(text), datetime.fromisoformat(start).replace(tzinfo=UTC)
    found = []
    for _ in range(count):
        moment = schedule.next_after(moment)
        found.append(moment.isoformat())
    return found


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("0 0 2 * * *", "2026-11-25T02:00:00", "2026-11-26T02:00:00"),
        ("*/20 * * * * *", "2026-11-24T07:00:20", "2026-11-24T07:00:40"),
        ("0 5/40 * * * *", "2026-11-24T07:05:00", "2026-11-24T07:45:00"),
        ("0,30 1-2 7 * * *", "2026-11-24T07:01:00", "2026-11-24T07:01:30"),
        ("0 0 9 * * Mon-FRI", "2026-11-24T09:00:00", "2026-11-25T09:00:00"),
        ("0 0 9 1 jan,february *", "2027-01-01T09:00:00", "2027-02-01T09:00:00"),
        ("0 0 0 * * 0", "2026-11-29T00:00:00", "2026-12-06T00:00:00"),
        ("30 2 * * *", "2026-11-25T02:30:00", "2026-11-26T02:30:00"),
    ],
)
def test_six_fields_from_seconds_to_weekdays(text: str, first: str, second: str) -> None:
    """In UTC; with five fields the seconds are left out, as the Functions host allows."""
    assert _times(text) == [first + "+00:00", second + "+00:00"]


def test_a_day_must_fit_by_number_and_by_weekday() -> None:
    """Unlike in cron, where one suffices: the first Tuesday of a month."""
    assert _times("0 0 8 1-7 * Tue") == ["2026-12-01T08:00:00+00:00", "2027-01-05T08:00:00+00:00"]


def test_the_next_time_is_never_now() -> None:
    """Or a timer would run twice."""
    assert _times("0 0 7 * * *", 1) == ["2026-11-25T07:00:00+00:00"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it wants six fields"),
        ("0 0 2 * * * *", "it wants six fields"),
        ("01:00:00", "it wants six fields"),
        ("60 * * * * *", "'60' is no second"),
        ("0 0 24 * * *", "'24' is no hour"),
        ("0 0 0 0 * *", "'0' is no day"),
        ("0 0 0 * * 7", "'7' is no day of the week"),
        ("0 0 0 L * *", "'L' is no day"),
        ("0 0 0 * * Mon#1", "'Mon#1' is no day of the week"),
        ("0 0 0 ? * *", r"'\?' is no day"),
        ("0 */0 * * * *", r"'\*/0' is no minute"),
        ("0 *-5 * * * *", r"'\*-5' is no minute"),
        ("0 1, * * * *", "'' is no minute"),
        ("0 0 0 31 2 *", "failed to find next date"),
    ],
)
def test_anything_else_is_refused(text: str, why: str) -> None:
    """Also what other kinds of cron know, and a day that never comes."""
    with pytest.raises(BindingError, match=rf"was not recognized as a valid cron expression: {why}"):
        Schedule.parse(text)
