"""The contract's document: `python -m dev.delivery.openapi` writes docs/callers/openapi.json."""

from __future__ import annotations

import json
from pathlib import Path

from mfa_sync.api.openapi.document import document

_KEPT = Path(__file__).parents[2] / "docs" / "callers" / "openapi.json"


if __name__ == "__main__":
    _KEPT.write_text(json.dumps(document(), indent=1) + "\n", "utf-8")
