"""What all workers together know of the sign-in, and what follows from it. Pure: no clock, no storage.

The rules (docs/sign-in.md):

- A password, or a client secret, that was refused is never tried again in that version.
- Any other permanent refusal allows one trial in ten minutes; a locked account, one in thirty.
- A service that failed is asked again after seconds.
- A trial whose result nobody saw counts as if it had been refused. After three trials in a row that gave no
  token, whatever the versions, there is one in ten minutes.
- Two passwords that Entra may have counted as wrong, and the next one leaves forty minutes after the first.

So Entra never counts a third failure within half an hour: US Government locks at three, the others at ten.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from mfa_sync.sign_in.aadsts import UNANSWERED, Healing, Refusal, recalled

_TRIAL_SECONDS: Final = {
    Healing.SOMEBODY_ACTS: 600.0,
    Healing.LOCK_ENDS: 1800.0,
    Healing.MINUTES_LATER: 600.0,
    Healing.SECONDS_LATER: 10.0,
}
_PACE_SECONDS: Final = 600.0
_LONGEST_WAIT: Final = 3600.0
# Times come from the clocks of other machines: hours ahead is no time, but a clock that was wrong.
_SKEW_SECONDS: Final = 300.0
_MOST_REFUSED: Final = 16
# So many trials in a row may fail before they are paced.
_FREE_TRIALS: Final = 3
_MOST_COUNTED: Final = 2
# The half hour that the severest policy looks back, and two clocks that are wrong.
_COUNTED_SECONDS: Final = 1800.0 + 2 * _SKEW_SECONDS


@dataclass(frozen=True, slots=True)
class Versions:
    """Which versions of the secrets a sign-in uses; empty for those that it does without."""

    username: str = ""
    password: str = ""
    client_secret: str = ""

    def refused_by(self, healing: Healing) -> str | None:
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
        refused_versions: What was proved wrong for good, and the AADSTS number that did so, oldest first.
        failures: Trials in a row that gave no token, those included whose result nobody saw.
        failed_at: When the last of them ended.
        counted: When the last two ended that Entra may have counted as a wrong password, oldest first.
        owner: Who signs in just now; empty: nobody.
        claimed_until: When the owner is done, or dead.
    """

    refusal: Refusal | None = None
    versions: Versions | None = None
    due: float | None = None
    refused_versions: tuple[tuple[str, int], ...] = ()
    failures: int = 0
    failed_at: float = 0.0
    counted: tuple[float, ...] = ()
    owner: str = ""
    claimed_until: float = 0.0


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


def judge(state: State, versions: Versions, now: float, free_trials: int = _FREE_TRIALS) -> Hold | None:
    """Return why a sign-in with these versions may not be tried at `now`; None if it may."""
    wrong = dict(state.refused_versions)
    for healing in (Healing.NEW_PASSWORD, Healing.NEW_CLIENT_SECRET):
        number = wrong.get(versions.refused_by(healing) or "")
        if number is not None:
            return Hold(recalled(number, healing), None)
    if state.refusal and state.due is not None:
        # A lock and a fault end by time alone.
        is_healed = state.refusal.healing is Healing.SOMEBODY_ACTS and state.versions != versions
        left = _left(state.due, now)
        if left > 0 and not is_healed:
            return Hold(state.refusal, left)
    if versions.password and len(state.counted) == _MOST_COUNTED:
        left = _left(state.counted[0] + _COUNTED_SECONDS, now)
        if left > 0:
            return Hold(_in_the_way(state, versions), left)
    left = _left(state.failed_at + _PACE_SECONDS, now)
    if state.failures >= free_trials and left > 0:
        return Hold(_in_the_way(state, versions), left)
    return None


def _in_the_way(state: State, versions: Versions) -> Refusal:
    """Return what a trial waits for: the refusal of other versions says nothing of these."""
    if state.refusal is None or state.versions == versions:
        return state.refusal or UNANSWERED
    number = f"AADSTS{state.refusal.number}, " if state.refusal.number else ""
    meaning = f"the secrets stored now wait for their trial (the last one: {number}{state.refusal.meaning})"
    return replace(UNANSWERED, meaning=meaning)


def claimed(state: State, owner: str, until: float) -> State:
    """Return the state once `owner` has taken the trial."""
    return replace(state, owner=owner, claimed_until=until)


def owner_presumed_dead(state: State) -> State:
    """Return the state without its owner. Nobody knows what it did, so it counts, from its claim's end."""
    return replace(_failed(state, state.claimed_until), owner="", claimed_until=0.0)


def is_claim_over(state: State, now: float) -> bool:
    """Return whether the owner is dead, even if two clocks differ by minutes."""
    return now > state.claimed_until + _SKEW_SECONDS


def released(state: State, owner: str) -> State:
    """Return the state without this owner's claim."""
    return replace(state, owner="", claimed_until=0.0) if state.owner == owner else state


def succeeded(state: State, owner: str, versions: Versions, now: float) -> State:
    """Return the state after a success of `owner`.

    Without the claim, others may have tried in the meantime: it says nothing against a later failure.
    """
    if state.owner != owner and state.failed_at > now:
        return state
    right = {versions.refused_by(Healing.NEW_PASSWORD), versions.refused_by(Healing.NEW_CLIENT_SECRET)}
    wrong = tuple(pair for pair in state.refused_versions if pair[0] not in right)
    return State(refused_versions=wrong, owner=state.owner, claimed_until=state.claimed_until)


def unanswered(state: State, versions: Versions, now: float) -> State:
    """Return the state after a password was sent and no verdict came: Entra may have counted it."""
    due = now + _TRIAL_SECONDS[Healing.SECONDS_LATER]
    return _failed(replace(state, refusal=UNANSWERED, versions=versions, due=due), now)


def refused(state: State, refusal: Refusal, versions: Versions, now: float, wait: float = 0.0) -> State:
    """Return the state after a refusal.

    Args:
        state: What was known before.
        refusal: What Entra said.
        versions: What was tried.
        now: When.
        wait: Seconds that Entra asks us to wait.
    """
    key = versions.refused_by(refusal.healing)
    # A secret that this sign-in has not cannot be mended by a new version of it.
    seconds = None if key else _TRIAL_SECONDS.get(refusal.healing, _TRIAL_SECONDS[Healing.SOMEBODY_ACTS])
    due = None if seconds is None else now + min(max(seconds, wait), _LONGEST_WAIT)
    after = replace(state, refusal=refusal, versions=versions, due=due)
    if refusal.healing is Healing.SECONDS_LATER:
        return after
    wrong = tuple(pair for pair in state.refused_versions if pair[0] != key)
    if key:
        wrong = (*wrong, (key, refusal.number))
    failed = _failed(after, now, counts=refusal.may_be_counted)
    return replace(failed, refused_versions=wrong[-_MOST_REFUSED:])


def _left(moment: float, now: float) -> float:
    """Return the seconds until a moment; zero or less: it is past."""
    left = moment - now
    return 0.0 if left > _LONGEST_WAIT + _SKEW_SECONDS else left


def _failed(state: State, now: float, *, counts: bool = True) -> State:
    counted = tuple(sorted((*state.counted, now)))[-_MOST_COUNTED:] if counts else state.counted
    failed_at = max(state.failed_at, now)
    return replace(state, failures=state.failures + 1, failed_at=failed_at, counted=counted)
