"""What must be true of each write that reached the tenant, whatever the caller was told."""

from __future__ import annotations

from collections.abc import Iterator

from dev.simulation.history import History
from dev.simulation.journal import OUTSIDER, Commit
from dev.simulation.of_rows import CONTRADICTED
from dev.simulation.oracle import PROTECTED, Matter, hurdles, is_contradicted, matters, objections


def _writes(history: History) -> Iterator[tuple[Commit, Matter | None]]:
    """Yield every write of ours, with the row that asked for it; None if no row did."""
    by_push = {
        told.number: {matter.asked.who: matter for matter in matters(history, told)} for told in history.told
    }
    for commit in history.journal.commits:
        if commit.by != OUTSIDER:
            yield commit, by_push[commit.by].get(commit.who)


def only_what_was_wanted_is_written(history: History) -> list[str]:
    """Each write is of the mobile phone, of a person named, to the number that was to be there."""
    found = []
    for commit, matter in _writes(history):
        others = [
            {kind: phone for kind, phone in phones.items() if kind != "mobile"}
            for phones in (commit.before, commit.after)
        ]
        if matter is None:
            found.append(f"push {commit.by} wrote {commit.who}, whom it did not name")
        elif others[0] != others[1]:
            found.append(f"push {commit.by} wrote another phone of {commit.who}")
        elif commit.mobile not in matter.wants():
            found.append(f"push {commit.by} wrote to {commit.who} ({matter.member.kind}) what nobody wanted")
        elif matter.told.push.dry_run or matter.settings["PUSH_MODE"] == "plan":
            found.append(f"push {commit.by} wrote, though it was only to plan")
    return found


def nobody_out_of_bounds_is_written(history: History) -> list[str]:
    """Who is refused at all times of a call is not written by it."""
    found = []
    for commit, matter in _writes(history):
        if matter is None:
            continue
        reasons = [objections(matter, facts) for facts in matter.facts()]
        if reasons and all(reasons):
            why = CONTRADICTED if reasons[0] == {"refused/contradictoryRows"} else f": {sorted(reasons[0])}"
            found.append(f"push {commit.by} wrote {commit.who}, {matter.member.kind}{why}")
        known = history.journal.facts[commit.who]
        if all(hurdles(matter, facts) & PROTECTED for facts in known):
            found.append(f"push {commit.by} wrote {commit.who} ({matter.member.kind}), who is privileged")
        if history.schedule.hides_excluded and matter.told.phase == "play":
            found.append(f"push {commit.by} wrote {commit.who}, though nobody knows who is excluded")
    return found


def no_phone_is_deleted_unless_empty(history: History) -> list[str]:
    """A phone is only deleted where the attribute was empty and the row did not say keep."""
    return [
        f"push {commit.by} deleted the phone of {commit.who}"
        + (CONTRADICTED if matter and is_contradicted(matter) else "")
        for commit, matter in _writes(history)
        if commit.mobile is None and (matter is None or matter.asked.keep or None not in matter.wants())
    ]


_KINDS = {"MAX_CREATES": "create", "MAX_DELETES": "delete", "MAX_UPDATES": "update"}


def limits_are_kept(history: History) -> list[str]:
    """No more people are changed than the limits allow: within a day, and by one call if storage failed.

    A run is shorter than a day. Somebody written twice counts once: a write of unknown fate is repeated. Whom
    an outsider wrote too does not count: what we planned as a repetition may have become a change by then.
    """
    by_day = not any(kind.startswith("storage") for kind in history.struck)
    changed: dict[tuple[int, str], set[str]] = {}
    meddled = {commit.who for commit in history.journal.commits if commit.by == OUTSIDER}
    for commit in history.journal.commits:
        if commit.by != OUTSIDER and commit.who not in meddled:
            key = (0 if by_day else commit.by, _kind(commit, history))
            changed.setdefault(key, set()).add(commit.who)
    return [
        f"{len(people)} people of kind {kind}, {name} is {history.schedule.settings[name]}"
        for (_, kind), people in changed.items()
        for name, limited in _KINDS.items()
        if limited == kind and len(people) > int(history.schedule.settings[name])
    ]


def _kind(commit: Commit, history: History) -> str:
    if commit.former is None:
        return "create"
    if commit.mobile is None:
        return "delete"
    alike = commit.former[-2:] == commit.mobile[-2:]
    return "assert" if history.is_masked and alike else "update"


def one_number_is_for_few(history: History) -> list[str]:
    """No push gives one number to more people than it may."""
    people: dict[tuple[int, str], set[str]] = {}
    for commit in history.journal.commits:
        if commit.by != OUTSIDER and commit.mobile is not None:
            people.setdefault((commit.by, commit.mobile), set()).add(commit.who)
    most = int(history.schedule.settings["MAX_USERS_PER_NUMBER"])
    return [
        f"push {push} gave one number to {len(who)} people"
        for (push, _), who in people.items()
        if len(who) > most
    ]


def nothing_is_written_twice(history: History) -> list[str]:
    """What agrees is not written again, except under a mask, which hides that it agrees."""
    found = []
    for told in history.told:
        if told.phase != "again":
            continue
        for matter in matters(history, told):
            commits = history.journal.commits_of(matter.asked.who, told.number)
            if any(not matter.hidden(commit.former, commit.mobile) for commit in commits):
                found.append(f"{matter.asked.who} ({matter.member.kind}) was written again")
    return found
