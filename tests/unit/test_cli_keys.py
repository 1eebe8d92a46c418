"""Keys and handshakes: shown to nobody, and read from a file that is theirs alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.cli.credentials import Secret, read_key_file
from ops.cli.terminal import CommandError, Exit


def test_a_secret_shows_itself_to_nobody() -> None:
    """Not in a repr, a format, or an error that holds it."""
    secret = Secret.of("abcdefgh\n", "MFA_SYNC_KEY")
    assert "abcdefgh" not in f"{secret!r} {secret} {[secret]}"
    assert (secret.reveal(), secret.header()) == ("abcdefgh", b"abcdefgh")
    assert Secret.of("hemlig-å", "x").header() == "hemlig-å".encode()


@pytest.mark.parametrize(
    "text",
    [
        "abcdefgh",
        '["abcdefgh"]',
        '{"functions": ["abcdefgh"]}',
        '{"functions": {"runs_list": 1}, "host": "abcdefgh"}',
        '{"host": ["abcdefgh"]}',
        '{"hots": "abcdefgh"}',
        '{"host": "abcdefgh"',
    ],
)
def test_a_key_file_of_another_form_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    """Its form is told."""
    keys = tmp_path / "keys.json"
    keys.write_text(text, "utf-8")
    keys.chmod(0o600)
    with pytest.raises(CommandError) as refused:
        read_key_file(keys)
    assert refused.value.code is Exit.USAGE
    assert "abcdefgh" not in refused.value.text + refused.value.remedy
    assert refused.value.__cause__ is None


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the system's own reason."""
    with pytest.raises(CommandError, match=r"keys\.json: No such file"):
        read_key_file(tmp_path / "keys.json")
