"""The tokens of users/delta: opaque, and carrying what was selected, so that a link is all a client keeps."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import zlib
from dataclasses import asdict, dataclass

_HEAD, _SIGNATURE = "R0usmc", 12


@dataclass(frozen=True, slots=True)
class DeltaToken:
    """Where a client stands.

    `issued` is in epoch seconds. `start` is the number of the first change to be told, None for everybody;
    `end` the number where the round ends. The rest is about the next page of a round.
    """

    issued: float
    select: str | None
    ids: tuple[str, ...]
    start: int | None
    end: int
    round: str = ""
    offset: int = 0
    page: int = 1
    was_empty: bool = False

    def text(self, key: bytes) -> str:
        """The token as it stands in a link."""
        packed = zlib.compress(json.dumps(list(asdict(self).values())).encode())
        return _HEAD + base64.urlsafe_b64encode(_sign(key, packed) + packed).decode().rstrip("=")


def read(text: str, key: bytes) -> DeltaToken | None:
    """A token, or None for one that this tenant did not give out."""
    bare = text.removeprefix(_HEAD)
    try:
        signed = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        return None
    signature, packed = signed[:_SIGNATURE], signed[_SIGNATURE:]
    if not hmac.compare_digest(signature, _sign(key, packed)):
        return None
    issued, select, ids, *rest = json.loads(zlib.decompress(packed))
    return DeltaToken(issued, select, tuple(ids), *rest)


def _sign(key: bytes, packed: bytes) -> bytes:
    return hmac.digest(key, packed, hashlib.sha256)[:_SIGNATURE]
