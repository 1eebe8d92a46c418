"""What the audit log shows of others' changes is told, also where we never wrote."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from dev.tenant import sample
from dev.tenant.audit_log import Actor
from dev.tenant.people import Person
from mfa_sync.runs.run import Run, RunKind, State
from shared.outcome import Note
from tests.wire.auditing import ADMIN, LATER, ONE, TWO, changed_outside, others, others_if
from tests.wire.bench import Bench
from tests.wire.sweeping import Sweeper

HOUR = 3600
KINDS = [RunKind.CHANGED, RunKind.FULL]


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, Any]]:
    """Return whose phone was told to be changed, and by what kind of actor."""
    lines = [one for one in caplog.records if getattr(one, "event", "") == "phone.changedOutside"]
    return [(getattr(one, "facts", {})["user"], getattr(one, "facts", {}).get("by")) for one in lines]


async def notes_of(sweeper: Sweeper, run: Run) -> dict[str, tuple[str, ...]]:
    """Return the notes of each change of a run, by object id."""
    pages = [await sweeper.tools.runs.page(run, number) for number in range(run.pages)]
    return {one.id: one.notes for page in pages if page for one in page.changes}


def change(bench: Bench, person: Person, number: str | None = TWO, by: str | None = None) -> None:
    """Let somebody else change a phone, who is the person if nobody is named."""
    bench.control.patch_person(person.id, phones={"mobile": number}, **({"by": by} if by else {}))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("by", "kind_of_actor"), [(ADMIN, "admin"), (None, "user"), (sample.CLIENT_ID, "app")]
)
async def test_a_phone_that_agreed_from_the_start_and_was_changed_is_told(
    sweeper: Sweeper, caplog: pytest.LogCaptureFixture, kind: RunKind, by: str | None, kind_of_actor: str
) -> None:
    """We never wrote it, so no memory knows; the log does, and the note outlives the correction."""
    bench = sweeper.bench
    person, other = bench.person(ONE, ONE), bench.person(ONE, ONE)
    admin = bench.person(None)
    await sweeper.settled()
    bench.clock.advance(HOUR)
    change(bench, person, by=admin.id if by == ADMIN else by)
    bench.clock.advance(LATER)
    caplog.clear()
    run = await sweeper.sweep(kind)
    assert run.state is State.HELD
    assert told(caplog) == [(person.id, [kind_of_actor])]
    assert await notes_of(sweeper, run) == {person.id: (Note.CHANGED_OUTSIDE,)}
    done = await sweeper.approve(run)
    assert bench.mobile(person) == ONE
    assert Note.CHANGED_OUTSIDE in (await notes_of(sweeper, done))[person.id]
    assert other.id not in dict(told(caplog))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_change_that_was_overwritten_before_anybody_looked_is_told(
    sweeper: Sweeper, caplog: pytest.LogCaptureFixture, kind: RunKind
) -> None:
    """Within the minute after our own write a read proves nothing, so the log decides, not the silence."""
    bench = sweeper.bench
    await sweeper.settled()
    bench.clock.advance(HOUR)
    person = bench.person(ONE, TWO)
    await bench.one(person)
    bench.clock.advance(20)
    change(bench, person)
    bench.clock.advance(20)
    assert (await bench.one(person))["notes"] == []
    assert bench.mobile(person) == ONE
    bench.clock.advance(LATER)
    caplog.clear()
    await sweeper.sweep(kind)
    assert told(caplog) == [(person.id, ["user"])]


@pytest.mark.parametrize("kind", KINDS)
async def test_our_own_changes_are_not_told(
    sweeper: Sweeper, caplog: pytest.LogCaptureFixture, kind: RunKind
) -> None:
    """Also where Core Directory tells each of them a second time, in another's name."""
    bench = sweeper.bench
    bench.control.switch(audit_told_by="both")
    await sweeper.settled()
    person = bench.person(ONE, TWO)
    await bench.one(person)
    bench.clock.advance(LATER)
    caplog.clear()
    await sweeper.sweep(kind)
    assert told(caplog) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_registration_that_core_directory_alone_tells_is_told(
    sweeper: Sweeper, caplog: pytest.LogCaptureFixture, kind: RunKind
) -> None:
    """Some stand nowhere else; also one that follows on a write of ours within the minute."""
    bench = sweeper.bench
    bench.control.switch(audit_told_by="directory")
    person, later = bench.person(ONE, ONE), bench.person(ONE, TWO)
    await sweeper.settled()
    bench.clock.advance(HOUR)
    change(bench, person)
    await bench.one(later)
    bench.clock.advance(30)
    change(bench, later)
    bench.clock.advance(LATER)
    caplog.clear()
    await sweeper.sweep(kind)
    assert sorted(told(caplog)) == sorted([(person.id, ["app"]), (later.id, ["app"])])


@pytest.mark.parametrize(
    "properties",
    [
        None,
        "text",
        [],
        [None],
        [{"displayName": None}],
        [{"displayName": "Department"}],
        [{"displayName": "Included Updated Properties", "newValue": '"Department"'}],
    ],
)
async def test_another_update_of_a_user_is_no_change_of_a_phone(reader: Bench, properties: Any) -> None:
    """Most of the log is such entries."""
    person = changed_outside(reader)
    targets = [{"id": person.id, "type": "User", "modifiedProperties": properties}]
    found = await others_if(
        reader, activityDisplayName="Update user", loggedByService="Core Directory", targetResources=targets
    )
    assert found == set()


@pytest.mark.parametrize(
    "row",
    [
        {"displayName": "StrongAuthenticationMethod", "oldValue": "[]", "newValue": "[{}]"},
        {"displayName": "StrongAuthenticationUserDetails"},
        {"displayName": "Included Updated Properties", "newValue": '"StrongAuthenticationPhoneAppDetail"'},
    ],
)
async def test_an_update_with_strong_authentication_properties_counts(
    reader: Bench, row: dict[str, Any]
) -> None:
    """By whichever of its names."""
    person = changed_outside(reader)
    targets = [{"id": person.id, "type": "User", "modifiedProperties": [{"displayName": "x"}, row]}]
    found = await others_if(
        reader, activityDisplayName="Update user", loggedByService="Core Directory", targetResources=targets
    )
    assert found == {person.id}


async def test_another_method_is_looked_at_and_accuses_nobody(
    sweeper: Sweeper, caplog: pytest.LogCaptureFixture
) -> None:
    """Who registered an authenticator app has not changed the phone."""
    bench, state = sweeper.bench, sweeper.bench.tenant.state
    person = bench.person(ONE, ONE)
    await sweeper.settled()
    bench.clock.advance(HOUR)
    actor = Actor(person.id, "", person.upn)
    state.audit.add(state.clock(), actor, actor, "authenticator", (None, "app"), "c")
    bench.clock.advance(LATER)
    caplog.clear()
    assert await others(bench) == {person.id}
    await sweeper.sweep(RunKind.CHANGED)
    assert told(caplog) == []


async def test_who_is_not_ours_is_not_told(sweeper: Sweeper, caplog: pytest.LogCaptureFixture) -> None:
    """Guests and those out of scope choose their phones themselves."""
    bench = sweeper.bench
    person = bench.person(None, ONE, user_type="Guest")
    await sweeper.settled()
    bench.clock.advance(HOUR)
    change(bench, person)
    bench.clock.advance(LATER)
    caplog.set_level(logging.INFO)
    caplog.clear()
    await sweeper.sweep(RunKind.CHANGED)
    assert told(caplog) == []
