"""The properties of a user: which exist, which come by default, how each is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dev.tenant.graph.errors import bad_request
from dev.tenant.people import Person

EXTENSION_ATTRIBUTES = "onPremisesExtensionAttributes"
_ATTRIBUTE_NAMES = [f"extensionAttribute{number}" for number in range(1, 16)]


_NO_ATTRIBUTES: dict[str, str | None] = dict.fromkeys(_ATTRIBUTE_NAMES)


def _extension_attributes(person: Person) -> dict[str, str | None]:
    return _NO_ATTRIBUTES | {"extensionAttribute15": person.attribute or None}


GETTERS: dict[str, Callable[[Person], Any]] = {
    "businessPhones": lambda _: [],
    "displayName": lambda person: person.display_name or None,
    "givenName": lambda person: person.given_name,
    "mail": lambda person: person.mail,
    "surname": lambda person: person.surname,
    "userPrincipalName": lambda person: person.upn,
    "id": lambda person: person.id,
    "accountEnabled": lambda person: person.enabled,
    "userType": lambda person: person.user_type,
    "usageLocation": lambda person: person.usage_location,
    "passwordPolicies": lambda person: person.password_policies,
    "onPremisesSyncEnabled": lambda person: person.on_premises_sync_enabled,
    "onPremisesLastSyncDateTime": lambda person: (
        person.on_premises_last_sync if person.on_premises_sync_enabled else None
    ),
    EXTENSION_ATTRIBUTES: _extension_attributes,
}
# Which fields of `Person` each property is made of.
FIELDS: dict[str, frozenset[str]] = {
    "displayName": frozenset({"display_name"}),
    "givenName": frozenset({"given_name"}),
    "mail": frozenset({"mail"}),
    "surname": frozenset({"surname"}),
    "userPrincipalName": frozenset({"upn"}),
    "accountEnabled": frozenset({"enabled"}),
    "userType": frozenset({"user_type"}),
    "usageLocation": frozenset({"usage_location"}),
    "passwordPolicies": frozenset({"password_policies"}),
    "onPremisesSyncEnabled": frozenset({"on_premises_sync_enabled"}),
    "onPremisesLastSyncDateTime": frozenset({"on_premises_last_sync", "on_premises_sync_enabled"}),
    EXTENSION_ATTRIBUTES: frozenset({"attribute"}),
}
DEFAULT_PROPERTIES = [
    *("businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone"),
    *("officeLocation", "preferredLanguage", "surname", "userPrincipalName", "id"),
]
# Declared by Graph, never set in this tenant.
UNSET = frozenset(
    {
        *("jobTitle", "mobilePhone", "officeLocation", "preferredLanguage", "city", "companyName", "country"),
        *(
            "createdDateTime",
            "creationType",
            "deletedDateTime",
            "department",
            "employeeHireDate",
            "employeeId",
        ),
        *("employeeType", "externalUserState", "faxNumber", "lastPasswordChangeDateTime", "mailNickname"),
        *("onPremisesDistinguishedName", "onPremisesDomainName", "onPremisesImmutableId"),
        *("onPremisesSamAccountName", "onPremisesSecurityIdentifier", "onPremisesUserPrincipalName"),
        *("postalCode", "securityIdentifier", "signInSessionsValidFromDateTime", "state"),
        *("streetAddress", "ageGroup", "consentProvidedForMinor", "legalAgeGroupClassification"),
        "preferredDataLocation",
    }
)
# Kept outside the directory: they cannot be listed.
ELSEWHERE = frozenset(
    {"mailboxSettings", "aboutMe", "birthday", "hireDate", "interests", "skills", "schools"}
)


def selected(select: str | None) -> list[str]:
    """The properties a `$select` asks for, in its order; an unknown one is refused."""
    if not select:
        return DEFAULT_PROPERTIES
    names = [name.strip() for name in select.split(",") if name.strip()]
    for name in names:
        if name not in GETTERS and name not in UNSET and name not in ELSEWHERE:
            raise bad_request(
                f"Parsing OData Select and Expand failed: Could not find a property named '{name}' "
                "on type 'microsoft.graph.user'."
            )
    return names


def fields_of(select: str | None) -> frozenset[str]:
    """The fields of `Person` that a `$select` shows; without one, all that are shown at all."""
    names = FIELDS if not select else selected(select)
    return frozenset().union(*(FIELDS.get(name, frozenset()) for name in names))


def show(person: Person, names: list[str], *, with_extensions: bool) -> dict[str, Any]:
    """The person as JSON; extension attributes are left out where the caller or the tenant withholds them."""
    shown: dict[str, Any] = {}
    for name in names:
        if name == EXTENSION_ATTRIBUTES and not (with_extensions and person.attribute_returned):
            continue
        getter = GETTERS.get(name)
        shown[name] = None if getter is None else getter(person)
    return shown
