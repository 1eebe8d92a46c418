"""The deployment of Entra's objects: what it makes and what it grants."""

from __future__ import annotations

from tests.infra.snapshot import INFRA, ROOT, snapshot

FOLDER = INFRA / "identity"
FILES = sorted(FOLDER.glob("*.bicep"))
MODES = ("ropc", "client-secret", "managed-identity")

__all__ = ["FILES", "FOLDER", "MODES", "ROOT", "granted", "snapshot"]


def granted(parameters: str = "ropc") -> list[str]:
    """Every permission that is granted: all features on, or another set of parameters in infra/snapshots."""
    return sorted(snapshot(f"identity-{parameters}").outputs["permissions"])
