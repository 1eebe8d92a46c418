"""The answer to a push: a result for each row, and the status they add up to."""

from __future__ import annotations

import pytest

from mfa_sync.api.contract.answers import PushAnswer, row_results
from mfa_sync.api.contract.rows import Row
from shared.codes import CODES, Code
from shared.outcome import Note, Outcome
from shared.plan import Entry, Intent, NoChange
from shared.policy import Policy
from shared.results import Result
from tests.answering import Read, read
from tests.people import ANNA_ID, person

UPN = "anna@contoso.com"


def answered(*results: Result, dry_run: bool = False) -> Read:
    """Return what is read of the answer to one row for each result."""
    rows = [Row(UPN, UPN, Intent(), f"ref-{index}") for index in range(len(results))]
    entries = [
        Entry((index,), UPN, Intent(), person(), None, NoChange(Outcome.UNCHANGED, "a rule"))
        for index in range(len(results))
    ]
    lines = row_results(rows, entries, results, Policy())
    return read(PushAnswer.of("run-1", lines, dry_run=dry_run).to_http())


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
    lines = row_results(rows, entries, [REFUSED, SETTLED], Policy())
    assert [(line.reference, line.outcome) for line in lines] == [
        ("a", "unchanged"),
        ("b", "refused"),
        ("c", "unchanged"),
    ]
    assert lines[1].user_principal_name == "bo@x.com"


OTHER_ID = "22222222-2222-4222-8222-222222222222"


@pytest.mark.parametrize(
    ("key", "shown", "is_found", "expected"),
    [
        # looked up by   as it was sent        found?   id        userPrincipalName
        (UPN, "Anna@Contoso.com", False, (None, "Anna@Contoso.com")),
        (UPN, "+46701740605@contoso.com", False, (None, "+*********05@contoso.com")),
        (OTHER_ID, None, False, (OTHER_ID, None)),
        (OTHER_ID, None, True, (ANNA_ID, UPN)),
        (UPN, "Anna@Contoso.com", True, (ANNA_ID, UPN)),
    ],
)
def test_a_line_names_the_person_as_the_directory_does_or_else_as_the_caller_did(
    key: str, shown: str | None, *, is_found: bool, expected: tuple[str | None, str | None]
) -> None:
    """Whoever was not found is told by the key that was sent, and no number comes back with it."""
    user = person() if is_found else None
    entry = Entry((0,), key, Intent(), user, None, NoChange(Outcome.UNCHANGED, "a rule"))
    (line,) = row_results([Row(key, shown, Intent(), None)], [entry], [SETTLED], Policy())
    assert (line.id, line.user_principal_name) == expected


def test_a_line_names_the_source_that_its_own_row_chose() -> None:
    """With ALLOW_PAYLOAD_NUMBER a row without a Mobile is still the attribute's."""
    entry = Entry((0, 1), UPN, Intent(), person(), None, NoChange(Outcome.UNCHANGED, "a rule"))
    rows = [Row(UPN, UPN, Intent(mobile="+46 701740605"), None), Row(UPN, UPN, Intent(), None)]
    lines = row_results(rows, [entry], [SETTLED], Policy(payload_number_wins=True))
    assert [line.source for line in lines] == ["payload", "extensionAttribute15"]
