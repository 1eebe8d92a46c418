"""The modes of sign-in, each with the settings that choose it on the emulated tenant."""

from __future__ import annotations

MODES: dict[str, dict[str, str]] = {
    "ropc": {"GRAPH_AUTH": "ropc"},
    "ropc-managed-identity": {"GRAPH_AUTH": "ropc", "ROPC_CREDENTIAL": "managed-identity"},
    "client-secret": {"GRAPH_AUTH": "client-secret"},
    # Neither is needed for the identity, and without them it shows that neither is used.
    "managed-identity": {"GRAPH_AUTH": "managed-identity", "TENANT_ID": "", "CLIENT_ID": ""},
}
APP_ONLY = ("client-secret", "managed-identity")
