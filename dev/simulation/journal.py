"""What truly happened to people: every fact that changed, when, and by whose doing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import zip_longest

from dev.tenant.people import Person, Phone

OUTSIDER = -1
# Which push is at work: tasks and "threads" inherit it, so a write knows whose it is.
at_work: ContextVar[int] = ContextVar("at_work", default=OUTSIDER)


@dataclass(frozen=True, slots=True)
class Commit:
    """One change of somebody's phones that took effect.

    Attributes:
        order: Its place among everything written down.
        time: Seconds since the start of the run.
        who: Object id.
        by: The push that wrote it; OUTSIDER for anybody else.
        before: The phones before, by type.
        after: The phones from then on.
    """

    order: int
    time: float
    who: str
    by: int
    before: dict[str, Phone] = field(repr=False)
    after: dict[str, Phone] = field(repr=False)

    @property
    def mobile(self) -> str | None:
        """The mobile number from then on."""
        return number_of(self.after)

    @property
    def former(self) -> str | None:
        """The mobile number until then."""
        return number_of(self.before)


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides about somebody besides the phones, from one moment on."""

    order: int
    attribute: str | None = field(repr=False)
    exists: bool = True
    refuses_access: bool = False
    roles: tuple[str, ...] = ()


class Journal:
    """Everything in the order in which it happened."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._order = 0
        self._watched: dict[type[Person], type[Person]] = {}
        self.commits: list[Commit] = []
        self.facts: dict[str, list[Facts]] = {}
        self.first: dict[str, dict[str, Phone]] = {}

    def mark(self) -> int:
        """Return a place between what happened before and what will happen."""
        self._order += 1
        return self._order

    def begin(self, person: Person) -> None:
        """Write down how somebody in the tenant stands at the start, and from now on what becomes of them."""
        self.first[person.id] = person.phones
        self.note(person)
        kind = type(person)
        if kind not in self._watched:
            self._watched[kind] = self._watched_kind(kind)
        person.__class__ = self._watched[kind]

    def _watched_kind(self, kind: type[Person]) -> type[Person]:
        """Return a class like `kind`, whose people tell this journal what becomes of their phones."""

        def write_phones(person: Person, phones: dict[str, Phone], visible_at: float, now: float) -> None:
            self.wrote(person, phones)
            kind.write_phones(person, phones, visible_at, now)

        return type(kind.__name__, (kind,), {"__slots__": (), "write_phones": write_phones})

    def note(self, person: Person, *, exists: bool = True) -> None:
        """Write down what decides about somebody from now on."""
        facts = Facts(self.mark(), person.attribute, exists, person.refuse_access, tuple(person.roles))
        self.facts.setdefault(person.id, []).append(facts)

    def wrote(self, person: Person, after: dict[str, Phone]) -> None:
        """Write down a change of phones, just before it is made."""
        commit = Commit(self.mark(), self._now(), person.id, at_work.get(), person.phones, after)
        self.commits.append(commit)

    def commits_of(self, who: str, by: int | None = None) -> list[Commit]:
        """Return somebody's changes in order, of one push only if named."""
        return [one for one in self.commits if one.who == who and by in {None, one.by}]

    def facts_during(self, who: str, first: int, last: int) -> Iterator[Facts]:
        """Yield what held about somebody at any time between two marks."""
        known = self.facts.get(who, [])
        for one, following in zip_longest(known, known[1:]):
            if one.order <= last and (following is None or following.order >= first):
                yield one

    def mobiles_during(self, who: str, first: int, last: int, *, since: float) -> list[str | None]:
        """Return every mobile number that reads may have shown between two marks, oldest first.

        Args:
            who: Object id.
            first: The mark at the beginning.
            last: The mark at the end.
            since: What changed after this time was perhaps still shown as it was before.
        """
        commits = self.commits_of(who)
        shown = [number_of(self.first.get(who, {}))]
        for commit in commits:
            if commit.order > last:
                break
            if commit.order < first and commit.time < since:
                shown.clear()
            shown.append(commit.mobile)
        return shown

    def mobile_at(self, who: str, mark: int) -> str | None:
        """Return the mobile number that was registered at a mark."""
        past = [one for one in self.commits_of(who) if one.order <= mark]
        return past[-1].mobile if past else number_of(self.first.get(who, {}))


def number_of(phones: dict[str, Phone]) -> str | None:
    """Return the mobile number among somebody's phones."""
    mobile = phones.get("mobile")
    return mobile.number if mobile else None
