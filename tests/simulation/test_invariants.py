"""Each invariant fails on a history that was doctored to be untrue: a check that cannot fail is none."""

from __future__ import annotations

import copy
import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from dev.simulation.history import History, Told
from dev.simulation.invariants import INVARIANTS, violations
from dev.simulation.journal import Commit
from dev.simulation.oracle import matters
from dev.simulation.play import play
from dev.simulation.schedule import Schedule, schedule_of
from dev.tenant.people import Phone


def _is_telling(schedule: Schedule) -> bool:
    """Return whether a schedule has people of many kinds, and few things that could cloud what is true."""
    kinds = {member.kind for member in schedule.cast.members}
    return (
        not schedule.events
        and not schedule.faults
        and schedule.switches["number_view"] == "full"
        and schedule.settings["PUSH_MODE"] == "apply"
        and schedule.settings["MAX_CREATES"] == "500"
        and {"unreadable", "silent"} & kinds != set()
        and not any(push.dry_run for step in schedule.steps for push in step.pushes)
    )


@pytest.fixture(scope="module")
def true_history() -> History:
    """A history that satisfies every invariant, with something of everything in it."""
    for seed in itertools.count(1):
        if not _is_telling(schedule_of(seed)):
            continue
        history = play(seed)
        told = {(one.phase, line["outcome"]) for one in history.told for line in one.lines}
        if {("play", "created"), ("play", "unchanged"), ("again", "unchanged")} <= told:
            assert violations(history) == []
            return history
    raise AssertionError


@pytest.fixture
def history(true_history: History) -> History:
    """A copy of it to be doctored."""
    journal = copy.copy(true_history.journal)
    journal.commits = list(journal.commits)
    schedule = true_history.schedule
    return dataclasses.replace(
        true_history,
        schedule=dataclasses.replace(schedule, settings=dict(schedule.settings)),
        journal=journal,
        told=copy.deepcopy(true_history.told),
        unheard=[],
        records=list(true_history.records),
        rows=list(true_history.rows),
    )


def lines(history: History, outcome: str, phase: str = "play") -> tuple[Told, dict[str, Any]]:
    """Return a push and a line in it with this outcome."""
    return next(
        (told, line)
        for told in history.told
        if told.phase == phase and not told.push.dry_run
        for line in told.lines
        if line["outcome"] == outcome
    )


def write(history: History, told: Told, who: str, number: str | None, kind: str = "mobile") -> None:
    """Let a push have written somebody's phone just before it ended."""
    former = history.journal.mobile_at(who, told.ended)
    before = {"mobile": Phone(former)} if former else {}
    after = {**before, kind: Phone(number)} if number else {}
    history.journal.commits.append(Commit(told.ended, told.finished, who, told.number, before, after))


def whom(told: Told, line: dict[str, Any]) -> str:
    """Return the object id of whom a line is about."""
    number: int = line["row"]
    return told.push.rows[number].who


def an_unhandled_error(history: History) -> None:
    history.told[0].fault = "ValueError"


def an_unheard_error(history: History) -> None:
    history.unheard.append("Task exception was never retrieved")


def a_missing_row(history: History) -> None:
    history.told[0].lines.pop()


def rows_out_of_order(history: History) -> None:
    history.told[0].lines.reverse()


def another_persons_result(history: History) -> None:
    line = history.told[0].lines[0]
    line["id"] = line["userPrincipalName"] = "somebody.else@contoso.com"


def a_wrong_status(history: History) -> None:
    history.told[0].status = 200 if history.told[0].status == 207 else 207


def a_wrong_count(history: History) -> None:
    history.told[0].body["summary"]["created"] += 1


def a_refusal_without_cause(history: History) -> None:
    told = history.told[0]
    told.status, told.body = 502, {"code": "signInRefused", "retryable": False}


def a_wait_without_figure(history: History) -> None:
    told = history.told[0]
    told.status, told.body = 503, {"code": "graphUnavailable", "retryable": True}


def a_late_answer(history: History) -> None:
    history.told[0].finished += 200


def a_false_replay(history: History) -> None:
    history.told[0].headers["Idempotency-Replayed"] = "true"


def an_end_without_answer(history: History) -> None:
    history.told[-1].status, history.told[-1].body = 503, {"code": "graphUnavailable"}


def a_row_given_up(history: History) -> None:
    lines(history, "unchanged", "audit")[1].update(outcome="failed", code="timeout", retryable=True)


def a_phone_that_is_gone(history: History) -> None:
    told = history.told[-1]
    who = next(
        whom(told, line)
        for line in told.lines
        if line["outcome"] == "unchanged" and history.journal.mobile_at(whom(told, line), 0) is not None
    )
    write(history, told, who, None)


def many_wrong_passwords(history: History) -> None:
    history.most_failed_sign_ins = history.threshold - 1


def a_number_in_the_log(history: History) -> None:
    history.records.append(f"INFO wrote {history.schedule.numbers.drawn[0]}")


def a_secret_in_an_answer(history: History) -> None:
    history.told[0].body["detail"] = history.secrets[0]


def a_token_in_the_storage(history: History) -> None:
    history.rows.append(next(secret for secret in history.secrets if secret.startswith("ey")))


def a_write_told_as_none(history: History) -> None:
    lines(history, "created")[1]["outcome"] = "unchanged"


def a_write_told_as_refused(history: History) -> None:
    lines(history, "created")[1].update(outcome="refused", code="excluded")


def a_write_that_never_was(history: History) -> None:
    lines(history, "unchanged")[1]["outcome"] = "updated"


def another_number_told(history: History) -> None:
    lines(history, "created")[1]["phone"] = "+46 *******00"


def a_refusal_that_is_not_true(history: History) -> None:
    lines(history, "created")[1].update(outcome="refused", code="guestExcluded")


def an_answer_that_is_not_exact(history: History) -> None:
    lines(history, "unchanged", "audit")[1]["outcome"] = "kept"


def a_number_that_nobody_wanted(history: History) -> None:
    told, line = lines(history, "created")
    write(history, told, whom(told, line), "+46701740699")


def a_write_of_another_phone(history: History) -> None:
    told, line = lines(history, "created")
    write(history, told, whom(told, line), "+46701740699", kind="office")


def a_write_to_somebody_unnamed(history: History) -> None:
    told = history.told[0]
    named = {asked.who for asked in told.push.rows}
    others = (one.person.id for one in history.schedule.cast.members if one.person.id not in named)
    write(history, told, next(others), "+46701740699")


def a_write_out_of_bounds(history: History) -> None:
    told = history.told[-1]
    kinds = {"unreadable", "silent", "guest", "cloud only"}
    who = next(one.asked.who for one in matters(history, told) if one.member.kind in kinds)
    write(history, told, who, "+46701740699")


def a_delete_that_nobody_wanted(history: History) -> None:
    told, line = lines(history, "unchanged", "again")
    write(history, told, whom(told, line), None)


def more_than_the_limit(history: History) -> None:
    history.schedule.settings["MAX_CREATES"] = "0"


def one_number_for_all(history: History) -> None:
    history.schedule.settings["MAX_USERS_PER_NUMBER"] = "0"


def a_second_write(history: History) -> None:
    told, line = lines(history, "unchanged", "again")
    who = whom(told, line)
    write(history, told, who, history.journal.mobile_at(who, told.ended))


@pytest.mark.parametrize(
    ("doctor", "invariant"),
    [
        (an_unhandled_error, "no_internal_error"),
        (an_unheard_error, "no_internal_error"),
        (a_missing_row, "each_row_is_answered"),
        (rows_out_of_order, "each_row_is_answered"),
        (another_persons_result, "each_row_is_answered"),
        (a_wrong_status, "status_agrees_with_rows"),
        (a_wrong_count, "status_agrees_with_rows"),
        (a_refusal_without_cause, "problems_are_true"),
        (a_wait_without_figure, "problems_are_true"),
        (a_late_answer, "answers_in_time"),
        (a_false_replay, "replays_are_faithful"),
        (an_end_without_answer, "everything_heals"),
        (a_row_given_up, "everything_heals"),
        (a_phone_that_is_gone, "nobody_is_left_without"),
        (many_wrong_passwords, "the_account_is_never_locked"),
        (a_number_in_the_log, "nothing_is_told"),
        (a_secret_in_an_answer, "nothing_is_told"),
        (a_token_in_the_storage, "nothing_is_told"),
        (a_write_told_as_none, "results_are_true"),
        (a_write_told_as_refused, "results_are_true"),
        (a_write_that_never_was, "results_are_true"),
        (another_number_told, "results_are_true"),
        (a_refusal_that_is_not_true, "refusals_have_grounds"),
        (an_answer_that_is_not_exact, "calm_answers_are_exact"),
        (a_number_that_nobody_wanted, "only_what_was_wanted_is_written"),
        (a_write_of_another_phone, "only_what_was_wanted_is_written"),
        (a_write_to_somebody_unnamed, "only_what_was_wanted_is_written"),
        (a_write_out_of_bounds, "nobody_out_of_bounds_is_written"),
        (a_delete_that_nobody_wanted, "no_phone_is_deleted_unless_empty"),
        (more_than_the_limit, "limits_are_kept"),
        (one_number_for_all, "one_number_is_for_few"),
        (a_second_write, "nothing_is_written_twice"),
    ],
)
def test_an_invariant_fails_on_what_is_untrue(
    history: History, doctor: Callable[[History], None], invariant: str
) -> None:
    """The doctored history breaks the invariant that is there for it."""
    doctor(history)
    assert invariant in {violation.partition(":")[0] for violation in violations(history)}


def test_every_invariant_can_fail() -> None:
    """The table above leaves none out."""
    (mark,) = test_an_invariant_fails_on_what_is_untrue.pytestmark  # type: ignore[attr-defined]  # pytest's
    assert {row[1] for row in mark.args[1]} == {check.__name__ for check in INVARIANTS}
