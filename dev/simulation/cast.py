"""The people of one run: some of every kind that the product has to tell apart."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from dev.simulation.numbers import Numbers
from dev.tenant.people import Group, Person, Phone
from dev.tenant.sample import SERVICE_ACCOUNT
from dev.tenant.state import DOMAIN

_LOCAL_PARTS = (
    "anna.{}",
    "anna.{}",
    "bo{}",
    "o'brien{}",
    "$dollar{}",
    "åsa.öberg{}",
    "per%cent{}",
    "plus+{}",
    "a&b{}",
    "query?{}",
    "UPPER.Case{}",
    "theodora." * 6 + "{}",
)

_MOST_OUT_OF_REACH = 2


@dataclass(slots=True)
class Member:
    """One of the cast.

    Attributes:
        kind: What is peculiar about this person, for the trace.
        person: The person in the tenant.
        exists: Whether the tenant knows the person at the start.
    """

    kind: str
    person: Person
    exists: bool = True


@dataclass(slots=True)
class Cast:
    """Everybody, and the groups that they are in."""

    members: list[Member] = field(default_factory=list)
    scope: Group | None = None
    exclude: Group | None = None
    assignable: Group | None = None


class Casting:
    """Makes the people; all chance comes from the seed."""

    def __init__(self, chance: random.Random, numbers: Numbers) -> None:
        self._chance = chance
        self._numbers = numbers
        self._count = 0
        self._cast = Cast()
        self._taken: list[str] = []
        self._reception: str | None = None

    def cast(self, size: int) -> Cast:
        """Return `size` people or a few more."""
        kinds = list(_KINDS)
        while len(self._cast.members) < size:
            kind = self._chance.choices(kinds, [_KINDS[one][0] for one in kinds])[0]
            member = Member(kind, self._person(), exists=kind != "nobody")
            _KINDS[kind][1](self, member.person)
            self._cast.members.append(member)
        self._group_people()
        return self._cast

    def _person(self) -> Person:
        self._count += 1
        local = self._chance.choice(_LOCAL_PARTS).format(self._count)
        person = Person(self._guid(), f"{local}@{DOMAIN}")
        person.methods = ["password", *self._chance.choice([["microsoftAuthenticator"], ["fido2", "email"]])]
        person.usage_location = self._chance.choice(["SE", "US", None])
        person.enabled = self._happens(0.9)  #  new joiners are disabled at first
        return person

    def _happens(self, likelihood: float) -> bool:
        return self._chance.random() < likelihood

    def _guid(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

    def _group_people(self) -> None:
        people = [member.person.id for member in self._cast.members]
        inside = [one for one in people if self._happens(0.8)]  #  most are in scope
        self._cast.scope = Group(self._guid(), "Scope", inside)
        outside = [one for one in people if self._happens(0.1)]  #  a few are not
        self._cast.exclude = Group(self._guid(), "Exclude", outside)

    def _number(self, person: Person) -> str:
        number = self._numbers.draw()
        person.attribute = self._numbers.written(number)
        return number

    def _phone(self, person: Person, number: str, sms: str = "notAllowedByPolicy") -> None:
        person.phones = {**person.phones, "mobile": Phone(number, sms)}

    def new(self, person: Person) -> None:
        """A number, and no phone."""
        self._number(person)

    def reception(self, person: Person) -> None:
        """The number is one that others have too, and there is no phone."""
        self._reception = self._reception or self._numbers.draw()
        person.attribute = self._numbers.written(self._reception)

    def same(self, person: Person) -> None:
        """The phone is the number."""
        self._phone(person, self._number(person))

    def changed(self, person: Person) -> None:
        """The phone is another; sometimes one that ends alike, which a mask hides."""
        number = self._number(person)
        alike = self._numbers.alike(number) if self._happens(0.4) else None
        self._phone(person, alike or self._numbers.draw())

    def extension(self, person: Person) -> None:
        """The phone has an extension, which the number has not."""
        self._phone(person, self._number(person) + "x12")

    def nothing(self, person: Person) -> None:
        """Neither number nor phone."""
        person.attribute = self._numbers.empty()

    def emptied(self, person: Person) -> None:
        """A phone, and the number is gone."""
        person.attribute = self._numbers.empty()
        self._phone(person, self._numbers.draw())

    def unreadable(self, person: Person) -> None:
        """The number is none; there may be a phone."""
        person.attribute = self._numbers.unreadable()
        if self._happens(0.7):
            self._phone(person, self._numbers.draw())

    def silent(self, person: Person) -> None:
        """Graph does not return the attribute; there is a phone."""
        self.changed(person)
        person.attribute_returned = False

    def any_of(self, person: Person) -> None:
        """Somebody ordinary."""
        self._chance.choice([self.new, self.same, self.changed, self.emptied])(person)

    def guest(self, person: Person) -> None:
        """A guest."""
        self.any_of(person)
        person.upn = f"x{self._count}_gmail.com#EXT#@{DOMAIN}"
        person.user_type, person.on_premises_sync_enabled = "Guest", None

    def cloud_only(self, person: Person) -> None:
        """Somebody whom Active Directory does not know."""
        self.any_of(person)
        person.on_premises_sync_enabled = None

    def privileged(self, person: Person) -> None:
        """The holder of a role that outranks an Authentication Administrator."""
        self.any_of(person)
        person.roles = ["Global Administrator"]

    def owner(self, person: Person) -> None:
        """The owner of a role-assignable group."""
        self.any_of(person)
        if self._cast.assignable is None:
            self._cast.assignable = Group(self._guid(), "Tier zero", [], [], is_assignable_to_role=True)
        self._cast.assignable.owners.append(person.id)

    def alternate(self, person: Person) -> None:
        """A second mobile phone hangs on the first."""
        self._chance.choice([self.changed, self.emptied])(person)
        second = Phone(self._numbers.draw(), "notSupported")
        person.phones = {**person.phones, "alternateMobile": second}

    def office(self, person: Person) -> None:
        """An office phone, which is none of ours."""
        self.any_of(person)
        person.phones = {**person.phones, "office": Phone(self._numbers.draw(), "notSupported")}

    def default_method(self, person: Person) -> None:
        """The phone is the default method."""
        self._chance.choice([self.changed, self.emptied, self.emptied])(person)
        person.default_method = "sms"

    def last_factor(self, person: Person) -> None:
        """The phone is all that there is besides the password."""
        self._chance.choice([self.emptied, self.changed])(person)
        person.methods = ["password", "email"]

    def sms_pair(self, person: Person) -> None:
        """One who holds a number for SMS sign-in, and this one, who is to have the same."""
        holder = self._person()
        number = self._number(holder)
        self._phone(holder, number, "ready")
        holder.sms_sign_in_policy = person.sms_sign_in_policy = True
        self._cast.members.append(Member("sms holder", holder))
        person.attribute = self._numbers.written(number)
        if self._happens(0.5):
            self._phone(person, self._numbers.draw())

    def out_of_reach(self, person: Person) -> None:
        """Graph refuses all about this person's methods; two at most, or the right itself is in doubt."""
        self.any_of(person)
        if len(self._taken) < _MOST_OUT_OF_REACH:
            self._taken.append(person.id)
            person.refuse_access = True

    def ourselves(self, person: Person) -> None:
        """The service account itself, whose name a caller may send like any other."""
        if not any(member.person.upn == SERVICE_ACCOUNT for member in self._cast.members):
            person.upn, person.on_premises_sync_enabled = SERVICE_ACCOUNT, None
        self.any_of(person)

    def nobody(self, person: Person) -> None:
        """A name that the tenant does not know."""
        self.new(person)


_KINDS: dict[str, tuple[int, Callable[[Casting, Person], None]]] = {
    "new": (14, Casting.new),
    "reception": (6, Casting.reception),
    "same": (12, Casting.same),
    "changed": (16, Casting.changed),
    "emptied": (10, Casting.emptied),
    "nothing": (3, Casting.nothing),
    "extension": (2, Casting.extension),
    "unreadable": (5, Casting.unreadable),
    "silent": (3, Casting.silent),
    "guest": (3, Casting.guest),
    "cloud only": (3, Casting.cloud_only),
    "privileged": (3, Casting.privileged),
    "owner": (2, Casting.owner),
    "alternate": (4, Casting.alternate),
    "office": (3, Casting.office),
    "default method": (4, Casting.default_method),
    "last factor": (4, Casting.last_factor),
    "sms pair": (3, Casting.sms_pair),
    "out of reach": (2, Casting.out_of_reach),
    "ourselves": (1, Casting.ourselves),
    "nobody": (2, Casting.nobody),
}
