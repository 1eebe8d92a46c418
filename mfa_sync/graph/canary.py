"""What is tried on the canary: its mobile phone is written with an extension, looked at, and written back.

The number with an extension is still nobody else's. Each try is one call, at the pace of all others; nothing
is repeated but the way back. Source of the two methods' ids: Graph "phoneAuthenticationMethod".
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NamedTuple

from mfa_sync.graph.batch import SIZE, post_once
from mfa_sync.graph.client import GraphClient, Request
from mfa_sync.graph.pace import SHARE_HEADER, Service, share_of
from mfa_sync.graph.phone_methods import MOBILE_ID, phone_methods_path, signature_of
from mfa_sync.graph.reply import Reply, unreachable
from shared.clock import Deadline
from shared.errors import PermanentError, Problem, SyncError
from shared.phone_number import ObservedNumber, PhoneNumber

_ALTERNATE_ID = "b6332ec1-7057-4abe-9331-3d72feddfe41"
_NO_NUMBER = "+46 1"
# Seconds after the write at which is looked.
_LOOKS = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0)
# What the way back must have left of the call's time.
WAY_BACK_SECONDS = 20.0
_ROUNDS, _AT_ONCE = 2, 5
_WINDOW_SECONDS = 10.0
_RETRY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Shown:
    """The canary's phones as Graph shows them; whole numbers do not show in a repr."""

    mobile: ObservedNumber | None
    alternate: ObservedNumber | None


class Refused(NamedTuple):
    """How two wrong writes were refused, and what that looks like; and how a delete of nothing was."""

    exists: int | None
    exists_signature: str
    bad_number: int | None
    bad_number_signature: str
    absent: int | None


class Rate(NamedTuple):
    """What a burst of reads came to.

    Attributes:
        taken: How many reads were answered.
        refused: How many were throttled.
        seconds: How long it took.
        limit: How many fit into ten seconds, where that showed.
        says_wait: Whether a refusal said how long to wait.
    """

    taken: int
    refused: int
    seconds: float
    limit: float | None
    says_wait: bool


@dataclass(slots=True)
class Canary:
    """Tries on one account, within one call's deadline."""

    client: GraphClient
    user_id: str
    number: PhoneNumber = field(repr=False)
    deadline: Deadline

    async def shown(self) -> Shown:
        """Return the phones that are registered.

        Raises:
            SyncError: They cannot be read.
        """
        reply = await self._send("GET", "")
        methods = reply.objects()
        if methods is None:
            raise _refused(reply, "the canary's phones")
        by_type = {one.get("phoneType"): ObservedNumber(str(one.get("phoneNumber") or "")) for one in methods}
        return Shown(by_type.get("mobile"), by_type.get("alternateMobile"))

    async def disturb(self) -> Reply:
        """Write the number with an extension, and return Graph's answer."""
        return await self._send("PATCH", MOBILE_ID, _phone(f"{self.number.reveal()}x1", "mobile"))

    async def lag(self, before: ObservedNumber) -> tuple[float | None, float]:
        """Return after how many seconds a read shows another number than before, and how long was looked.

        None: none did in that time.
        """
        clock = self.deadline.clock
        began = clock.monotonic()
        for at in _LOOKS:
            wait = at - (clock.monotonic() - began)
            if self.deadline.remaining() - max(wait, 0) < WAY_BACK_SECONDS:
                break
            if wait > 0:
                await clock.sleep(wait)
            mobile = (await self.shown()).mobile
            if mobile and mobile.bare() != before.bare():
                return clock.monotonic() - began, clock.monotonic() - began
        return None, clock.monotonic() - began

    async def refusals(self) -> Refused:
        """Create what is there, and what is no number; delete what is not there.

        Only for an account without an alternate mobile phone.
        """
        exists = await self._send("POST", "", _phone(self.number.reveal(), "mobile"))
        bad = await self._send("POST", "", _phone(_NO_NUMBER, "alternateMobile"))
        absent = await self._send("DELETE", _ALTERNATE_ID)
        return Refused(
            exists.status,
            signature_of(exists.error_texts()),
            bad.status,
            signature_of(bad.error_texts()),
            absent.status,
        )

    async def put_back(self) -> None:
        """Write the number as the attribute has it, and take away what was no number and taken all the same.

        Raises:
            SyncError: It could not be done in time: the same at the next call.
        """
        await self._until_done("PATCH", MOBILE_ID, _phone(self.number.reveal(), "mobile"))
        alternate = (await self.shown()).alternate
        if alternate and len(alternate.bare()) <= len(ObservedNumber(_NO_NUMBER).bare()):
            await self._until_done("DELETE", _ALTERNATE_ID)

    async def _until_done(self, method: str, method_id: str, body: dict[str, str] | None = None) -> None:
        """Write, again as long as Graph asks us to come later and time allows."""
        while not (reply := await self._send(method, method_id, body)).is_success:
            wait = max(reply.retry_after or 0, _RETRY_SECONDS)
            if not reply.is_for_later or self.deadline.remaining() <= wait:
                raise _refused(reply, "the canary's phone to be put right")
            await self.deadline.clock.sleep(wait)

    async def rate(self) -> Rate:
        """Read the phones two hundred times in two bursts, and stop at the first refusal."""
        asked = [Request("GET", phone_methods_path(self.user_id))] * SIZE
        # What was found out before would pace what is to correct it.
        self.client.pace.expect(Service.METHODS, None)
        clock, taken = self.deadline.clock, 0
        began = clock.monotonic()
        shares: list[float] = []
        refused: list[Reply] = []
        for _ in range(_ROUNDS):
            calls = await asyncio.gather(
                *(post_once(self.client, asked, self.deadline) for _ in range(_AT_ONCE))
            )
            replies = [one for call in calls if not isinstance(call, SyncError) for one in call]
            taken += sum(one.status == HTTPStatus.OK for one in replies)
            refused = [one for one in replies if one.status == HTTPStatus.TOO_MANY_REQUESTS]
            shares += filter(None, (share_of(one.headers.get(SHARE_HEADER)) for one in replies))
            if refused or shares or clock.monotonic() - began > _WINDOW_SECONDS:
                break
        seconds = clock.monotonic() - began
        limit = None
        # A few refusals come far below every limit: they say "wait", and teach no rate.
        is_full = 2 * len(refused) > SIZE * _AT_ONCE
        if seconds <= _WINDOW_SECONDS and (is_full or (shares and not refused)):
            limit = float(taken) if is_full else taken / max(shares)
        says_wait = any(one.retry_after for one in refused)
        return Rate(taken, len(refused), seconds, limit, says_wait)

    async def _send(self, method: str, method_id: str, body: dict[str, str] | None = None) -> Reply:
        path = phone_methods_path(self.user_id) + (f"/{method_id}" if method_id else "")
        return await self.client.send(Request(method, path, body), self.deadline)


def _phone(number: str, kind: str) -> dict[str, str]:
    return {"phoneNumber": number, "phoneType": kind}


def _refused(reply: Reply, what: str) -> SyncError:
    if reply.is_for_later:
        return unreachable(reply)
    return PermanentError(
        Problem.GRAPH_REFUSED,
        f"Graph does not allow {what}: {reply.describe()}.",
        remedy="See right.phones and roles; a restricted management unit refuses so too.",
    )
