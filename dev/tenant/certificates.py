"""A certificate authority of our own, made afresh for each run, and the bundle that trusts it."""

from __future__ import annotations

from pathlib import Path

import certifi
import trustme

from dev.tenant.state import GRAPH_HOST, INGESTION_HOST, LOGIN_HOST, VAULT_SUFFIX


def write_certificates(folder: Path) -> tuple[Path, Path, Path]:
    """Write the bundle (certifi's authorities and ours), the certificate chain and its key."""
    authority = trustme.CA(organization_name="Emulated tenant", key_type=trustme.KeyType.ECDSA)
    leaf = authority.issue_cert(
        LOGIN_HOST, GRAPH_HOST, INGESTION_HOST, "*" + VAULT_SUFFIX, key_type=trustme.KeyType.ECDSA
    )
    bundle, chain, key = folder / "ca-bundle.pem", folder / "tenant.pem", folder / "tenant.key"
    bundle.write_bytes(certifi.contents().encode() + b"\n" + authority.cert_pem.bytes())
    chain.write_bytes(b"".join(part.bytes() for part in leaf.cert_chain_pems))
    key.write_bytes(leaf.private_key_pem.bytes())
    return bundle, chain, key
