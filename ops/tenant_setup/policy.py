"""The Conditional Access policy: the service account signs in from the app's addresses only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.tenant_setup import egress
from ops.tenant_setup.change import ALTER, MAKE, TAKE, Change, Remark, fine
from ops.tenant_setup.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.tenant_setup.graph import Graph
    from ops.tenant_setup.known import Known
    from ops.tenant_setup.wanted import Wanted

POLICIES = "/identity/conditionalAccess/policies"
REPORT_ONLY, ENFORCED = "enabledForReportingButNotEnforced", "enabled"
_NEUTRAL: tuple[object, ...] = (None, [], {}, "", "none")


def plan(graph: Graph, wanted: Wanted, known: Known, policies: list[dict[str, Any]]) -> Iterator[Change]:
    """Yield what is to be done about the policy: made in report-only, enforced when that was asked for.

    Raises:
        StoppedError: It would lock out others or nobody, or is not as it is made here.
    """
    policy = _find(policies, wanted.policy)
    if policy is None:
        if wanted.enforce:
            raise StoppedError(
                f'--enforce: there is no policy "{wanted.policy}" yet. Apply without it first, and watch '
                "the sign-in log for a day: what the policy would have blocked stands there as report-only."
            )
        if wanted.egress is not None:
            what = (
                f'Conditional Access policy "{wanted.policy}" for {known.upn} alone: '
                f'block all but "{wanted.location}"'
            )
            yield Change(
                MAKE, f"{what}; report-only", lambda: graph.write("POST", POLICIES, body(wanted, known))
            )
        return
    check(policy, known)
    if wanted.enforce and policy["state"] != ENFORCED:
        _check_location(graph, wanted)
        path, name = f"{POLICIES}/{policy['id']}", f'Conditional Access policy "{wanted.policy}"'
        yield Change(
            ALTER, f"{name}: {policy['state']} becomes {ENFORCED}", lambda: _enforce(graph, path, known)
        )


def remarks(wanted: Wanted, policies: list[dict[str, Any]]) -> Iterator[Remark]:
    """Yield the policy's state."""
    policy = _find(policies, wanted.policy)
    if policy is not None:
        yield fine(f'Conditional Access policy "{wanted.policy}" is {policy["state"]}')


def remove(graph: Graph, wanted: Wanted, known: Known, policies: list[dict[str, Any]]) -> Iterator[Change]:
    """Yield the end of the policy, if it is as it is made here."""
    policy = _find(policies, wanted.policy)
    if policy is None:
        return
    check(policy, known)
    path = f"{POLICIES}/{policy['id']}"
    yield Change(TAKE, f'Conditional Access policy "{wanted.policy}"', lambda: graph.write("DELETE", path))


def body(wanted: Wanted, known: Known) -> dict[str, Any]:
    """Return the policy as Graph takes it: one user, all apps, everywhere but the location, blocked."""
    return {
        "displayName": wanted.policy,
        "state": REPORT_ONLY,
        "conditions": {
            "clientAppTypes": ["all"],
            "users": {"includeUsers": [known.account_id]},
            "applications": {"includeApplications": ["All"]},
            "locations": {"includeLocations": ["All"], "excludeLocations": [known.location_id]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    }


def check(policy: dict[str, Any], known: Known) -> None:
    """Stop unless the policy hits the service account alone, and spares our location alone.

    Raises:
        StoppedError: It is otherwise.
    """
    conditions, controls = policy["conditions"], policy.get("grantControls") or {}
    locations = conditions.get("locations") or {}
    faults = []
    if _meant(conditions["users"]) != {"includeUsers": [known.account_id]}:
        faults.append("it is not for the service account alone")
    if _meant(conditions["applications"]) != {"includeApplications": ["All"]}:
        faults.append("it is not for all apps")
    spared = {"includeLocations": ["All"], "excludeLocations": [known.location_id]}
    if known.location_id is None or _meant(locations) != spared:
        faults.append("it does not spare the app's named location alone")
    if controls.get("builtInControls") != ["block"]:
        faults.append("it does not block")
    rest = {"clientAppTypes", "users", "applications", "locations"}
    others = [name for name, value in conditions.items() if name not in rest and value not in _NEUTRAL]
    if others or conditions.get("clientAppTypes") != ["all"]:
        faults.append("it has further conditions")
    if faults:
        raise StoppedError(
            f'The Conditional Access policy "{policy["displayName"]}" is not as it is made here: '
            f"{'; '.join(faults)}. It is left alone: mend or delete it by hand, or name another --policy."
        )


def _meant(part: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if value not in _NEUTRAL}


def _find(policies: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    found = [row for row in policies if row["displayName"] == name]
    if len(found) > 1:
        raise StoppedError(f'There are {len(found)} policies "{name}": delete all but one, or say --policy.')
    return found[0] if found else None


def _check_location(graph: Graph, wanted: Wanted) -> None:
    location = egress.find(graph, wanted.location)
    if location is None or not egress.addresses(location):
        raise StoppedError(
            f'--enforce: the named location "{wanted.location}" is empty: the policy would lock the service '
            "account out everywhere. Apply with --egress first."
        )


def _enforce(graph: Graph, path: str, known: Known) -> None:
    check(graph.get(path), known)  # as it stands at this moment
    graph.write("PATCH", path, {"state": ENFORCED})
