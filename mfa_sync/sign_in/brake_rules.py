"""What all workers together know of the sign-in, and what follows from it. Pure: no clock, no storage.

The rules (design, section 4):

- A password, or a client secret, that was refused is never tried again in that version.
- Any other permanent refusal allows one trial in ten minutes; a locked account, one in thirty.
- A service that failed is asked again after seconds.
- A trial whose result nobody saw counts as if it had been refused. After three trials in a row that gave no
  token, whatever the versions, there is one in ten minutes.

So at most six passwords reach Entra in half an hour without a success between them. Entra locks after ten.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from mfa_sync.sign_in.aadsts import UNANSWERED, Healing, Refusal, recalled

_TRIAL_SECONDS: Final = {
    Healing.SOMEBODY_ACTS: 600.0,
    Healing.LOCK_ENDS: 1800.0,
    Healing.PAUSE: 600.0,
    Healing.TIME: 10.0,
}
_PACE_SECONDS: Final = 600.0
_LONGEST_WAIT: Final = 3600.0
# Times come from the clocks of other machines: hours ahead is no time, but a clock that was wrong.
_SKEW_SECONDS: Final = 300.0
_MOST_SPENT: Final = 16

FREE_TRIALS: Final = 3
"""How many trials in a row may fail before they are paced."""


@dataclass(frozen=True, slots=True)
class Versions:
    """Which versions of the secrets a sign-in uses; empty for those that it does without."""

    username: str = ""
    password: str = ""
    client_secret: str = ""

    def spent_by(self, healing: Healing) -> str | None:
        """Return the name of what such a refusal proves wrong for good; None if nothing."""
        match healing:
            case Healing.NEW_PASSWORD if self.password:
                return f"password {self.username} {self.password}"
            case Healing.NEW_CLIENT_SECRET if self.client_secret:
                return f"client secret {self.client_secret}"
        return None


@dataclass(frozen=True, slots=True)
class State:
    """What is known. Times are seconds since 1970.

    Attributes:
        refusal: The last sign-in's refusal; None after a success.
        versions: What that sign-in used.
        due: When one more trial is right; None: when the versions are others.
        spent: AADSTS numbers by what they proved wrong for good, oldest first.
        misses: Trials in a row that gave no token, those included whose result nobody saw.
        missed: When the last of them ended.
        owner: Who signs in just now; empty: nobody.
        until: When the owner is done, or dead.
    """

    refusal: Refusal | None = None
    versions: Versions | None = None
    due: float | None = None
    spent: tuple[tuple[str, int], ...] = ()
    misses: int = 0
    missed: float = 0.0
    owner: str = ""
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Hold:
    """Why no sign-in may be tried.

    Attributes:
        refusal: What is in the way.
        seconds: Until the next trial; None: until there is another version.
    """

    refusal: Refusal
    seconds: float | None

    @property
    def heals_by_version(self) -> bool:
        """Whether a new version of a secret may end it before its time."""
        return self.refusal.healing is not Healing.LOCK_ENDS and not self.refusal.healing.needs_nobody


def judge(state: State, versions: Versions, now: float, free_trials: int = FREE_TRIALS) -> Hold | None:
    """Return why a sign-in with these versions may not be tried at `now`; None if it may."""
    spent = dict(state.spent)
    for healing in (Healing.NEW_PASSWORD, Healing.NEW_CLIENT_SECRET):
        number = spent.get(versions.spent_by(healing) or "")
        if number is not None:
            return Hold(recalled(number, healing), None)
    if state.refusal and state.due is not None and not _healed(state, versions):
        left = _left(state.due, now)
        if left > 0:
            return Hold(state.refusal, left)
    left = _left(state.missed + _PACE_SECONDS, now)
    if state.misses >= free_trials and left > 0:
        return Hold(state.refusal or UNANSWERED, left)
    return None


def claimed(state: State, owner: str, until: float) -> State:
    """Return the state once `owner` has taken the trial."""
    return replace(state, owner=owner, until=until)


def buried(state: State) -> State:
    """Return the state without a dead owner. Nobody knows what it did, so it counts; not before its end."""
    return replace(_missed(state, state.until), owner="", until=0.0)


def is_over(state: State, now: float) -> bool:
    """Return whether the owner is dead, even if two clocks differ by minutes."""
    return now > state.until + _SKEW_SECONDS


def released(state: State, owner: str) -> State:
    """Return the state without this owner's claim."""
    return replace(state, owner="", until=0.0) if state.owner == owner else state


def succeeded(state: State, owner: str, versions: Versions, now: float) -> State:
    """Return the state after a success of `owner`.

    Without the claim, others may have tried in the meantime: it says nothing against a later failure.
    """
    if state.owner != owner and state.missed > now:
        return state
    right = {versions.spent_by(Healing.NEW_PASSWORD), versions.spent_by(Healing.NEW_CLIENT_SECRET)}
    spent = tuple(pair for pair in state.spent if pair[0] not in right)
    return State(spent=spent, owner=state.owner, until=state.until)


def unanswered(state: State, versions: Versions, now: float) -> State:
    """Return the state after a password was sent and no verdict came: Entra may have counted it."""
    due = now + _TRIAL_SECONDS[Healing.TIME]
    return _missed(replace(state, refusal=UNANSWERED, versions=versions, due=due), now)


def refused(state: State, refusal: Refusal, versions: Versions, now: float, wait: float = 0.0) -> State:
    """Return the state after a refusal.

    Args:
        state: What was known before.
        refusal: What Entra said.
        versions: What was tried.
        now: When.
        wait: Seconds that Entra asks us to wait.
    """
    key = versions.spent_by(refusal.healing)
    # A secret that this sign-in has not cannot be mended by a new version of it.
    seconds = None if key else _TRIAL_SECONDS.get(refusal.healing, _TRIAL_SECONDS[Healing.SOMEBODY_ACTS])
    due = None if seconds is None else now + min(max(seconds, wait), _LONGEST_WAIT)
    told = replace(state, refusal=refusal, versions=versions, due=due)
    if refusal.healing is Healing.TIME:
        return told
    others = tuple(pair for pair in state.spent if pair[0] != key)
    spent = (*others, (key, refusal.number)) if key else others
    return replace(_missed(told, now), spent=spent[-_MOST_SPENT:])


def _healed(state: State, versions: Versions) -> bool:
    """Return whether another version may end the refusal; a lock and a fault end by time alone."""
    by_version = state.refusal is None or state.refusal.healing is Healing.SOMEBODY_ACTS
    return by_version and state.versions != versions


def _left(moment: float, now: float) -> float:
    left = moment - now
    return 0.0 if left > _LONGEST_WAIT + _SKEW_SECONDS else left


def _missed(state: State, now: float) -> State:
    return replace(state, misses=state.misses + 1, missed=max(state.missed, now))
