"""The sample tenant: some twenty people of Contoso who show every case, all of them made up."""

from __future__ import annotations

import re
import uuid

from dev.tenant.identity_endpoint import MANAGED_IDENTITY_ID
from dev.tenant.people import Group, Person, Phone
from dev.tenant.secrets_and_accounts import Account, AppRegistration
from dev.tenant.state import DOMAIN, TENANT_ID, TenantState

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "HANDSHAKE", "PASSWORD", "SERVICE_ACCOUNT", "TENANT_ID", "VAULT_URL"]

CLIENT_ID = "b7d3c5a2-41e8-4f0c-9d6b-3a8e5f7c1024"
CLIENT_SECRET = "Kq8~emulated-Client.Secret_vT4zR9xL2mW7pN5s"
SERVICE_ACCOUNT = f"svc-mfa-sync@{DOMAIN}"
PASSWORD = "emulated-Passw0rd!gR3wTulips&Elk"
HANDSHAKE = "emulated-handshake-5tZq1Yw8Rb6Nc3Xe"
PREVIOUS_HANDSHAKE = "emulated-handshake-former-9uHs4Jd7Vk2Q"
APPROVER_HANDSHAKE = "emulated-approver-2mLx8Fp5Ga7Tw1Zn"
SIGNING_KEY = "whsec_ZW11bGF0ZWQtc2lnbmluZy1rZXktMzItYnl0ZXMhISE="
FINGERPRINT_KEY = "ZW11bGF0ZWQtZmluZ2VycHJpbnQta2V5LTMyLWJ5dGVzIQ=="
VAULT_NAME = "contoso-mfa"
VAULT_URL = f"https://{VAULT_NAME}.vault.azure.net"
SECRET_NAMES = {
    "mfa-sync-handshake": HANDSHAKE,
    "mfa-sync-handshake-previous": PREVIOUS_HANDSHAKE,
    "mfa-sync-approver": APPROVER_HANDSHAKE,
    "mfa-sync-username": SERVICE_ACCOUNT,
    "mfa-sync-password": PASSWORD,
    "mfa-sync-client-secret": CLIENT_SECRET,
    "mfa-sync-fingerprint-key": FINGERPRINT_KEY,
    "mfa-sync-signing-key": SIGNING_KEY,
}
WEEK = 7 * 24 * 3600
SCOPE_GROUP_ID = "2f6c1d4e-8b07-4c39-a5d1-6e9f0b3a7c58"
NESTED_GROUP_ID = "c81e5b90-3d2f-4a76-b0e4-19d7f8a2c635"
ADMIN_GROUP_ID = "7a4d9e13-c605-4b8f-92de-05b1c7f3e846"

# Sweden's regulator keeps +46 70 174 06 05 to 06 99 free for fiction; 555-01xx is America's such range.
_SWEDISH = [f"+4670174{number:04}" for number in range(605, 700)]
_AMERICAN = [f"+1202555{number:04}" for number in range(100, 200)]
# As long as Entra allows: 64 characters, @, and a domain of 48.
LONG_UPN = f"maximiliana.{'theodora.' * 5}vonundz@personnel-of-the-northern-laboratory.{DOMAIN}"


def guid(name: str) -> str:
    """The constant object id of somebody in the sample."""
    return str(uuid.uuid5(uuid.UUID(TENANT_ID), name))


def _person(upn: str, name: str, attribute: str | None, mobile: str | None = None) -> Person:
    person = Person(guid(upn), upn, name, mail=upn, attribute=attribute, usage_location="SE")
    person.given_name, _, person.surname = name.partition(" ")
    if mobile is not None:
        person.phones["mobile"] = Phone(mobile)
    person.methods = ["password", "microsoftAuthenticator"]
    return person


def _ordinary_people() -> list[Person]:
    """The decision table: desired against observed, and ways to write a number."""
    n = _SWEDISH
    return [
        _person(f"anna.new@{DOMAIN}", "Anna New", n[0]),
        _person(f"bo.same@{DOMAIN}", "Bo Same", n[1], n[1]),
        _person(f"carl.changed@{DOMAIN}", "Carl Changed", n[2], n[3]),
        _person(f"dora.dashes@{DOMAIN}", "Dora Dashes", f"+46 70-174 {n[4][-4:-2]} {n[4][-2:]}", n[4]),
        _person(f"erik.zeros@{DOMAIN}", "Erik Zeros", f"00{n[5][1:]}", n[5]),
        _person(f"frida.blank@{DOMAIN}", "Frida Blank", f"{n[6]} ", n[6]),
        _person(f"gustav.left@{DOMAIN}", "Gustav Left", None, n[7]),
        _person(f"hanna.none@{DOMAIN}", "Hanna None", None),
        _person(f"ivar.trunk@{DOMAIN}", "Ivar Trunk", f"+46 (0){n[8][3:]}"),
        _person(f"jana.letters@{DOMAIN}", "Jana Letters", "ask the reception", n[9]),
        _person(f"karl.two@{DOMAIN}", "Karl Two", f"{n[10]} / {n[11]}", n[10]),
        _person(f"lena.american@{DOMAIN}", "Lena American", _AMERICAN[0], _AMERICAN[1]),
    ]


def _people_with_awkward_names() -> list[Person]:
    """UPNs that must be escaped just so."""
    n = _SWEDISH[20:]
    guest = _person(f"x_gmail.com#EXT#@{DOMAIN}", "Xenia Guest", n[0])
    guest.user_type, guest.on_premises_sync_enabled = "Guest", None
    return [
        guest,
        _person(f"o'brien@{DOMAIN}", "Oona O'Brien", n[1]),
        _person(f"$dollar@{DOMAIN}", "Dolly Dollar", n[2]),
        _person(LONG_UPN, "Maximiliana von und zu", n[3], n[4]),
        _person(f"åsa.öberg@{DOMAIN}", "Åsa Öberg", n[5], n[5]),
    ]


def _people_with_rules_of_their_own() -> list[Person]:
    """Where the scope, Entra or the guard says no."""
    n = _SWEDISH[40:]
    cloud = _person(f"cloud.only@{DOMAIN}", "Cloud Only", n[0])
    cloud.on_premises_sync_enabled = None
    joiner = _person(f"disabled.joiner@{DOMAIN}", "Disabled Joiner", n[1])
    joiner.enabled = False
    admin = _person(f"admin.privileged@{DOMAIN}", "Admin Privileged", n[2], n[3])
    admin.roles = ["Global Administrator"]
    owner = _person(f"owner.ofgroup@{DOMAIN}", "Owner Ofgroup", n[4], n[5])
    default = _person(f"default.method@{DOMAIN}", "Default Method", None, n[6])
    default.default_method = "sms"
    alternate = _person(f"alternate.present@{DOMAIN}", "Alternate Present", None, n[7])
    alternate.phones["alternateMobile"] = Phone(n[8], "notSupported")
    last = _person(f"last.factor@{DOMAIN}", "Last Factor", None, n[9])
    last.methods = ["password", "email"]
    holder = _person(f"sms.holder@{DOMAIN}", "Sms Holder", n[10])
    holder.phones["mobile"] = Phone(n[10], "ready")
    holder.sms_sign_in_policy = True
    taken = _person(f"sms.taken@{DOMAIN}", "Sms Taken", n[10])
    taken.sms_sign_in_policy = True
    service = _person(SERVICE_ACCOUNT, "MFA Sync Service", None)
    service.on_premises_sync_enabled = None
    service.methods = ["password"]
    # Enough for phones; to read the audit log it would need a role of readers as well.
    service.roles = ["Privileged Authentication Administrator"]
    return [cloud, joiner, admin, owner, default, alternate, last, holder, taken, service]


def fill(state: TenantState) -> None:
    """Put the sample into an empty tenant."""
    people = everybody()
    for person in people:
        state.add_person(person)
    owner = state.person(f"owner.ofgroup@{DOMAIN}")
    members = [person.id for person in people if person.upn != SERVICE_ACCOUNT]
    nested = Group(NESTED_GROUP_ID, "All staff, part two", members[len(members) // 2 :])
    scope = Group(SCOPE_GROUP_ID, "All staff", [*members[: len(members) // 2], NESTED_GROUP_ID])
    # No tenant is without a Global Administrator, whoever else is taken away.
    admins = Group(ADMIN_GROUP_ID, "Tier zero", [], [owner.id], is_assignable_to_role=True)
    admins.roles = ["Global Administrator"]
    for group in (scope, nested, admins):
        state.groups[group.id] = group
    state.add_account(Account(SERVICE_ACCOUNT, PASSWORD))
    trusted = state.service_principal_id(MANAGED_IDENTITY_ID)
    state.apps[CLIENT_ID] = AppRegistration(CLIENT_ID, secrets=[CLIENT_SECRET], federated_subjects=[trusted])
    for name, value in SECRET_NAMES.items():
        ahead = int(state.clock()) + WEEK if name == "mfa-sync-handshake-previous" else None
        state.put_secret(name, value, vault=VAULT_NAME, exp=ahead)
    state.journal.forget(state.clock())  # they were there from the beginning


def everybody() -> list[Person]:
    """The sample's people, new each time."""
    return [*_ordinary_people(), *_people_with_awkward_names(), *_people_with_rules_of_their_own()]


def secrets() -> list[str]:
    """Everything that must never be seen in a log: numbers in several forms, passwords, secrets."""
    people = everybody()
    numbers = {phone.number for person in people for phone in person.phones.values()}
    for person in people:
        digits = re.sub(r"\D", "", (person.attribute or "").replace("(0)", ""))
        numbers |= {
            f"+{digits[start:][:11]}" for start in range(len(digits)) if digits[start:].startswith("46701740")
        }
        numbers |= {f"+{digits}"} if digits.startswith("1202555") else set()
    national = {number.removeprefix("+46").removeprefix("+1") for number in numbers}
    words = {value for value in SECRET_NAMES.values() if value != SERVICE_ACCOUNT}
    return sorted(numbers | national | words)
