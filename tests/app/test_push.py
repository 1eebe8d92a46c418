"""The push over HTTP: the article's bytes, the status table, and what it must never do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dev.stack.local_stack import ARTICLE_BODY, ARTICLE_HEADERS, LocalStack
from dev.tenant import sample

if TYPE_CHECKING:
    import httpx

ANNA, BO, IVAR = "anna.new@contoso.com", "bo.same@contoso.com", "ivar.trunk@contoso.com"


def writes(stack: LocalStack) -> list[str]:
    """Return the methods of all writes that reached Graph."""
    return [
        item["method"]
        for entry in stack.tenant.control.log()
        for item in entry.get("items", [])
        if item["method"] != "GET"
    ]


def code(response: httpx.Response) -> str:
    """Return a problem's code."""
    assert response.headers["content-type"].startswith("application/problem+json")
    return str(response.json()["code"])


def test_the_articles_call_is_answered_with_one_result_per_row(stack: LocalStack) -> None:
    """Byte for byte as Windows PowerShell sends it: a form content type, one user twice."""
    response = stack.push(ARTICLE_BODY.read_bytes(), headers=ARTICLE_HEADERS)
    assert response.status_code == 200
    assert [line["outcome"] for line in response.json()["results"]] == ["created", "created"]
    assert writes(stack) == ["POST"]


def test_an_answer_has_the_documented_shape(stack: LocalStack) -> None:
    """The design's example, member for member."""
    body = stack.push([{"userprincipalname": ANNA, "REFERENCE": "4711"}]).json()
    line = body["results"][0]
    assert set(body) == {"runId", "ok", "dryRun", "summary", "results"}
    assert (line["row"], line["reference"], line["code"], line["source"]) == (
        0,
        "4711",
        None,
        "extensionAttribute15",
    )
    assert line["phone"].startswith("+46 *******")
    assert line["sourceSyncedAt"]


def test_one_object_is_taken_as_one_row(stack: LocalStack) -> None:
    """An array of objects, or one object."""
    assert stack.push({"UserPrincipalName": ANNA}).json()["results"][0]["outcome"] == "created"


def test_the_same_call_again_changes_nothing(stack: LocalStack) -> None:
    """Comparing by value makes the second call silent."""
    rows = [{"UserPrincipalName": person.upn} for person in stack.tenant.state.people.values()]
    first = stack.push(rows)
    assert first.status_code == 207, first.text
    stack.tenant.control.clear_log()
    summary = stack.push(rows).json()["summary"]
    assert (summary["created"], summary["updated"], summary["deleted"]) == (0, 0, 0)


@pytest.mark.parametrize("handshake", [None, "", "wrong", sample.HANDSHAKE.upper()])
def test_a_missing_and_a_wrong_handshake_get_the_same_answer(
    stack: LocalStack, handshake: str | None
) -> None:
    """401, whatever the body is: it has not been looked at."""
    response = stack.push(b"{not json", handshake=handshake)
    assert (response.status_code, code(response)) == (401, "handshakeRefused")


def test_a_handshake_beyond_ascii_is_wrong_and_no_fault(stack: LocalStack) -> None:
    """compare_digest raises on such text; bytes are compared."""
    response = stack.request(
        "POST",
        "/api/mfa-sync",
        content=b"[]",
        headers={"x-functions-key": stack.host.key("mfa_sync"), "Message": "smörgås".encode()},
    )
    assert response.status_code == 401


def test_without_the_functions_key_nothing_is_asked(stack: LocalStack) -> None:
    """The host refuses; HR's key opens the push alone."""
    assert stack.request("POST", "/api/mfa-sync", content=b"[]").status_code == 401
    other = {"x-functions-key": stack.host.key("mfa_sync")}
    assert stack.request("POST", "/api/explain", content=b"{}", headers=other).status_code == 401


@pytest.mark.parametrize(
    ("rows", "query", "headers", "status", "expected"),
    [
        (b"{", "", {}, 400, "notJson"),
        (b"\xff\xfe", "", {}, 400, "notJson"),
        (b" " * (4 * 1024 * 1024 + 1), "", {}, 413, "tooLarge"),
        ([{"Id": "x"}] * 10_001, "", {}, 413, "tooManyRows"),
        ([], "", {"Content-Type": "multipart/form-data; boundary=x"}, 415, "unsupportedMediaType"),
        ([], "", {"Content-Type": "application/xml"}, 415, "unsupportedMediaType"),
        ([{"UserPrincipalName": ANNA, "OverwriteNul": "0"}], "", {}, 422, "invalidRequest"),
        ([{"UserPrincipalName": ANNA}], "dryrun=1", {}, 422, "invalidRequest"),
        ([{"UserPrincipalName": ANNA}], "dryRun=1", {}, 422, "invalidRequest"),
        ([{"UserPrincipalName": ANNA}], "dryRun=", {}, 422, "invalidRequest"),
        ([{"UserPrincipalName": ANNA}], "dryRun=true&dryRun=false", {}, 422, "invalidRequest"),
    ],
)
def test_a_request_that_cannot_be_taken_is_told_why(
    stack: LocalStack, rows: Any, query: str, headers: dict[str, str], status: int, expected: str
) -> None:
    """The status table's callers' side; nothing is written."""
    response = stack.push(rows, query, headers=headers)
    assert (response.status_code, code(response)) == (status, expected)
    assert writes(stack) == []


def test_a_body_that_came_in_chunks_is_told_so_with_the_remedy(stack: LocalStack) -> None:
    """.NET's PostAsJsonAsync sends chunks, which host 4.1037 hands on as nothing."""
    for path, function in (("mfa-sync", "mfa_sync"), ("explain", "explain"), ("runs", "runs_start")):
        sent = {"x-functions-key": stack.host.key(function), "Message": sample.HANDSHAKE}
        answer = stack.request("POST", f"/api/{path}", content=iter([b"[", b"]"]), headers=sent)
        assert (answer.status_code, code(answer)) == (400, "notJson")
        assert "Transfer-Encoding: chunked" in answer.json()["detail"]
        assert "Content-Length" in answer.json()["detail"]


def test_misspelt_names_are_refused_with_the_nearest_known_one(stack: LocalStack) -> None:
    """A misspelt OverwriteNull or dryRun must not write."""
    response = stack.push([{"UserPrincipalName": ANNA, "OverwriteNul": "0"}])
    assert response.json()["errors"] == [
        {"pointer": "/0/OverwriteNul", "detail": "Unknown key; did you mean OverwriteNull?"}
    ]
    assert "did you mean dryRun?" in stack.push([{"UserPrincipalName": ANNA}], "dryrun=1").json()["detail"]


def test_the_status_tells_what_the_rows_add_up_to(stack: LocalStack) -> None:
    """200 all settled, 207 some, 422 none."""
    good, bad = {"UserPrincipalName": BO}, {"UserPrincipalName": IVAR}
    assert [stack.push(rows).status_code for rows in ([good], [good, bad], [bad], [])] == [200, 207, 422, 200]


def test_a_dry_run_writes_nothing(stack: LocalStack) -> None:
    """No write in the request log."""
    response = stack.push([{"UserPrincipalName": ANNA}], "dryRun=true")
    assert (response.status_code, response.json()["results"][0]["outcome"]) == (200, "created")
    assert writes(stack) == []


def test_graph_out_of_reach_is_503_with_retry_after(stack: LocalStack) -> None:
    """They throttle: later is right."""
    stack.tenant.control.fault(
        status=429, host="graph.*", applies_to="call", times=99, headers={"Retry-After": "2"}
    )
    response = stack.push([{"UserPrincipalName": ANNA}], headers={"Prefer": "wait=1"})
    assert (response.status_code, code(response)) == (503, "graphUnavailable")
    assert response.headers["retry-after"] in {"2", "3"}  # with some jitter, so that callers wake apart


def test_explain_tells_the_deciding_rule_and_writes_nothing(stack: LocalStack) -> None:
    """What would happen, and why."""
    answer = stack.explain({"UserPrincipalName": ANNA}).json()
    assert (answer["wouldBe"], answer["action"], answer["attribute"]["state"]) == (
        "created",
        "create",
        "number",
    )
    cloud = stack.explain({"UserPrincipalName": "cloud.only@contoso.com"}).json()
    assert (cloud["code"], cloud["decidedBy"]) == ("sourceNotOnPremises", "CLOUD_ONLY_USERS=refuse")
    assert writes(stack) == []


def test_health_is_anonymous_and_calls_nothing(stack: LocalStack) -> None:
    """Liveness, no calls out."""
    assert stack.get("/api/health").json() == {"status": "ok"}
    assert stack.tenant.control.log() == []


def test_wrong_settings_are_named_and_the_functions_still_load() -> None:
    """500 misconfigured: names, never values."""
    with LocalStack({"CLIENT_ID": "s3cr3t-in-the-wrong-place", "MAX_DELETES": "many"}) as broken:
        response = broken.push([{"UserPrincipalName": ANNA}])
        assert (response.status_code, code(response)) == (500, "misconfigured")
        assert "CLIENT_ID" in response.text
        assert "MAX_DELETES" in response.text
        assert "s3cr3t" not in response.text + broken.host.output()
        assert broken.get("/api/health").status_code == 200


def test_a_wrong_password_is_502_with_number_and_remedy_and_two_sign_ins_at_most() -> None:
    """However often the app is called."""
    with LocalStack() as stack:
        control = stack.tenant.control
        control.put_secret("mfa-sync-password", "not-the-password")
        answers = [stack.push([{"UserPrincipalName": ANNA}]) for _ in range(5)]
        assert {answer.status_code for answer in answers} == {502}
        assert answers[0].json()["aadsts"] == 50126
        assert "new version" in answers[0].json()["remedy"]
        assert sum(entry["path"].endswith("/token") for entry in control.log()) <= 2
        assert "not-the-password" not in stack.host.output()


def test_trap_33_nothing_secret_reaches_any_output(stack: LocalStack) -> None:
    """Whole numbers, password, client secret, handshake and tokens are in no log line and no answer."""
    people = [{"UserPrincipalName": person.upn} for person in stack.tenant.state.people.values()]
    texts = [stack.push(people, query).text for query in ("dryRun=true", "", "")]
    texts += [stack.explain(row).text for row in people]
    everything = "\n".join([*texts, stack.host.output()])
    found = [word for word in (*sample.secrets(), *stack.tenant.state.tokens) if word in everything]
    assert found == []
    assert "row.settled" in everything
    # Nor do the libraries name people: their lines hold URLs, and URLs hold UPNs.
    assert [word for word in ("HTTP Request", "Request URL", ANNA) if word in stack.host.output()] == []
