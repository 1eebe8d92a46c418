"""What stops everything: Key Vault, the managed identity and Graph refusing us, or not answering."""

from __future__ import annotations

from typing import Any

import pytest

from dev.tenant import sample
from shared.clock import Deadline
from shared.errors import PermanentError, Problem, SyncError, TransientError
from tests.wire.bench import Bench
from tests.wire.stopping import stopped
from tests.wire.twisting import twisting

ONE = "+46701740611"


@pytest.mark.parametrize(
    ("switches", "kind", "code"),
    [
        ({"vault": "rbac"}, PermanentError, Problem.VAULT_REFUSED),
        ({"vault": "firewall"}, PermanentError, Problem.VAULT_REFUSED),
        ({"vault": "throttled"}, TransientError, Problem.VAULT_UNAVAILABLE),
        ({"vault": "unavailable"}, TransientError, Problem.VAULT_UNAVAILABLE),
        ({"identity": "absent"}, PermanentError, Problem.VAULT_REFUSED),
        ({"token_status": 503}, TransientError, Problem.SIGN_IN_UNAVAILABLE),
    ],
)
async def test_a_service_that_fails_is_one_clear_problem(
    bench: Bench, switches: dict[str, Any], kind: type[SyncError], code: Problem
) -> None:
    """Nothing is written, and the problem tells who failed."""
    bench.control.switch(**switches)
    error = await stopped(bench)
    assert (type(error), error.code) == (kind, code)


async def test_a_missing_a_disabled_and_an_empty_secret_are_named(bench: Bench) -> None:
    """The remedy begins with the secret's name."""
    bench.control.patch_secret("mfa-sync-password", enabled=False)
    assert "mfa-sync-password" in (await stopped(bench)).detail
    bench.configure()
    bench.control.remove_secret("mfa-sync-username")
    assert "mfa-sync-username" in (await stopped(bench)).detail


async def test_traps_9_and_10_a_missing_right_is_ours_and_not_the_users(bench: Bench) -> None:
    """Three first answers that are all 403 stop the call."""
    bench.control.switch(grants=["User.Read.All"])
    people = [bench.person(ONE) for _ in range(3)]
    with pytest.raises(PermanentError) as caught:
        await bench.push([{"Id": person.id} for person in people])
    assert "UserAuthenticationMethod.ReadWrite.All" in caught.value.remedy
    bench.control.switch(grants=["UserAuthenticationMethod.ReadWrite.All"])
    assert "User.Read.All" in (await stopped(bench)).remedy


async def test_a_graph_that_only_throttles_is_503_with_its_retry_after(bench: Bench) -> None:
    """One clear problem, and nothing was written."""
    bench.control.fault(
        status=429, applies_to="call", host="graph.*", times=99, headers={"Retry-After": "600"}
    )
    error = await stopped(bench)
    assert isinstance(error, TransientError)
    assert error.retry_after == 600


async def test_a_next_page_elsewhere_never_gets_our_bearer(bench: Bench) -> None:
    """A nextLink must keep GRAPH_URL's origin and path."""
    client = bench.worker.graph
    for link in (
        "https://evil.example/v1.0/groups",
        "https://graph.microsoft.com.evil.example/v1.0/x",
        "https://graph.microsoft.com/v1.0/../beta/groups",
        "https://graph.microsoft.com/v1.0/%2E%2e/beta/groups",
    ):
        with pytest.raises(PermanentError):
            client.own_path(link)
    assert client.own_path("https://graph.microsoft.com/v1.0/groups?x=1") == "/groups?x=1"


async def test_a_scope_group_that_does_not_exist_is_named(bench: Bench) -> None:
    """A wrong id must not make everybody ours, or nobody."""
    bench.configure(SYNC_SCOPE_GROUP_ID="11111111-1111-4111-8111-111111111111")
    error = await stopped(bench)
    assert error.code is Problem.MISCONFIGURED
    assert "SYNC_SCOPE_GROUP_ID" in error.detail


async def test_time_that_is_over_is_no_missing_right(bench: Bench) -> None:
    """A scope group that could not be read in time is 503, not a call for consent."""
    bench.configure(SYNC_SCOPE_GROUP_ID=sample.SCOPE_GROUP_ID)
    person = bench.person(ONE)
    with pytest.raises(TransientError):
        await bench.push([{"Id": person.id}], headers={"prefer": "wait=0"})


async def test_an_identity_that_has_a_fault_is_transient(bench: Bench) -> None:
    """A 500 of the identity endpoint heals by itself; only an absent identity needs a person."""
    bench.control.switch(identity="500")
    error = await stopped(bench)
    assert isinstance(error, TransientError)


async def test_an_absurd_retry_after_is_capped(bench: Bench) -> None:
    """Four hundred digits are no reason for a 500."""
    bench.control.fault(
        status=429, applies_to="call", host="graph.*", times=99, headers={"Retry-After": "9" * 400}
    )
    error = await stopped(bench)
    assert isinstance(error, TransientError)
    assert error.retry_after <= 3600


@pytest.mark.parametrize("entry", [{}, {"id": None}, {"id": 7}])
async def test_a_group_of_unknown_shape_is_not_an_empty_group(bench: Bench, entry: dict[str, Any]) -> None:
    """Silence is never taken for "nobody": without the group nobody's scope is known."""
    wire = twisting(bench, SYNC_SCOPE_GROUP_ID=sample.SCOPE_GROUP_ID)
    wire.twist = lambda body: body.update({"value": [entry]})
    with pytest.raises(TransientError, match="unknown shape"):
        await bench.worker.tenant(Deadline.after(bench.clock, 90)).scope_sets()
