"""Signed pushes (SIGNED_REQUESTS=require): the handshake alone opens nothing, and no message counts twice.

Source: the Standard Webhooks specification, whose library says what is signed. Its own check is not used: it
reads the machine's clock, keeps no ids, and fails by errors of any kind where a header is malformed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from mfa_sync.api.contract.problems import RequestError
from mfa_sync.api.contract.rows import EMPTY
from mfa_sync.settings.settings import Settings
from mfa_sync.storage.table import LostRaceError, StorageDownError, Table, Write
from mfa_sync.telemetry.events import Event, record
from mfa_sync.vault.key_vault import KeyVault
from mfa_sync.vault.rotation import InForce, Rereading, in_force
from shared.clock import Clock, Deadline
from shared.errors import Problem, SettingsError, TransientError

WINDOW_SECONDS = 300
"""How far a message's time may lie from ours, both ways; the library's own tolerance."""

# Without full stops, which part what is signed, an id and a time cannot be read in two ways.
_ID = re.compile(r"[!-\-/-~]{1,256}")
_TIME = re.compile(r"[0-9]{1,11}")
_PREFIX, _LEAST_BYTES = "whsec_", 24
_PARTITION, _FORMAT = "signed", 1


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the headers say."""

    id: str
    at: int
    signatures: tuple[bytes, ...]


_NONE = _Claim("", 0, ())


class SignedRequests:
    """Takes each signed message once.

    Ids seen are kept in the storage, for all workers. While it is out of reach, this worker goes by what it
    has seen itself: the push goes on, since a call that comes again within five minutes writes what the
    directory says and nothing else, and without storage nothing is deleted. Where a row's own number is
    written (ALLOW_PAYLOAD_NUMBER=true) a former call could put a former number back: there it waits.
    """

    def __init__(self, vault: KeyVault, settings: Settings, table: Table, clock: Clock) -> None:
        self._vault = vault
        self._name = settings.secret_names.signing_key
        self._previous = settings.secret_names.signing_key_previous
        self._needs_storage = settings.policy.payload_number_wins
        self._table = table
        self._clock = clock
        self._keys = Rereading(self._read, clock)
        self._seen: dict[str, float] = {}

    async def check(self, headers: Mapping[str, str], body: bytes, deadline: Deadline) -> None:
        """Let a message through that is signed, young, and new.

        Missing, malformed and wrong headers get the same answer for the same work.

        Args:
            headers: The request's headers, looked up without case.
            body: The request's bytes, as they came.
            deadline: By when the call is to be answered.

        Raises:
            RequestError: 401, it is not signed; 409, its id has been seen.
            SettingsError: The vault holds no key that can sign.
            PermanentError, TransientError: The vault, or the storage where it is needed, is out of reach.
        """
        claim = _claim(headers)
        is_signed = await self._keys.accepts(partial(_is_signed, claim or _NONE, _text(body)), deadline)
        is_young = abs(self._clock.now().timestamp() - (claim or _NONE).at) <= WINDOW_SECONDS
        if not (claim and is_signed and is_young):
            record(Event.SIGNATURE_REFUSED, why="signature")
            raise RequestError(
                Problem.SIGNATURE_REFUSED,
                "The headers webhook-id, webhook-timestamp and webhook-signature do not hold a signature of "
                f"this body that is at most {WINDOW_SECONDS} seconds old." + ("" if body else f" {EMPTY}"),
            )
        await self._take(claim, deadline)

    async def purge(self) -> int:
        """Forget ids of messages that are too old to be taken anyway, and return how many."""
        now = self._clock.now().timestamp()
        rows = await self._table.range(_PARTITION, "0", "g")
        old = [row.key for row in rows if float(row.values["until"]) <= now]
        for key in old:
            await self._table.delete(_PARTITION, key)
        return len(old)

    async def _take(self, claim: _Claim, deadline: Deadline) -> None:
        """Note the id. It counts from now on, whatever becomes of the call."""
        now, until = self._clock.now().timestamp(), float(claim.at + WINDOW_SECONDS + 1)
        self._seen = {key: end for key, end in self._seen.items() if end > now}
        key = hashlib.sha256(claim.id.encode()).hexdigest()
        if key in self._seen:
            raise _replayed()
        self._seen[key] = until
        try:
            await deadline.within(
                self._table.put(_PARTITION, Write(key, {"v": _FORMAT, "until": until}, None)), goes_on=True
            )
        except LostRaceError:
            raise _replayed() from None
        except (StorageDownError, TimeoutError) as error:
            if self._needs_storage:
                del self._seen[key]
                raise TransientError(
                    Problem.STORAGE_UNAVAILABLE,
                    "The storage that tells whether a signed call comes again is out of reach.",
                    retry_after=30,
                    remedy="Sign the call anew and send it later.",
                ) from error
            record(Event.REPLAY_UNCHECKED, cause=type(error).__name__)

    async def _read(self, fresh: bool) -> InForce:  # noqa: FBT001  as `Rereading` calls it
        keys = await in_force(self._vault, self._clock, self._name, self._previous, fresh=fresh)
        for name, key in ((self._name, keys.current), (self._previous, keys.previous)):
            if key is not None and not _can_sign(key):
                raise SettingsError(
                    (f"the secret {name}: must be {_PREFIX} and at least {_LEAST_BYTES} bytes in base64",)
                )
        return keys


def _claim(headers: Mapping[str, str]) -> _Claim | None:
    """Return what the headers claim; None if one of them is missing or cannot be right."""
    message, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (_ID.fullmatch(message) and _TIME.fullmatch(at)):
        return None
    given = headers.get("webhook-signature", "").encode("utf-8", "surrogatepass")
    return _Claim(message, int(at), tuple(given.split(b" ")))


def _is_signed(claim: _Claim, text: str, keys: InForce) -> bool:
    """Return whether one of the signatures is by a key in force. Both keys always, as with handshakes."""
    from standardwebhooks import Webhook  # noqa: PLC0415  most tenants do without

    at = datetime.fromtimestamp(claim.at, UTC)
    found = False
    for key in (keys.current, keys.previous or keys.current):
        right = Webhook(key.strip()).sign(claim.id, at, text).encode()
        for one in claim.signatures:
            found |= hmac.compare_digest(right, one)
    return found


def _text(body: bytes) -> str:
    """Return the body as the library takes it. What is no UTF-8 cannot be signed by it, nor read later."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return "\ufffd"


def _can_sign(key: str) -> bool:
    try:
        return len(base64.b64decode(key.strip().removeprefix(_PREFIX), validate=True)) >= _LEAST_BYTES
    except (binascii.Error, ValueError):
        return False


def _replayed() -> RequestError:
    record(Event.SIGNATURE_REFUSED, why="replayed")
    return RequestError(
        Problem.REQUEST_REPLAYED,
        "A call with this webhook-id has come before. Sign each call anew, also one that is sent again.",
    )
