"""The people of the tenant: what the directory and the authentication-methods service know of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

PASSWORD_METHOD_ID = "28c10230-6103-485e-b985-444c60001490"
PHONE_METHOD_IDS = {
    "mobile": "3179e48a-750b-4051-897c-87b9720928f7",
    "alternateMobile": "b6332ec1-7057-4abe-9331-3d72feddfe41",
    "office": "e37fc753-ff3b-4958-9484-eaa9425c82bc",
}
PHONE_TYPES = {method_id: phone_type for phone_type, method_id in PHONE_METHOD_IDS.items()}
# How signInPreferences names a default method that is a phone.
DEFAULT_METHOD_PHONES = {
    "mobile": "mobile",
    "sms": "mobile",
    "voiceMobile": "mobile",
    "alternateMobile": "alternateMobile",
    "voiceAlternateMobile": "alternateMobile",
    "office": "office",
    "voiceOffice": "office",
}


@dataclass(frozen=True, slots=True)
class Phone:
    """A registered number, `+4670…` with an optional `x123`, and the state of its SMS sign-in."""

    number: str
    sms: str = "notAllowedByPolicy"


class Keeper(Protocol):
    """The directory that wants to hear of changes."""

    def changed(self, person: Person, name: str, former: object) -> None:
        """Take note of a field that was just set, and of what it was."""


@dataclass(slots=True)
class Person:
    """One user. `attribute` is extensionAttribute15; `phones` go by phone type."""

    id: str
    upn: str
    display_name: str = ""
    given_name: str | None = None
    surname: str | None = None
    mail: str | None = None
    enabled: bool = True
    user_type: str = "Member"
    usage_location: str | None = None
    on_premises_sync_enabled: bool | None = True
    on_premises_last_sync: str | None = "2026-11-24T01:30:00Z"
    attribute: str | None = None
    # False: Graph leaves onPremisesExtensionAttributes out although it was selected.
    attribute_returned: bool = True
    phones: dict[str, Phone] = field(default_factory=dict)
    # DisablePasswordExpiration, DisableStrongPassword, or both with a comma between.
    password_policies: str | None = None
    # Other factors by kind: password, microsoftAuthenticator, fido2, email, softwareOath, ….
    methods: list[str] = field(default_factory=lambda: ["password"])
    # sms, voiceMobile, push, oath, …: a default that is a phone forbids deleting that phone.
    default_method: str | None = None
    # Built-in roles by display name: those held, and those that PIM lets them take.
    roles: list[str] = field(default_factory=list)
    eligible_roles: list[str] = field(default_factory=list)
    administrative_units: list[str] = field(default_factory=list)
    in_restricted_unit: bool = False
    # The SMS sign-in policy covers this person: a mobile number is then also registered for sign-in.
    sms_sign_in_policy: bool = False
    # Refuse every method call for this person with 403, whatever the rule.
    refuse_access: bool = False
    # Earlier phones and when they stopped being true, while a write lag is in force.
    _seen: list[tuple[float, dict[str, Phone]]] = field(default_factory=list)
    # Fields that once held something and were emptied: users/delta shows them as null.
    _cleared: frozenset[str] = frozenset()
    _keeper: Keeper | None = field(default=None, repr=False, compare=False)

    def was_cleared(self, names: frozenset[str]) -> bool:
        """Whether one of these fields once held something and was emptied."""
        return not self._cleared.isdisjoint(names)

    def write_phones(self, phones: dict[str, Phone], visible_at: float, now: float) -> None:
        """Commit a change that reads show only from `visible_at` on."""
        if visible_at > now:
            self._seen.append((visible_at, self.phones))
        self.phones = phones

    def visible_phones(self, now: float) -> dict[str, Phone]:
        """The phones as a read sees them now."""
        if not self._seen:
            return self.phones
        self._seen = [past for past in self._seen if past[0] > now]
        return self._seen[0][1] if self._seen else self.phones

    def forget_lag(self) -> None:
        """Reads see the present phones at once."""
        self._seen = []

    def default_phone(self) -> str | None:
        """The phone type that is the default method, if it is one."""
        return DEFAULT_METHOD_PHONES.get(self.default_method or "")


@dataclass(slots=True)
class Group:
    """A group: members are ids of people or of other groups; it may hold all generated people as well."""

    id: str
    display_name: str
    members: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    is_assignable_to_role: bool = False
    roles: list[str] = field(default_factory=list)
    holds_generated: bool = False
    eligible_roles: list[str] = field(default_factory=list)
    # Who may make themself a member or an owner (Privileged Identity Management for Groups).
    eligible_members: list[str] = field(default_factory=list)
    # Public, Private or HiddenMembership; None: a security group's.
    visibility: str | None = None
