"""The identity engineer's morning: a held run is read, decided, and watched to its end."""

from __future__ import annotations

from typing import Any

from dev.stack.local_stack import LocalStack
from tests.cli.operator import Operator

FAST = ("--interval", "0.05")


def held(operator: Operator) -> Any:
    """Begin a sweep that is held, and return it."""
    seen = operator("runs", "start", "full", "--yes", "--json", *FAST)
    assert seen.code == 3, seen.all
    return seen.json


def test_a_held_run_is_shown_approved_by_kinds_and_watched(operator: Operator, stack: LocalStack) -> None:
    """The counts are typed; what was not named is not made."""
    run = held(operator)
    counts, changes = run["counts"]["planned"], run["changes"]
    shown = operator("runs", "show", "held")
    for words in ("Held because", "decide until", "MAX_CREATES=500", "runs approve", "invalidPhoneNumber"):
        assert words in shown.out
    before = stack.tenant.control.mobiles()
    approve = ("runs", "approve", "held", "--kinds", "create", "--reason", "read", *FAST)
    waved = operator(*approve, typed="yes\n")
    assert (waved.code, stack.tenant.control.mobiles()) == (1, before)
    done = operator(*approve, typed=f"{counts['create']} create\n")
    assert done.code == 0, done.all
    assert f"\nTo approve, type: {counts['create']} create\n> " in done.err
    assert f"Left out, and not made: {counts['update']} update" in done.err
    assert f"{counts['create']} created" in done.out
    after = stack.tenant.control.mobiles()
    for change in changes:
        upn, moved = change["userPrincipalName"], change["kind"] == "create"
        assert (after[upn] != before[upn]) == moved, upn


def test_a_digest_that_was_not_shown_approves_nothing(operator: Operator, stack: LocalStack) -> None:
    """A script's, answered 409 by the app with what to do; a person's, before anything is asked."""
    before, run = stack.tenant.control.mobiles(), held(operator)
    approve = ("runs", "approve", run["id"], "--digest", "0" * 64, "--reason", "r")
    unseen = operator(*approve, "--yes")
    assert (unseen.code, "409 wrongState" in unseen.err, "runs show" in unseen.err) == (1, True, True)
    asked = operator(*approve, typed="")
    assert (asked.code, "another than that digest's" in asked.err) == (1, True)
    assert stack.tenant.control.mobiles() == before


def test_a_script_approves_what_it_names_and_again_without_effect(operator: Operator) -> None:
    """--yes without a digest would approve what nobody has seen."""
    run = held(operator)
    approve = ("runs", "approve", run["id"], "--yes", "--reason", "r", *FAST)
    assert operator(*approve).code == 2
    digest = ("--digest", run["digest"])
    done = operator(*approve, *digest, "--json")
    assert (done.code, done.json["state"]) == (0, "finished")
    again = operator(*approve, *digest, "--no-wait")
    assert (again.code, "already" in again.err) == (0, True)


def test_kinds_that_the_plan_does_not_hold_are_not_approved(operator: Operator) -> None:
    """Nobody is asked to confirm nothing; what it holds is told."""
    run = held(operator)
    refused = operator("runs", "approve", run["id"], "--kinds", "create,delete", "--reason", "r", typed="")
    assert (refused.code, "holds no delete" in refused.err, "It holds: " in refused.err) == (1, True, True)


def test_what_is_not_held_is_not_approved(operator: Operator) -> None:
    """It is said before anything is asked."""
    run = held(operator)
    operator("runs", "discard", "held", "--yes", "--reason", "r")
    refused = operator("runs", "approve", run["id"], "--reason", "r", typed="")
    assert (refused.code, "is discarded, not held" in refused.err) == (1, True)
    assert operator("runs", "show", "held").code == 1
    assert operator("runs", "show", "20200101T000000Z-full-0a1b2c3d").code == 1


def test_a_held_run_is_discarded_and_says_that_it_comes_again(operator: Operator) -> None:
    """And another word than the one asked for discards nothing."""
    run = held(operator)
    discard = ("runs", "discard", run["id"], "--reason", "the feed was wrong")
    assert operator(*discard, typed="discrad\n").code == 1
    assert operator(*discard).code == 2
    gone = operator(*discard, typed="discard\n")
    assert (gone.code, "planned again unless the source is corrected" in gone.out) == (0, True)
    assert "the feed was wrong" in operator("runs", "show", run["id"]).out


def test_a_run_is_stopped(operator: Operator) -> None:
    """Wherever it stands; what has ended is not stopped again by a person."""
    run = held(operator)
    stop = ("runs", "stop", run["id"], "--reason", "enough")
    stopped = operator(*stop, "--json", typed="stop\n")
    assert (stopped.code, stopped.json["state"], stopped.json["id"]) == (0, "stopped", run["id"])
    assert operator(*stop, typed="stop\n").code == 1


def test_a_new_sweep_asks_before_a_held_one_is_given_up(operator: Operator) -> None:
    """Its plan may be what somebody else is reading."""
    run = held(operator)
    kept = operator("runs", "start", "full", typed="no\n")
    assert (kept.code, run["id"] in kept.err) == (1, True)
    assert operator("runs", "start", "full").code == 2
    assert operator("runs", "start", "full", *FAST, typed="start\n").code == 3
    assert operator("runs", "show", run["id"], "--json").json["state"] == "superseded"


def test_a_sweep_that_may_write_is_begun_with_the_approvers_handshake(operator: Operator) -> None:
    """SWEEP_MODE=plan holds it all the same, and that is said."""
    begun = operator("runs", "start", "full", "--apply", "--yes", *FAST)
    assert (begun.code, "SWEEP_MODE=plan" in begun.err) == (3, True)
    operator.set(APPROVER="another-handshake-altogether")
    refused = operator("runs", "start", "full", "--apply", "--yes", *FAST)
    assert (refused.code, "401 approverRefused" in refused.err) == (1, True)
    assert "another-handshake-altogether" not in refused.all


def test_runs_are_listed_by_pages_and_by_state(operator: Operator) -> None:
    """The newest first, of one second in any order; JSON has the id after which to go on."""
    older, newer = held(operator), held(operator)
    listed = operator("runs", "list", "--limit", "1", "--json").json
    rest = operator("runs", "list", "--limit", "1", "--after", listed["next"], "--json").json
    (first,), (second,) = listed["runs"], rest["runs"]
    assert {first["id"], second["id"]} == {older["id"], newer["id"]}
    assert first["id"].split("-")[0] >= second["id"].split("-")[0]
    everything = operator("runs", "list", "--all", "--state", "held", "--json").json
    assert [run["id"] for run in everything["runs"]] == [newer["id"]]
    table = operator("runs", "list")
    assert (table.code, f"runs show {newer['id']}" in table.err) == (0, True)
    assert [line.split()[0] for line in table.out.splitlines()[1:3]] == [first["id"], second["id"]]


def test_a_plan_of_many_pages_is_read_by_pages_or_whole(operator: Operator, stack: LocalStack) -> None:
    """Pages are counted from 1; a page that is not there is a matter of usage."""
    stack.tenant.control.generate(1200, fractions={"missing": 0.5})
    begun = operator("runs", "start", "full", "--yes", "--json", *FAST)
    run = begun.json
    assert run["pages"] > 1
    second = operator("runs", "show", run["id"], "--page", "2", "--json").json
    assert second["changes"][0] not in run["changes"]
    assert f"page 1 of {run['pages']}" in operator("runs", "show", run["id"]).out
    whole = operator("runs", "show", run["id"], "--all", "--json").json
    assert len(whole["changes"]) == sum(run["counts"]["planned"].values())
    assert operator("runs", "show", run["id"], "--page", str(run["pages"] + 1)).code == 2


def test_a_user_is_explained(operator: Operator, newcomer: dict[str, Any]) -> None:
    """By name or by object id."""
    for asked in ((newcomer["upn"],), ("--id", newcomer["id"])):
        explained = operator("explain", *asked)
        assert explained.code == 0
        for words in (newcomer["upn"], "read as +1 ********", "now it would be", "created"):
            assert words in explained.out
        assert operator("explain", *asked, "--json").json["wouldBe"] == "created"


def test_a_user_who_is_not_found_or_refused_is_explained_too(operator: Operator) -> None:
    """Who acts, and how, comes from the table of codes."""
    assert operator("explain", "nobody@contoso.com").code == 1
    refused = operator("explain", "ivar.trunk@contoso.com")
    assert (refused.code, "Write it as +CC" in refused.out, "HR" in refused.out) == (0, True, True)
    assert operator("explain").code == 2
    assert operator("explain", "anna.new@contoso.com", "--id", "x").code == 2
