"""`python -m dev.openapi` writes the contract's document where the app serves it from."""

from __future__ import annotations

import json
from pathlib import Path

import mfa_sync
from dev.openapi.document import document

KEPT = Path(mfa_sync.__file__).parent / "api" / "contract" / "openapi.json"


if __name__ == "__main__":
    KEPT.write_text(json.dumps(document(), indent=1) + "\n", "utf-8")
