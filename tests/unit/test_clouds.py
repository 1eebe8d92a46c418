"""Every cloud has its own name for what a managed identity's token is exchanged for."""

from __future__ import annotations

import re

import pytest

from mfa_sync.sign_in.client_proof import audience
from tests.infra.snapshot import INFRA


@pytest.mark.parametrize(
    ("authority_host", "cloud"),
    [
        ("https://login.microsoftonline.com", "AzureCloud"),
        ("https://login.microsoftonline.us", "AzureUSGovernment"),
        ("https://login.partner.microsoftonline.cn", "AzureChinaCloud"),
        ("https://login.chinacloudapi.cn", "AzureChinaCloud"),
    ],
)
def test_the_app_asks_for_what_the_registration_trusts(authority_host: str, cloud: str) -> None:
    """Microsoft, "Configure an application to trust a managed identity"."""
    template = (INFRA / "identity" / "registration.bicep").read_text(encoding="utf-8")
    trusted = dict(re.findall(r"(Azure\w+): '(api://\w+)'", template))
    assert audience(authority_host) == trusted[cloud]
