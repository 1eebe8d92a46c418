"""What the core needs of a directory: who is there, which phones are registered, and a way to write them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Literal, Protocol

from shared.codes import Code
from shared.phone_number import ObservedNumber, PhoneNumber

OBJECT_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def is_object_id(key: str) -> bool:
    """Return whether a key is an object id and not a UPN."""
    return OBJECT_ID.fullmatch(key) is not None


class Absent(Enum):
    """Distinguishes what a directory did not tell from what it told to be empty."""

    NOT_RETURNED = "notReturned"


@dataclass(frozen=True, slots=True)
class User:
    """One principal, as the directory describes it.

    Attributes:
        id: Object id.
        user_principal_name: UPN, as the directory spells it.
        is_guest: Whether `userType` says Guest.
        is_synced: Whether Active Directory masters the user (`onPremisesSyncEnabled`).
        account_enabled: None where the directory did not tell.
        usage_location: ISO 3166 country code, or None.
        synced_at: When the directory last heard of the user from Active Directory, ISO 8601, or None.
        attribute: The text of extensionAttribute15; None where it is empty; NOT_RETURNED where unknown.
    """

    id: str
    user_principal_name: str
    is_guest: bool
    is_synced: bool
    account_enabled: bool | None
    usage_location: str | None
    synced_at: str | None
    attribute: str | Literal[Absent.NOT_RETURNED] | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class PhoneMethods:
    """The phone methods of one user that matter here: the mobile, and what hangs on it."""

    mobile: ObservedNumber | None
    has_alternate_mobile: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """A user who could be read, with the phone methods of that moment."""

    user: User
    phones: PhoneMethods


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A user who could not be read, and why. `user` is known where only the methods were out of reach."""

    code: Code
    detail: str | None = None
    user: User | None = None


class Kind(StrEnum):
    """The kinds of change, each with a limit of its own."""

    CREATE = "create"
    UPDATE = "update"
    ASSERT = "assert"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One write to one user's mobile phone method.

    Attributes:
        kind: What to do. An assert writes over a masked number that may be the same already.
        user_id: Object id.
        number: The number to register; None for a delete.
        rule: The rule or setting that decided it, for explain.
    """

    kind: Kind
    user_id: str
    number: PhoneNumber | None
    rule: str


class Fate(Enum):
    """What became of a write."""

    DONE = "done"
    REJECTED = "rejected"  # 400: a rule of Graph's forbids it; a create perhaps as there is a phone already
    EXISTS = "exists"  # 400, and its text says that there is a phone of this type already
    BAD_NUMBER = "badNumber"  # 400, and its text says that the number is not taken
    FORBIDDEN = "forbidden"  # 403
    MISSING = "missing"  # 404: the method, or the user, is gone
    CONFLICT = "conflict"  # 409: the number is taken for SMS sign-in; perhaps written all the same
    UNKNOWN = "unknown"  # sent, and no answer tells whether it took effect
    THROTTLED = "throttled"  # not carried out
    UNAVAILABLE = "unavailable"  # not carried out
    NOT_SENT = "notSent"  # time was over before


@dataclass(frozen=True, slots=True)
class WriteAnswer:
    """A write's fate, with Graph's own error code and request id for the record."""

    fate: Fate
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class ScopeSets:
    """Who is inside and who is outside, as object ids.

    Attributes:
        members: Everybody in the scope group; None where no such group is configured.
        excluded: Everybody in the exclude group.
        own: Object id or UPN of the identity that this program itself signs in with, case folded.
    """

    members: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Privileged:
    """Who may not be written: role holders and whoever can become one.

    Attributes:
        known: Their object ids, case folded, as far as they could be read.
        are_all: Whether nobody else is to be feared for: all were read, or Entra itself stops us at the rest.
    """

    known: frozenset[str]
    are_all: bool


class Tenant(Protocol):
    """A directory, bound to the deadline of one call.

    Every method raises TransientError or PermanentError when the directory as a whole fails us; what
    concerns one user is told in that user's place.
    """

    async def scope_sets(self) -> ScopeSets:
        """Return who is inside and outside of scope by group."""
        ...

    async def observe(self, keys: Collection[str]) -> Mapping[str, Observation | Unreadable]:
        """Return for each key (UPN or object id) the user and the phone methods."""
        ...

    async def privileged_principals(self) -> Privileged:
        """Return who holds a directory role or has a way to one."""
        ...

    async def other_factors(self, user_ids: Collection[str]) -> Mapping[str, int | Unreadable]:
        """Return for each user how many usable factors there are besides the mobile phone."""
        ...

    async def write(self, changes: Sequence[Change]) -> Mapping[str, WriteAnswer]:
        """Carry out the changes, at most one for each user, and return each one's fate by object id."""
        ...

    async def patience(self) -> Sequence[float]:
        """Return the seconds before each look at what a doubtful write did."""
        ...

    async def pause(self, seconds: float) -> bool:
        """Let some time pass, and return True; return False at once if the call's time would not last."""
        ...
