"""What Graph shows of the tenant, judged. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from mfa_sync.doctor.verdict import Verdict, fault, ok, unknown, warning
from shared.phone_delivery import MICROSOFT_ENDS

# Entries are up to 15 minutes late; a tenant in which nothing at all happened for a day is a rare one.
_SILENT = timedelta(days=1)
_LONG_SWEEP = 4 * 3600.0
_BATCH, _PAGE, _IN_FLIGHT = 20, 999, 8


def judge_group(setting: str, members: int, *, narrows: bool) -> Verdict:
    """Return the verdict on a group that could be read; `narrows`: only its members are in scope."""
    if members:
        return ok(f"{setting} has {members} members")
    if narrows:
        return fault(f"{setting} has no members", "nobody is in scope", "Fill the group, or name another.")
    return warning(f"{setting} has no members", "nobody is excluded", "Fill the group, or name another.")


def judge_privileged(count: int, *, whole: bool, entra_limits: bool, refused: bool) -> Verdict:
    """Return the verdict on the set of whom a write must spare.

    Args:
        count: How many are in it.
        whole: Whether it could be read whole, and holds a Global Administrator.
        entra_limits: Whether the token proves that Entra itself keeps us from administrators.
        refused: PRIVILEGED_TARGETS=refuse.
    """
    seen = f"{count} are known"
    remedy = "See the event privilegedTargets.unreadable for the part, and docs/graph.md for its right."
    if not refused:
        remedy = "Set PRIVILEGED_TARGETS=refuse unless this is meant."
        return warning(f"{seen}; PRIVILEGED_TARGETS=allow", "administrators' phones are written too", remedy)
    if whole:
        return ok(seen, "their phones are never written")
    if entra_limits:
        return warning(f"{seen}, and not all could be read", "Entra itself keeps us from the others", remedy)
    return fault(f"{seen}, and not all could be read", "nothing is written: privilegedUnknown", remedy)


def judge_people(looked_at: int, in_scope: int, synced: int) -> Verdict:
    """Return the verdict on who is in scope among the first users listed."""
    seen = f"of {looked_at} looked at {in_scope} are in scope, {synced} of those synced"
    if not in_scope:
        remedy = "See SYNC_SCOPE_GROUP_ID, CLOUD_ONLY_USERS and INCLUDE_GUESTS: docs/settings.md."
        return warning(seen, "sweeps would change nobody of them", remedy)
    if synced < in_scope:
        return warning(
            seen,
            "whoever may edit a cloud user or a guest may choose the number",
            "docs/attribute.md tells who can write the attribute.",
        )
    return ok(seen)


def judge_attribute(in_scope: int, returned: int, holding: int) -> Verdict:
    """Return the verdict on the attribute of those in scope: told at all by Graph, and not empty."""
    if not in_scope:
        return unknown("nobody in scope was looked at")
    if not returned:
        remedy = "Grant User.Read.All; User.ReadBasic.All does not show extension attributes."
        return fault(
            "Graph returns nobody's extension attributes", "nothing is done: absent is not empty", remedy
        )
    seen = f"{holding} of {in_scope} in scope have a value"
    if not holding:
        means = "there is no number to write, and sweeps would delete registered phones"
        return fault(
            seen, means, "See that HR's feed and Entra Connect's sync rule carry extensionAttribute15."
        )
    if holding * 2 < in_scope:
        means = "a sweep deletes the phones of all others once the grace is over, within MAX_DELETES"
        return warning(seen, means, "See that this is meant; SWEEP_EMPTY=keep deletes nothing.")
    return ok(seen)


def judge_numbers(read: int, refused: int, whole: int, masked: int) -> Verdict:
    """Return the verdict on how Graph shows the phones of so many people whose methods were asked for."""
    if refused and not read:
        return fault(
            f"Graph lets us read nobody's methods ({refused} asked for)",
            "nothing can be compared or written",
            "See right.phones and roles.",
        )
    seen = f"{whole} whole, {masked} masked, of {read} people"
    if masked:
        return warning(
            seen,
            "what is the same cannot be seen to be: MASKED_POLICY and the memory of our writes decide",
            "Privileged Authentication Administrator, or an app alone, sees whole numbers: docs/graph.md.",
        )
    if not whole:
        return unknown(seen, "nobody looked at has a mobile phone yet")
    return ok(seen)


def judge_audit(newest: datetime | None, now: datetime, *, allowed: bool, filtered: bool | None) -> Verdict:
    """Return the verdict on the audit log; `filtered`: whether its filter works; None: not known."""
    if not allowed:
        return warning(
            "Graph does not let us read the audit log",
            "each sweep looks at everybody",
            "Grant AuditLog.Read.All; signed in, the account needs Reports Reader too.",
        )
    if newest is None:
        return unknown("it is empty")
    age = now - newest
    tail = {None: "", True: "; the filter works", False: "; the filter finds nothing"}[filtered]
    seen = f"its newest entry is {max(age.total_seconds(), 0) / 60:.0f} minutes old{tail}"
    if age > _SILENT:
        means = "changes outside may not be seen"
        return warning(seen, means, "See Entra's audit log in the portal; entries come within minutes.")
    return ok(seen)


def judge_delivery(
    allowed: Mapping[str, bool] | None, today: datetime, *, has_provider: bool = False
) -> Verdict:
    """Return the verdict on SMS and voice.

    Args:
        allowed: Whether the authentication methods policy lets people use `Sms` and `Voice`; None: it may not
            be read.
        today: Now.
        has_provider: Whether a telecom provider of the tenant's own delivers them.
    """
    ends = "a provider of the tenant's own delivers SMS and voice"
    if not has_provider:
        word = "ended" if today >= MICROSOFT_ENDS else "end"
        ends = f"Microsoft's own SMS and voice {word} on {MICROSOFT_ENDS:%Y-%m-%d}"
    means = "without a telecom provider of the tenant's own, a phone then is no factor"
    remedy = "Give people passkeys, or set up a provider: docs/limits.md."
    if allowed is None:
        seen = f"{ends}; the methods policy may not be read (Policy.Read.All)"
        return unknown(seen) if has_provider else warning(seen, means, remedy)
    on = [name for name in ("Sms", "Voice") if allowed.get(name)]
    if not on:
        return fault(
            f"the methods policy has SMS and voice switched off; {ends}",
            "the phones that are written serve nobody",
            "Enable SMS or voice in Entra's authentication methods policy, for the people in scope.",
        )
    off = "".join(f", {name.lower()} is off" for name in ("Sms", "Voice") if name not in on)
    seen = f"{' and '.join(on)} may be used{off}; {ends}"
    return ok(seen) if has_provider else warning(seen, means, remedy)


def judge_forecast(
    users: int, *, at_least: bool, seconds_a_batch: float | None, limit: float | None
) -> Verdict:
    """Return the verdict on how long a full sweep will take.

    Args:
        users: How many it looks at.
        at_least: Whether there are more than that.
        seconds_a_batch: How long one batch of reads took just now; None: none was sent.
        limit: How many reads of methods in ten seconds Graph is known to take; None: not known.
    """
    if seconds_a_batch is None:
        return unknown("nobody was read, so nothing is known of the pace")
    batches = math.ceil(users / _BATCH)
    seconds = batches * seconds_a_batch / _IN_FLIGHT + math.ceil(users / _PAGE)
    if limit:
        seconds = max(seconds, users / limit * 10)
    calls = batches + math.ceil(users / _PAGE)
    known = f"by the known limit of {limit:.0f} in 10 s" if limit else "if Graph does not throttle"
    seen = f"{users}{' or more' if at_least else ''} users: {calls} calls, about {_span(seconds)}, {known}"
    if seconds > _LONG_SWEEP:
        means = "full sweeps run into the morning"
        return warning(
            seen, means, "Begin them earlier (SWEEP_SCHEDULE), or more rarely (FULL_SWEEP_EVERY_DAYS)."
        )
    return ok(seen)


def _span(seconds: float) -> str:
    if seconds < 90:  # noqa: PLR2004  what people call seconds
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"  # noqa: PLR2004  likewise
