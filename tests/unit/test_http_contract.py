"""The HTTP contract: rows in, results and problems out (design, section 3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mfa_sync.api.contract import answers
from mfa_sync.api.contract.answers import Answer
from mfa_sync.api.contract.rows import RequestError, Row, parse_dry_run, parse_rows, refuse_query
from shared.codes import CODES, Code
from shared.errors import PermanentError, Problem, SettingsError, SyncError, TransientError
from shared.outcome import Note, Outcome
from shared.plan import Entry, Intent, NoChange
from shared.policy import Policy
from shared.results import Result
from tests.people import ANNA_ID, person

UPN = "anna@contoso.com"
JSON = "application/json"


def rows_of(*items: dict[str, Any]) -> list[Row]:
    """Return what the contract reads from an array of these objects."""
    return parse_rows(json.dumps(items).encode(), JSON, 100)


def refused(body: bytes, content_type: str | None = JSON, most: int = 100) -> RequestError:
    """Return the refusal of a body."""
    with pytest.raises(RequestError) as error:
        parse_rows(body, content_type, most)
    return error.value


def faults_of(*items: Any) -> list[tuple[str, str]]:
    """Return the faults found in an array of these, as pointer and detail."""
    error = refused(json.dumps(items).encode())
    assert (error.status, error.code) == (422, Problem.INVALID_REQUEST)
    return [(fault["pointer"], fault["detail"]) for fault in error.errors]


# --- rows -------------------------------------------------------------------------------------------


def test_a_row_carries_who_what_and_the_callers_own_key() -> None:
    """Each key of the table arrives."""
    (row,) = rows_of(
        {"UserPrincipalName": " Anna@Contoso.com ", "Mobile": " +46 1 ", "OverwriteNull": 0, "Reference": "7"}
    )
    assert row == Row(
        "anna@contoso.com", "Anna@Contoso.com", Intent(keep_when_empty=True, mobile="+46 1"), "7"
    )


def test_a_user_may_be_named_by_object_id() -> None:
    """Object ids are compared in lower case."""
    (row,) = rows_of({"Id": ANNA_ID.upper()})
    assert (row.key, row.shown) == (ANNA_ID, None)


def test_keys_are_matched_without_case() -> None:
    """PowerShell's callers write them as they like."""
    assert rows_of({"userprincipalname": UPN, "OVERWRITENULL": "0"}) == rows_of(
        {"UserPrincipalName": UPN, "OverwriteNull": 0}
    )


@pytest.mark.parametrize("blank", [None, "", "   ", "\t\r\n"])
def test_a_blank_mobile_is_an_absent_one(blank: str | None) -> None:
    """The article sends empty strings for users without a number."""
    assert rows_of({"UserPrincipalName": UPN, "Mobile": blank}) == rows_of({"UserPrincipalName": UPN})


def test_a_mobile_of_invisible_characters_is_not_absent() -> None:
    """They are no emptiness; the decision refuses them as no number."""
    (row,) = rows_of({"UserPrincipalName": UPN, "Mobile": "\u00a0"})
    assert row.intent.mobile == "\u00a0"


@pytest.mark.parametrize(
    ("text", "keep"),
    [("1", False), ('"1"', False), ("true", False), ("0", True), ('"0"', True), ("false", True)],
)
def test_overwrite_null_is_read_in_its_six_spellings(text: str, keep: bool) -> None:  # noqa: FBT001
    """JSON's 0 and false keep the number: the runbook of 2022 misread them."""
    body = f'[{{"UserPrincipalName": "{UPN}", "OverwriteNull": {text}}}]'.encode()
    (row,) = parse_rows(body, JSON, 100)
    assert row.intent.keep_when_empty is keep


def test_an_empty_attribute_deletes_where_overwrite_null_is_not_given() -> None:
    """The default of the article."""
    assert not rows_of({"UserPrincipalName": UPN})[0].intent.keep_when_empty


@pytest.mark.parametrize(
    "value", [2, -1, 0.0, 1.0, 0.5, "", "2", "00", " 0", "true", "false", "no", None, [], {}, [0]], ids=repr
)
def test_any_other_overwrite_null_is_refused(value: object) -> None:
    """Whoever meant "keep" must not delete by a spelling that nobody knows."""
    ((pointer, detail),) = faults_of({"UserPrincipalName": UPN, "OverwriteNull": value})
    assert pointer == "/0/OverwriteNull"
    assert '0, "0" or false' in detail


@pytest.mark.parametrize(
    ("key", "pointer", "nearest"),
    [
        ("OverwriteNul", "/0/OverwriteNul", "did you mean OverwriteNull?"),
        ("overwrite_null", "/0/overwrite_null", "did you mean OverwriteNull?"),
        ("UserPrincipleName", "/0/UserPrincipleName", "did you mean UserPrincipalName?"),
        ("MobilePhone", "/0/MobilePhone", "did you mean Mobile?"),
        ("referenc", "/0/referenc", "did you mean Reference?"),
        ("zzz", "/0/zzz", "known: UserPrincipalName, Id, Mobile, OverwriteNull, Reference."),
        ("a/b~c", "/0/a~1b~0c", "known:"),
    ],
)
def test_a_misspelt_key_is_refused_by_name_with_the_nearest_known_one(
    key: str, pointer: str, nearest: str
) -> None:
    """A misspelt OverwriteNull must not delete."""
    ((found, detail),) = faults_of({"UserPrincipalName": UPN, key: 0})
    assert found == pointer
    assert nearest in detail


@pytest.mark.parametrize("second", ["OverwriteNull", "overwritenull"])
def test_a_key_given_twice_is_refused_by_name(second: str) -> None:
    """A parser that keeps the last of two would decide for the caller."""
    error = refused(f'[{{"UserPrincipalName": "{UPN}", "OverwriteNull": 0, "{second}": 1}}]'.encode())
    assert error.status == 422
    assert error.errors == [{"pointer": f"/0/{second}", "detail": "This key stands twice."}]


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"Mobile": None},
        {"UserPrincipalName": None},
        {"UserPrincipalName": " "},
        {"UserPrincipalName": UPN, "Id": ANNA_ID},
    ],
)
def test_a_row_names_its_user_exactly_once(row: dict[str, Any]) -> None:
    """Nobody, or two names for somebody, is no row."""
    assert faults_of(row) == [("/0", "Give exactly one of UserPrincipalName and Id.")]


@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        ({"UserPrincipalName": "anna"}, "/0/UserPrincipalName"),
        ({"UserPrincipalName": "@contoso.com"}, "/0/UserPrincipalName"),
        ({"UserPrincipalName": "anna@"}, "/0/UserPrincipalName"),
        ({"UserPrincipalName": "an na@contoso.com"}, "/0/UserPrincipalName"),
        ({"UserPrincipalName": "anna/../x@contoso.com"}, "/0/UserPrincipalName"),
        ({"UserPrincipalName": "anna\x00@contoso.com"}, "/0/UserPrincipalName"),
        ({"UserPrincipalName": "a" * 113 + "@contoso.com"}, "/0/UserPrincipalName"),
        ({"Id": "1234"}, "/0/Id"),
        ({"Id": ANNA_ID + "/authentication"}, "/0/Id"),
        ({"UserPrincipalName": UPN, "Mobile": 46701740605}, "/0/Mobile"),
        ({"UserPrincipalName": UPN, "Reference": 7}, "/0/Reference"),
        ({"UserPrincipalName": UPN, "Reference": "r" * 129}, "/0/Reference"),
        ({"UserPrincipalName": UPN, "Reference": "\ud800"}, "/0/Reference"),
        ({"UserPrincipalName": UPN, "Mobile": "\udfff"}, "/0/Mobile"),
    ],
)
def test_a_wrong_value_is_pointed_at(row: dict[str, Any], pointer: str) -> None:
    """A JSON pointer says where, and nothing is done."""
    assert [found for found, _ in faults_of(row)] == [pointer]


def test_half_a_surrogate_pair_as_a_user_name_is_refused() -> None:
    """It is no character, and could be sent to nobody."""
    assert {pointer for pointer, _ in faults_of({"UserPrincipalName": "\ud800@contoso.com"})} <= {
        "/0",
        "/0/UserPrincipalName",
    }


@pytest.mark.parametrize("item", [None, 1, True, "x", [], [["UserPrincipalName", UPN]]])
def test_a_row_is_an_object(item: object) -> None:
    """A pair of texts in an array is not taken for one."""
    ((pointer, detail),) = faults_of({"UserPrincipalName": UPN}, item)
    assert pointer == "/1"
    assert detail.startswith("A row is an object")


def test_all_faults_of_all_rows_are_named_up_to_twenty() -> None:
    """The count is told in full; nobody reads the twenty-first."""
    error = refused(json.dumps([{"UserPrincipalName": "x"}] * 21).encode())
    assert error.detail == "21 fault(s) in the rows; nothing was done."
    assert [fault["pointer"] for fault in error.errors] == [f"/{row}/UserPrincipalName" for row in range(20)]


def test_several_faults_of_one_row_are_all_named() -> None:
    """One round of correction is enough."""
    pointers = [pointer for pointer, _ in faults_of({"Mobil": 1, "Mobile": 2, "OverwriteNull": 3})]
    assert sorted(pointers) == ["/0", "/0/Mobil", "/0/Mobile", "/0/OverwriteNull"]


# --- bodies -----------------------------------------------------------------------------------------


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


# --- query ------------------------------------------------------------------------------------------


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


# --- answers ----------------------------------------------------------------------------------------


def answered(*results: Result, dry_run: bool = False) -> Answer:
    """Return the answer to one row for each result."""
    rows = [Row(UPN, UPN, Intent(), f"ref-{index}") for index in range(len(results))]
    entries = [
        Entry((index,), UPN, Intent(), person(), None, NoChange(Outcome.UNCHANGED, "a rule"))
        for index in range(len(results))
    ]
    return answers.answer("run-1", rows, entries, results, Policy(), dry_run=dry_run)


SETTLED, REFUSED, FAILED = (
    Result(Outcome.UNCHANGED),
    Result.stopped(Code.USER_NOT_FOUND),
    Result.stopped(Code.THROTTLED),
)


@pytest.mark.parametrize(
    ("results", "status", "ok"),
    [
        ([SETTLED], 200, True),
        ([Result(outcome) for outcome in Outcome if outcome.is_settled], 200, True),
        ([SETTLED, REFUSED], 207, False),
        ([SETTLED, FAILED], 207, False),
        ([SETTLED, REFUSED, FAILED], 207, False),
        ([REFUSED], 422, False),
        ([REFUSED, REFUSED], 422, False),
        ([FAILED], 503, False),
        ([REFUSED, FAILED], 503, False),
    ],
)
def test_the_status_tells_what_the_results_add_up_to(
    results: list[Result],
    status: int,
    ok: bool,  # noqa: FBT001
) -> None:
    """A caller who looks at the status alone is not misled."""
    answer = answered(*results)
    assert (answer.status, answer.body["ok"]) == (status, ok)
    assert ("Retry-After" in answer.headers) is (status == 503)
    assert len(answer.body["results"]) == len(results)


def test_the_summary_counts_every_outcome() -> None:
    """Those that did not happen are counted as none."""
    body = answered(SETTLED, SETTLED, REFUSED, dry_run=True).body
    assert body["summary"] == {
        "created": 0,
        "updated": 0,
        "deleted": 0,
        "unchanged": 2,
        "kept": 0,
        "refused": 1,
        "failed": 0,
    }
    assert body["dryRun"] is True
    assert body["runId"] == "run-1"


def test_a_line_has_the_documented_members() -> None:
    """Members are stable: none comes, none goes."""
    result = Result(Outcome.CREATED, notes=(Note.SMS_SIGN_IN_TAKEN,), phone="+46 *******05")
    assert answered(result).body["results"] == [
        {
            "row": 0,
            "id": ANNA_ID,
            "userPrincipalName": UPN,
            "reference": "ref-0",
            "outcome": "created",
            "code": None,
            "detail": None,
            "retryable": False,
            "notes": ["smsSignInTaken"],
            "phone": "+46 *******05",
            "source": "extensionAttribute15",
            "sourceSyncedAt": "2026-11-24T01:30:00Z",
        }
    ]


@pytest.mark.parametrize("code", list(Code))
def test_a_stopped_line_says_what_was_found_what_to_do_and_whether_to_repeat(code: Code) -> None:
    """Meaning once, then the particulars, then the remedy."""
    (plain,) = answered(Result.stopped(code)).body["results"]
    (particular,) = answered(Result.stopped(code, "Particulars.")).body["results"]
    meaning = CODES[code]
    assert plain["detail"] == f"{meaning.meaning} {meaning.remedy}"
    assert particular["detail"] == f"{meaning.meaning} Particulars. {meaning.remedy}"
    assert plain["retryable"] is (meaning.outcome is Outcome.FAILED)
    assert (plain["code"], plain["outcome"]) == (code.value, meaning.outcome.value)


def test_equal_rows_are_each_answered_in_their_order() -> None:
    """The article sends one user twice; both rows read their result."""
    rows = [
        Row(UPN, UPN, Intent(), "a"),
        Row("bo@x.com", "bo@x.com", Intent(), "b"),
        Row(UPN, UPN, Intent(), "c"),
    ]
    nothing = NoChange(Outcome.UNCHANGED, "a rule")
    entries = [
        Entry((1,), "bo@x.com", Intent(), None, None, nothing),
        Entry((0, 2), UPN, Intent(), person(), None, nothing),
    ]
    answer = answers.answer("r", rows, entries, [REFUSED, SETTLED], Policy(), dry_run=False)
    assert [(line["reference"], line["outcome"]) for line in answer.body["results"]] == [
        ("a", "unchanged"),
        ("b", "refused"),
        ("c", "unchanged"),
    ]
    assert answer.body["results"][1]["userPrincipalName"] == "bo@x.com"


# --- problems ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "retryable"),
    [
        (TransientError(Problem.GRAPH_UNAVAILABLE, "d", retry_after=2.1), 503, True),
        (TransientError(Problem.SIGN_IN_UNAVAILABLE, "d", retry_after=0), 503, True),
        (PermanentError(Problem.SIGN_IN_REFUSED, "d", remedy="r", aadsts=50126), 502, False),
        (PermanentError(Problem.VAULT_REFUSED, "d", remedy="r"), 502, False),
        (SettingsError(("TENANT_ID: is missing",)), 500, False),
        (RequestError(415, Problem.UNSUPPORTED_MEDIA_TYPE, "d"), 415, False),
        (RequestError(422, Problem.INVALID_REQUEST, "d", [{"pointer": "/0", "detail": "x"}]), 422, False),
    ],
)
def test_every_error_is_one_problem_document(
    error: SyncError | RequestError,
    status: int,
    retryable: bool,  # noqa: FBT001
) -> None:
    """RFC 9457, with the code and whether repeating helps."""
    answer = answers.problem(error)
    assert (answer.status, answer.body["status"], answer.body["retryable"]) == (status, status, retryable)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.body["code"], answer.body["detail"]) == (error.code.value, error.detail)
    assert answer.body["title"]
    assert None not in answer.body.values()
    assert json.loads(answer.text()) == answer.body


def test_a_problem_carries_what_the_caller_needs_next() -> None:
    """Seconds to wait, Entra's number, the remedy, the pointers."""
    waiting = answers.problem(TransientError(Problem.GRAPH_UNAVAILABLE, "d", retry_after=2.1))
    at_once = answers.problem(TransientError(Problem.GRAPH_UNAVAILABLE, "d", retry_after=0))
    refusal = PermanentError(Problem.SIGN_IN_REFUSED, "d", remedy="r", aadsts=50126)
    pointers = [{"pointer": "/0", "detail": "x"}]
    assert (waiting.headers["Retry-After"], at_once.headers["Retry-After"]) == ("3", "1")
    assert answers.problem(refusal).body["aadsts"] == 50126
    assert answers.problem(refusal).body["remedy"] == "r"
    shape = answers.problem(RequestError(422, Problem.INVALID_REQUEST, "d", pointers))
    assert shape.body["errors"] == pointers


def test_a_refused_handshake_and_a_fault_of_ours_tell_nothing_more() -> None:
    """One answer each, whatever the cause."""
    handshake, fault = answers.handshake_refused(), answers.internal_error()
    assert (handshake.status, handshake.body["code"]) == (401, "handshakeRefused")
    assert (fault.status, fault.body["code"]) == (500, "internalError")
