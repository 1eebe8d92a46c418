"""Whose phones others changed, as the audit log shows it."""

from __future__ import annotations

from typing import Any

import pytest

from dev.tenant import sample
from tests.wire.auditing import ADMIN, LATER, ONE, TWO, changed_outside, others, others_if
from tests.wire.bench import Bench


@pytest.mark.parametrize("by", [ADMIN, None, sample.CLIENT_ID])
@pytest.mark.parametrize("phones", [{"mobile": TWO}, {"mobile": None}])
async def test_trap_20_a_phone_that_somebody_else_changed_is_told(
    reader: Bench, by: str | None, phones: dict[str, str | None]
) -> None:
    """Nothing else tells. By an administrator, by the user, by an app alone; deletions as well."""
    person = reader.person(ONE, ONE)
    reader.control.patch_person(person.id, phones=phones, **({"by": by} if by else {}))
    reader.clock.advance(LATER)
    assert await others(reader) == {person.id}


async def test_a_phone_that_somebody_else_registered_is_told(reader: Bench) -> None:
    """The very thing this program is there to prevent."""
    person = reader.person(None)
    reader.control.patch_person(person.id, phones={"mobile": TWO})
    reader.clock.advance(LATER)
    assert await others(reader) == {person.id}


async def test_trap_21_our_own_changes_are_not_told(reader: Bench) -> None:
    """They are logged like all others; taking them for drift would read everybody again whom we wrote."""
    created, updated, deleted = reader.person(ONE), reader.person(ONE, TWO), reader.person(None, ONE)
    await reader.push([{"Id": person.id} for person in (created, updated, deleted)])
    reader.clock.advance(LATER)
    assert len(reader.writes()) == 3
    assert await others(reader) == set()
    assert await others(reader, own=frozenset()) == {created.id, updated.id, deleted.id}


async def test_our_own_changes_as_an_app_alone_are_not_told(reader: Bench) -> None:
    """Without a service account it is the app that the log names."""
    person = changed_outside(reader, by=sample.CLIENT_ID)
    assert await others(reader, own=frozenset({sample.CLIENT_ID})) == set()
    assert await others(reader, own=frozenset({"another-app"})) == {person.id}


@pytest.mark.parametrize("name", ["appId", "servicePrincipalId"])
async def test_an_app_is_known_by_either_of_its_ids_in_any_case(reader: Bench, name: str) -> None:
    """Managed identities are named by their service principal."""
    person = changed_outside(reader)
    by = {"user": None, "app": {"appId": None, name: "0AF1"}}
    assert await others_if(reader, frozenset({"0af1"}), initiatedBy=by) == set()
    assert await others_if(reader, frozenset({"0af2"}), initiatedBy=by) == {person.id}


@pytest.mark.parametrize("name", ["id", "userPrincipalName"])
async def test_a_person_is_known_by_either_name_in_any_case(reader: Bench, name: str) -> None:
    """The log may lack one of them."""
    person = changed_outside(reader)
    by = {"user": {name: "SVC@X"}}
    assert await others_if(reader, frozenset({"svc@x"}), initiatedBy=by) == set()
    assert await others_if(reader, frozenset({"svc@y"}), initiatedBy=by) == {person.id}


async def test_somebody_else_through_our_own_app_is_somebody_else(reader: Bench) -> None:
    """A person goes before the app: whoever got hold of our registration must not be invisible."""
    person = changed_outside(reader)
    by = {"user": {"id": "somebody"}, "app": {"appId": sample.CLIENT_ID}}
    assert await others_if(reader, frozenset({sample.CLIENT_ID}), initiatedBy=by) == {person.id}


@pytest.mark.parametrize(
    "change",
    [
        {"result": "failure"},
        {"loggedByService": "Core Directory"},
        {"activityDisplayName": "User reviewed security info"},
        {"activityDisplayName": "User started security info registration"},
        {"activityDisplayName": "Admin started password reset"},
        {"activityDisplayName": "Update user"},
        {"activityDisplayName": None},
    ],
)
async def test_what_changed_no_method_is_not_told(reader: Bench, change: dict[str, Any]) -> None:
    """The log holds everything that happens in the directory; most of it is none of ours."""
    changed_outside(reader)
    assert await others_if(reader, **change) == set()


@pytest.mark.parametrize(
    "change",
    [
        {"result": "timeout"},
        {"result": None},
        {"loggedByService": None},
        {"activityDisplayName": "ADMIN updated Security Info"},
        {"initiatedBy": None},
        {"initiatedBy": {"user": None, "app": None}},
        {"initiatedBy": {"user": {"id": None, "userPrincipalName": ""}, "app": "none"}},
        {"resultReason": None},
    ],
)
async def test_what_the_log_leaves_unsaid_counts_as_a_change(reader: Bench, change: dict[str, Any]) -> None:
    """Reading one user too many costs a twentieth of a call; a hidden change stays for a week."""
    person = changed_outside(reader)
    assert await others_if(reader, **change) == {person.id}


@pytest.mark.parametrize(
    "targets",
    [None, "text", [], [None], [{}], [{"id": None, "type": "User"}], [{"id": "ab", "type": "Group"}]],
)
async def test_an_entry_that_names_no_user_harms_nobody(reader: Bench, targets: Any) -> None:
    """Missing members never stop the sweep."""
    changed_outside(reader)
    assert await others_if(reader, targetResources=targets) == set()


async def test_all_users_of_an_entry_are_told(reader: Bench) -> None:
    """An entry may have several targets; ids are folded, as ids of other sources are."""
    changed_outside(reader)
    targets = [{"id": "AA", "type": "User"}, {"id": "bb"}]
    found = await others_if(reader, targetResources=targets)
    assert found == {"aa", "bb"}
