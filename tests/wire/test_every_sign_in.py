"""The same work in every mode of sign-in, over the wire: what is written, and who is spared."""

from __future__ import annotations

import logging

import pytest

from dev.demo.sign_in_modes import APP_ONLY, MODES
from dev.tenant import sample
from dev.tenant.identity_endpoint import MANAGED_IDENTITY_ID
from mfa_sync.runs.run import RunKind, State
from mfa_sync.telemetry.events import Event
from shared.clock import Deadline
from shared.errors import PermanentError
from tests.wire.auditing import read_whole
from tests.wire.bench import Bench
from tests.wire.sweeping import Sweeper

ONE, TWO = "+46701740611", "+46701740622"
GRAPH = "graph.microsoft.com"
SECRETS = {
    "ropc": {"mfa-sync-username", "mfa-sync-password", "mfa-sync-client-secret"},
    "ropc-managed-identity": {"mfa-sync-username", "mfa-sync-password"},
    "client-secret": {"mfa-sync-client-secret"},
    "managed-identity": set[str](),
}
READ_PRIVILEGED = {
    *("RoleManagement.Read.Directory", "RoleEligibilitySchedule.Read.Directory"),
    *("PrivilegedEligibilitySchedule.Read.AzureADGroup", "GroupMember.Read.All"),
}
PHONES_ONLY = ["User.Read.All", "UserAuthMethod-Phone.ReadWrite.All", *sorted(READ_PRIVILEGED)]

every_mode = pytest.mark.parametrize("mode", MODES)
app_only = pytest.mark.parametrize("mode", APP_ONLY)


def without(bench: Bench, *names: str) -> list[str]:
    """Return all the rights that there are but these."""
    return [name for name in bench.control.switches()["grants"] if name not in names]


@every_mode
async def test_the_same_push_is_answered_alike(bench: Bench, mode: str) -> None:
    """Created, updated, unchanged and deleted; and only that mode's secrets were read."""
    bench.configure(**MODES[mode])
    people = [bench.person(ONE), bench.person(ONE, TWO), bench.person(ONE, ONE), bench.person(None, ONE)]
    answer = await bench.push([{"Id": person.id} for person in people])
    assert answer.status == 200
    assert [line["outcome"] for line in answer.body["results"]] == [
        "created",
        "updated",
        "unchanged",
        "deleted",
    ]
    assert [bench.mobile(person) for person in people] == [ONE, ONE, ONE, None]
    read = {call["path"].split("/")[2] for call in bench.calls("contoso-mfa.vault.azure.net")}
    assert (
        read - {"mfa-sync-handshake", "mfa-sync-handshake-previous", "mfa-sync-fingerprint-key"}
        == SECRETS[mode]
    )


@every_mode
async def test_the_privileged_are_refused(bench: Bench, mode: str) -> None:
    """Role holders, owners and members of role-assignable groups: though Entra would let us write them."""
    bench.configure(**MODES[mode])
    member, state = bench.person(ONE), bench.tenant.state
    state.groups[sample.ADMIN_GROUP_ID].members.append(member.id)
    people = [state.person(f"{name}@contoso.com") for name in ("admin.privileged", "owner.ofgroup")]
    answer = await bench.push([{"Id": person.id} for person in (*people, member)])
    assert [(line["outcome"], line["code"]) for line in answer.body["results"]] == [
        ("refused", "privilegedTarget")
    ] * 3
    assert (answer.status, bench.writes()) == (422, [])


@every_mode
@pytest.mark.parametrize("missing", sorted(READ_PRIVILEGED))
async def test_without_the_right_to_know_the_privileged_an_app_alone_writes_nobody(
    bench: Bench, mode: str, missing: str
) -> None:
    """ROPC goes on where Entra is proved to limit it; nothing does an app. What is right stays settled."""
    bench.control.switch(
        grants=without(bench, missing), signed_in_roles=["Authentication Administrator"], number_view="full"
    )
    bench.configure(**MODES[mode])
    wanting, right = bench.person(ONE), bench.person(ONE, ONE)
    answer = await bench.push([{"Id": wanting.id}, {"Id": right.id}])
    lines = answer.body["results"]
    if mode in APP_ONLY:
        assert [(line["outcome"], line["code"]) for line in lines] == [
            ("refused", "privilegedUnknown"),
            ("unchanged", None),
        ]
        assert (answer.status, bench.writes()) == (207, [])
        explained = await bench.explain(wanting)
        assert (explained["code"], explained["wouldBe"]) == ("privilegedUnknown", "refused")
        assert explained["decidedBy"] == "PRIVILEGED_TARGETS=refuse"
    else:
        assert [line["outcome"] for line in lines] == ["created", "unchanged"]


@app_only
async def test_a_right_that_is_granted_meanwhile_is_seen_within_minutes(bench: Bench, mode: str) -> None:
    """Once the token has it: the emulated tenant's tokens have it at once."""
    bench.control.switch(grants=without(bench, *READ_PRIVILEGED))
    bench.configure(**MODES[mode])
    person = bench.person(ONE)
    assert (await bench.one(person))["code"] == "privilegedUnknown"
    bench.control.switch(grants=[*without(bench), *READ_PRIVILEGED])
    bench.clock.advance(601)
    assert (await bench.one(person))["outcome"] == "created"


@app_only
async def test_who_allows_the_privileged_decides_so_and_it_is_logged(
    bench: Bench, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No right to know them is needed then: each worker says so when it starts."""
    bench.control.switch(grants=without(bench, *READ_PRIVILEGED))
    with caplog.at_level(logging.WARNING):
        bench.configure(**MODES[mode], PRIVILEGED_TARGETS="allow")
    assert Event.PRIVILEGED_ALLOWED.value in caplog.text
    assert mode in caplog.text
    line = await bench.one(bench.tenant.state.person("admin.privileged@contoso.com"))
    assert line["outcome"] == "updated"


async def test_with_ropc_allowing_them_is_entras_affair(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """The service account's role still limits it."""
    with caplog.at_level(logging.WARNING):
        bench.configure(PRIVILEGED_TARGETS="allow")
    assert Event.PRIVILEGED_ALLOWED.value not in caplog.text


@app_only
async def test_an_app_alone_sees_whole_numbers_and_a_masked_one_is_coped_with(
    bench: Bench, mode: str
) -> None:
    """No page says that it sees masks; if it does, the masked policy decides as ever."""
    bench.configure(**MODES[mode])
    person = bench.person(ONE, ONE)
    assert (await bench.one(person))["outcome"] == "unchanged"
    bench.control.switch(app_number_view="masked")
    explained = await bench.explain(person)
    assert (explained["mobileMethod"]["maskedByGraph"], explained["action"]) == (True, "assert")


@every_mode
async def test_phones_only_is_enough_to_write_and_not_to_delete(bench: Bench, mode: str) -> None:
    """Before a delete all methods are listed, which that permission does not open: the row says so."""
    bench.control.switch(grants=PHONES_ONLY)
    bench.configure(**MODES[mode])
    people = [bench.person(ONE), bench.person(ONE, TWO), bench.person(None, ONE)]
    answer = await bench.push([{"Id": person.id} for person in people])
    created, updated, left = answer.body["results"]
    assert (created["outcome"], updated["outcome"]) == ("created", "updated")
    assert (left["outcome"], left["code"]) == ("refused", "targetOutOfReach")
    assert "UserAuthenticationMethod.Read.All" in left["detail"]
    assert "LAST_FACTOR_GUARD=off" in left["detail"]
    bench.configure(**MODES[mode], LAST_FACTOR_GUARD="off")
    assert (await bench.one(people[2]))["outcome"] == "deleted"


@every_mode
async def test_phones_only_with_the_right_to_read_methods_deletes_too(bench: Bench, mode: str) -> None:
    """The narrowest rights that serve every feature."""
    bench.control.switch(grants=[*PHONES_ONLY, "UserAuthenticationMethod.Read.All"])
    bench.configure(**MODES[mode])
    assert (await bench.one(bench.person(None, ONE)))["outcome"] == "deleted"


@app_only
async def test_the_missing_right_is_named_as_one_of_the_app(bench: Bench, mode: str) -> None:
    """No role of a service account would mend it."""
    bench.control.switch(application_grants=["User.Read.All"])
    bench.configure(**MODES[mode])
    with pytest.raises(PermanentError) as stopped:
        await bench.push([{"Id": bench.person(ONE).id} for _ in range(3)])
    assert "application permission" in stopped.value.remedy
    assert "service account" not in stopped.value.remedy


@app_only
async def test_an_app_without_consent_gets_a_token_that_opens_nothing(bench: Bench, mode: str) -> None:
    """Delegated rights are not the app's own: it is Graph that refuses, not the sign-in."""
    bench.control.switch(application_grants=[])
    bench.configure(**MODES[mode])
    with pytest.raises(PermanentError) as stopped:
        await bench.push([{"Id": bench.person(ONE).id}])
    assert "User.Read.All" in stopped.value.remedy


@app_only
@pytest.mark.parametrize("ids", ["appId", "servicePrincipalId"])
async def test_our_own_changes_are_known_by_either_id_of_the_app(bench: Bench, mode: str, ids: str) -> None:
    """The audit log names them too; those of another app are somebody else's."""
    bench.control.switch(audit_app_ids=ids)
    bench.configure(**MODES[mode])
    ours, theirs = bench.person(ONE), bench.person(ONE, ONE)
    await bench.push([{"Id": ours.id}])
    other = sample.CLIENT_ID if mode == "managed-identity" else MANAGED_IDENTITY_ID
    bench.control.seed(apps=[{"client_id": MANAGED_IDENTITY_ID}])
    bench.control.patch_person(theirs.id, phones={"mobile": TWO}, by=other)
    bench.clock.advance(20 * 60)
    deadline = Deadline.after(bench.clock, 240)
    own = (await bench.worker.tenant(deadline).scope_sets()).own
    until = bench.clock.now()
    since = until.replace(hour=until.hour - 1)
    others = await read_whole(bench.worker.graph, since, until, own, deadline)
    assert others is not None
    assert set(others) == {theirs.id}


@every_mode
async def test_a_revoked_token_is_renewed_once(bench: Bench, mode: str) -> None:
    """A 401, and the push goes on."""
    bench.configure(**MODES[mode])
    person = bench.person(ONE, ONE)
    assert (await bench.one(person))["outcome"] == "unchanged"
    bench.control.revoke_tokens()
    bench.control.clear_log()
    assert (await bench.one(person))["outcome"] == "unchanged"
    statuses = [call["status"] for call in bench.calls(GRAPH)]
    assert (statuses.count(401) > 0, statuses[-1]) == (True, 200)


@pytest.mark.parametrize("mode", ["ropc", "client-secret"])
async def test_a_claims_challenge_is_answered(bench: Bench, mode: str) -> None:
    """Continuous access evaluation: who declared CP1 is challenged, and the answer opens again."""
    bench.configure(**MODES[mode])
    person = bench.person(ONE, ONE)
    bench.control.switch(claims_challenge=True)
    assert (await bench.one(person))["outcome"] == "unchanged"


@every_mode
async def test_sweeps_of_everybody_and_of_changes_run_in_every_mode(sweeper: Sweeper, mode: str) -> None:
    """Listing, delta, audit log and writes; what we wrote ourselves is no change by others."""
    bench = sweeper.bench
    bench.configure(**MODES[mode])
    person, drifted, *_ = [bench.person(ONE), *(bench.person(ONE, ONE) for _ in range(3))]
    await sweeper.settled()
    assert bench.mobile(person) == ONE
    bench.clock.advance(3600)
    bench.control.patch_person(drifted.id, phones={"mobile": TWO})
    bench.clock.advance(3600)
    run = await sweeper.sweep(apply=True)
    assert (run.kind, run.state) == (RunKind.CHANGED, State.FINISHED)
    assert (run.tally.users, bench.mobile(drifted)) == (1, ONE)


@app_only
async def test_who_was_spared_for_want_of_a_right_is_looked_at_by_the_next_sweep(
    sweeper: Sweeper, mode: str
) -> None:
    """Nothing about the user changes when the right is granted, so no delta would bring them back."""
    bench = sweeper.bench
    bench.control.switch(grants=without(bench, "RoleManagement.Read.Directory"))
    bench.configure(**MODES[mode])
    person = bench.person(ONE)
    assert (await sweeper.sweep(RunKind.FULL)).tally.refused["privilegedUnknown"] == 1
    bench.control.switch(grants=[*without(bench), "RoleManagement.Read.Directory"])
    bench.clock.advance(25 * 3600)
    run = await sweeper.sweep(RunKind.CHANGED)
    assert (run.kind, run.tally.planned) == (RunKind.CHANGED, {"create": 1})
    await sweeper.approve(run)
    assert bench.mobile(person) == ONE
