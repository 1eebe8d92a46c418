"""Who may see and change whose authentication methods, by the directory roles of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dev.tenant.graph.errors import method_denied

if TYPE_CHECKING:
    from dev.tenant.graph.caller import Caller
    from dev.tenant.people import Person
    from dev.tenant.state import TenantState

UNLIMITED = {"Global Administrator", "Privileged Authentication Administrator"}
READERS = UNLIMITED | {"Authentication Administrator", "Global Reader"}
# The roles whose holders an Authentication Administrator may still serve (Entra "privileged roles and
# permissions"). Helpdesk Administrator is yes in one of its tables and no in the other, so it is left out.
WITHIN_REACH = {
    "Authentication Administrator",
    "Directory Readers",
    "Guest Inviter",
    "Message Center Reader",
    "Password Administrator",
    "Reports Reader",
    "User Experience Success Manager",
    "Usage Summary Reports Reader",
}


def check_read(state: TenantState, caller: Caller, target: Person) -> None:
    """Refuse a caller who may not see this person's methods."""
    held = _held_over(state, caller, target)
    if target.refuse_access or (caller.person is not None and not held & READERS):
        raise method_denied()
    _check_unit(state, caller, target)


def check_write(state: TenantState, caller: Caller, target: Person) -> None:
    """Refuse a caller who may not change this person's methods."""
    check_read(state, caller, target)
    _check_restricted(state, caller, target)
    if caller.person is None:
        if not (state.switches.app_reaches_privileged or within_reach(state, target)):
            raise method_denied()
        return
    if caller.person.id == target.id:
        raise method_denied()  # no self-service
    held = _held_over(state, caller, target)
    if held & UNLIMITED:
        return
    if "Authentication Administrator" not in held or not within_reach(state, target):
        raise method_denied()


def _check_restricted(state: TenantState, caller: Caller, target: Person) -> None:
    """Refuse everybody without a role over the restricted unit itself: Global Administrators, apps alone."""
    units = [
        key
        for key in target.administrative_units
        if (unit := state.access.units.get(key)) and unit.restricted
    ]
    own = state.access.roles_over(caller.person.id, units) if caller.person is not None else frozenset()
    if (units or target.in_restricted_unit) and not own:
        raise method_denied()


def within_reach(state: TenantState, target: Person) -> bool:
    """Whether an Authentication Administrator may change this person's methods."""
    if target.in_restricted_unit or not set(target.roles) <= WITHIN_REACH:
        return False
    generated = state.people.crowd is not None and state.people.crowd.index_of_id(target.id) is not None
    return not any(
        target.id in group.owners or target.id in group.members or (generated and group.holds_generated)
        for group in state.groups.values()
        if group.is_assignable_to_role
    )


def sees_full_numbers(state: TenantState, caller: Caller, target: Person) -> bool:
    """Whether this person's numbers come back whole or masked."""
    if caller.person is None and state.switches.app_number_view == "masked":
        return False
    view = state.switches.number_view
    if view != "by role":
        return view == "full"
    return caller.person is None or bool(_held_over(state, caller, target) & UNLIMITED)


def _held_over(state: TenantState, caller: Caller, target: Person) -> frozenset[str]:
    """The caller's roles for this person: those over the tenant, and those over a unit of theirs.

    A role over a unit does not reach administrators in it (Entra "Assign Microsoft Entra roles").
    """
    if caller.person is None or target.roles or not state.access.scoped_roles:
        return caller.roles
    return caller.roles | state.access.roles_over(caller.person.id, target.administrative_units)


def _check_unit(state: TenantState, caller: Caller, target: Person) -> None:
    unit = state.switches.signed_in_role_unit
    if caller.person is not None and unit is not None and unit not in target.administrative_units:
        raise method_denied()
