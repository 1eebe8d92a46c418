"""The states of a run, and what moves it from one to another."""

from __future__ import annotations

from collections.abc import Callable
from copy import replace
from typing import Any

import pytest

from mfa_sync.runs import run as module
from mfa_sync.runs.run import Run, RunKind, State, Tally, Verdict, WrongStateError
from shared.tenant import Kind

NOW = 1_800_000_000.0
YES = Verdict("approved", "anna@contoso.com", NOW, "seen")
NO = Verdict("stopped", "anna@contoso.com", NOW, "enough")
GIVEN_UP = Verdict("discarded", "anna@contoso.com", NOW, "enough")


def run_in(state: State, **facts: Any) -> Run:
    """Return a run in that state, with a plan of two pages."""
    plan = {"cursor": None, "pages": 2, "digests": ("a" * 16, "b" * 16), "digest": "d", "step": 3}
    return Run("20261124T060000Z-full", RunKind.FULL, NOW, NOW, apply=True, state=state, **{**plan, **facts})


MOVING = {State.PLANNING, State.APPLYING}
FINAL = {State.FINISHED, State.FAILED, State.DISCARDED, State.STOPPED, State.SUPERSEDED}


@pytest.mark.parametrize("state", State)
def test_every_state_is_moving_held_or_final(state: State) -> None:
    """Nudges move the first, people the second, and nothing the third."""
    assert state.is_moving == (state in MOVING)
    assert state.is_final == (state in FINAL)
    assert state.is_moving + state.is_final + (state is State.HELD) == 1


ASKED: dict[str, Callable[[Run], Run]] = {
    "approve": lambda run: run.approved("d", YES),
    "discard": lambda run: run.ended_by(GIVEN_UP),
    "stop": lambda run: run.ended_by(NO),
}
LEADS_TO = {
    ("approve", State.HELD): State.APPLYING,
    ("discard", State.HELD): State.DISCARDED,
    ("discard", State.DISCARDED): State.DISCARDED,
    ("stop", State.PLANNING): State.STOPPED,
    ("stop", State.HELD): State.STOPPED,
    ("stop", State.APPLYING): State.STOPPED,
    ("stop", State.STOPPED): State.STOPPED,
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("asked", ASKED)
def test_people_move_a_run_only_where_that_has_a_meaning(asked: str, state: State) -> None:
    """Everything else is refused in words, and asking twice is no error."""
    run = run_in(state)
    wanted = LEADS_TO.get((asked, state))
    if wanted is None:
        with pytest.raises(WrongStateError, match=state.value):
            ASKED[asked](run)
        return
    moved = ASKED[asked](run)
    assert moved.state is wanted
    assert (moved is run) == (state is wanted)
    assert moved.step == run.step + (moved is not run)


STEPS: dict[str, tuple[Callable[[Run], Run], State, State]] = {
    "plans a page": (
        lambda run: run.planned(("c" * 64,), Tally(1), "x", NOW),
        State.PLANNING,
        State.PLANNING,
    ),
    "is held": (lambda run: run.guarded(("why",), (), {}, NOW), State.PLANNING, State.HELD),
    "may go on": (lambda run: run.guarded((), (), {}, NOW), State.PLANNING, State.APPLYING),
    "applies a page": (lambda run: run.applied_page(Tally(), NOW), State.APPLYING, State.APPLYING),
    "ends": (lambda run: run.finished(NOW), State.APPLYING, State.FINISHED),
    "fails": (lambda run: run.failed("why", NOW), State.PLANNING, State.FAILED),
    "is given up": (lambda run: run.superseded("another", NOW), State.HELD, State.SUPERSEDED),
    "expires": (lambda run: run.expired(NOW), State.HELD, State.DISCARDED),
}


@pytest.mark.parametrize("name", STEPS)
def test_what_moves_a_run_gives_the_claim_back_and_makes_another_step_due(name: str) -> None:
    """So a late nudge, and a worker that lost its claim, find that the step is not theirs."""
    move, before, after = STEPS[name]
    run = replace(run_in(before, owner="w", owned_until=NOW + 300, attempts=2, resume_at=NOW), moved=NOW - 60)
    moved = move(run)
    assert moved.state is after
    assert moved.step == run.step + 1
    assert (moved.owner, moved.owned_until, moved.attempts, moved.resume_at) == ("", 0.0, 0, 0.0)
    assert moved.moved == NOW


def test_an_approval_names_the_plan_that_was_shown() -> None:
    """A plan with another digest was not seen. The same approval again changes nothing."""
    held = run_in(State.HELD)
    with pytest.raises(WrongStateError, match="digest"):
        held.approved("another", YES)
    approved = held.approved("d", YES)
    assert (approved.applying, approved.decision) == (True, YES)
    assert approved.approved("d", replace(YES, at=NOW + 5)) is approved
    with pytest.raises(WrongStateError):
        approved.approved("d", replace(YES, by="somebody else"))


@pytest.mark.parametrize(
    ("kinds", "allowed"),
    [
        ((), {Kind.CREATE, Kind.DELETE}),
        ((Kind.CREATE,), {Kind.CREATE}),
        ((Kind.UPDATE,), set[Kind]()),
    ],
)
def test_an_approval_may_name_kinds(kinds: tuple[Kind, ...], allowed: set[Kind]) -> None:
    """No names stand for all kinds."""
    run = run_in(State.HELD).approved("d", replace(YES, kinds=kinds))
    assert {kind for kind in (Kind.CREATE, Kind.DELETE) if run.approves(kind)} == allowed


def test_a_claim_lasts_as_long_as_it_says() -> None:
    """At its end somebody else may have the step."""
    claimed = run_in(State.APPLYING).claimed("w", NOW, 300)
    assert (claimed.is_claimed(NOW), claimed.is_claimed(NOW + 299.9)) == (True, True)
    assert (claimed.is_claimed(NOW + 300), claimed.attempts) == (False, 1)


def test_a_step_that_kills_its_worker_is_begun_five_times() -> None:
    """Then the run has failed, and says at which step."""
    run = run_in(State.APPLYING)
    for number in range(module.MOST_ATTEMPTS):
        run = run.claimed(f"w{number}", NOW + number, 1)
        assert run.state is State.APPLYING
    failed = run.claimed("w", NOW + 10, 1)
    assert failed.state is State.FAILED
    assert "Step 3 was begun 5 times" in failed.detail


def test_a_vain_attempt_that_ended_is_none_of_the_five() -> None:
    """An outage is waited out, but not for ever: the moment of the last move tells how long."""
    run = run_in(State.APPLYING)
    for number in range(20):
        run = run.claimed("w", NOW + number, 300).delayed("Graph is down.", NOW + number + 60)
        assert (run.attempts, run.owner, run.resume_at) == (0, "", NOW + number + 60)
    late = NOW + module.LONGEST_DELAY_SECONDS
    assert run.claimed("w", late, 300).state is State.APPLYING
    failed = run.claimed("w", late + 1, 300)
    assert (failed.state, failed.detail) == (
        State.FAILED,
        "Nothing could be done for 6 hours. Graph is down.",
    )


def test_a_digest_tells_plans_apart_by_their_pages_and_order() -> None:
    """An approval of one covers no other."""
    empty = run_in(State.PLANNING, pages=0, digests=(), digest="")
    one, other = ("1" * 64,), ("2" * 64,)
    plans = [(one,), (other,), (one, other), (other, one)]
    digests = set()
    for pages in plans:
        run = empty
        for page in pages:
            run = run.planned(page, Tally(), "x", NOW)
        assert run.pages == len(pages) == len(run.digests)
        digests.add(run.digest)
    assert len(digests) == len(plans)
    at_once = empty.planned((*one, *other), Tally(), "x", NOW)
    assert at_once.digest == empty.planned(one, Tally(), "x", NOW).planned(other, Tally(), "x", NOW).digest


def test_a_plan_of_too_many_pages_fails_before_its_head_is_too_big() -> None:
    """A column holds 32,000 characters, and a head must fit."""
    run = run_in(State.PLANNING, pages=module.MOST_PAGES, digests=("a" * 16,) * module.MOST_PAGES)
    assert run.planned((), Tally(), None, NOW).state is State.PLANNING
    assert run.planned(("c" * 64,), Tally(), None, NOW).state is State.FAILED
    assert len(run.dump()) < 32_000


@pytest.mark.parametrize(
    ("run", "was"),
    [
        (run_in(State.APPLYING, applying=True), True),
        (run_in(State.APPLYING, applying=True, applied=2), False),
        (run_in(State.HELD).approved("d", YES).ended_by(NO), True),
        (run_in(State.HELD).ended_by(NO), False),
        (run_in(State.PLANNING).guarded((), (), {}, NOW).failed("why", NOW), True),
        (run_in(State.HELD), False),
    ],
)
def test_a_run_that_ended_amid_being_applied_says_so(run: Run, *, was: bool) -> None:
    """Its present page may be half written; a run that was only held has written nothing."""
    assert run.was_applying is was
