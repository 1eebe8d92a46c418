"""A sign-in with stored secrets: sent once at a time over all workers, and only when the brake lets it."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Protocol

from mfa_sync.sign_in.entra import Granted, NotSent, Refused, Unanswered
from mfa_sync.telemetry.events import Event, record
from shared.errors import PermanentError, Problem, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mfa_sync.sign_in.brake import Brake, Hold, Versions
    from mfa_sync.sign_in.entra import Ending

_LOG = logging.getLogger(__name__)
_RETRY_SECONDS = 30


class Credentials(Protocol):
    """What a sign-in needs."""

    @property
    def versions(self) -> Versions:
        """Which versions of the secrets these are."""
        ...


class CredentialSource[C: Credentials](Protocol):
    """Where they come from."""

    async def read(self, *, fresh: bool) -> C:
        """Return those of the moment, from the vault itself if `fresh`."""
        ...


class BrakedSignIn[C: Credentials]:
    """Tries credentials under the brake."""

    def __init__(self, brake: Brake, source: CredentialSource[C]) -> None:
        self._brake = brake
        self._source = source

    async def sign_in(self, given: C, send: Callable[[C], Ending]) -> tuple[Granted, C]:
        """Return Entra's answer with a token in it, and the credentials that earned it.

        Args:
            given: What to try; the vault's newer versions take its place where these are refused.
            send: Sends credentials, once. Blocks.

        Raises:
            PermanentError: Entra refuses, or the vault refuses us.
            TransientError: Entra or the vault cannot be reached, or another worker's sign-in does not end.
        """
        while True:
            hold = await self._brake.enter(given.versions)
            if hold:
                given = await self._newer(given.versions, hold)
                continue
            ending = await self._try(given, send)
            if isinstance(ending, Granted):
                return ending, given
            if isinstance(ending, NotSent | Unanswered):
                raise unreachable(ending)

    async def _newer(self, refused: Versions, hold: Hold) -> C:
        """Return other versions of the secrets, if the vault has any: looked up once a minute.

        Raises:
            PermanentError, TransientError: What the brake holds for.
        """
        if hold.heals_by_version and self._brake.may_look_up():
            latest = await self._source.read(fresh=True)
            if latest.versions != refused:
                return latest
        raise _stopped(hold)

    async def _try(self, given: C, send: Callable[[C], Ending]) -> Ending:
        """Send once, and tell the brake how it ended, whatever happens."""
        try:
            ending = await asyncio.to_thread(send, given)
        except Exception:
            await self._brake.unanswered(given.versions)
            raise
        match ending:
            case Granted():
                await self._brake.succeeded(given.versions)
            case Refused(refusal, wait):
                await self._brake.refused(refusal, given.versions, wait)
                if refusal.healing.needs_nobody:
                    record(_LOG, logging.WARNING, Event.SIGN_IN_DELAYED, aadsts=refusal.number or None)
                else:
                    record(
                        _LOG,
                        logging.ERROR,
                        Event.SIGN_IN_REFUSED,
                        aadsts=refusal.number or None,
                        remedy=refusal.remedy,
                    )
            case Unanswered():
                await self._brake.unanswered(given.versions)
            case NotSent():
                await self._brake.withdrew()
        return ending


def unreachable(ending: NotSent | Unanswered) -> TransientError:
    """Return what it means that Entra gave no verdict."""
    what = "could not be reached" if isinstance(ending, NotSent) else "gave no verdict"
    return TransientError(
        Problem.SIGN_IN_UNAVAILABLE, f"Entra's sign-in {what} ({ending.why}).", retry_after=_RETRY_SECONDS
    )


def _stopped(hold: Hold) -> PermanentError | TransientError:
    refusal = hold.refusal
    meaning = refusal.meaning
    detail = (
        f"AADSTS{refusal.number}: {meaning}." if refusal.number else f"{meaning[0].upper()}{meaning[1:]}."
    )
    if refusal.healing.needs_nobody:
        wait = max(hold.seconds or 0.0, 1.0)
        return TransientError(Problem.SIGN_IN_UNAVAILABLE, detail, retry_after=wait, remedy=refusal.remedy)
    if hold.seconds is not None:
        detail += f" Tried again in {math.ceil(hold.seconds / 60)} minutes at the earliest."
    return PermanentError(
        Problem.SIGN_IN_REFUSED, detail, remedy=refusal.remedy, aadsts=refusal.number or None
    )
