"""Everybody in the tenant: those who were added one by one, and a generated crowd that is not stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from dev.tenant.generator import Crowd
from dev.tenant.journal import ADDED, REMOVED, RESTORED, Journal
from dev.tenant.people import Person

_EMPTY = (None, "")


class _Watched(Person):
    """Somebody in the directory: what is set on them is told to it.

    People become this class when they enter: a hook in `Person` itself would make each of a million dearer.
    """

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        former = getattr(self, name)
        object.__setattr__(self, name, value)
        if not name.startswith("_") and former != value and self._keeper is not None:
            self._keeper.changed(self, name, former)


class Roster(Sequence[str]):
    """The object ids at one moment; those of the crowd are computed when they are asked for."""

    def __init__(self, named: Sequence[str], crowd: Crowd | None) -> None:
        self._named = named
        self._crowd = crowd

    def __len__(self) -> int:
        return len(self._named) + (self._crowd.count if self._crowd else 0)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        named = len(self._named)
        if index < named or self._crowd is None:
            return self._named[index]
        return self._crowd.id(index - named)


class People(Mapping[str, Person]):
    """People by object id, and by UPN through `find`.

    A generated person is made afresh each time and kept only once a field of theirs is set; to change a list
    or a dictionary of theirs in place, take them with `take` first.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._added: dict[str, Person] = {}
        self.crowd: Crowd | None = None
        # Generated people who are no longer as generated, and those who are gone, by index.
        self._kept: dict[int, Person] = {}
        self._gone: set[int] = set()
        # Names of those who were added or renamed; the crowd's own are computed.
        self._upns: dict[str, str] = {}
        # Removed, and may be restored.
        self.restorable: dict[str, Person] = {}

    def __len__(self) -> int:
        return len(self._added) + (self.crowd.count - len(self._gone) if self.crowd else 0)

    def __iter__(self) -> Iterator[str]:
        return (key for key in self.roster() if key in self)

    def __contains__(self, key: object) -> bool:
        if key in self._added:
            return True
        index = self._index(key) if isinstance(key, str) else None
        return index is not None and index not in self._gone

    def __getitem__(self, key: str) -> Person:
        person = self._added.get(key)
        if person is not None:
            return person
        index = self._index(key)
        if index is None or index in self._gone or self.crowd is None:
            raise KeyError(key)
        return self._kept.get(index) or self._watch(self.crowd.person(index))

    def find(self, key: str) -> Person | None:
        """Somebody by object id or UPN, upper and lower case alike."""
        folded = key.lower()
        if folded in self:
            return self[folded]
        if folded in self._upns:
            return self.get(self._upns[folded])
        index = self.crowd.index_of_upn(folded) if self.crowd else None
        person = self.get(self.crowd.id(index)) if self.crowd and index is not None else None
        return person if person is not None and person.upn.lower() == folded else None

    def take(self, key: str) -> Person:
        """Like `find`, and from now on the same object for everybody.

        Raises:
            KeyError: There is no such person.
        """
        person = self.find(key)
        if person is None:
            raise KeyError(key)
        self._keep(person)
        return person

    def stored(self) -> Iterator[Person]:
        """Those who were added or changed: the only ones with roles, or with SMS sign-in."""
        yield from self._added.values()
        yield from (person for index, person in self._kept.items() if index not in self._gone)

    def touched(self) -> set[int]:
        """The indexes of generated people who may be other than generated, or are gone."""
        return self._gone | set(self._kept)

    def roster(self) -> Roster:
        """Everybody's object id, as of now."""
        return Roster(tuple(self._added), self.crowd)

    def populate(self, crowd: Crowd) -> None:
        """Let this crowd be there, from the beginning of time: no change is noted."""
        for key in [key for key in self.restorable if self._index(key) is not None]:
            del self.restorable[key]
        for person in self._kept.values():
            person._keeper = None  # noqa: SLF001  the directory keeps it
            self._upns.pop(person.upn.lower(), None)
        self.crowd, self._kept, self._gone = crowd, {}, set()

    def add(self, person: Person) -> Person:
        """Put somebody in; the same id or UPN again replaces them."""
        former = self.get(person.id) or self.find(person.upn)
        if former is not None and former is not person:
            self._drop(former)
            if former.id != person.id:
                self._journal.note(former.id, REMOVED)
        self.restorable.pop(person.id, None)
        self._put(person)
        self._journal.note(person.id, ADDED)
        return person

    def remove(self, person: Person, *, restorable: bool = False) -> None:
        """Delete somebody: for good, or so that they may be restored."""
        if self.restorable.pop(person.id, None) is None:
            self._drop(person)
        if restorable:
            self.restorable[person.id] = person
        self._journal.note(person.id, REMOVED)

    def restore(self, key: str) -> Person:
        """Bring back somebody who was deleted so that this is possible.

        Raises:
            KeyError: There is no such person among the deleted.
        """
        person = self.restorable.pop(key.lower())
        self._put(person)
        self._journal.note(person.id, RESTORED)
        return person

    def changed(self, person: Person, name: str, former: object) -> None:
        """Take note of a field that was just set."""
        if name == "upn":
            self._upns.pop(str(former).lower(), None)
            self._upns[person.upn.lower()] = person.id
        if former not in _EMPTY and getattr(person, name) in _EMPTY:
            person._cleared |= {name}  # noqa: SLF001  the directory keeps it
        self._keep(person)
        self._journal.note(person.id, name)

    def _put(self, person: Person) -> None:
        self._watch(person)
        index = self._index(person.id)
        if index is None:
            self._added[person.id] = person
        else:
            self._gone.discard(index)
            self._kept[index] = person
        self._upns[person.upn.lower()] = person.id

    def _drop(self, person: Person) -> None:
        person._keeper = None  # noqa: SLF001  the directory keeps it
        index = self._index(person.id)
        if index is None:
            del self._added[person.id]
        else:
            self._kept.pop(index, None)
            self._gone.add(index)
        self._upns.pop(person.upn.lower(), None)

    def _keep(self, person: Person) -> None:
        index = self._index(person.id)
        if index is not None:
            self._kept[index] = person

    def _watch(self, person: Person) -> Person:
        person._keeper = self  # noqa: SLF001  the directory keeps it
        person.__class__ = _Watched
        return person

    def _index(self, key: str) -> int | None:
        return self.crowd.index_of_id(key) if self.crowd else None
