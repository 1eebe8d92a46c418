"""Signed pushes, as SIGNED_REQUESTS=require demands them: the headers of Standard Webhooks (docs/http.md)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from ops.cli.credentials import Secret
from ops.cli.terminal import usage


def signature(key: Secret, body: bytes) -> dict[str, str]:
    """Return the headers that sign these bytes now. Each call has its own, also one that is sent again.

    Raises:
        CommandError: It is no key that can sign. The library's own error would quote it.
    """
    from standardwebhooks import Webhook

    message, now = f"msg_{uuid.uuid4().hex}", datetime.now(UTC)
    try:
        signed = Webhook(key.reveal()).sign(message, now, body.decode())
    except (ValueError, RuntimeError):
        raise usage(f"{key.origin}: is no signing key.", "It is whsec_ and base64.") from None
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signed,
    }
