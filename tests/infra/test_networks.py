"""What each kind of network makes, and who then reaches whom."""

from __future__ import annotations

import re

from tests.infra.snapshot import INFRA, Snapshot

SITE, STORAGE, VAULT = "Microsoft.Web/sites", "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"
NETWORK = "Microsoft.Network"
# Of each type how many; the public deployment has all others and none of these.
ONLY_PRIVATE = {
    f"{NETWORK}/natGateways": 1,
    f"{NETWORK}/networkSecurityGroups": 2,
    f"{NETWORK}/privateDnsZones": 4,
    f"{NETWORK}/privateDnsZones/virtualNetworkLinks": 4,
    f"{NETWORK}/privateEndpoints": 4,
    f"{NETWORK}/privateEndpoints/privateDnsZoneGroups": 4,
    f"{NETWORK}/publicIPPrefixes": 1,
    f"{NETWORK}/virtualNetworks": 1,
}
SERVICES = ["blob", "queue", "table", "vault"]


def test_private_has_a_network_and_public_has_none_of_it(private: Snapshot, public: Snapshot) -> None:
    """All else is in both."""
    counted = {
        kind: len(private.of(kind))
        for kind in {one.type for one in private.resources}
        if kind.startswith(NETWORK)
    }
    assert counted == ONLY_PRIVATE
    others = [(one.type, one.name) for one in private.resources if one.type not in ONLY_PRIVATE]
    assert [(one.type, one.name) for one in public.resources] == others


def test_private_services_answer_at_their_endpoints_alone(private: Snapshot, everything: Snapshot) -> None:
    """But the vault to named addresses, while secrets are set."""
    for one in (private, everything):
        (account,) = one.of(STORAGE)
        assert account.at("properties.publicNetworkAccess") == "Disabled"
        assert account.at("properties.networkAcls.defaultAction") == "Deny"
    (closed,), (opened,) = private.of(VAULT), everything.of(VAULT)
    assert {vault.at("properties.networkAcls.defaultAction") for vault in (closed, opened)} == {"Deny"}
    assert closed.at("properties.publicNetworkAccess") == "Disabled"
    assert closed.at("properties.networkAcls.ipRules") == []
    assert opened.at("properties.publicNetworkAccess") == "Enabled"
    assert opened.at("properties.networkAcls.ipRules") == [{"value": "198.51.100.7/32"}]


def test_public_services_open_to_roles_alone(public: Snapshot, choices: Snapshot) -> None:
    """The vault to the app's own addresses alone, where somebody knows them; storage cannot be tied to them.

    Rules for addresses do not apply to calls from the account's own region: Microsoft, "Azure Storage
    firewall
    guidelines and limitations". So they would shut out the app.
    """
    for one in (public, choices):
        (account,) = one.of(STORAGE)
        assert account.at("properties.publicNetworkAccess") == "Enabled"
        assert account.at("properties.networkAcls.defaultAction") == "Allow"
        assert account.at("properties.allowSharedKeyAccess") is False
        assert one.of(SITE)[0].at("properties.virtualNetworkSubnetId") is None
        assert one.outputs["egressPrefix"] == ""
    (open_to_roles,), (tied,) = public.of(VAULT), choices.of(VAULT)
    assert open_to_roles.at("properties.networkAcls.defaultAction") == "Allow"
    assert tied.at("properties.networkAcls.defaultAction") == "Deny"
    assert [rule["value"] for rule in tied.at("properties.networkAcls.ipRules")] == [
        "203.0.113.0/28",
        "198.51.100.7/32",
    ]


def test_each_service_has_its_private_endpoint_and_name(private: Snapshot) -> None:
    """Without the endpoint a closed service is out of reach; without the name its public address answers."""
    (account,), (vault,), (network,) = (
        private.of(STORAGE),
        private.of(VAULT),
        private.of(f"{NETWORK}/virtualNetworks"),
    )
    endpoints = private.of(f"{NETWORK}/privateEndpoints")
    connections = [one.at("properties.privateLinkServiceConnections")[0]["properties"] for one in endpoints]
    targets = [account.body["id"]] * 3 + [vault.body["id"]]
    assert [(one["groupIds"], one["privateLinkServiceId"]) for one in connections] == [
        ([service], target) for service, target in zip(SERVICES, targets, strict=True)
    ]
    assert {one.at("properties.subnet.id") for one in endpoints} == {
        f"{network.body['id']}/subnets/endpoints"
    }
    zones = [one.body["name"] for one in private.of(f"{NETWORK}/privateDnsZones")]
    assert [zone.partition(".{0}'")[0] for zone in zones[:3]] == [
        f"[format('privatelink.{service}" for service in SERVICES[:3]
    ]
    links = private.of(f"{NETWORK}/privateDnsZones/virtualNetworkLinks")
    assert {link.at("properties.virtualNetwork.id") for link in links} == {network.body["id"]}


def test_storage_is_given_one_endpoint_at_a_time() -> None:
    """Two at once end in StorageAccountOperationInProgress: Azure/bicep-registry-modules issues 962, 5994."""
    text = (INFRA / "app" / "private-endpoints.bicep").read_text(encoding="utf-8")
    assert re.search(r"@batchSize\(1\)\nresource \w+ 'Microsoft.Network/privateEndpoints@", text)


def test_only_the_app_reaches_the_endpoints_and_by_https(private: Snapshot) -> None:
    """And the rules hold for private endpoints, which pass them by unless the subnet says so."""
    (network,) = private.of(f"{NETWORK}/virtualNetworks")
    subnets = {one["name"]: one["properties"] for one in network.at("properties.subnets")}
    groups = {
        one.body["id"]: one.at("properties.securityRules")
        for one in private.of(f"{NETWORK}/networkSecurityGroups")
    }
    assert subnets["endpoints"]["privateEndpointNetworkPolicies"] == "NetworkSecurityGroupEnabled"
    https, nothing_else = (
        rule["properties"] for rule in groups[subnets["endpoints"]["networkSecurityGroup"]["id"]]
    )
    assert (https["access"], https["direction"], https["protocol"], https["destinationPortRange"]) == (
        *("Allow", "Inbound", "Tcp"),
        "443",
    )
    assert https["sourceAddressPrefix"] == subnets["app"]["addressPrefix"]
    assert https["destinationAddressPrefix"] == subnets["endpoints"]["addressPrefix"]
    assert (nothing_else["access"], nothing_else["direction"], nothing_else["protocol"]) == (
        "Deny",
        "Inbound",
        "*",
    )
    assert {nothing_else[f"{end}AddressPrefix"] for end in ("source", "destination")} == {"*"}
    assert groups[subnets["app"]["networkSecurityGroup"]["id"]] == [], (
        "nobody says what Flex itself must reach"
    )


def test_the_app_calls_out_by_addresses_of_its_own(private: Snapshot) -> None:
    """The named location of the service account holds the prefix, so it is an output."""
    (network,) = private.of(f"{NETWORK}/virtualNetworks")
    (gateway,) = private.of(f"{NETWORK}/natGateways")
    (prefix,) = private.of(f"{NETWORK}/publicIPPrefixes")
    (app,) = private.of(SITE)
    subnets = {one["name"]: one["properties"] for one in network.at("properties.subnets")}
    assert subnets["app"]["delegations"][0]["properties"] == {"serviceName": "Microsoft.App/environments"}
    assert subnets["app"]["natGateway"] == {"id": gateway.body["id"]}
    assert {subnet["defaultOutboundAccess"] for subnet in subnets.values()} == {False}
    assert gateway.at("properties.publicIpPrefixes") == [{"id": prefix.body["id"]}]
    assert app.at("properties.virtualNetworkSubnetId") == f"{network.body['id']}/subnets/app"
    assert "egressPrefix" in private.outputs["egressPrefix"]


def test_zones_are_used_where_they_are_asked_for(private: Snapshot, everything: Snapshot) -> None:
    """They cost always-ready instances."""
    for one, zones in ((private, False), (everything, True)):
        (plan,) = one.of("Microsoft.Web/serverfarms")
        assert plan.at("properties.zoneRedundant") is zones
