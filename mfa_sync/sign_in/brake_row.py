"""The brake's state as a row of the table: versions of secrets, a number, times; never a secret or a name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mfa_sync.sign_in.aadsts import Healing, recalled
from mfa_sync.sign_in.brake_rules import State, Versions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mfa_sync.sign_in.aadsts import Refusal
    from mfa_sync.storage.table import Value

_FORMAT = 1


def to_columns(state: State) -> dict[str, Value]:
    """Return the row's columns."""
    columns: dict[str, Value] = {
        "v": _FORMAT,
        "spent": json.dumps(state.spent),
        "misses": state.misses,
        "missed": state.missed,
        "owner": state.owner,
        "until": state.until,
    }
    if state.refusal:
        columns |= {"aadsts": state.refusal.number, "healing": state.refusal.healing.value}
    if state.versions:
        columns |= {
            "username": state.versions.username,
            "password": state.versions.password,
            "clientSecret": state.versions.client_secret,
        }
    return columns if state.due is None else columns | {"due": state.due}


def from_columns(columns: Mapping[str, Value]) -> State:
    """Return the state that a row holds.

    Raises:
        ValueError: Another release wrote it, and in another format.
    """
    if columns.get("v") != _FORMAT:
        raise ValueError("the brake's row has another format")
    try:
        spent = json.loads(str(columns["spent"]))
        return State(
            refusal=_refusal(columns),
            versions=_versions(columns),
            due=float(columns["due"]) if "due" in columns else None,
            spent=tuple((str(name), int(number)) for name, number in spent),
            misses=int(columns["misses"]),
            missed=float(columns["missed"]),
            owner=str(columns["owner"]),
            until=float(columns["until"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("the brake's row cannot be read") from error


def _refusal(columns: Mapping[str, Value]) -> Refusal | None:
    if "aadsts" not in columns:
        return None
    return recalled(int(columns["aadsts"]), Healing(columns["healing"]))


def _versions(columns: Mapping[str, Value]) -> Versions | None:
    if "password" not in columns:
        return None
    return Versions(str(columns["username"]), str(columns["password"]), str(columns["clientSecret"]))
