"""Tenants of a thousand to a million made-up people, each computed from a seed and an index.

Nobody is stored: memory does not grow with the number. The index stands in the object id and in the UPN, so
that somebody is found without a search.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import phonenumbers

from dev.tenant.people import Person, Phone

# The share of each kind; the rest is "same".
FRACTIONS: Mapping[str, float] = {
    "missing": 0.02,
    "different": 0.02,
    "empty": 0.01,
    "none": 0.02,
    "invalid": 0.01,
    "guest": 0.02,
    "cloud_only": 0.01,
    "disabled": 0.01,
}
KINDS = ("same", *FRACTIONS)
# Whose phone is registered, and who has no number in the attribute.
_HOLDERS = frozenset({"same", "different", "empty", "invalid"})
_WITHOUT_ATTRIBUTE = frozenset({"empty", "none"})
_INVALID = ("ask the reception", "n/a", "+46 (0)70 174 06 05", "+1 202 555 0123 / +1 202 555 0124")
_UPN = re.compile(r"(?:user|guest)(\d{7,})(?:_example\.org#ext#)?@", re.ASCII)
# Odd, so that multiplying by it modulo a power of two can be undone: neighbours get distant ids.
_SPREAD, _BITS = 0x9E3779B97F4B, 48
_MASK = (1 << _BITS) - 1
_UNSPREAD = pow(_SPREAD, -1, 1 << _BITS)
_ID_LENGTH, _ID_HEAD = 36, 13
# The North American numbering plan keeps 555-0100 to 555-0199 of every area free for fiction.
_PER_AREA = 100
_GOLDEN = 0.6180339887498949
_SAME_ENDING_EVERY = 10


@cache
def _areas() -> tuple[int, ...]:
    """The North American area codes whose fictional numbers count as a person's phone."""
    kind = phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE
    numbers = {area: phonenumbers.parse(f"+1{area}5550100") for area in range(201, 990)}
    return tuple(area for area, number in numbers.items() if phonenumbers.number_type(number) == kind)


def _number(place: int) -> str:
    """A fictional number in E.164; there are some tens of thousands, then they come again."""
    areas = _areas()
    area, line = divmod(place % (len(areas) * _PER_AREA), _PER_AREA)
    return f"+1{areas[area]}55501{line:02}"


@dataclass(frozen=True, slots=True)
class Crowd:
    """The generated people: `count` of them, of kinds in exact shares, scattered over the indexes."""

    count: int
    seed: int
    domain: str
    # Where each kind of KINDS ends, when the people are put in the order of their places.
    bounds: tuple[int, ...]
    step: int
    # How every object id ends.
    ending: str

    def kind(self, index: int) -> str:
        """What case this person is."""
        return KINDS[bisect_right(self.bounds, (index * self.step + self.seed) % self.count)]

    def of_kind(self, kind: str) -> range:
        """The places of one kind; `at` says who is there."""
        number = KINDS.index(kind)
        return range(self.bounds[number - 1] if number else 0, self.bounds[number])

    def at(self, place: int) -> int:
        """The index of the person at a place."""
        return (place - self.seed) * pow(self.step, -1, self.count) % self.count if self.count > 1 else 0

    def id(self, index: int) -> str:
        """The object id, which holds the index."""
        head = f"{(index * _SPREAD + self.seed) & _MASK:012x}"
        return f"{head[:8]}-{head[8:]}{self.ending}"

    def index_of_id(self, key: str) -> int | None:
        """The index in an object id, or None if it is not one of ours."""
        if len(key) != _ID_LENGTH or not key.endswith(self.ending):
            return None
        try:
            head = int(key[:8] + key[9:_ID_HEAD], 16)
        except ValueError:
            return None
        index = (head - self.seed) * _UNSPREAD & _MASK
        return index if index < self.count else None

    def upn(self, index: int) -> str:
        """The user principal name, which holds the index."""
        if self.kind(index) == "guest":
            return f"guest{index:07}_example.org#EXT#@{self.domain}"
        return f"user{index:07}@{self.domain}"

    def index_of_upn(self, folded: str) -> int | None:
        """The index in a UPN in lower case, or None if it is not like one of ours; `upn` tells for sure."""
        match = _UPN.match(folded)
        index = int(match.group(1)) if match else self.count
        return index if index < self.count else None

    def person(self, index: int) -> Person:
        """Somebody, made afresh."""
        kind, upn = self.kind(index), self.upn(index)
        number = _number(index * _SPREAD + self.seed >> 5)
        guest = kind == "guest"
        person = Person(
            self.id(index),
            upn,
            f"User {index}",
            mail=None if guest else upn,
            enabled=kind != "disabled",
            user_type="Guest" if guest else "Member",
            usage_location="US",
            on_premises_sync_enabled=None if guest or kind == "cloud_only" else True,
            attribute=None if kind in _WITHOUT_ATTRIBUTE else _spelt(number, index),
            methods=["password", "microsoftAuthenticator"],
        )
        if kind in _HOLDERS:
            person.phones["mobile"] = Phone(_other(number, index) if kind == "different" else number)
        if kind == "invalid":
            person.attribute = _INVALID[index % len(_INVALID)]
        return person


def crowd(domain: str, count: int, seed: int = 1, fractions: Mapping[str, float] | None = None) -> Crowd:
    """`count` generated people with names in a domain; `fractions` are shares of kinds other than FRACTIONS.

    Raises:
        ValueError: No people, an unknown kind, or shares that are more than the whole.
    """
    shares = dict(FRACTIONS if fractions is None else fractions)
    unknown = sorted(set(shares) - set(FRACTIONS))
    if unknown:
        raise ValueError(f"no kind of people is called {unknown[0]!r}")
    if count < 1 or min(shares.values(), default=0) < 0 or sum(shares.values()) > 1:
        raise ValueError("there must be people, and the shares must add up to no more than 1")
    numbers = [round(count * shares.get(kind, 0.0)) for kind in FRACTIONS]
    bounds = tuple(accumulate([max(count - sum(numbers), 0), *numbers]))
    step = next(n for n in range(max(int(count * _GOLDEN), 1), 2 * count + 2) if math.gcd(n, count) == 1)
    return Crowd(count, seed, domain, bounds, step, f"-4eed-8{seed & 0xFFF:03x}-67656e657261")


def _spelt(number: str, index: int) -> str:
    """The number as HR may have written it."""
    area, line = number[2:5], number[8:]
    return (number, number, f"+1 {area}-555-{line}", f"+1 ({area}) 555 {line}")[index % 4]


def _other(number: str, index: int) -> str:
    """Another number; for some its last digits are the same, so that a masked view cannot tell."""
    areas = _areas()
    area, line = int(number[2:5]), int(number[-2:])
    if index % _SAME_ENDING_EVERY:
        return f"+1{area}55501{(line + 1) % _PER_AREA:02}"
    return f"+1{areas[(areas.index(area) + 1) % len(areas)]}55501{line:02}"
