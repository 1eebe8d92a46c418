"""What was done to whose phones, by whom, and what else: the source of directoryAudits."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import NamedTuple

from dev.tenant.people import PHONE_METHOD_IDS

MICROSECONDS = 1_000_000
# Entra keeps 30 days at most ("Data retention"); what is older is shown to nobody.
KEPT_SECONDS = 30 * 24 * 3600


class Actor(NamedTuple):
    """Who did it: somebody, or an app alone (`upn` is None; `id` is then the app's, not the object's)."""

    id: str
    name: str
    upn: str | None = None
    service_principal_id: str | None = None


# Who writes into the directory what the methods service keeps there, as the log names it.
DIRECTORY_WRITER = Actor(
    "b5a60e17-278b-4c92-a4e2-b9262e66bb28",
    "Azure MFA StrongAuthenticationService",
    service_principal_id="6f0f8a3d-52c6-4a53-9d5e-0b6d3f0e7a11",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One act on a phone, or another: `act` is "registered", "updated" or "deleted", or any activity's name.

    Numbers are kept whole here.
    """

    number: int
    # Microseconds since the epoch: what is shown must compare equal to itself in a filter.
    at: int
    act: str
    by: Actor
    target: Actor
    phone_type: str
    old: str | None = None
    new: str | None = None
    correlation_id: str = ""
    # Core Directory tells it, by the service that writes for the person, instead of Authentication Methods.
    by_directory: bool = False
    # Of an act that concerns no phone; Core Directory tells it.
    category: str = ""

    @property
    def by_the_user(self) -> bool:
        """Whether the target did it."""
        return self.by.id == self.target.id

    @property
    def activity(self) -> str:
        """The activity's name (Entra "Audit log activity reference")."""
        if self.category:
            return self.act
        if self.by_directory:
            return "Update user"
        return f"{'User' if self.by_the_user else 'Admin'} {self.act} security info"

    @property
    def reason(self) -> str:
        """The `resultReason`, which alone tells the kind of method."""
        if self.by_directory:
            return ""
        if self.phone_type not in PHONE_METHOD_IDS:
            return f"User {self.act} Authenticator App with Notification and Code"
        if self.by_the_user:
            act = "changed" if self.act == "updated" else self.act
            return f"User {act} Mobile Phone {'Call and SMS' if self.act == 'deleted' else 'SMS'}"
        return f"Admin {'changed' if self.act == 'updated' else self.act} phone method for user"


class AuditLog:
    """The entries of the last 30 days, oldest first, numbered from 0 on."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._next = 0

    def add(
        self,
        now: float,
        by: Actor,
        target: Actor,
        phone_type: str,
        numbers: tuple[str | None, str | None],
        correlation_id: str,
    ) -> None:
        """Write down that `by` changed a phone of `target`; `numbers` are the old and the new one."""
        old, new = numbers
        act = "registered" if old is None else "deleted" if new is None else "updated"
        at = round(now * MICROSECONDS)
        self._keep(Entry(self._next, at, act, by, target, phone_type, old, new, correlation_id))

    def add_update(
        self,
        now: float,
        target: Actor,
        phone_type: str,
        numbers: tuple[str | None, str | None],
        correlation_id: str,
    ) -> None:
        """Write down that Core Directory updated `target`, by the service that keeps methods there."""
        at, by = round(now * MICROSECONDS), DIRECTORY_WRITER
        self._keep(
            Entry(
                self._next, at, "updated", by, target, phone_type, *numbers, correlation_id, by_directory=True
            )
        )

    def add_other(self, now: float, by: Actor, target: Actor, activity: str, category: str) -> None:
        """Write down something that concerns no phone, as most of a busy tenant's log does."""
        at, correlation_id = round(now * MICROSECONDS), f"other-{self._next}"
        self._keep(
            Entry(
                self._next,
                at,
                activity,
                by,
                target,
                "",
                correlation_id=correlation_id,
                by_directory=True,
                category=category,
            )
        )

    def _keep(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._next += 1
        if self._entries[0].at < entry.at - KEPT_SECONDS * MICROSECONDS:
            del self._entries[: self._place(entry.at - KEPT_SECONDS * MICROSECONDS)]

    def between(self, start: float, end: float) -> list[Entry]:
        """The entries from one time to another, both in epoch seconds and included."""
        first, behind = round(start * MICROSECONDS), round(end * MICROSECONDS) + 1
        return self._entries[self._place(first) : self._place(behind)]

    def get(self, number: int) -> Entry | None:
        """An entry by its number, unless it is too old by now."""
        place = bisect_left(self._entries, number, key=lambda entry: entry.number)
        found = self._entries[place] if place < len(self._entries) else None
        return found if found is not None and found.number == number else None

    def _place(self, at: int) -> int:
        return bisect_left(self._entries, at, key=lambda entry: entry.at)
