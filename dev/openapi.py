"""`python -m dev.openapi`: write the OpenAPI document where callers read it, docs/callers/openapi.json."""

from __future__ import annotations

import json
from pathlib import Path

from mfa_sync.openapi.document import document

_KEPT = Path(__file__).parents[1] / "docs" / "callers" / "openapi.json"


if __name__ == "__main__":
    _KEPT.write_text(json.dumps(document(), indent=1) + "\n", "utf-8")
