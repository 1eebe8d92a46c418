"""How hard a secret of our own making is to guess, at least: what is weaker opens nothing."""

from __future__ import annotations

import base64
import binascii

from shared.errors import SettingsError

_LEAST_CHARACTERS, _LEAST_BYTES = 24, 16
_FOR_ADDRESSES = str.maketrans("-_", "+/")


def is_strong(value: str) -> bool:
    """Return whether it has 24 characters, or holds 16 bytes in base64 (of 22); hexadecimal has 32."""
    text = value.strip()
    if len(text) >= _LEAST_CHARACTERS:
        return True
    try:
        standard = text.translate(_FOR_ADDRESSES) + "=" * (-len(text) % 4)
        return len(base64.b64decode(standard, validate=True)) >= _LEAST_BYTES
    except (binascii.Error, ValueError):
        return False


def too_weak(name: str) -> SettingsError:
    """Return what it means that a secret can be guessed. It tells nothing of the value."""
    least = f"{_LEAST_BYTES} random bytes, or {_LEAST_CHARACTERS} characters"
    return SettingsError((f"the secret {name}: it can be guessed; it needs at least {least}",))
