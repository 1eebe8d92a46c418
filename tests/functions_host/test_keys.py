from pathlib import Path

import httpx
import pytest

from dev.functions_host import FunctionsHost
from dev.functions_host.keys import AccessKeys, KeysError


def test_a_key_opens_its_function_by_header_or_query(client: httpx.Client, host: FunctionsHost) -> None:
    """x-functions-key and ?code= are equal, also for a key that is not ASCII."""
    key = host.key("secured")
    assert client.post("/secured", headers={b"x-functions-key": key.encode()}).status_code == 202
    assert client.post("/secured", params={"code": key}).status_code == 202


def test_the_host_key_opens_every_function(client: httpx.Client, host: FunctionsHost) -> None:
    """One key for all but the level admin, which wants the master key; that opens everything."""
    assert client.post("/secured", headers={"x-functions-key": host.host_key}).status_code == 202
    assert client.post("/secured", headers={"x-functions-key": host.master_key}).status_code == 202
    assert client.get("/administered", headers={"x-functions-key": host.host_key}).status_code == 401
    assert client.get("/administered", headers={"x-functions-key": host.master_key}).status_code == 200


def test_a_function_key_does_not_open_the_level_admin(client: httpx.Client, host: FunctionsHost) -> None:
    """That level wants the master key."""
    assert client.get("/administered", params={"code": host.key("administered")}).status_code == 401


@pytest.mark.parametrize("key", [None, "", "wrong", "wröng", "key-of-raises", "key-of-secured"])
def test_a_missing_or_wrong_key_is_401_with_an_empty_body(client: httpx.Client, key: str | None) -> None:
    """Another function's key is as wrong as none."""
    for sent in (
        client.post("/secured", headers={} if key is None else {b"x-functions-key": key.encode()}),
        client.post("/secured", params={} if key is None else {"code": key}),
    ):
        assert (sent.status_code, sent.content) == (401, b"")


def test_the_header_wins_over_the_query(client: httpx.Client, host: FunctionsHost) -> None:
    """A wrong header, or an empty one, is not mended by a right ?code= (seen on host 4.1037)."""
    for wrong in ("wrong", ""):
        answer = client.post("/secured", params={"code": host.host_key}, headers={"x-functions-key": wrong})
        assert answer.status_code == 401


def test_of_two_key_headers_the_first_counts(client: httpx.Client, host: FunctionsHost) -> None:
    """Seen on host 4.1037."""
    both = [("x-functions-key", host.host_key), ("x-functions-key", "wrong")]
    assert client.post("/secured", headers=both).status_code == 202
    assert client.post("/secured", headers=both[::-1]).status_code == 401


def test_an_anonymous_function_asks_for_no_key(client: httpx.Client) -> None:
    """Nor does it mind a wrong one."""
    assert client.get("/echo", params={"code": "wrong"}).status_code == 200


def test_a_wrong_method_is_told_before_the_key_is_asked_for(client: httpx.Client) -> None:
    """Routing comes before authorization."""
    assert client.get("/secured").status_code == 404


def test_keys_that_are_missing_are_made_and_kept(tmp_path: Path) -> None:
    """A second start with the same file finds the keys of the first, and only the owner can read it."""
    path = tmp_path / "keys.json"
    first = AccessKeys.read(str(path), ["a", "b"])
    second = AccessKeys.read(str(path), ["a", "b", "c"])
    assert (second.host, second.functions["a"]) == (first.host, first.functions["a"])
    assert len({second.host, *second.functions.values()}) == 4
    assert path.stat().st_mode & 0o077 == 0


def test_an_empty_key_opens_nothing() -> None:
    """A function with an empty key in the file is closed, not open."""
    keys = AccessKeys.read('{"functions": {"a": ""}}', ["a"])
    assert not keys.open("a", "function", "")


def test_keys_that_cannot_be_read_are_not_quoted() -> None:
    """The message says how keys are written, and keeps the text to itself."""
    with pytest.raises(KeysError) as caught:
        AccessKeys.read('{"host": "secret-key"', [])
    assert "secret-key" not in str(caught.value)
    assert "secret-key" not in repr(AccessKeys(host="secret-key"))
