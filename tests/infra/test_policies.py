"""What the template may never say, and what it must: each rule on every resource that it concerns."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dev.gates.bicep_template import Template

# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": ("Storage Blob Data Owner", "Microsoft.Storage/storageAccounts"),
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": (
        "Storage Queue Data Contributor",
        "Microsoft.Storage/storageAccounts",
    ),
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": (
        "Storage Table Data Contributor",
        "Microsoft.Storage/storageAccounts",
    ),
    "3913510d-42f4-4e42-8a64-420c390055eb": ("Monitoring Metrics Publisher", "Microsoft.Insights/components"),
    "4633458b-17de-408a-b874-0445c86b69e6": ("Key Vault Secrets User", "Microsoft.KeyVault/vaults"),
    "de139f84-1756-47ae-9be6-808fbbe84772": ("Website Contributor", "Microsoft.Web/sites"),
}
SITE, STORAGE, VAULT = "Microsoft.Web/sites", "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"
# type, property, what it must be, why
RULES: list[tuple[str, str, Any, str]] = [
    (STORAGE, "properties.allowSharedKeyAccess", False, "a key opens everything and names nobody"),
    (STORAGE, "properties.allowBlobPublicAccess", False, "the package and runs are nobody else's"),
    (STORAGE, "properties.supportsHttpsTrafficOnly", True, "tokens travel with each call"),
    (STORAGE, "properties.minimumTlsVersion", "TLS1_2", "older ones are broken"),
    (STORAGE, "properties.publicNetworkAccess", "Disabled", "the private endpoints are the way"),
    (STORAGE, "properties.networkAcls.defaultAction", "Deny", "if somebody opens it, it stays shut"),
    (STORAGE, "properties.networkAcls.bypass", "None", "no service of others needs it"),
    (STORAGE, "properties.allowCrossTenantReplication", False, "nothing leaves the tenant"),
    (VAULT, "properties.enableRbacAuthorization", True, "access policies know no scopes"),
    (VAULT, "properties.enableSoftDelete", True, "a deleted secret must come back"),
    (VAULT, "properties.enablePurgeProtection", True, "nor may it be deleted for good"),
    (VAULT, "properties.networkAcls.defaultAction", "Deny", "only whom the template names gets in"),
    (VAULT, "properties.networkAcls.bypass", "None", "no service of others needs it"),
    (SITE, "properties.httpsOnly", True, "handshakes and keys travel with each call"),
    (SITE, "properties.publicNetworkAccess", "Enabled", "it must be said; the restrictions decide who"),
    (
        SITE,
        "properties.siteConfig.ipSecurityRestrictionsDefaultAction",
        "Deny",
        "only whom the template names",
    ),
    (SITE, "properties.siteConfig.scmIpSecurityRestrictionsDefaultAction", "Deny", "it runs code"),
    (SITE, "properties.siteConfig.scmIpSecurityRestrictionsUseMain", False, "HR does not deploy"),
    (SITE, "properties.siteConfig.minTlsVersion", "1.2", "older ones are broken"),
    (SITE, "properties.siteConfig.scmMinTlsVersion", "1.2", "older ones are broken"),
    (SITE, "properties.siteConfig.ftpsState", "Disabled", "there is no password to use it with"),
    (SITE, "properties.siteConfig.http20Enabled", True, "proxies ask for it"),
    (SITE, "identity.type", "UserAssigned", "its rights exist before the app and outlive it"),
    (
        SITE,
        "properties.functionAppConfig.runtime",
        {"name": "python", "version": "3.13"},
        "what the app is built for",
    ),
    (
        SITE,
        "properties.functionAppConfig.deployment.storage.authentication.type",
        "UserAssignedIdentity",
        "no connection string",
    ),
    (
        f"{SITE}/basicPublishingCredentialsPolicies",
        "properties.allow",
        False,
        "a publish profile is a password",
    ),
    (
        "Microsoft.Web/serverfarms",
        "sku",
        {"name": "FC1", "tier": "FlexConsumption"},
        "Python 3.13 and a network",
    ),
    ("Microsoft.Web/serverfarms", "properties.reserved", True, "Linux"),
    (
        "Microsoft.Insights/components",
        "properties.DisableLocalAuth",
        True,
        "whoever has the key could write logs",
    ),
    ("Microsoft.OperationalInsights/workspaces", "properties.features.disableLocalAuth", True, "likewise"),
    (f"{STORAGE}/blobServices/containers", "properties.publicAccess", "None", "nothing here is public"),
]
# https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#deprecated-properties-and-settings
FORBIDDEN_ON_FLEX = {
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_PROCESS_COUNT",
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_TIME_ZONE",
    "WEBSITE_VNET_ROUTE_ALL",
}
KEYS = re.compile(
    r"\blist(Keys|AccountSas|ServiceSas|Secrets|\w*Credentials)\b|AccountKey=|SharedAccessKey|getSecret"
)
NO_SECRETS = {"keyVaultName", "ropcCredential"}
SECRET = re.compile(r"secret|password|token|key|connectionstring|credential", re.IGNORECASE)


@pytest.mark.parametrize(("kind", "path", "right", "why"), RULES, ids=[f"{k}:{p}" for k, p, *_ in RULES])
def test_a_rule_holds_for_every_resource_of_its_type(
    everything: Template, kind: str, path: str, right: Any, why: str
) -> None:
    """A table of what must be, each with its reason; a rule that finds no resource is none."""
    found = everything.of(kind)
    assert found, f"no {kind} in the template"
    for resource in found:
        assert resource.at(path) == right, f"{resource}: set {path} to {right!r}: {why}"


def test_the_vault_is_closed_unless_addresses_are_named(template: Template, everything: Template) -> None:
    """It is opened for those addresses alone, while secrets are set."""
    (closed,), (opened,) = template.of(VAULT), everything.of(VAULT)
    assert closed.at("properties.publicNetworkAccess") == "Disabled"
    assert closed.at("properties.networkAcls.ipRules") == []
    assert opened.at("properties.networkAcls.ipRules") == [{"value": "198.51.100.7/32"}]


def test_only_named_addresses_reach_the_app_and_only_operators_its_scm(
    template: Template, everything: Template
) -> None:
    """Without addresses nobody does."""
    (shut,), (app,) = template.of(SITE), everything.of(SITE)
    for names, addresses in (
        ("ipSecurityRestrictions", ["192.0.2.0/28", "198.51.100.7/32"]),
        ("scmIpSecurityRestrictions", ["198.51.100.7/32"]),
    ):
        rules = app.at(f"properties.siteConfig.{names}")
        assert [rule["ipAddress"] for rule in rules] == addresses, f"{app}: {names}"
        assert {rule["action"] for rule in rules} == {"Allow"}
        assert len({rule["priority"] for rule in rules}) == len(rules)
        assert shut.at(f"properties.siteConfig.{names}") == []


def test_roles_are_the_listed_ones_each_on_its_resource(everything: Template) -> None:
    """Nobody is given more than the table says, and on nothing larger than one resource."""
    given: list[tuple[str, str | None]] = []
    for assignment in everything.of("Microsoft.Authorization/roleAssignments"):
        role = str(assignment.at("properties.roleDefinitionId"))
        identifier = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", role)
        assert identifier, f"{assignment}: roleDefinitionId: write the role's id"
        assert identifier[0] in ROLES, (
            f"{assignment}: role {identifier[0]} is not in ROLES: add it with a reason"
        )
        name, scope = ROLES[identifier[0]]
        assert assignment.scope == scope, f"{assignment}: {name}: scope it to a {scope}"
        assert str(assignment.at("properties.description")).startswith(f"{name}: "), (
            f"{assignment}: {identifier[0]} is {name}: say so"
        )
        assert assignment.at("properties.principalType") == "ServicePrincipal", (
            f"{assignment}: set principalType to 'ServicePrincipal', or it fails while the identity is new"
        )
        for part in (identifier[0], assignment.at("properties.principalId")):
            assert str(part) in str(assignment.body["name"]), (
                f"{assignment}: name: guid(scope, principal, role)"
            )
        given.append((name, assignment.scope))
    assert sorted(given) == sorted(ROLES.values())


def test_nothing_asks_for_a_key(root: Path) -> None:
    """Identities open everything: neither a key nor a connection string is read or written."""
    for path in sorted((root / "infra").rglob("*.bicep")):
        found = [match[0] for match in KEYS.finditer(path.read_text(encoding="utf-8"))]
        assert not found, f"{path}: {found}: use the identity and a role"


def test_no_parameter_or_output_is_a_secret(everything: Template) -> None:
    """Deployments are kept, with both, and many may read them. Secrets are set in the vault."""
    for path, tree in everything.trees.items():
        for name, output in tree.get("outputs", {}).items():
            said = f"{name} {output['value']}"
            assert name in NO_SECRETS or not SECRET.search(said), f"{path}: output {name}: take it out"
        for name, parameter in tree.get("parameters", {}).items():
            is_secure = "secure" in {one["type"] for one in parameter["decorators"]}
            assert is_secure or name in NO_SECRETS or not SECRET.search(name), (
                f"{path}: parameter {name}: set it in the vault; if it must be given, mark it @secure()"
            )
            assert not (is_secure and parameter["default"]), (
                f"{path}: parameter {name}: no default for a secret"
            )


def test_the_app_has_no_setting_that_flex_consumption_refuses(everything: Template) -> None:
    """They are ignored, or stop the deployment."""
    (app,) = everything.of(SITE)
    refused = set(settings(everything)) & FORBIDDEN_ON_FLEX
    assert not refused, f"{app}: settings {refused}: take them out of infra/settings.json or function.bicep"
    unwanted = {
        "linuxFxVersion",
        "pythonVersion",
        "appSettings",
        "alwaysOn",
        "websiteTimeZone",
        "connectionStrings",
    }
    assert not unwanted & set(app.at("properties.siteConfig")), (
        f"{app}: siteConfig: functionAppConfig says it"
    )


def test_storage_is_reached_as_the_identity(everything: Template) -> None:
    """One form of connection alone: addresses; each needs its private endpoint."""
    held = settings(everything)
    parts = {name.partition("__")[2] for name in held if name.partition("__")[0] == "AzureWebJobsStorage"}
    assert parts == {"blobServiceUri", "queueServiceUri", "tableServiceUri", "credential", "clientId"}
    assert held["AzureWebJobsStorage__credential"] == "managedidentity"
    assert held["AzureWebJobsStorage__clientId"] == held["AZURE_CLIENT_ID"]
    assert held["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"].endswith(";Authorization=AAD")


def test_each_service_has_its_private_endpoint_and_name(template: Template) -> None:
    """Without the endpoint a closed service is out of reach; without the name its public address answers."""
    endpoints = template.of("Microsoft.Network/privateEndpoints")
    connections = [one.at("properties.privateLinkServiceConnections")[0]["properties"] for one in endpoints]
    assert [(one["groupIds"], one["privateLinkServiceId"].partition(":")[0]) for one in connections] == [
        (["blob"], "storage"),
        (["queue"], "storage"),
        (["table"], "storage"),
        (["vault"], "keyvault"),
    ]
    zones = [str(zone.body["name"]) for zone in template.of("Microsoft.Network/privateDnsZones")]
    assert zones[:3] == [f"privatelink.{service}.core.windows.net" for service in ("blob", "queue", "table")]
    assert len(template.of("Microsoft.Network/privateDnsZones/virtualNetworkLinks")) == len(zones) == 4
    assert len(template.of("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")) == 4


def test_the_app_calls_out_by_addresses_of_its_own(template: Template) -> None:
    """The named location of the service account holds the prefix, so it is an output."""
    (network,) = template.of("Microsoft.Network/virtualNetworks")
    (gateway,) = template.of("Microsoft.Network/natGateways")
    (app,) = template.of(SITE)
    subnets = {one["name"]: one["properties"] for one in network.at("properties.subnets")}
    assert subnets["app"]["delegations"][0]["properties"] == {"serviceName": "Microsoft.App/environments"}
    assert subnets["app"].get("natGateway") == {"id": "network:nat.id"}, (
        f"{network}: subnet app: natGateway: nat"
    )
    assert {subnet["defaultOutboundAccess"] for subnet in subnets.values()} == {False}
    assert gateway.at("properties.publicIpPrefixes") == [{"id": "network:egress.id"}]
    assert app.at("properties.virtualNetworkSubnetId").endswith("/subnets/app")
    assert template.outputs["egressPrefix"] == "network:egress.properties.ipPrefix"


def test_easy_auth_is_all_or_nothing(template: Template, everything: Template) -> None:
    """The app believes the platform's header exactly where the platform checks every call."""
    for one, on in ((template, False), (everything, True)):
        (auth,) = (config for config in one.of(f"{SITE}/config") if config.body["name"] == "authsettingsV2")
        assert auth.deployed is on
        assert settings(one)["EASY_AUTH"] == str(on).lower()
        assert ("OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID" in settings(one)) is on
    function = (Path(__file__).parents[2] / "infra" / "app" / "function.bicep").read_text(encoding="utf-8")
    (settings_of_app,) = re.findall(r"name: 'appsettings'\n(?:  .*\n)+", function)
    assert re.search(r"dependsOn: \[\s+auth\s+\]", settings_of_app), (
        "infra/app/function.bicep: settings: dependsOn auth, or EASY_AUTH=true believes a forged header"
    )
    assert auth.at("properties.globalValidation") == {
        "requireAuthentication": True,
        "unauthenticatedClientAction": "Return401",
        "excludedPaths": ["/api/health"],
    }
    entra = auth.at("properties.identityProviders.azureActiveDirectory")
    assert entra["registration"]["clientSecretSettingName"] == "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"
    assert entra["validation"]["defaultAuthorizationPolicy"]["allowedApplications"], (
        f"{auth}: empty lets all in"
    )
    assert auth.at("properties.login.tokenStore.enabled") is False
    assert auth.at("properties.httpSettings.requireHttps") is True


def test_who_reads_the_vault_is_recorded(template: Template) -> None:
    """And who puts messages into queues: it is how poison is noticed even if the app cannot tell."""
    logs = {
        one.scope: one.at("properties.logs") for one in template.of("Microsoft.Insights/diagnosticSettings")
    }
    assert logs == {
        VAULT: [{"categoryGroup": "audit", "enabled": True}],
        f"{STORAGE}/queueServices": [{"category": "StorageWrite", "enabled": True}],
    }


def test_the_app_comes_after_what_it_needs(template: Template, root: Path) -> None:
    """Published before its roles, endpoints and names are there, the first package cannot be stored."""
    modules = template.trees[root / "infra" / "main.bicep"]["modules"]
    assert [one["$name"] for one in modules["app"]["config"]["dependsOn"]] == ["endpoints", "roles"]


def settings(template: Template) -> dict[str, str]:
    """Return the settings that the app is given."""
    (found,) = (one for one in template.of(f"{SITE}/config") if one.body["name"] == "appsettings")
    values: dict[str, str] = found.body["properties"]
    return values
