"""Bodies and query names: what is taken as JSON, how much of it, and which names are known."""

from __future__ import annotations

import json

import pytest

from mfa_sync.api.contract.problems import RequestError
from mfa_sync.api.contract.rows import parse_dry_run, parse_rows, refuse_query
from shared.errors import Problem

UPN = "anna@contoso.com"
JSON = "application/json"


def refused(body: bytes, content_type: str | None = JSON, most: int = 100) -> RequestError:
    """Return the refusal of a body."""
    with pytest.raises(RequestError) as error:
        parse_rows(body, content_type, most)
    return error.value


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/x-www-form-urlencoded",
        "text/plain",
        "text/json",
        "application/vnd.contoso+json",
    ],
)
def test_json_is_read_under_the_content_types_that_callers_send(content_type: str | None) -> None:
    """The article's PowerShell calls its JSON a form."""
    assert parse_rows(f'[{{"UserPrincipalName": "{UPN}"}}]'.encode(), content_type, 100)


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=x", "application/xml", "text/html"])
def test_other_content_types_are_unsupported(content_type: str) -> None:
    """415 tells the caller what to send."""
    error = refused(b"[]", content_type)
    assert (error.status, error.code) == (415, Problem.UNSUPPORTED_MEDIA_TYPE)


def test_a_byte_order_mark_is_accepted() -> None:
    """PowerShell writes one."""
    assert parse_rows(b"\xef\xbb\xbf" + f'[{{"UserPrincipalName": "{UPN}"}}]'.encode(), JSON, 100)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"UserPrincipalName=anna",
        b"\xff\xfe[\x00]\x00",
        b'[{"UserPrincipalName": "\xe5@contoso.com"}]',
        b'[{"OverwriteNull": NaN}]',
        b'[{"OverwriteNull": Infinity}]',
        b'[{"OverwriteNull": -Infinity}]',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 5000,
        b'[{"Mobile": "+46\n1"}]',
        b"[] []",
    ],
)
def test_what_is_not_json_in_utf_8_is_a_bad_request(body: bytes) -> None:
    """400 with the place, never with the text; and no nesting brings the worker down."""
    error = refused(body)
    assert (error.status, error.code) == (400, Problem.NOT_JSON)
    assert "anna" not in error.detail


def test_a_body_over_four_megabytes_is_too_large() -> None:
    """The limit is on bytes, and is exact."""
    error = refused(b" " * (4 * 1024 * 1024 + 1))
    assert (error.status, error.code) == (413, Problem.TOO_LARGE)
    assert refused(b" " * (4 * 1024 * 1024)).status == 400


def test_more_rows_than_the_setting_allows_are_refused_with_its_name() -> None:
    """413 says which setting and what to do."""
    body = json.dumps([{"UserPrincipalName": UPN}] * 3).encode()
    error = refused(body, most=2)
    assert (error.status, error.code) == (413, Problem.TOO_MANY_ROWS)
    assert "SYNC_MAX=2" in error.detail
    assert len(parse_rows(body, JSON, 3)) == 3


@pytest.mark.parametrize(
    ("query", "dry"), [({}, False), ({"dryRun": "false", "code": "k"}, False), ({"dryRun": "true"}, True)]
)
def test_dry_run_is_read_from_the_query(query: dict[str, str], dry: bool) -> None:  # noqa: FBT001
    """The platform's own names are let through."""
    assert parse_dry_run(query) is dry


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"dryrun": "true"}, 'Unknown query name "dryrun"; did you mean dryRun?'),
        ({"dry_run": "true"}, 'Unknown query name "dry_run"; did you mean dryRun?'),
        ({"zzz": "1"}, 'Unknown query name "zzz"; known: dryRun.'),
        ({"dryRun": "1"}, "dryRun must be true or false."),
        ({"dryRun": "True"}, "dryRun must be true or false."),
        ({"dryRun": ""}, "dryRun must be true or false."),
    ],
)
def test_a_misspelt_dry_run_is_refused_because_it_would_write(query: dict[str, str], told: str) -> None:
    """Whoever asked for a rehearsal must not get the performance."""
    with pytest.raises(RequestError) as error:
        parse_dry_run(query)
    assert (error.value.status, error.value.detail) == (422, told)


def test_a_route_without_query_names_refuses_them() -> None:
    """Explain knows none but the platform's."""
    refuse_query({"code": "k", "clientId": "c"})
    with pytest.raises(RequestError) as error:
        refuse_query({"dryRun": "true"})
    assert error.value.status == 422
