"""NCRONTAB: when a timer is due, in UTC."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from dev.functions_host.binding_settings import BindingError

_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")
_FIVE = 5
_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Field:
    name: str
    lowest: int
    highest: int
    names: Sequence[str] = ()

    def number(self, text: str) -> int:
        """The value of a number, or of a name by its beginning, however short: NCRONTAB takes the first."""
        if text.isdecimal():
            value = int(text)
        else:
            known = (n for n, name in enumerate(self.names, self.lowest) if name.startswith(text.lower()))
            value = next(known, -1)
        if not self.lowest <= value <= self.highest:
            raise ValueError(f"{text!r} is no {self.name}")
        return value

    def numbers(self, text: str) -> set[int]:
        """All values of a list of numbers, ranges and steps."""
        found: set[int] = set()
        for part in text.split(","):
            match = _PART.fullmatch(part)
            if match is None or match["step"] == "0":
                raise ValueError(f"{part!r} is no {self.name}")
            first, last = self._ends(match)
            # A range that runs backwards is turned round, as NCRONTAB does: fri-sun is sun-fri.
            found.update(range(min(first, last), max(first, last) + 1, int(match["step"] or 1)))
        return found

    def _ends(self, match: re.Match[str]) -> tuple[int, int]:
        if match["first"] == "*":
            if match["last"]:
                raise ValueError(f"{match[0]!r} is no {self.name}")
            return self.lowest, self.highest
        first = self.number(match["first"])
        if match["last"]:
            return first, self.number(match["last"])
        return first, self.highest if match["step"] else first


_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 6, _DAYS),
)


@dataclass(frozen=True)
class Schedule:
    """When a timer is due. A day counts when both its number and its weekday fit, unlike in cron."""

    text: str
    _plain: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read six fields, from seconds to days of the week; with five, the second is 0.

        Raises:
            BindingError: If it is nothing of the kind, or a day that never comes.
        """
        parts = text.split()
        if len(parts) == _FIVE:
            parts.insert(0, "0")
        try:
            if len(parts) != len(_FIELDS):
                raise ValueError("it wants six fields")  # noqa: TRY301 - one message for all that is wrong
            # Written out, the fields mean the same to every library.
            plain = [
                "*" if part == "*" else ",".join(str(number) for number in sorted(field.numbers(part)))
                for field, part in zip(_FIELDS, parts, strict=True)
            ]
            schedule = cls(text, " ".join(plain))
            schedule.next_after(_ANY_DAY)
        except ValueError as error:
            raise BindingError(
                f"The schedule expression '{text}' was not recognized as a valid cron expression: {error}."
            ) from error
        return schedule

    def next_after(self, moment: datetime) -> datetime:
        """The first time it is due after a moment, not at it."""
        from croniter import croniter  # noqa: PLC0415 - for apps with timers only

        found = croniter(self._plain, moment, second_at_beginning=True, day_or=False).get_next(datetime)
        if not isinstance(found, datetime):
            raise TypeError(f"No time but {found!r}")
        return found

    def is_dense(self, moment: datetime) -> bool:
        """Whether it is due more than once a minute, as Azure then keeps no status."""
        first = self.next_after(moment)
        return self.next_after(first) - first < timedelta(minutes=1)
