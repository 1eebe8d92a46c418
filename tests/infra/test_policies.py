"""What the template may never say, and what it must: each rule on every resource that it concerns."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.infra.snapshot import INFRA, Snapshot

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
    (STORAGE, "properties.networkAcls.bypass", "None", "no service of others needs it"),
    (STORAGE, "properties.allowCrossTenantReplication", False, "nothing leaves the tenant"),
    (VAULT, "properties.enableRbacAuthorization", True, "access policies know no scopes"),
    (VAULT, "properties.enableSoftDelete", True, "a deleted secret must come back"),
    (VAULT, "properties.enablePurgeProtection", True, "nor may it be deleted for good"),
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
# Refused for Flex Consumption: functionAppConfig says it, or the plan has none of it.
# https://github.com/Azure/azure-cli/issues/31414 (error 51021), and the page above.
REFUSED_BY_FLEX = {
    "alwaysOn",
    "appSettings",
    "connectionStrings",
    "ftpsState",
    "linuxFxVersion",
    "pythonVersion",
    "websiteTimeZone",
}
NO_SECRETS = {"federatedCredential", "keyVaultName", "ropcCredential", "vaultName"}
SECRET = re.compile(r"secret|password|token|key|connectionstring|credential", re.IGNORECASE)


@pytest.mark.parametrize(("kind", "path", "right", "why"), RULES, ids=[f"{k}:{p}" for k, p, *_ in RULES])
def test_a_rule_holds_for_every_resource_of_its_type(
    each: Snapshot, kind: str, path: str, right: Any, why: str
) -> None:
    """A table of what must be, each with its reason; a rule that finds no resource is none."""
    found = each.of(kind)
    assert found, f"no {kind} in the template"
    for resource in found:
        assert resource.at(path) == right, f"{resource}: set {path} to {right!r}: {why}"


def test_only_named_addresses_reach_the_app_and_only_operators_its_scm(
    private: Snapshot, everything: Snapshot
) -> None:
    """Without addresses nobody does."""
    (shut,), (app,) = private.of(SITE), everything.of(SITE)
    for names, addresses in (
        ("ipSecurityRestrictions", ["192.0.2.0/28", "198.51.100.7/32"]),
        ("scmIpSecurityRestrictions", ["198.51.100.7/32"]),
    ):
        rules = app.at(f"properties.siteConfig.{names}")
        assert [rule["ipAddress"] for rule in rules] == addresses, f"{app}: {names}"
        assert {rule["action"] for rule in rules} == {"Allow"}
        assert len({rule["priority"] for rule in rules}) == len(rules)
        assert shut.at(f"properties.siteConfig.{names}") == []


def test_roles_are_the_listed_ones_each_on_its_resource(everything: Snapshot) -> None:
    """Nobody is given more than the table says, and on nothing larger than one resource."""
    given: list[tuple[str, str | None]] = []
    names = set[str]()
    for assignment in everything.of("Microsoft.Authorization/roleAssignments"):
        role = str(assignment.at("properties.roleDefinitionId"))
        identifier = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", role)
        assert identifier, f"{assignment}: roleDefinitionId: write the role's id"
        assert identifier[0] in ROLES, (
            f"{assignment}: role {identifier[0]} is not in ROLES: add it with a reason"
        )
        name, scope = ROLES[identifier[0]]
        assert assignment.extends == scope, f"{assignment}: {name}: scope it to a {scope}"
        assert str(assignment.at("properties.description")).startswith(f"{name}: "), (
            f"{assignment}: {identifier[0]} is {name}: say so"
        )
        assert assignment.at("properties.principalType") == "ServicePrincipal", (
            f"{assignment}: set principalType to 'ServicePrincipal', or it fails while the identity is new"
        )
        given.append((name, assignment.extends))
        names.add(assignment.name)
    assert sorted(given) == sorted(ROLES.values())
    assert len(names) == len(given), "name: guid(scope, principal, role)"


def test_nothing_asks_for_a_key() -> None:
    """Identities open everything: neither a key nor a connection string is read or written."""
    for path in sorted(INFRA.rglob("*.bicep")):
        found = [match[0] for match in KEYS.finditer(path.read_text(encoding="utf-8"))]
        assert not found, f"{path}: {found}: use the identity and a role"


def test_no_parameter_or_output_is_a_secret() -> None:
    """Deployments are kept, with both, and many may read them. Secrets are set in the vault."""
    for path in sorted(INFRA.rglob("*.bicep")):
        said = re.findall(r"^(?:param|output) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        secrets = [name for name in said if SECRET.search(name) and name not in NO_SECRETS]
        assert not secrets, f"{path}: {secrets}: set it in the vault"


def test_the_app_has_no_setting_that_flex_consumption_refuses(everything: Snapshot) -> None:
    """They are ignored, or stop the deployment."""
    (app,) = everything.of(SITE)
    refused = set(everything.settings()) & FORBIDDEN_ON_FLEX
    assert not refused, f"{app}: settings {refused}: take them out of infra/settings.json or function.bicep"


def test_the_app_has_no_property_that_flex_consumption_refuses(each: Snapshot) -> None:
    """It ends the deployment."""
    (app,) = each.of(SITE)
    refused = REFUSED_BY_FLEX & {*app.at("properties.siteConfig"), *app.at("properties")}
    assert not refused, f"infra/app/function.bicep: {refused}: take them out"


def test_storage_is_reached_as_the_identity(everything: Snapshot) -> None:
    """One form of connection alone: addresses; each needs its private endpoint."""
    held = everything.settings()
    parts = {name.partition("__")[2] for name in held if name.partition("__")[0] == "AzureWebJobsStorage"}
    assert parts == {"blobServiceUri", "queueServiceUri", "tableServiceUri", "credential", "clientId"}
    assert held["AzureWebJobsStorage__credential"] == "managedidentity"
    assert held["AzureWebJobsStorage__clientId"] == held["AZURE_CLIENT_ID"]
    assert held["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"].startswith(
        "[format('ClientId={0};Authorization=AAD'"
    )


def test_easy_auth_is_all_or_nothing(private: Snapshot, everything: Snapshot) -> None:
    """The app believes the platform's header exactly where the platform checks every call."""
    for one, on in ((private, False), (everything, True)):
        auths = [config for config in one.of(f"{SITE}/config") if config.name == "authsettingsV2"]
        assert len(auths) == on
        assert one.settings()["EASY_AUTH"] == str(on).lower()
        assert ("OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID" in one.settings()) is on
    (auth,) = auths
    function = (INFRA / "app" / "function.bicep").read_text(encoding="utf-8")
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


def test_who_reads_and_writes_is_recorded(each: Snapshot) -> None:
    """Secrets, runs and their pages, the package, state and messages: all go to the workspace."""
    (workspace,) = each.of("Microsoft.OperationalInsights/workspaces")
    kept = each.of("Microsoft.Insights/diagnosticSettings")
    requests = [
        {"category": category, "enabled": True}
        for category in ("StorageRead", "StorageWrite", "StorageDelete")
    ]
    assert {one.extends: one.at("properties.logs") for one in kept} == {
        VAULT: [{"categoryGroup": "audit", "enabled": True}],
        f"{STORAGE}/blobServices": requests,
        f"{STORAGE}/queueServices": requests,
        f"{STORAGE}/tableServices": requests,
    }
    assert {one.at("properties.workspaceId") for one in kept} == {workspace.body["id"]}
