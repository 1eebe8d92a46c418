"""What the doctor is asked, and answers."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from mfa_sync.api.contract.rows import parse_object
from mfa_sync.doctor.verdict import State

NoNumber = Annotated[str, Meta(description="Holds no secret and no number.")]


class CheckResult(msgspec.Struct, frozen=True):
    """One check: what was found, what that means, and what a person does about it."""

    name: str
    state: State
    found: NoNumber
    means: NoNumber
    remedy: Annotated[str, Meta(description="Empty where there is nothing to do.")]
    source: Annotated[str, Meta(description="Where the rule comes from.")]


class Diagnosis(msgspec.Struct, frozen=True):
    """What the app found out about its tenant."""

    verdict: Annotated[State, Meta(description="The worst of the checks; unknown is no fault.")]
    seconds: Annotated[float, Meta(ge=0, description="How long it took.")]
    checks: list[CheckResult]


def parse_wish(body: bytes, content_type: str | None) -> bool:
    """Return whether the canary's probes are asked for: `{"canary": true | false}`, or no body.

    Raises:
        RequestError: 400, 413, 415 or 422.
    """
    if not body:
        return False
    given = parse_object(body, content_type, ("canary",))
    canary = given.values.get("canary", False)
    if not isinstance(canary, bool):
        given.fault("/canary", "Must be true or false.")
    given.stop()
    return canary is True
