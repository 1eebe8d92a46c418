"""What must be true of every history, each a pure check: a list of what is wrong, empty if all is well."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dev.simulation import of_rows, of_writes
from dev.simulation.history import SETTLED
from dev.simulation.journal import OUTSIDER
from dev.simulation.oracle import desired, matters, objections

if TYPE_CHECKING:
    from collections.abc import Callable

    from dev.simulation.history import History, Told

_OK, _SOME, _NONE, _NOT_US, _LATER = 200, 207, 422, 502, 503
_WRONG_HANDSHAKE, _IN_FLIGHT, _INTERNAL = 401, 409, 500
_PROBLEM_STATUSES = {_WRONG_HANDSHAKE, _IN_FLIGHT, _NOT_US, _LATER}
# The current handshake and the previous one are known; the one before is not.
_TOO_OFTEN = 2
_GRACE_SECONDS = 3.0
# One for each of two workers, if the storage is down and they cannot learn from each other, and one to spare.
_MOST_WRONG = 3
# The longest that the brake may hold after the cause is gone, and a minute for the look at the vault.
_HEALS_WITHIN = 661.0
_OUTCOMES = ("created", "updated", "deleted", "unchanged", "kept", "refused", "failed")


def no_internal_error(history: History) -> list[str]:
    """Nothing is unhandled: no 500, and no exception that nobody waits for."""
    found = [
        f"push {told.number}: {told.fault or told.body.get('detail')}"
        for told in history.told
        if told.fault or (told.status == _INTERNAL and not _is_hidden_group(history, told))
    ]
    return found + [f"nobody waited for: {error}" for error in history.unheard]


def _is_hidden_group(history: History, told: Told) -> bool:
    """Return whether nobody's scope is known, since the group of the excluded hides its members."""
    return history.schedule.hides_excluded and told.body.get("code") == "misconfigured"


def each_row_is_answered(history: History) -> list[str]:
    """Each row gets exactly one result, in its place, about the person that it names."""
    found = []
    for told in history.told:
        if told.status not in {_OK, _SOME, _NONE, _LATER} or not told.lines:
            continue
        if [line["row"] for line in told.lines] != list(range(len(told.push.rows))):
            found.append(f"push {told.number}: rows {[line['row'] for line in told.lines]}")
            continue
        for matter, line in zip(matters(history, told), told.lines, strict=True):
            named = line["id"] == matter.asked.who or line["userPrincipalName"] == matter.member.person.upn
            if not named or line["reference"] != f"r{line['row']}" or line["outcome"] not in _OUTCOMES:
                found.append(f"push {told.number}, row {line['row']}: about somebody else, or no outcome")
    return found


def status_agrees_with_rows(history: History) -> list[str]:
    """Status, `ok`, counts and Retry-After say what the rows say."""
    found = []
    for told in history.told:
        if not told.lines:
            continue
        settled = [line["outcome"] in SETTLED for line in told.lines]
        failed = any(line["outcome"] == "failed" for line in told.lines)
        true = _OK if all(settled) else _SOME if any(settled) else _LATER if failed else _NONE
        counts = Counter(line["outcome"] for line in told.lines)
        agrees = (
            told.status == true
            and told.body["ok"] is all(settled)
            and all(told.body["summary"][outcome] == counts[outcome] for outcome in _OUTCOMES)
            and (told.retry_after is not None) is (true == _LATER)
            and all(line["retryable"] is (line["outcome"] == "failed") for line in told.lines)
        )
        if not agrees:
            found.append(f"push {told.number}: status {told.status}, should be {true}, or counts differ")
    return found


def problems_are_true(history: History) -> list[str]:
    """A call without results is told why: 503 to wait, 502 only while a person had to act."""
    found = []
    for told in history.told:
        if told.lines or told.status is None:
            continue
        where = f"push {told.number}: {told.status} {told.body.get('code')}, {told.body.get('detail')}"
        if _is_hidden_group(history, told):
            continue
        if told.status not in _PROBLEM_STATUSES:
            found.append(where)
        elif told.status == _LATER and (told.retry_after is None or not told.body["retryable"]):
            found.append(f"{where} without Retry-After")
        elif told.status == _NOT_US and not _had_to_act(history, told):
            found.append(f"{where} though nobody had to act")
        elif (told.status == _IN_FLIGHT and told.push.key is None) or (
            told.status == _WRONG_HANDSHAKE and history.struck["handshake rotated"] < _TOO_OFTEN
        ):
            found.append(where)
    return found


def _had_to_act(history: History, told: Told) -> bool:
    challenged = bool(history.schedule.switches["claims_challenge"])
    if history.struck["batch 401"] + history.struck["tokens revoked"] + challenged > 1:
        return True  # a fresh token that is refused too is somebody's concern
    return any(
        one.since <= told.finished and told.started <= one.until + _HEALS_WITHIN for one in history.troubles
    )


def answers_in_time(history: History) -> list[str]:
    """No caller waits for longer than the deadline, or than it said it would."""
    most = float(history.schedule.settings["SYNC_DEADLINE_SECONDS"])
    slow = [name for name in ("storage slow", "sign-in hangs") if history.struck[name]]
    why = f" ({', '.join(slow)})" if slow else ""
    return [
        f"push {told.number}: answered after {told.finished - told.started:.1f} s{why}"
        for told in history.told
        if told.finished - told.started > min(most, told.push.wait or most) + _GRACE_SECONDS
    ]


def replays_are_faithful(history: History) -> list[str]:
    """An answer replayed under an Idempotency-Key is the one that was given, and nothing is done again."""
    found = []
    for told in history.told:
        if not told.is_replayed:
            continue
        former = [one for one in history.told if one.push.key == told.push.key and not one.is_replayed]
        given = any(one.status in {told.status, None} and one.body in ({}, told.body) for one in former)
        wrote = any(commit.by == told.number for commit in history.journal.commits)
        if told.push.key is None or not given or wrote:
            found.append(f"push {told.number}: not what the first call was told")
    return found


def everything_heals(history: History) -> list[str]:
    """Once the faults are over, what was left open is settled or truly refused, in the end for everybody."""
    sent_again = {told.follows for told in history.told}
    return [
        f"push {told.number} ({told.phase}): given up with {told.status} {told.body.get('code')}"
        for told in history.told
        if not told.push.dry_run and told.left_open() and told.number not in sent_again
        # Who was throttled goes on slowly for a while, and nobody asks once more after the last push.
        if told.phase != "again" or not (told.lines and history.is_limited)
    ]


def nobody_is_left_without(history: History) -> list[str]:
    """Who had a phone, and is to have one, has one, unless an outsider took it."""
    if not history.told:
        return []
    found = []
    for matter in matters(history, history.told[-1]):
        commits = history.journal.commits_of(matter.asked.who)
        had = history.journal.mobile_at(matter.asked.who, 0)
        taken = any(one.mobile is None and one.by == OUTSIDER for one in commits)
        facts = matter.facts()[-1:]
        if had is None or taken or not facts or objections(matter, facts[0]):
            continue
        if any(None in desired(matter, one) for one in history.journal.facts[matter.asked.who]):
            continue  # at some time there was to be none
        now = history.journal.mobile_at(matter.asked.who, matter.told.ended)
        if now is None:
            found.append(f"{matter.asked.who}: without a phone")
    return found


def the_account_is_never_locked(history: History) -> list[str]:
    """Wrong passwords never come near the lock-out."""
    if history.most_failed_sign_ins <= _MOST_WRONG:
        return []
    return [f"{history.most_failed_sign_ins} wrong passwords of {history.threshold} that lock the account"]


def nothing_is_told(history: History) -> list[str]:
    """No answer, log line or stored row holds a secret, a token or a whole number."""
    places = {
        "answers": [str(told.body) + str(told.headers) for told in history.told],
        "log": history.records,
        "storage": history.rows,
    }
    found = []
    for place, texts in places.items():
        everything = "\n".join(texts)
        found += [
            f"a secret of {len(secret)} characters in {place}"
            for secret in history.secrets
            if secret in everything
        ]
    return found


INVARIANTS: tuple[Callable[[History], list[str]], ...] = (
    no_internal_error,
    each_row_is_answered,
    status_agrees_with_rows,
    problems_are_true,
    answers_in_time,
    replays_are_faithful,
    everything_heals,
    nobody_is_left_without,
    the_account_is_never_locked,
    nothing_is_told,
    of_rows.results_are_true,
    of_rows.refusals_have_grounds,
    of_rows.calm_answers_are_exact,
    of_writes.only_what_was_wanted_is_written,
    of_writes.nobody_out_of_bounds_is_written,
    of_writes.no_phone_is_deleted_unless_empty,
    of_writes.limits_are_kept,
    of_writes.nothing_is_written_twice,
)


def violations(history: History) -> list[str]:
    """Return everything that is wrong with a history, each with the invariant's name."""
    return [f"{check.__name__}: {found}" for check in INVARIANTS for found in check(history)]
