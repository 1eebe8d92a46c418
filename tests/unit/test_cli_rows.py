"""Files of rows, as spreadsheets and scripts write them; a faulty one is refused by place, never quoted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops.cli.push import read_rows
from ops.cli.terminal import CommandError

NUMBER = "+46701740605"


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
