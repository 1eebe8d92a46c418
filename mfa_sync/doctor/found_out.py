"""What the canary found out, judged. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus

from mfa_sync.doctor.verdict import Verdict, fault, ok, unknown, warning
from shared.facts import Facts, Found
from shared.phone_number import Comparison, ObservedNumber, PhoneNumber

_AGAIN = "Ask for it again: mfa-sync doctor --canary."


def judge_facts(facts: Facts) -> Verdict:
    """Return the verdict on the facts that are kept: each with its day; one that is not used is told."""
    if not facts.found:
        return unknown("nothing was found out yet", "defaults are used: docs/doctor.md", _AGAIN)
    seen = "; ".join(_told(one) for one in facts.found)
    unused = "; ".join(f"{one.kind.name} is not used: {one.unused}" for one in facts.found if one.unused)
    return warning(seen, unused, _AGAIN) if unused else ok(seen)


def _told(one: Found) -> str:
    value = one.value
    # A value out of bounds may be anything, so it is not repeated.
    shown = "?" if one.unused else f"{value:g}" if isinstance(value, float) else str(value).lower()
    return f"{one.kind.name} {shown} ({datetime.fromtimestamp(one.at, UTC):%Y-%m-%d})"


def judge_mask(shown: ObservedNumber, number: PhoneNumber) -> Verdict:
    """Return the verdict on how a number that is known is shown. No digit of it is told."""
    match shown.compare(number):
        case Comparison.SAME:
            return ok("a number that is known is shown whole")
        case Comparison.CANNOT_TELL:
            bare = shown.bare()
            kept = len(bare) - len(bare.rstrip("0123456789"))
            marks = "".join(sorted({sign for sign in bare if not sign.isdigit() and sign != "+"}))
            seen = f"a number that is known is shown masked by {marks!r}, with its last {kept} digits"
            return ok(seen, "what the mask hides is never guessed")
    return fault(
        "a number that is known is shown as another",
        "every look would find a change, and write",
        "Report it: this mask is not known to the app. Set PUSH_MODE=plan meanwhile.",
    )


def judge_reach(status: int | None, reference: str) -> Verdict:
    """Return the verdict on a write to the canary, by its status."""
    if status == HTTPStatus.FORBIDDEN:
        return warning(
            f"Graph refuses to write the canary ({reference})",
            "if it lies in a restricted management unit, such a unit is a border for this app too; else a "
            "right or role is missing",
            "Use such a unit for people whom nobody may touch; the other tries need the canary outside.",
        )
    if status is None or status >= HTTPStatus.MULTIPLE_CHOICES:
        return fault(
            f"Graph answered {status or 'nothing'} ({reference})",
            "no phone can be written",
            "See right.phones.",
        )
    return ok("Graph writes the canary: no restricted unit keeps us from it")


def judge_lag(lag: float | None, looked: float) -> Verdict:
    """Return the verdict on after how many seconds a read showed a write; None: not within those looked."""
    if lag is None:
        return warning(
            f"no read showed the write within {looked:.0f} s",
            "doubtful writes stay outcomeUnknown",
            "Ask again with a longer SYNC_DEADLINE_SECONDS, so that more is waited for.",
        )
    return ok(f"a read showed the write after {lag:.1f} s")


def judge_refusals(
    exists: int | None,
    exists_signature: str,
    bad_number: int | None,
    bad_number_signature: str,
    absent: int | None,
) -> tuple[Verdict, dict[str, str]]:
    """Return the verdict on how wrong writes are refused, and the facts that follow.

    Args:
        exists: The status of a create of what is there.
        exists_signature: What that refusal looks like.
        bad_number: The status of a create with what is no number.
        bad_number_signature: Likewise.
        absent: The status of a delete of what is not there.
    """
    facts = {
        name: signature
        for name, status, signature in (
            ("existsSignature", exists, exists_signature),
            ("badNumberSignature", bad_number, bad_number_signature),
        )
        if status == HTTPStatus.BAD_REQUEST and signature
    }
    seen = f"a second create: {exists}; a bad number: {bad_number}; a delete of nothing: {absent}"
    if len(set(facts.values())) < len(facts):
        return warning(seen, "both refusals look the same: their words decide", "Nothing."), {}
    if len(facts) < 2:  # noqa: PLR2004  both
        means = "a refusal is no 400, or says too little: its status and its words decide"
        return warning(seen, means, "Report it with the statuses."), {}
    return ok(seen, "they are told apart by what they look like"), facts


def judge_rate(taken: int, refused: int, seconds: float, limit: float | None, *, says_wait: bool) -> Verdict:
    """Return the verdict on a burst of reads: how many were taken and refused, and the limit that showed."""
    seen = f"{taken} reads in {seconds:.1f} s, {refused} refused"
    if limit is None:
        return ok(f"{seen}, and no limit showed")
    wait = "" if not refused else f", {'with' if says_wait else 'without'} Retry-After"
    return ok(
        f"{seen}{wait}: about {limit:.0f} in ten seconds", "it is the pace, as long as Graph tells no other"
    )


def judge_own_entry(is_own: bool | None, age: float, *, filtered: bool | None) -> Verdict:  # noqa: FBT001  what was seen
    """Return the verdict on our write in the audit log.

    Args:
        is_own: Whether it was recognised as ours; None: it is not there yet.
        age: Seconds since the write.
        filtered: Whether the filter by service finds it.
    """
    if is_own is None:
        return unknown(
            f"our write of {age:.0f} s ago is not there yet", "entries come late", "Ask again later."
        )
    word = "works" if filtered else "finds nothing"
    seen = f"our write was there after at most {age:.0f} s; the filter by service {word}"
    if not is_own:
        return warning(
            seen,
            "it does not look like ours: each of our writes will be told as a change outside",
            "Report who the entry names; give the app an identity of its own.",
        )
    return ok(seen)
