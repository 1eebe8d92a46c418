"""What a write's 400 means, told from codes and texts that nobody publishes."""

from __future__ import annotations

import pytest

from mfa_sync.graph.phone_methods import fate_of
from mfa_sync.graph.reply import Reply
from shared.tenant import Fate

LONG = "method " * 100_000


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        ({"code": "badRequest", "message": "A phone method of this type already exists."}, Fate.EXISTS),
        ({"code": "badRequest", "message": "Already registered: a number of that\ntype."}, Fate.EXISTS),
        ({"code": "phoneMethodAlreadyExists"}, Fate.EXISTS),
        ({"code": "badRequest", "innerError": {"message": "The type is already there."}}, Fate.EXISTS),
        (
            {"code": "badRequest", "message": "The method's number already belongs to another user."},
            Fate.REJECTED,
        ),
        ({"code": "badRequest", "message": "Invalid phone number."}, Fate.BAD_NUMBER),
        ({"code": "invalidPhoneNumber"}, Fate.BAD_NUMBER),
        ({"code": "badRequest", "message": "The phone number is not in the format +{…}."}, Fate.BAD_NUMBER),
        (
            {"code": "badRequest", "message": "Invalid number: this type of phone already exists."},
            Fate.EXISTS,
        ),
        ({"code": "badRequest", "message": "Bad request."}, Fate.REJECTED),
        ({"code": "badRequest", "message": LONG}, Fate.REJECTED),
        ({"code": 7, "message": None}, Fate.REJECTED),
    ],
)
def test_a_bad_request_means_what_its_text_says(error: dict[str, object], fate: Fate) -> None:
    """What is not known stays open; where both would fit, the patient one is right."""
    assert fate_of(Reply(400, {"error": error})).fate is fate


@pytest.mark.parametrize("body", [None, {}, {"error": "already of this type"}, []])
def test_a_bad_request_without_an_error_stays_open(body: object) -> None:
    """A front door's answer says nothing of phones."""
    assert fate_of(Reply(400, body)).fate is Fate.REJECTED
