"""What the operator wants, checked before anything is asked of the tenant."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from ops.tenant_setup.change import StoppedError

UNIT = "MFA phone sync: managed users"
LOCATION = "MFA phone sync: egress"
POLICY = "MFA phone sync: service account from its egress only"
ROLE_IDS = {
    "Authentication Administrator": "c4e39bd9-1100-46d3-8c65-fb160da0071f",
    "Privileged Authentication Administrator": "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
    "Global Reader": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "Reports Reader": "4a5d8f65-41da-4de4-8968-e035b65339cf",
}
WRITER_ROLES = ("Authentication Administrator", "Privileged Authentication Administrator")
AUDIT_ROLE = "Reports Reader"
# The least that reads who is eligible for what, groups for roles included (Graph, "List
# eligibilityScheduleInstances").
GUARD_ROLE = "Global Reader"
# Wider than any public IP prefix that Azure gives out: a slip, or somebody else's addresses too.
_WIDEST = {4: 24, 6: 120}
_NEVER_EGRESS = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10"),
    )
)

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be there in the tenant. Names are display names, by which things are found again."""

    service_account: str
    egress: Network | None = None
    rule: str | None = None
    group: str | None = None
    users: tuple[str, ...] = ()
    role: str = WRITER_ROLES[0]
    audit_log: bool = False
    privileged_guard: bool = False
    enforce: bool = False
    replace_ranges: bool = False
    client_id: str | None = None
    unit: str = UNIT
    location: str = LOCATION
    policy: str = POLICY

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.rule is not None and (self.group is not None or self.users):
            raise StoppedError("--rule decides by itself who is in the unit: leave out --group and --user.")

    @property
    def reader_roles(self) -> list[str]:
        """The roles over the tenant, which read and write nothing."""
        chosen = {AUDIT_ROLE: self.audit_log, GUARD_ROLE: self.privileged_guard}
        return [role for role, is_chosen in chosen.items() if is_chosen]


def egress_of(text: str) -> Network:
    """Return the address range that the app's calls come from.

    Raises:
        StoppedError: It is none, a private one, or too wide to be the app's alone.
    """
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise StoppedError(
            f"--egress {text}: {error}. Give the public IP prefix, as 203.0.113.8/30."
        ) from None
    private = any(network.version == other.version and network.overlaps(other) for other in _NEVER_EGRESS)
    if private:
        raise StoppedError(
            f"--egress {text}: not a public range. Entra sees the NAT gateway's public addresses."
        )
    if network.prefixlen < _WIDEST[network.version]:
        raise StoppedError(
            f"--egress {text}: wider than /{_WIDEST[network.version]}. Only the app's own addresses belong "
            "there: whoever has the password could sign in from any other of these."
        )
    return network
