"""Settings, secrets, storage and clock, judged. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mfa_sync.doctor.verdict import Verdict, fault, ok, unknown, warning

_EXPIRES_SOON = timedelta(days=21)
_OLD = timedelta(days=365)
# It comes every five minutes, unless WATCHDOG_SCHEDULE is another.
_WATCHDOG_FAULT = 900.0
# Signed calls and federated proofs are taken within five minutes.
_CLOCK_FAULT, _CLOCK_WARNING = 300.0, 30.0
_SLOW_STORAGE = 2.0


def judge_settings(words: str, notes: Mapping[str, str]) -> Verdict:
    """Return the verdict on settings that can work.

    Args:
        words: The modes that people ask for first.
        notes: What each setting that somebody should know of means.
    """
    if not notes:
        return ok(words)
    means = "; ".join(f"{name}: {what}" for name, what in notes.items())
    return warning(words, means, "Set them back unless it is meant: docs/settings.md.")


@dataclass(frozen=True, slots=True)
class SecretFound:
    """What was seen of a secret, never its value.

    Attributes:
        name: Under which it lies in the vault.
        exists: Whether there is one that is enabled and not empty.
        created: When its version was made.
        expires: Its expiry date.
        weakness: Why it opens nothing though it is there; empty: it is strong enough, or not of our making.
    """

    name: str
    exists: bool
    created: datetime | None = None
    expires: datetime | None = None
    weakness: str = ""


def judge_previous(found: SecretFound, now: datetime) -> Verdict:
    """Return the verdict on a predecessor, which may be missing or over."""
    if not found.exists:
        return ok("none", "nobody is let in by a former one")
    if found.expires is None:
        return ok(_seen(found, now), "without an expiry date it does not count")
    counts = found.expires > now
    return ok(_seen(found, now), "it still lets callers in" if counts else "it no longer counts")


def judge_secret(found: SecretFound, now: datetime) -> Verdict:
    """Return the verdict on one secret that the settings call for."""
    if not found.exists:
        return fault(
            f"{found.name} is not in the vault, is empty or disabled",
            "what needs it is answered 502 or 500",
            f"Write the secret {found.name}; docs/identity.md says how each is made.",
        )
    seen = _seen(found, now)
    if found.weakness:
        return fault(
            f"{seen}; {found.weakness}", "it opens nothing", f"Write {found.name} anew, by a generator."
        )
    if found.expires and found.expires <= now:
        return fault(
            seen, "the vault still serves it, its owner may not honour it", f"Rotate {found.name} now."
        )
    if found.expires and found.expires - now < _EXPIRES_SOON:
        return warning(seen, "it ends soon", f"Rotate {found.name}: docs/operations.md.")
    if found.created and now - found.created > _OLD:
        return warning(
            seen, "it was not rotated for over a year", f"Rotate {found.name}: docs/operations.md."
        )
    return ok(seen)


def judge_vault(answered: int, asked: int) -> Verdict:
    """Return the verdict on a vault of whose secrets so many were answered, be it that there is none."""
    if answered == asked:
        return ok(f"{asked} secrets were asked for, and each was answered")
    return fault(
        f"{asked - answered} of {asked} secrets could not be asked for",
        "what needs them cannot work",
        "Give the app's identity Key Vault Secrets User on the vault; see the secrets' lines.",
    )


def judge_storage(what: str, seconds: float, *, came_back: bool) -> Verdict:
    """Return the verdict on storage that took a write, a read and a delete."""
    if not came_back:
        return fault(f"what was written to {what} did not come back", "runs cannot be kept", _STORAGE_REMEDY)
    seen = f"written, read and deleted in {seconds * 1000:.0f} ms"
    if seconds > _SLOW_STORAGE:
        return warning(seen, "each push waits for it", "See the storage account's network and load.")
    return ok(seen)


_STORAGE_REMEDY = (
    "See the storage account, its network, and the roles of the app's identity on it: docs/azure.md."
)


def storage_down(check: str) -> Verdict:
    """Return the verdict of a check to which the storage does not answer."""
    if check not in {"table", "blobs"}:
        return unknown("not looked at", "the storage does not answer")
    means = "pushes create and update, and delete nothing; sweeps and runs stand still"
    return fault("the storage cannot be reached, or refuses us", means, _STORAGE_REMEDY)


def judge_queue(stuck: list[str], moved: datetime | None) -> Verdict:
    """Return the verdict on the queue, which only the host speaks to: by what it should have moved.

    Args:
        stuck: The ids of runs that should move and have not for longer than the watchdog waits.
        moved: When a run was moved last, as far as is known.
    """
    if stuck:
        return fault(
            f"{len(stuck)} runs stand still: {', '.join(stuck[:3])}",
            "nudges do not arrive, or the host does not work on them",
            "Give the app's identity Storage Queue Data Contributor; see the host's log and run_poison.",
        )
    if moved is None:
        return unknown("no run has been moved yet", "the first sweep will show whether its nudges arrive")
    return ok(f"no run stands still; one was moved last at {moved:%Y-%m-%d %H:%M} UTC")


def judge_watchdog(age: float | None) -> Verdict:
    """Return the verdict on the watchdog, which came so many seconds ago; None: not yet."""
    means = "nobody looks after runs that stand still, and no timer may come: no sweep either"
    remedy = "Restart the app: timers were seen not to come back after a publish. See WATCHDOG_SCHEDULE."
    if age is None:
        return unknown("it has not come yet", "look again after its next time")
    seen = f"it came {age / 60:.0f} minutes ago"
    return fault(seen, means, remedy) if age > _WATCHDOG_FAULT else ok(seen)


def judge_clock(offset: float | None) -> Verdict:
    """Return the verdict on our clock, which is so many seconds ahead of Graph's; None: not told."""
    if offset is None:
        return unknown("Graph's answer names no time")
    seen = f"{abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} Graph's"
    means = "signed calls, federated proofs, limits per day and the audit log go by it"
    if abs(offset) > _CLOCK_FAULT:
        return fault(seen, means, "Mend the host's time; in Azure report it to the platform.")
    if abs(offset) > _CLOCK_WARNING:
        return warning(seen, means, "Watch it; five minutes is where calls begin to be refused.")
    return ok(seen)


def _seen(found: SecretFound, now: datetime) -> str:
    age = f", made {_days(now - found.created)} ago" if found.created else ""
    return f"{found.name}{age}{_expiry(found.expires, now)}"


def _days(span: timedelta) -> str:
    return f"{span.days} days" if span.days != 1 else "1 day"


def _expiry(expires: datetime | None, now: datetime) -> str:
    if expires is None:
        return ", no expiry date"
    left = expires - now
    return f", expired {_days(-left)} ago" if left <= timedelta() else f", expires in {_days(left)}"
