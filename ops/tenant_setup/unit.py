"""The administrative unit: whose phones the service account may write at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ops.tenant_setup.change import MAKE, Change, StoppedError, only
from ops.tenant_setup.graph import deletion, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.tenant_setup.change import Known
    from ops.tenant_setup.graph import Graph
    from ops.tenant_setup.wanted import Wanted

_UNITS = "/directory/administrativeUnits"
# By it a unit of ours is told from one that somebody else made under the same name.
_MARK = "Made by tenant_setup of MFA phone sync: whose phones the service account may write."


def plan(graph: Graph, wanted: Wanted, known: Known) -> Iterator[Change]:
    """Yield what is to be done about the unit and its members; `known` learns its id.

    A group in a unit puts the group itself in reach, not its members (Entra "Add users, groups, or devices
    to an administrative unit"): so the people of `wanted.group` are added one by one.

    Raises:
        StoppedError: There are several of the name, or it is somebody else's and does not hold who is wanted.
    """
    unit = _find(graph, wanted.unit)
    if unit is None and wanted.rule is None and wanted.group is None and not wanted.users:
        raise StoppedError(
            f'There is no administrative unit "{wanted.unit}": say who is in it by --rule, --group or --user.'
        )
    if unit is None:
        rule = "" if wanted.rule is None else f", dynamic: {wanted.rule}"
        what = f'administrative unit "{wanted.unit}"{rule}'
        yield Change(MAKE, what, lambda: _make(graph, wanted, known))
    else:
        known.unit_id = unit["id"]
        _check(unit, wanted)
    if wanted.rule is None:
        yield from _members(graph, wanted, known, unit)


def remove(graph: Graph, wanted: Wanted, known: Known) -> Iterator[Change]:
    """Yield the end of the unit, if it is ours. Its people stay as they are."""
    unit = _find(graph, wanted.unit)
    if unit is None:
        return
    known.unit_id = unit["id"]
    if unit.get("description") != _MARK:
        return
    over_it = f"directoryScopeId eq {quoted(f'/administrativeUnits/{known.unit_id}')}"
    roles = graph.list("/roleManagement/directory/roleAssignments", filter=over_it)
    others = [row for row in roles if row["principalId"] != known.account_id]
    if others:
        raise StoppedError(
            f'Others hold roles over the administrative unit "{wanted.unit}" ({len(others)}): it is not '
            "removed while they do. Take those roles away by hand first."
        )
    yield deletion(graph, f'administrative unit "{wanted.unit}"', f"{_UNITS}/{known.unit_id}")


def _find(graph: Graph, name: str) -> dict[str, Any] | None:
    found = graph.list(_UNITS, filter=f"displayName eq {quoted(name)}")
    return only(found, "administrative units", name, "rename all but one, or say --unit")


def _make(graph: Graph, wanted: Wanted, known: Known) -> None:
    body: dict[str, str] = {"displayName": wanted.unit, "description": _MARK}
    if wanted.rule is not None:
        body |= {
            "membershipType": "Dynamic",
            "membershipRule": wanted.rule,
            "membershipRuleProcessingState": "On",
        }
    known.unit_id = graph.write("POST", _UNITS, body)["id"]


def _check(unit: dict[str, Any], wanted: Wanted) -> None:
    rule = unit.get("membershipRule")
    if wanted.rule is not None and rule != wanted.rule:
        raise StoppedError(
            f'The administrative unit "{wanted.unit}" has {"another rule: " + rule if rule else "no rule"}. '
            "Another one could put more people in reach: change it by hand, or name another --unit."
        )
    if rule and (wanted.group or wanted.users):
        raise StoppedError(f'The administrative unit "{wanted.unit}" is dynamic: nobody is added by hand.')


def _members(graph: Graph, wanted: Wanted, known: Known, unit: dict[str, Any] | None) -> Iterator[Change]:
    people = _people(graph, wanted)
    people.pop(known.account_id, None)
    present: set[str] = set()
    if unit is not None:
        present = {row["id"] for row in graph.list(f"{_UNITS}/{unit['id']}/members", select="id")}
    missing = {key: upn for key, upn in people.items() if key not in present}
    if missing and unit is not None and unit.get("description") != _MARK:
        raise StoppedError(
            f'The administrative unit "{wanted.unit}" was not made here, and {len(missing)} of the users '
            "wanted are not in it. Who is added comes into reach of everybody with a role over it: add them "
            "by hand, or name another --unit."
        )
    for key, upn in missing.items():
        yield Change(MAKE, f'member {upn} of "{wanted.unit}"', _adding(graph, known, key))


def _adding(graph: Graph, known: Known, person_id: str) -> Callable[[], object]:
    # The id of the unit is known only once it is made.
    reference = {"@odata.id": f"{graph.url}/directoryObjects/{person_id}"}
    return lambda: graph.write("POST", f"{_UNITS}/{known.unit_id}/members/$ref", reference)


def _people(graph: Graph, wanted: Wanted) -> dict[str, str]:
    """Return the names of who is to be in the unit, by object id."""
    found: dict[str, str] = {}
    if wanted.group is not None:
        path = f"/groups/{wanted.group}/transitiveMembers/microsoft.graph.user"
        rows = graph.list(path, select="id,userPrincipalName", top="999")
        found |= {row["id"]: row["userPrincipalName"] for row in rows}
    for name in wanted.users:
        row = user(graph, name, "id,userPrincipalName")
        found[row["id"]] = row["userPrincipalName"]
    return found


def user(graph: Graph, name: str, select: str) -> dict[str, Any]:
    """Return somebody by UPN or object id.

    Raises:
        StoppedError: There is nobody of the name.
    """
    row = graph.find(f"/users({quote(quoted(name), safe="'@")})", select=select)
    if row is None:
        raise StoppedError(f"There is no user {name} in this tenant.")
    return row
