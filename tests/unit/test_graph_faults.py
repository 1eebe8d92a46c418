"""What is read out of Graph's errors: its code and request id, and never its text."""

from __future__ import annotations

import pytest

from mfa_sync.graph.reply import Reply

REQUEST_ID = "8f3c7d1e-2b4a-4c5d-9e6f-0a1b2c3d4e5f"


@pytest.mark.parametrize("spelling", ["innerError", "innererror"])
@pytest.mark.parametrize("code", ["accessDenied", "Authorization_RequestDenied", "badRequest"])
def test_trap_10_code_and_request_id_are_found_in_every_services_error(code: str, spelling: str) -> None:
    """The directory and the authentication methods name the same refusal differently."""
    error = {"code": code, "message": "Anna's number", spelling: {"request-id": REQUEST_ID}}
    assert Reply(403, {"error": error}).reference() == f"{code}, request-id {REQUEST_ID}"


@pytest.mark.parametrize("inner", [None, "text", ["list"], 7])
def test_an_error_of_another_shape_is_told_by_its_status(inner: object) -> None:
    """A front door may answer in a service's place."""
    assert Reply(403, {"error": {"innerError": inner}}).reference() == "status 403"
