"""How the operator signs in: as themself on a laptop, or by the environment where it is protected."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AzureCliCredential,
    CredentialUnavailableError,
    DeviceCodeCredential,
    EnvironmentCredential,
    InteractiveBrowserCredential,
)

from ops.tenant_setup.change import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.credentials import TokenCredential

WAYS = ("browser", "device-code", "azure-cli", "environment")
# "Microsoft Graph Command Line Tools", which every tenant knows: an administrator may consent to any right of
# Graph for it. The Azure CLI's rights are fixed, and those for Conditional Access are not among them.
GRAPH_TOOLS = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
# These get what they were consented to, whatever is asked for.
_FIXED_RIGHTS = {"azure-cli", "environment"}


def credential(way: str, tenant: str, authority: str) -> TokenCredential:
    """Return the credential of one way to sign in.

    Args:
        way: One of `WAYS`.
        tenant: Tenant id or domain. The environment's credential reads AZURE_TENANT_ID itself.
        authority: Host of the sign-in service.
    """
    logging.getLogger("azure").setLevel(logging.ERROR)
    host = authority.removeprefix("https://").rstrip("/")
    match way:
        case "browser":
            return InteractiveBrowserCredential(client_id=GRAPH_TOOLS, tenant_id=tenant, authority=host)
        case "device-code":
            return DeviceCodeCredential(client_id=GRAPH_TOOLS, tenant_id=tenant, authority=host)
        case "azure-cli":
            return AzureCliCredential(tenant_id=tenant)
    return EnvironmentCredential(authority=host)


def token_source(
    found: TokenCredential, way: str, resource: str, permissions: list[str]
) -> Callable[[], str]:
    """Return a function that gives a valid access token for Graph; the library keeps and renews it.

    Raises:
        StoppedError: (from that function) nobody could sign in.
    """
    fixed = way in _FIXED_RIGHTS
    scopes = [f"{resource}/.default"] if fixed else [f"{resource}/{name}" for name in permissions]

    def token() -> str:
        try:
            return found.get_token(*scopes).token
        except (ClientAuthenticationError, CredentialUnavailableError) as error:
            first = str(error.message).strip().splitlines()[0]
            raise StoppedError(f"Nobody could sign in (--sign-in {way}): {first}") from None

    return token
