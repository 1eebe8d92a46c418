"""Pushes that are signed, against an app that takes no others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.azurite import Azurite
from dev.functions_host import HostOptions
from dev.stack.local_stack import LocalStack
from dev.tenant import sample
from ops.cli.credentials import Secret
from ops.cli.signing import signature
from ops.cli.terminal import CommandError
from tests.cli.conftest import SETTINGS
from tests.cli.operator import SMOKE, USER, Operator


@pytest.fixture(scope="module")
def running(steady_azurite: Azurite) -> Iterator[LocalStack]:
    """The stack with SIGNED_REQUESTS=require."""
    settings = {**SETTINGS, "STATE_TABLE": "clisigned", "STATE_CONTAINER": "cli-signed"}
    settings["SIGNED_REQUESTS"] = "require"
    with LocalStack(settings, storage=steady_azurite, options=HostOptions(max_polling_seconds=0.1)) as stack:
        yield stack


def test_pushes_are_signed_each_anew(operator: Operator) -> None:
    """The trial, the write, and one that becomes a run: no id comes twice."""
    operator.set(SIGNING_KEY=sample.SIGNING_KEY)
    assert operator("push", "--user", USER).code == 0
    assert operator("push", "--user", USER, "--apply", typed="1 row\n").code == 0


def test_the_smoke_test_signs_too(operator: Operator) -> None:
    """Nothing of it fails where signatures are demanded."""
    operator.set(SIGNING_KEY=sample.SIGNING_KEY)
    seen = operator(*SMOKE)
    assert (seen.code, seen.lines["dry run"], seen.failed) == (0, "pass", set())


def test_without_the_key_it_is_said_what_is_missing(operator: Operator) -> None:
    """The app's own refusal names headers, which an operator does not send by hand."""
    seen = operator("push", "--user", USER)
    assert (seen.code, "signatureRefused" in seen.err) == (1, True)
    assert "MFA_SYNC_SIGNING_KEY" in seen.err


def test_other_calls_take_no_signature(operator: Operator) -> None:
    """Only a push does; with the key or without."""
    assert operator("explain", USER).code == 0
    assert operator("runs", "list").code == 0


@pytest.mark.parametrize("key", ["whsec_not-base64!", "whsec_abcde", "whsec_hemlig-å"])
def test_a_key_that_cannot_sign_is_not_quoted(key: str) -> None:
    """It is most of a key."""
    with pytest.raises(CommandError, match="MFA_SYNC_SIGNING_KEY: is no signing key") as error:
        signature(Secret.of(key, "MFA_SYNC_SIGNING_KEY"), b"[]")
    assert key[6:] not in f"{error.value}{error.value.remedy}"
