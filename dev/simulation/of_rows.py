"""What must be true of each result that a caller is told."""

from __future__ import annotations

from typing import Any

from dev.simulation import oracle
from dev.simulation.history import History, Told
from dev.simulation.journal import OUTSIDER
from dev.simulation.oracle import Matter, matters, verdict_of

CONTRADICTED = " (its rows contradict each other)"
_WRITTEN = {"created", "updated", "deleted"}
# A deadline of so few seconds can run out on a slow day.
_HURRY = 10
# After these it is not known, and not said, whether a write took effect.
_MAYBE_WRITTEN = {"failed/outcomeUnknown", "refused/phoneNumberNotUnique"}


def results_are_true(history: History) -> list[str]:
    """A settled result is true of the tenant when the call ends; any other wrote nothing."""
    return [
        f"push {told.number}, row {line['row']} ({matter.member.kind}): {verdict_of(line)}, but {fault}"
        for told in history.told
        if not told.is_replayed
        for matter, line in zip(matters(history, told), told.lines, strict=False)
        if (fault := _fault(matter, line))
    ]


def _fault(matter: Matter, line: dict[str, Any]) -> str | None:
    outcome, wrote = line["outcome"], bool(matter.written())
    only_plans = matter.told.push.dry_run or matter.settings["PUSH_MODE"] == "plan"
    if outcome in _WRITTEN and not only_plans:
        return _fault_of_write(matter, line)
    if wrote and verdict_of(line) == "refused/userNotFound" and not matter.facts()[-1].exists:
        return None  # with the user went what was written
    if wrote and verdict_of(line) not in _MAYBE_WRITTEN:
        return "something was written" + (CONTRADICTED if oracle.is_contradicted(matter) else "")
    if outcome == "unchanged" and not only_plans:
        return _fault_of_unchanged(matter, line)
    if outcome == "kept" and (not matter.asked.keep or None not in matter.wants()):
        return "nobody asked to keep it"
    return None


def _fault_of_write(matter: Matter, line: dict[str, Any]) -> str | None:
    now = matter.history.journal.mobile_at(matter.asked.who, matter.told.ended)
    is_deleted = line["outcome"] == "deleted"
    wants = {one for one in matter.wants() if (one is None) is is_deleted}
    if is_deleted and not matter.facts()[-1].exists:
        return None  # with the user went the phone
    if matter.meddled():
        return None if wants & {*matter.written(), *matter.shown()} else "no such number was ever there"
    if now not in wants:
        return "another number is registered"
    return None if is_deleted else _fault_of_number(matter, line, now)


def _fault_of_number(matter: Matter, line: dict[str, Any], now: str | None) -> str | None:
    if now not in matter.written():
        return "nothing was written"
    if line["phone"] != masked(now):
        return "another number is shown"
    # A write of unknown fate is repeated by what is found then: the last one tells.
    last = matter.history.journal.commits_of(matter.asked.who, matter.told.number)[-1]
    if (last.former is None) is not (line["outcome"] == "created"):
        return "it was the other of created and updated"
    return None


def _fault_of_unchanged(matter: Matter, line: dict[str, Any]) -> str | None:
    wants, shown = matter.wants(), matter.shown()
    if wants & set(shown):
        return None
    if matter.settings["MASKED_POLICY"] == "trust":
        believed = any(matter.hidden(wanted, one) for wanted in wants for one in shown)
    else:
        believed = "fromMemory" in line["notes"] and _was_replaced_alike(matter)
    return None if believed else "another number is registered"


def _was_replaced_alike(matter: Matter) -> bool:
    """Return whether what we wrote was replaced by an outsider's number that the mask cannot tell apart."""
    commits = [
        one for one in matter.history.journal.commits_of(matter.asked.who) if one.order <= matter.told.ended
    ]
    ours = [one.mobile for one in commits if one.by != OUTSIDER and one.mobile in matter.wants()]
    return bool(ours) and commits[-1].by == OUTSIDER and matter.hidden(ours[-1], commits[-1].mobile)


def masked(number: str | None) -> str | None:
    """Return a number as it may be shown to people."""
    if number is None:
        return None
    country = "+1" if number.startswith("+1") else "+46"
    national = number.removeprefix(country)
    return f"{country} {'*' * (len(national) - 2)}{national[-2:]}"


def refusals_have_grounds(history: History) -> list[str]:
    """Who is refused is refused for a reason that was true at some time of the call."""
    found = []
    for told in history.told:
        if told.is_replayed:
            continue
        for matter, line in zip(matters(history, told), told.lines, strict=False):
            verdict = verdict_of(line)
            if line["outcome"] != "refused" and verdict != "failed/sourceNotYetSynced":
                continue
            if verdict not in _grounds(matter):
                found.append(
                    f"push {told.number}, row {line['row']} ({matter.member.kind}): {verdict} is not true"
                )
    return found


def _grounds(matter: Matter) -> set[str]:
    """Return every reason that was true at any time of the call."""
    found = set(oracle.obstacles_to_delete(matter))
    if not matter.member.exists:
        found.add("refused/userNotFound")
    if oracle.may_be_over_limit(matter):
        found.add("refused/limitReached")
    if any(matter.history.struck[f"write 409, {fate}"] for fate in ("done", "not done")):
        found.add("refused/phoneNumberNotUnique")
    if matter.meddled() and {type(one) for one in matter.shown()} == {str, type(None)}:
        # "There is one", said Graph, and took it away before we looked: no different from a bad request.
        found.add("refused/writeRejected")
    known = matter.history.journal.facts.get(matter.asked.who, [])
    now = matter.facts()
    for facts in now:
        found |= oracle.objections(matter, facts)
    # Who is privileged is remembered for some minutes.
    for facts in known:
        if not now or facts.order <= now[-1].order:
            found |= oracle.hurdles(matter, facts)
    return found


def calm_answers_are_exact(history: History) -> list[str]:
    """Where nothing goes wrong and nobody meddles, each row is answered with the one thing that is true."""
    # Who was throttled goes on slowly for a while.
    slow = {"failed/notAttempted", "failed/throttled"} if history.is_limited else set()
    if slow and int(history.schedule.settings["SYNC_DEADLINE_SECONDS"]) <= _HURRY:
        slow |= {"failed/outcomeUnknown"}  # a write that leaves in the call's last moment
    return [
        f"push {told.number} ({told.phase}), row {line['row']} ({matter.member.kind}): "
        f"{verdict_of(line)}, but true is {' or '.join(sorted(oracle.true_verdicts(matter)))}"
        for told in history.told
        if _is_calm(history, told) and not told.push.dry_run and not told.is_replayed
        for matter, line in zip(matters(history, told), told.lines, strict=False)
        if verdict_of(line) not in oracle.true_verdicts(matter) | slow
    ]


def _is_calm(history: History, told: Told) -> bool:
    schedule = history.schedule
    if told.phase != "play":
        return True
    alone = all(len(step.pushes) == 1 for step in schedule.steps)
    is_patient = int(schedule.settings["SYNC_DEADLINE_SECONDS"]) > _HURRY and told.push.wait is None
    is_quiet = not history.lag and not schedule.faults and not schedule.events
    return alone and is_patient and is_quiet and not history.is_limited
