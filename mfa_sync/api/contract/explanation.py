"""What explain answers about one user: types alone."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mfa_sync.api.contract.answers import Time
from shared.outcome import Outcome
from shared.row_result import CodeWord, Masked, NoteWord
from shared.tenant import Kind


class Explained(msgspec.Struct, frozen=True, rename="camel"):
    """The user, as the directory has it."""

    id: str
    user_principal_name: str
    account_enabled: bool | None
    guest: bool
    synced_from_active_directory: bool
    usage_location: str | None
    source_synced_at: str | None


class Attribute(msgspec.Struct, frozen=True, rename="camel"):
    """extensionAttribute15, and as which number it is read; `reason` says why it is none."""

    state: Literal["notReturned", "empty", "invalid", "number"]
    read_as: Masked | None
    reason: str | UnsetType = UNSET


class MobileMethod(msgspec.Struct, frozen=True, rename="camel"):
    """The registered mobile phone."""

    phone: Masked | None
    masked_by_graph: bool | None
    alternate_mobile: bool


class LastWrite(msgspec.Struct, frozen=True):
    """What is remembered of our last write."""

    state: Literal["confirmed", "pending", "unreadable"]
    at: Time | UnsetType = UNSET
    kind: Kind | UnsetType | None = UNSET
    run: str | UnsetType | None = UNSET
    source: str | UnsetType | None = UNSET


class Explanation(msgspec.Struct, frozen=True, rename="camel"):
    """What is there, what would happen, and which rule or setting decides."""

    user: Explained | None
    attribute: Attribute | None
    mobile_method: MobileMethod | None
    would_be: Outcome
    action: Kind | None
    decided_by: Annotated[str, Meta(description="The rule or setting.")]
    code: CodeWord | None
    detail: str | None
    notes: list[NoteWord]
    last_write: LastWrite | None
