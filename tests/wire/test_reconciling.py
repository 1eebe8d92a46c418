"""What a push does to people, through the real SDKs."""

from __future__ import annotations

from typing import Any

import pytest

from dev.tenant.people import Phone
from dev.tenant.sample import SCOPE_GROUP_ID
from tests.wire.bench import Bench

ONE, TWO, THREE = "+46701740611", "+46701740622", "+46701740633"
GRAPH = "graph.microsoft.com"


@pytest.mark.parametrize(
    ("attribute", "mobile", "row", "outcome", "code", "after"),
    [
        (ONE, None, {}, "created", None, ONE),
        (ONE, ONE, {}, "unchanged", None, ONE),
        ("0046 70-174 06 11 ", ONE, {}, "unchanged", None, ONE),
        (ONE, TWO, {}, "updated", None, ONE),
        (None, None, {}, "unchanged", None, None),
        (None, ONE, {}, "deleted", None, None),
        (" ", ONE, {}, "deleted", None, None),
        (None, ONE, {"OverwriteNull": 0}, "kept", None, ONE),
        (None, ONE, {"OverwriteNull": False}, "kept", None, ONE),
        ("+46 (0)70 174 06 11", TWO, {}, "refused", "invalidPhoneNumber", TWO),
        ("\u200b", TWO, {}, "refused", "invalidPhoneNumber", TWO),
        (ONE, TWO, {"Mobile": "0046701740611"}, "updated", None, ONE),
        (ONE, TWO, {"Mobile": THREE}, "failed", "sourceNotYetSynced", TWO),
    ],
    # Words instead of numbers: a failing run's output is read by people too.
    ids=[
        "none-registered",
        "same",
        "same-written-otherwise",
        "different",
        "empty-and-none",
        "empty-deletes",
        "blank-deletes",
        "empty-keeps-0",
        "empty-keeps-false",
        "trunk-zero",
        "invisible",
        "expectation-met",
        "expectation-not-met",
    ],
)
async def test_a_push_makes_phone_and_attribute_agree(
    bench: Bench,
    attribute: str | None,
    mobile: str | None,
    row: dict[str, Any],
    outcome: str,
    code: str | None,
    after: str | None,
) -> None:
    """The decision table, through MSAL, Key Vault and Graph."""
    person = bench.person(attribute, mobile)
    line = await bench.one(person, **row)
    assert (line["outcome"], line["code"], bench.mobile(person)) == (outcome, code, after)


async def test_trap_3_a_second_push_writes_nothing(bench: Bench) -> None:
    """Applying a plan makes observed equal desired."""
    people = [bench.person(ONE), bench.person(TWO, ONE), bench.person(None, ONE)]
    rows = [{"Id": person.id} for person in people]
    assert [line["outcome"] for line in (await bench.push(rows)).body["results"]] == [
        "created",
        "updated",
        "deleted",
    ]
    bench.control.clear_log()
    again = await bench.push(rows)
    assert again.body["summary"]["unchanged"] == len(rows)
    assert bench.writes() == []


@pytest.mark.parametrize("answer", [200, 204])
async def test_trap_4_both_answers_to_a_patch_are_success(bench: Bench, answer: int) -> None:
    """Graph's page shows 204 and speaks of 200."""
    bench.control.switch(patch_answer=answer)
    person = bench.person(ONE, TWO)
    assert (await bench.one(person))["outcome"] == "updated"


async def test_trap_14_an_attribute_that_graph_leaves_out_deletes_nothing(bench: Bench) -> None:
    """Absent is not empty."""
    person = bench.person(None, ONE, attribute_returned=False)
    line = await bench.one(person)
    assert (line["code"], bench.mobile(person)) == ("attributeNotReturned", ONE)


@pytest.mark.parametrize(
    "upn",
    [
        "o'brien.two@contoso.com",
        "y_gmail.com#EXT#@contoso.com",
        "$dollar.two@contoso.com",
        "$o'dollar@contoso.com",
        "åsa.öberg.two@contoso.com",
        "100%true+1@contoso.com",
        "a" * 101 + "@contoso.com",
    ],
)
async def test_trap_15_every_upn_arrives_escaped(bench: Bench, upn: str) -> None:
    """A UPN may hold what a URL may not, and begin with a dollar sign."""
    person = bench.person(ONE, upn=upn)
    answer = await bench.push([{"UserPrincipalName": upn}])
    assert answer.body["results"][0]["outcome"] == "created"
    assert bench.mobile(person) == ONE


async def test_one_person_by_upn_and_by_id_is_one_person(bench: Bench) -> None:
    """Equal rows are done once and answered each; rows that differ are all refused."""
    person = bench.person(ONE)
    rows: list[dict[str, Any]] = [{"UserPrincipalName": person.upn.upper()}, {"Id": person.id}]
    answer = await bench.push([*rows, {"Id": person.id, "OverwriteNull": 1}])
    assert [line["outcome"] for line in answer.body["results"]] == ["created"] * 3
    assert len(bench.writes()) == 1
    clash = await bench.push([rows[0], {**rows[1], "OverwriteNull": 0}])
    assert (clash.status, {line["code"] for line in clash.body["results"]}) == (422, {"contradictoryRows"})


async def test_twenty_unchanged_users_cost_two_calls(bench: Bench) -> None:
    """Two reads a user, ten users a batch, and nothing else once signed in."""
    people = [bench.person(ONE, ONE) for _ in range(20)]
    answer = await bench.push([{"UserPrincipalName": person.upn} for person in people])
    assert answer.status == 200
    assert len(bench.calls(GRAPH)) == 2


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"on_premises_sync_enabled": None}, "sourceNotOnPremises"),
        ({"user_type": "Guest"}, "guestExcluded"),
        ({"roles": ["Global Administrator"]}, "privilegedTarget"),
    ],
)
async def test_who_is_not_ours_is_refused(bench: Bench, facts: dict[str, Any], code: str) -> None:
    """Scope is judged before anything is written."""
    person = bench.person(ONE, TWO, **facts)
    line = await bench.one(person)
    assert (line["code"], bench.mobile(person)) == (code, TWO)


async def test_trap_9_the_privileged_are_refused_by_entra_where_we_cannot_know_them(bench: Bench) -> None:
    """Without the right to read roles ROPC goes on under Entra's own limits; a 403 is not tried again."""
    bench.control.switch(
        grants=["User.Read.All", "UserAuthenticationMethod.ReadWrite.All"],
        signed_in_roles=["Authentication Administrator"],
    )
    admin = bench.person(ONE, TWO, roles=["Global Administrator"])
    plain = bench.person(ONE, TWO)
    answer = await bench.push([{"Id": plain.id}, {"Id": admin.id}])
    assert [line["code"] for line in answer.body["results"]] == [None, "targetOutOfReach"]
    assert len(bench.writes()) == 2


async def test_trap_8_an_alternate_mobile_forbids_the_delete(bench: Bench) -> None:
    """Graph's rule, known beforehand."""
    person = bench.person(None, ONE)
    person.phones["alternateMobile"] = Phone(TWO)
    assert (await bench.one(person))["code"] == "alternateMobilePresent"
    assert bench.writes() == []


async def test_trap_8_the_default_method_is_refused_with_the_way_out(bench: Bench) -> None:
    """Graph answers 400; the phone stays."""
    person = bench.person(None, ONE, default_method="sms")
    line = await bench.one(person)
    assert (line["outcome"], line["code"], bench.mobile(person)) == ("refused", "defaultMethod", ONE)
    assert "choose another default method" in line["detail"]


async def test_removing_the_last_factor_is_noted_or_refused(bench: Bench) -> None:
    """LAST_FACTOR_GUARD: pushes name their users, so the default notes; `all` refuses."""
    bench.configure(LAST_FACTOR_GUARD="all")
    person = bench.person(None, ONE, methods=["password", "email"])
    assert (await bench.one(person))["code"] == "lastFactor"
    bench.configure()
    line = await bench.one(person)
    assert (line["outcome"], line["notes"]) == ("deleted", ["lastFactorRemoved"])


async def test_a_masked_view_asserts_or_trusts(bench: Bench) -> None:
    """Visible digits that agree prove nothing; visible digits that differ prove a difference."""
    bench.control.switch(signed_in_roles=["Authentication Administrator"])
    same, other = bench.person(ONE, ONE), bench.person(ONE, TWO)
    answer = await bench.push([{"Id": same.id}, {"Id": other.id}])
    assert [(line["outcome"], line["notes"]) for line in answer.body["results"]] == [
        ("updated", ["asserted"]),
        ("updated", []),
    ]
    bench.configure(MASKED_POLICY="trust")
    assert (await bench.one(same))["outcome"] == "unchanged"


async def test_a_number_taken_for_sms_is_read_back(bench: Bench) -> None:
    """409 is an unknown outcome: the number may have been written all the same."""
    bench.person(None, ONE, upn="holder@contoso.com")
    fault = {"status": 409, "method": "POST", "path": "phoneMethods", "applies_to": "item"}
    written, not_written, kept = bench.person(ONE), bench.person(ONE), bench.person(ONE, TWO)
    bench.control.fault(**fault, after_commit=True)
    line = await bench.one(written)
    assert (line["outcome"], line["notes"]) == ("created", ["smsSignInTaken"])
    bench.control.fault(**fault)
    assert (await bench.one(not_written))["code"] == "phoneNumberNotUnique"
    bench.control.fault(**{**fault, "method": "PATCH"})
    assert ((await bench.one(kept))["code"], bench.mobile(kept)) == ("phoneNumberNotUnique", TWO)


@pytest.mark.parametrize(
    ("planned", "meanwhile", "outcome", "methods"),
    [
        (None, TWO, "updated", ["POST", "PATCH"]),
        (None, ONE, "unchanged", ["POST"]),
        (TWO, None, "created", ["PATCH", "POST"]),
    ],
    ids=["another-phone", "the-same-phone", "no-phone"],
)
async def test_traps_5_6_and_47_a_world_that_changed_since_the_plan_is_decided_once_more(
    bench: Bench, planned: str | None, meanwhile: str | None, outcome: str, methods: list[str]
) -> None:
    """POST answered "exists" and PATCH answered 404 are re-read; nothing is repeated blindly."""
    person = bench.person(ONE, planned)
    made = await bench.planned(person)
    person.phones = {"mobile": Phone(meanwhile)} if meanwhile else {}
    results = await bench.applied(made)
    assert [result.outcome.value for result in results] == [outcome]
    assert [method for method, _ in bench.writes()] == methods
    assert bench.mobile(person) == ONE


@pytest.mark.parametrize("body", ["empty", "html", "json"])
async def test_an_answer_of_another_shape_is_not_an_empty_list(bench: Bench, body: str) -> None:
    """200 without a list of methods says nothing about phones: no create may follow from it."""
    person = bench.person(ONE, TWO)
    bench.control.fault(status=200, method="GET", path="phoneMethods", applies_to="item", body=body)
    line = await bench.one(person)
    assert (line["code"], bench.writes()) == ("unavailable", [])


async def test_all_rows_of_a_kind_over_its_limit_are_refused(bench: Bench) -> None:
    """Which of them happens is nobody's choice; the other kinds go on."""
    bench.configure(MAX_DELETES="1")
    people = [bench.person(None, ONE), bench.person(None, TWO), bench.person(THREE)]
    answer = await bench.push([{"Id": person.id} for person in people])
    assert [line["code"] for line in answer.body["results"]] == ["limitReached", "limitReached", None]
    assert "MAX_DELETES=1" in answer.body["results"][0]["detail"]


async def test_a_scope_group_bounds_who_is_ours(bench: Bench) -> None:
    """Members at any depth are in, everybody else is out."""
    bench.configure(SYNC_SCOPE_GROUP_ID=SCOPE_GROUP_ID)
    inside, outside = bench.person(ONE), bench.person(ONE)
    bench.control.patch_group(SCOPE_GROUP_ID, members=[inside.id])
    answer = await bench.push([{"Id": inside.id}, {"Id": outside.id}])
    assert [line["code"] for line in answer.body["results"]] == [None, "outOfScope"]
    bench.configure(EXCLUDE_GROUP_ID=SCOPE_GROUP_ID)
    assert (await bench.one(inside))["code"] == "excluded"


async def test_the_service_account_never_manages_itself(bench: Bench) -> None:
    """Graph forbids it, and it would be the shortest way to lock ourselves out."""
    answer = await bench.push([{"UserPrincipalName": "svc-mfa-sync@contoso.com"}])
    assert answer.body["results"][0]["code"] == "excluded"


async def test_a_dry_run_and_plan_mode_write_nothing(bench: Bench) -> None:
    """A dry run is a plan that is not applied."""
    people = [bench.person(ONE), bench.person(ONE, TWO), bench.person(None, ONE)]
    rows = [{"Id": person.id} for person in people]
    dry = await bench.push(rows, {"dryRun": "true"})
    assert (dry.status, dry.body["dryRun"]) == (200, True)
    assert [line["outcome"] for line in dry.body["results"]] == ["created", "updated", "deleted"]
    bench.configure(PUSH_MODE="plan")
    planned = await bench.push(rows)
    assert {line["code"] for line in planned.body["results"]} == {"planOnly"}
    assert planned.status == 422
    assert bench.writes() == []


async def test_a_payload_number_wins_only_where_it_may(bench: Bench) -> None:
    """ALLOW_PAYLOAD_NUMBER makes the row's Mobile the source."""
    bench.configure(ALLOW_PAYLOAD_NUMBER="true")
    person = bench.person(ONE, ONE)
    line = await bench.one(person, Mobile=THREE)
    assert (line["outcome"], line["source"], bench.mobile(person)) == ("updated", "payload", THREE)


@pytest.mark.parametrize(
    ("delivery", "days", "end"),
    [("microsoft", 68, "deleted"), ("microsoft", 69, "lastFactor"), ("provider", 69, "deleted")],
)
async def test_from_february_2027_on_an_office_phone_is_no_factor_that_microsoft_reaches(
    bench: Bench, delivery: str, days: int, end: str
) -> None:
    """PHONE_DELIVERY: a delete that an office phone allowed is refused; tests begin on 24 November 2026."""
    bench.clock.advance(days * 86_400)
    bench.configure(LAST_FACTOR_GUARD="all", PHONE_DELIVERY=delivery)
    person = bench.person(None, "+46701740605", methods=["password"])
    person.phones["office"] = Phone("+46850012345")
    line = await bench.one(person)
    assert (line["code"] or line["outcome"]) == end
