"""The directory roles of the service account: one over the unit, and one to read the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.tenant_setup.change import MAKE, TAKE, Change, Remark, look
from ops.tenant_setup.graph import quoted
from ops.tenant_setup.wanted import AUDIT_ROLE, ROLE_IDS, WRITER_ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.tenant_setup.graph import Graph
    from ops.tenant_setup.known import Known
    from ops.tenant_setup.wanted import Wanted

ASSIGNMENTS = "/roleManagement/directory/roleAssignments"
TENANT = "/"
_NAMES = {role_id: name for name, role_id in ROLE_IDS.items()}


def read(graph: Graph, known: Known) -> None:
    """Let `known` learn which roles the account holds, and over what."""
    known.roles = graph.list(ASSIGNMENTS, filter=f"principalId eq {quoted(known.account_id)}")


def remarks(wanted: Wanted, known: Known) -> Iterator[Remark]:
    """Yield what the account holds beyond what is wanted: it is said, and never taken away."""
    for row in known.roles:
        name = _NAMES.get(row["roleDefinitionId"], f"the role {row['roleDefinitionId']}")
        if row["directoryScopeId"] == TENANT and not (name == AUDIT_ROLE and wanted.audit_log):
            yield look(
                f"it holds {name} over the whole tenant, so that no administrative unit limits it: "
                f"take roleAssignments/{row['id']} away by hand"
            )
    if wanted.role != WRITER_ROLES[0]:
        yield look(
            f"{wanted.role} sees whole numbers, and can reset everything by which the unit's people sign in, "
            "passwords too: whoever has the account's password can be each of them"
        )


def plan(graph: Graph, wanted: Wanted, known: Known) -> Iterator[Change]:
    """Yield the assignments that are missing."""
    scope = f'administrative unit "{wanted.unit}"'
    if not _held(known, wanted.role, _unit_scope(known)):
        yield Change(
            MAKE,
            f"role {wanted.role} for {known.upn} over {scope}",
            lambda: _assign(graph, known, wanted.role, _unit_scope(known)),
        )
    if wanted.audit_log and not _held(known, AUDIT_ROLE, TENANT):
        yield Change(
            MAKE,
            f"role {AUDIT_ROLE} for {known.upn} over the tenant",
            lambda: _assign(graph, known, AUDIT_ROLE, TENANT),
        )


def remove(graph: Graph, wanted: Wanted, known: Known) -> Iterator[Change]:
    """Yield the end of the account's roles over the unit, and of the audit role where it was chosen."""
    for row in known.roles:
        name, scope = _NAMES.get(row["roleDefinitionId"]), row["directoryScopeId"]
        over_unit = known.unit_id is not None and scope == _unit_scope(known) and name in WRITER_ROLES
        if over_unit or (wanted.audit_log and name == AUDIT_ROLE and scope == TENANT):
            where = f'administrative unit "{wanted.unit}"' if over_unit else "the tenant"
            yield Change(TAKE, f"role {name} of {known.upn} over {where}", _ending(graph, row["id"]))


def _ending(graph: Graph, assignment_id: str) -> Callable[[], object]:
    return lambda: graph.write("DELETE", f"{ASSIGNMENTS}/{assignment_id}")


def _unit_scope(known: Known) -> str:
    return f"/administrativeUnits/{known.unit_id}"


def _held(known: Known, role: str, scope: str) -> bool:
    return any(
        row["roleDefinitionId"] == ROLE_IDS[role] and row["directoryScopeId"] == scope for row in known.roles
    )


def _assign(graph: Graph, known: Known, role: str, scope: str) -> None:
    body = {
        "@odata.type": "#microsoft.graph.unifiedRoleAssignment",
        "roleDefinitionId": ROLE_IDS[role],
        "principalId": known.account_id,
        "directoryScopeId": scope,
    }
    graph.write("POST", ASSIGNMENTS, body)
