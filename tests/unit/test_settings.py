"""The settings: defaults, every fault at once, and never a value in a message."""

from __future__ import annotations

from typing import Any

import pytest

from mfa_sync.settings.settings import Settings
from shared.errors import Problem, SettingsError
from shared.phone_delivery import PhoneDelivery
from shared.policy import LastFactorGuard, MaskedPolicy, Policy
from shared.scope import ScopePolicy
from shared.tenant import Kind

GUID = "22222222-2222-4222-8222-222222222222"
NEEDED = {
    "TENANT_ID": "contoso.com",
    "CLIENT_ID": GUID,
    "KEY_VAULT_URL": "https://contoso.vault.azure.net",
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
}


def faults_of(**values: str) -> tuple[str, ...]:
    """Return what is wrong with the needed settings and these."""
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({**NEEDED, **values})
    return refused.value.faults


def test_three_settings_are_enough_and_the_rest_has_the_documented_default() -> None:
    """What is safe is the default."""
    settings = Settings.from_environment(NEEDED)
    assert settings.policy == Policy(
        ScopePolicy(include_guests=False, allow_cloud_only=False, allow_privileged=False),
        MaskedPolicy.ASSERT,
        LastFactorGuard.SWEEPS,
        default_region=None,
        region_from_usage_location=False,
        payload_number_wins=False,
    )
    assert {kind: (limit.count, limit.percent) for kind, limit in settings.limits.items()} == {
        Kind.CREATE: (500, 10),
        Kind.UPDATE: (200, 10),
        Kind.ASSERT: (1000, 100),
        Kind.DELETE: (20, 5),
    }
    assert settings.authority_host == "https://login.microsoftonline.com"
    assert settings.graph_url == "https://graph.microsoft.com/v1.0"
    assert settings.secret_names.handshake == "mfa-sync-handshake"
    assert (settings.scope_group_id, settings.exclude_group_id) == (None, None)
    assert (settings.plan_only, settings.inline_max, settings.deadline_seconds) == (False, 100, 90)


@pytest.mark.parametrize("empty", ["", "   "])
def test_an_empty_setting_counts_as_not_set(empty: str) -> None:
    """The portal cannot store nothing, so blank is the way to take a setting back."""
    names = ("SYNC_SCOPE_GROUP_ID", "MASKED_POLICY", "MAX_DELETES", "INCLUDE_GUESTS", "GRAPH_URL")
    blanks = dict.fromkeys(names, empty)
    assert Settings.from_environment({**NEEDED, **blanks}) == Settings.from_environment(NEEDED)


@pytest.mark.parametrize(
    ("name", "value", "path", "expected"),
    [
        ("TENANT_ID", GUID, "tenant_id", GUID),
        ("KEY_VAULT_URL", "https://v.vault.azure.net/", "key_vault_url", "https://v.vault.azure.net"),
        ("AZURE_CLIENT_ID", GUID, "managed_identity_client_id", GUID),
        ("GRAPH_URL", "https://graph.microsoft.us/v1.0/", "graph_url", "https://graph.microsoft.us/v1.0"),
        ("HANDSHAKE_SECRET", "other-name", "secret_names.handshake", "other-name"),
        ("HANDSHAKE_PREVIOUS_SECRET", "other-name", "secret_names.handshake_previous", "other-name"),
        ("USERNAME_SECRET", "other-name", "secret_names.username", "other-name"),
        ("PASSWORD_SECRET", "other-name", "secret_names.password", "other-name"),
        ("CLIENT_SECRET_SECRET", "other-name", "secret_names.client_secret", "other-name"),
        ("FINGERPRINT_KEY_SECRET", "other-name", "secret_names.fingerprint_key", "other-name"),
        ("STATE_TABLE", "Abc", "state_table", "Abc"),
        ("STATE_CONTAINER", "a-1", "state_container", "a-1"),
        ("INCLUDE_GUESTS", "true", "policy.scope.include_guests", True),
        ("CLOUD_ONLY_USERS", "allow", "policy.scope.allow_cloud_only", True),
        ("PRIVILEGED_TARGETS", "allow", "policy.scope.allow_privileged", True),
        ("MASKED_POLICY", "trust", "policy.masked", MaskedPolicy.TRUST),
        ("LAST_FACTOR_GUARD", "all", "policy.last_factor", LastFactorGuard.ALL),
        ("LAST_FACTOR_GUARD", "off", "policy.last_factor", LastFactorGuard.OFF),
        ("PHONE_DELIVERY", "provider", "policy.phone_delivery", PhoneDelivery.PROVIDER),
        ("PHONE_DEFAULT_REGION", " SE ", "policy.default_region", "SE"),
        ("PHONE_REGION_FROM_USAGE_LOCATION", "true", "policy.region_from_usage_location", True),
        ("PHONE_REGIONS", "SE, NO ,DK", "policy.regions", ("DK", "NO", "SE")),
        ("MAX_USERS_PER_NUMBER", "1", "users_per_number", 1),
        ("ALLOW_PAYLOAD_NUMBER", "true", "policy.payload_number_wins", True),
        ("SYNC_SCOPE_GROUP_ID", GUID, "scope_group_id", GUID),
        ("EXCLUDE_GROUP_ID", GUID, "exclude_group_id", GUID),
        ("PUSH_MODE", "plan", "plan_only", True),
        ("SYNC_INLINE_MAX", "1000", "inline_max", 1000),
        ("SYNC_DEADLINE_SECONDS", "220", "deadline_seconds", 220),
    ],
)
def test_every_setting_arrives_where_it_decides(name: str, value: str, path: str, expected: object) -> None:
    """One setting, one effect."""
    found: Any = Settings.from_environment({**NEEDED, name: value})
    for part in path.split("."):
        found = getattr(found, part)
    assert found == expected


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_change_has_both_limits_under_its_own_names(kind: Kind) -> None:
    """The message of a breach names the setting that was read."""
    name = f"MAX_{kind.value.upper()}S"
    limit = Settings.from_environment({**NEEDED, name: "7", f"{name}_PERCENT": "3"}).limits[kind]
    assert (limit.setting, limit.count, limit.percent) == (name, 7, 3)


def test_all_missing_settings_are_named_at_once() -> None:
    """Nobody wants to deploy once for each fault."""
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({})
    text = refused.value.detail
    assert all(f"{name}: is missing" in text for name in NEEDED)
    assert refused.value.code is Problem.MISCONFIGURED
    assert "docs/settings.md" in refused.value.remedy


WRONG = {
    "TENANT_ID": "wrong value",
    "CLIENT_ID": "wrong-value",
    "KEY_VAULT_URL": "http://wrong-value.example",
    "AZURE_CLIENT_ID": "wrong-value",
    "AUTHORITY_HOST": "wrong-value",
    "GRAPH_URL": "ftp://wrong-value",
    "HANDSHAKE_SECRET": "wrong_value",
    "HANDSHAKE_PREVIOUS_SECRET": "wrong_value",
    "USERNAME_SECRET": "wrong@value",
    "PASSWORD_SECRET": "wrong/value",
    "CLIENT_SECRET_SECRET": "wrong value",
    "FINGERPRINT_KEY_SECRET": "wrong value",
    "AzureWebJobsStorage": "wrong-value",
    "AzureWebJobsStorage__accountName": "wrong-value",
    "AzureWebJobsStorage__tableServiceUri": "wrong-value",
    "AzureWebJobsStorage__blobServiceUri": "wrong-value",
    "AzureWebJobsStorage__credential": "wrong-value",
    "AzureWebJobsStorage__clientId": "wrong-value",
    "STATE_TABLE": "wrong-value",
    "STATE_CONTAINER": "wrong_value",
    "INCLUDE_GUESTS": "wrong-value",
    "CLOUD_ONLY_USERS": "wrong-value",
    "PRIVILEGED_TARGETS": "wrong-value",
    "MASKED_POLICY": "wrong-value",
    "LAST_FACTOR_GUARD": "wrong-value",
    "PHONE_DELIVERY": "wrong-value",
    "PHONE_DEFAULT_REGION": "wrong-value",
    "PHONE_REGION_FROM_USAGE_LOCATION": "wrong-value",
    "ALLOW_PAYLOAD_NUMBER": "wrong-value",
    "PHONE_REGIONS": "wrong-value",
    "MAX_USERS_PER_NUMBER": "wrong-value",
    "MAX_CREATES": "wrong-value",
    "MAX_CREATES_PERCENT": "wrong-value",
    "MAX_UPDATES": "wrong-value",
    "MAX_UPDATES_PERCENT": "wrong-value",
    "MAX_ASSERTS": "wrong-value",
    "MAX_ASSERTS_PERCENT": "wrong-value",
    "MAX_DELETES": "wrong-value",
    "MAX_DELETES_PERCENT": "wrong-value",
    "SYNC_SCOPE_GROUP_ID": "wrong-value",
    "EXCLUDE_GROUP_ID": "wrong-value",
    "PUSH_MODE": "wrong-value",
    "SYNC_INLINE_MAX": "wrong-value",
    "SYNC_DEADLINE_SECONDS": "wrong-value",
    "GRAPH_AUTH": "wrong-value",
    "ROPC_CREDENTIAL": "wrong-value",
}


def test_all_wrong_settings_are_named_at_once_and_no_value_is() -> None:
    """A value may be a secret pasted into the wrong field."""
    faults = faults_of(**WRONG)
    assert {fault.partition(":")[0] for fault in faults} == set(WRONG)
    text = " ".join(faults).casefold()
    assert not any(f"wrong{sign}value" in text for sign in " -_@/")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TENANT_ID", "common/evil"),
        ("TENANT_ID", "common"),
        ("CLIENT_ID", f"{GUID}0"),
        ("KEY_VAULT_URL", "https://contoso.vault.azure.net/secrets"),
        ("KEY_VAULT_URL", "https://user@contoso.vault.azure.net"),
        ("KEY_VAULT_URL", "https://contoso.vault.azure.net?a=b"),
        ("KEY_VAULT_URL", "https://"),
        ("AUTHORITY_HOST", "https://login.microsoftonline.com/common"),
        ("GRAPH_URL", "http://graph.microsoft.com/v1.0"),
        ("STATE_TABLE", "ab"),
        ("STATE_TABLE", "1abc"),
        ("STATE_TABLE", "a" * 64),
        ("STATE_CONTAINER", "ab"),
        ("STATE_CONTAINER", "a" * 64),
        ("STATE_CONTAINER", "Abc"),
        ("STATE_CONTAINER", "-abc"),
        ("STATE_CONTAINER", "abc-"),
        ("STATE_CONTAINER", "a--c"),
        ("AzureWebJobsStorage", "AccountName=contoso"),
        ("AzureWebJobsStorage", "AccountName=contoso;AccountKey="),
        ("AzureWebJobsStorage", "UseDevelopmentStorage=false"),
        ("AzureWebJobsStorage__credential", "clientSecret"),
        ("INCLUDE_GUESTS", "True"),
        ("INCLUDE_GUESTS", "1"),
        ("PHONE_DEFAULT_REGION", "se"),
        ("PHONE_DEFAULT_REGION", "46"),
        ("PHONE_REGIONS", "SE;NO"),
        ("PHONE_REGIONS", "SE,"),
        ("PHONE_REGIONS", "Sweden"),
        ("MAX_USERS_PER_NUMBER", "0"),
        ("MAX_DELETES", "-1"),
        ("MAX_DELETES", "2.5"),
        ("MAX_DELETES", "1000001"),
        ("MAX_DELETES", "\u0662\u0660"),
        ("MAX_DELETES", "9" * 5000),
        ("MAX_DELETES_PERCENT", "101"),
        ("SYNC_INLINE_MAX", "0"),
        ("SYNC_INLINE_MAX", "1001"),
        ("SYNC_DEADLINE_SECONDS", "4"),
        ("SYNC_DEADLINE_SECONDS", "221"),
        ("GRAPH_AUTH", "client_secret"),
    ],
)
def test_a_value_that_almost_fits_is_refused_and_not_bent(name: str, value: str) -> None:
    """A setting that was meant otherwise must not take effect in silence."""
    (fault,) = faults_of(**{name: value})
    assert fault.startswith(f"{name}: must be ")


@pytest.mark.parametrize(
    "name", ["CLIENT_ID", "SYNC_SCOPE_GROUP_ID", "MAX_DELETES", "MASKED_POLICY", "AzureWebJobsStorage"]
)
def test_trap_39_an_unresolved_key_vault_reference_is_refused(name: str) -> None:
    """Azure hands the reference's own text over when it cannot resolve it; no default may hide that."""
    faults = faults_of(**{name: "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/x)"})
    assert f"{name}: its Key Vault reference could not be resolved" in faults
    assert "SecretUri" not in " ".join(faults)
