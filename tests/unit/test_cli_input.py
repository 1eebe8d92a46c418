"""What the command line takes: addresses, arguments, key files and files of rows; refused with a remedy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ops.cli.app import Address
from ops.cli.arguments import parse
from ops.cli.credentials import Secret, read_key_file
from ops.cli.push import read_rows
from ops.cli.terminal import CommandError, Exit

if TYPE_CHECKING:
    from pathlib import Path

NUMBER = "+46701740605"


@pytest.mark.parametrize(
    ("text", "url", "is_local"),
    [
        ("https://contoso-mfa.azurewebsites.net", "https://contoso-mfa.azurewebsites.net", False),
        (" https://contoso-mfa.azurewebsites.net/ ", "https://contoso-mfa.azurewebsites.net", False),
        ("http://127.0.0.1:7071", "http://127.0.0.1:7071", True),
        ("http://localhost:7071", "http://localhost:7071", True),
        ("http://[::1]:7071", "http://[::1]:7071", True),
    ],
)
def test_an_address_is_https_or_this_machine(text: str, url: str, is_local: bool) -> None:  # noqa: FBT001
    """Spaces and a last slash are what copying brings along."""
    address = Address.parse(text)
    assert (address.url, address.is_local) == (url, is_local)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "contoso-mfa.azurewebsites.net",
        "http://contoso-mfa.azurewebsites.net",
        "http://127.0.0.1.example.org",
        "http://localhost.example.org",
        "ftp://127.0.0.1",
        "https://contoso-mfa.azurewebsites.net/api",
        "https://contoso-mfa.azurewebsites.net?code=abcdefgh",
        "https://abcdefgh@contoso-mfa.azurewebsites.net",
        "https://contoso-mfa.azurewebsites.net#abcdefgh",
        "https://[::1",
        "https://x:port",
    ],
)
def test_any_other_address_is_refused_and_not_quoted(text: str | None) -> None:
    """A copied one may have a key in it."""
    with pytest.raises(CommandError) as refused:
        Address.parse(text)
    assert refused.value.code is Exit.USAGE
    assert "abcdefgh" not in refused.value.text + refused.value.remedy


@pytest.mark.parametrize(
    "line",
    [
        "",
        "runs",
        "runs lst",
        "runs list --limit 0",
        "runs list --state hold",
        "runs list --kind sweeps",
        "runs show --page one",
        "runs approve x --kinds create,create",
        "runs approve x --kinds phones",
        "runs start sometimes",
        "runs start full --interval -1",
        "runs show --interval 0",
        "runs list --lim 3",
    ],
)
def test_wrong_arguments_are_a_matter_of_usage(line: str) -> None:
    """Nothing is abbreviated and nothing is guessed."""
    with pytest.raises(CommandError) as refused:
        parse(line.split())
    assert refused.value.code is Exit.USAGE
    assert "--help" in refused.value.remedy


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


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"UserPrincipalName\na@x\n\nb@x\n", [{"UserPrincipalName": "a@x"}, {"UserPrincipalName": "b@x"}]),
        (b"\xef\xbb\xbfid;MOBILE\r\n1;\r\n", [{"Id": "1"}]),
        (b'Id\tReference\n1\t"two\twords"\n', [{"Id": "1", "Reference": "two\twords"}]),
        (b'{"Id": "1"}', [{"Id": "1"}]),
        (b' [{"Id": "1", "OverwriteNull": 0}]', [{"Id": "1", "OverwriteNull": 0}]),
    ],
)
def test_a_file_of_rows_is_read(tmp_path: Path, content: bytes, rows: list[dict[str, Any]]) -> None:
    """As spreadsheets and scripts write it; an empty cell is left out."""
    users = tmp_path / "users"
    users.write_bytes(content)
    assert read_rows(str(users)) == rows


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no rows"),
        (b"UserPrincipalName\n", "holds no rows"),
        (b"[]", "holds no rows"),
        (f"{NUMBER}\n".encode(), "column 1 has no name"),
        (f"Id,Phone\n1,{NUMBER}\n".encode(), "column 2 has no name"),
        (b"Id,ID\n1,2\n", "two columns have one name"),
        (f"Id,Mobile\n1,2\n1,{NUMBER},3\n".encode(), "row 2 has 3 cells"),
        (f'Id,Mobile\n1,"{NUMBER}\n'.encode(), "line 2 is not CSV"),
        (b"Id\n\xe5\n", "line 2 is not UTF-8"),
        (f'[{{"Id": "1", "Mobile": "{NUMBER}"}},'.encode(), "is not JSON"),
        (json.dumps([{"Id": "1"}, NUMBER]).encode(), "item 1 is no object"),
    ],
)
def test_a_faulty_file_of_rows_is_refused_by_place_and_never_quoted(
    tmp_path: Path, content: bytes, said: str
) -> None:
    """What cannot be read may be somebody's number."""
    users = tmp_path / "users"
    users.write_bytes(content)
    with pytest.raises(CommandError) as refused:
        read_rows(str(users))
    assert said in refused.value.text
    assert NUMBER not in refused.value.text + refused.value.remedy
    assert refused.value.__cause__ is None
