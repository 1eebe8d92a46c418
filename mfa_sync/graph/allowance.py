"""How many items one service of Graph takes in ten seconds, as far as it has let us know. Pure.

Three signs: the share of the limit that an answer says is used (0.8 to 1.8, sent above 0.8 alone); its
absence from a service that sends shares; and a refusal, by what was taken until then. A refusal alone says
"wait", and nothing of a limit: Graph refuses below all limits too, when it is in trouble. So it teaches only
where our traffic can have been the cause. Source of the ten seconds and of the 0.8: Graph's "Throttling
limits" page.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

_WINDOW_SECONDS = 10.0
_SHOWN_FROM = 0.8
# A share is rounded, so what follows from it may be a call too many. Then a refusal shows exactly how much
# was taken, and that is not exceeded for so long: unless it is so far from the share that others took part.
_CEILING_SECONDS = 60.0
_ROUNDED = 0.05
# Calls take differently long to arrive, so one may count a little longer than our clock says: by this and
# twice what their durations usually differ by.
_EDGE_SECONDS = 0.02
# Up to this share of the limit nothing is slowed: a push that is small beside the limit never waits. What
# such a burst leaves behind evens out from window to window.
_FREE_SHARE = 0.5
# Above it calls leave evenly, at this share of the limit; a delay is caught up this far.
_PACE_SHARE = 0.98
_CATCH_UP_SECONDS = 0.5
# Of what a new share says: one sample is off by a call at each end of the window.
_WEIGHT = 0.2
# A service that sends no shares: step back after a refusal, be where it refused after so long, then try more
# and ever more (the cubic of RFC 9438, by which TCP looks for room).
_STEP_BACK = 0.05
_RETURN_SECONDS = 30.0
_FORGET_SECONDS = 600.0
_CONFIRMED_WITHIN_SECONDS = 120.0
# Without a belief refusals are our volume's if they are no handful, and most of what was answered last: a
# bucket that is full takes nothing more. With a belief, if we were as near to it as this.
_HANDFUL = 10
_LAST_ITEMS = 40
_FULL_SHARE = 0.5
_NEAR_SHARE = 0.9


@dataclass(slots=True)
class Sent:
    """Items of one call to one service.

    Attributes:
        at: When they left.
        items: How many.
        used: How many had left in the ten seconds until then, these included.
        refused: How many were refused.
    """

    at: float
    items: int
    used: int = 0
    refused: int = 0


class Allowance:
    """What was sent to one service lately, and when more may follow. Times are monotonic seconds.

    `published` is the service's limit of items in ten seconds where its documentation names one, or one was
    found out. Below `floor` refusals teach nothing: no limit is that small, so it was not our volume.
    """

    def __init__(self, published: float | None = None, floor: int = 0) -> None:
        self._published = published
        self._floor = floor
        self._sent: deque[Sent] = deque()
        self._total = 0
        self._answered: deque[Sent] = deque()
        self._limit: float | None = None
        self._largest = 1
        self._has_shares = False
        self._is_confirmed = False
        self._sign_at = -math.inf
        self._ceiling = math.inf
        self._ceiling_at = 0.0
        self._next_at = 0.0
        self._duration: float | None = None
        self._edge = _EDGE_SECONDS

    def expect(self, published: float | None) -> None:
        """Take another limit to start with."""
        self._published = published

    def limit(self, now: float) -> float | None:
        """Return how many items are believed to fit into ten seconds; None while nothing is known."""
        quiet = now - self._sign_at
        if self._limit is None or quiet > _FORGET_SECONDS:
            return None
        if not self._has_shares and not self._is_confirmed and quiet > _WINDOW_SECONDS:
            return None
        if self._has_shares:
            holds = now - self._ceiling_at <= _CEILING_SECONDS
            return min(self._limit, self._ceiling) if holds else self._limit
        return max(self._limit * (1 + _STEP_BACK * (quiet / _RETURN_SECONDS - 1) ** 3), self._floor)

    def wait(self, items: int, now: float) -> float:
        """Return the seconds until `items` may leave; zero or less: at once."""
        limit = self._binding_limit(items, now)
        if limit is not None:
            return max(self._until_room(max(limit - items, 0), now), self._next_at - now)
        return 0.0 if self._published is None else self._until_room(max(self._published - items, 0), now)

    def take(self, items: int, now: float) -> Sent:
        """Count `items` that leave now, and return what they are remembered by."""
        limit = self._binding_limit(items, now)
        if limit is None:
            self._next_at = now
        else:
            start = max(self._next_at, now - _CATCH_UP_SECONDS)
            self._next_at = start + items * _WINDOW_SECONDS / (limit * _PACE_SHARE)
        self._largest = max(self._largest, items)
        sent = Sent(now, items)
        self._sent.append(sent)
        self._total += items
        sent.used = self._used(now)
        return sent

    def shown(self, sent: Sent, share: float, refused: int, now: float) -> None:
        """Learn from the share of the limit that an answer names. Others' calls are in it: we make room.

        Args:
            sent: The call.
            share: What its answer names.
            refused: How many of its items were refused nevertheless.
            now: When we learn of it.
        """
        self._measure(now - sent.at)
        self._note(sent)
        self._has_shares, self._sign_at = True, now
        self._approach(sent.used / share)
        if refused:
            sent.refused = refused
            taken = self._taken(sent)
            if self._limit is not None and abs(taken - self._limit) <= self._limit * _ROUNDED:
                self._ceiling, self._ceiling_at = max(taken, self._largest), now

    def answered(self, sent: Sent, now: float) -> None:
        """Learn from an answer without any sign: where shares are sent, less than 0.8 was used."""
        self._measure(now - sent.at)
        self._note(sent)
        if self._has_shares and self._limit is not None and sent.used > self._limit * _SHOWN_FROM:
            self._approach(sent.used / _SHOWN_FROM)

    def refused(self, sent: Sent, items: int, now: float) -> None:
        """Learn from a refusal that names no share, if our traffic can have been its cause.

        Args:
            sent: The call.
            items: How many of its items were refused.
            now: When we learn of it.
        """
        sent.refused = items
        self._note(sent)
        if not self._is_our_volume(sent, now):
            return
        taken = self._taken(sent)
        if taken <= 0:
            # Nothing was taken for ten seconds, so it is not our volume that is refused: no limit is shown.
            self._limit = None
            return
        # What left before the last sign is its echo.
        is_news = sent.at > self._sign_at
        # One refusal shows a limit for the window it fell into; a second one soon after confirms it.
        if is_news:
            self._is_confirmed = not self._has_shares and now - self._sign_at < _CONFIRMED_WITHIN_SECONDS
        known = self._limit if not is_news else None
        self._limit = max(taken if known is None else min(taken, known), self._largest, self._floor)
        self._has_shares, self._sign_at = False, now

    def _is_our_volume(self, sent: Sent, now: float) -> bool:
        """Return whether a refusal can mean a limit of the service: not below the floor, nor in between."""
        if sent.used < self._floor:
            return False
        if (limit := self.limit(now)) is not None and sent.used >= limit * _NEAR_SHARE:
            return True
        lately = [one for one in self._answered if one.at > sent.at - _WINDOW_SECONDS]
        refused = sum(one.refused for one in lately)
        return refused >= _HANDFUL and refused > _FULL_SHARE * sum(one.items for one in lately)

    def _note(self, answered: Sent) -> None:
        """Keep in mind how the last items ended."""
        self._answered.append(answered)
        while sum(one.items for one in self._answered) - self._answered[0].items >= _LAST_ITEMS:
            self._answered.popleft()

    def _taken(self, sent: Sent) -> int:
        """Return how many items were taken in the ten seconds until a call left, its own included."""
        return sum(
            one.items - one.refused for one in self._sent if sent.at - _WINDOW_SECONDS < one.at <= sent.at
        )

    def _measure(self, duration: float) -> None:
        """Smooth a call's duration and its variation, as RFC 6298 does for TCP."""
        if self._duration is None:
            self._duration = duration
        self._edge += (2 * abs(duration - self._duration) + _EDGE_SECONDS - self._edge) / 4
        self._duration += (duration - self._duration) / 8

    def _approach(self, sample: float) -> None:
        known = sample if self._limit is None else self._limit
        # A call that is larger than the limit still goes, alone in its window.
        self._limit = max(known + _WEIGHT * (sample - known), self._largest)

    def _binding_limit(self, items: int, now: float) -> float | None:
        """Return the limit if `items` more come near it."""
        limit = self.limit(now)
        self._forget_old(now)
        return limit if limit is not None and self._total + items > limit * _FREE_SHARE else None

    def _until_room(self, most: float, now: float) -> float:
        """Return the seconds until no more than `most` items count."""
        total, wait = self._total, 0.0
        for sent in self._sent:
            if total <= most:
                break
            total -= sent.items
            wait = sent.at + _WINDOW_SECONDS + self._edge - now
        return wait

    def _used(self, now: float) -> int:
        used = self._total
        for sent in self._sent:
            if sent.at > now - _WINDOW_SECONDS:
                break
            used -= sent.items
        return used

    def _forget_old(self, now: float) -> None:
        while self._sent and self._sent[0].at <= now - _WINDOW_SECONDS - self._edge:
            self._total -= self._sent.popleft().items
