"""Conditional Access: the service account signs in from the app's addresses only.

A named location holds the addresses; a policy for the account alone blocks all places but that location.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.tenant_setup.change import ALTER, MAKE, Change, Remark, StoppedError, fine, only
from ops.tenant_setup.graph import deletion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.tenant_setup.change import Known
    from ops.tenant_setup.graph import Graph
    from ops.tenant_setup.wanted import Wanted

_LOCATIONS = "/identity/conditionalAccess/namedLocations"
_POLICIES = "/identity/conditionalAccess/policies"
_IP_RANGES = "#microsoft.graph.ipNamedLocation"
_REPORT_ONLY, _ENFORCED = "enabledForReportingButNotEnforced", "enabled"
_NEUTRAL: tuple[object, ...] = (None, [], {}, "", "none")


def all_policies(graph: Graph) -> list[dict[str, Any]]:
    """Return all policies of the tenant."""
    return graph.list(_POLICIES)


def plan(graph: Graph, wanted: Wanted, known: Known) -> Iterator[Change]:
    """Yield what is to be done about the location, then about the policy; `known` learns the location's id.

    The policy is made in report-only, and enforced when that was asked for.

    Raises:
        StoppedError: There are several of a name, one is not as it is made here, or the policy would lock out
            others or nobody.
    """
    yield from _plan_location(graph, wanted, known)
    yield from _plan_policy(graph, wanted, known)


def remarks(wanted: Wanted, policies: list[dict[str, Any]]) -> Iterator[Remark]:
    """Yield the policy's state."""
    policy = _the_policy(policies, wanted)
    if policy is not None:
        yield fine(f'Conditional Access policy "{wanted.policy}" is {policy["state"]}')


def remove(graph: Graph, wanted: Wanted, known: Known) -> list[Change]:
    """Return the end of the policy, then of its location, which Entra refuses while another policy names it.

    Raises:
        StoppedError: One of them is not as it is made here.
    """
    changes = []
    location = _the_location(graph, wanted)
    if location is not None:
        known.location_id = location["id"]
        _check_kind(location)
        changes.append(
            deletion(graph, f'named location "{wanted.location}"', f"{_LOCATIONS}/{location['id']}")
        )
    policy = _the_policy(all_policies(graph), wanted)
    if policy is not None:
        _check_policy(policy, known)
        name, path = f'Conditional Access policy "{wanted.policy}"', f"{_POLICIES}/{policy['id']}"
        changes.insert(0, deletion(graph, name, path))
    return changes


def _plan_location(graph: Graph, wanted: Wanted, known: Known) -> Iterator[Change]:
    location = _the_location(graph, wanted)
    if location is not None:
        known.location_id = location["id"]
        _check_kind(location)
    if wanted.egress is None:
        return
    name, ranges = f'named location "{wanted.location}"', str(wanted.egress)
    body = {
        "@odata.type": _IP_RANGES,
        "displayName": wanted.location,
        "isTrusted": False,
        "ipRanges": [
            {"@odata.type": f"#microsoft.graph.iPv{wanted.egress.version}CidrRange", "cidrAddress": ranges}
        ],
    }
    if location is None:
        yield Change(MAKE, f"{name}: {ranges}", lambda: _make_location(graph, known, body))
        return
    present = _addresses(location)
    if present == [ranges]:
        return
    if not wanted.replace_ranges:
        raise StoppedError(
            f'The named location "{wanted.location}" holds {", ".join(present) or "nothing"}, not {ranges}. '
            "If the app's addresses have changed, say --replace-ranges; if it is somebody else's, name "
            "another --location."
        )
    path = f"{_LOCATIONS}/{known.location_id}"
    yield Change(
        ALTER, f"{name}: {', '.join(present)} becomes {ranges}", lambda: graph.write("PATCH", path, body)
    )


def _make_location(graph: Graph, known: Known, body: dict[str, Any]) -> None:
    known.location_id = graph.write("POST", _LOCATIONS, body)["id"]


def _the_location(graph: Graph, wanted: Wanted) -> dict[str, Any] | None:
    found = [row for row in graph.list(_LOCATIONS) if row["displayName"] == wanted.location]
    return only(found, "named locations", wanted.location, "delete all but one, or say --location")


def _addresses(location: dict[str, Any]) -> list[str]:
    """Return the ranges of a location, in the notation of `1.2.3.0/30`."""
    return [str(row["cidrAddress"]) for row in location.get("ipRanges") or []]


def _check_kind(location: dict[str, Any]) -> None:
    if location.get("@odata.type") != _IP_RANGES:
        raise StoppedError(
            f'The named location "{location["displayName"]}" is one of countries. Say --location.'
        )
    if location.get("isTrusted"):
        raise StoppedError(
            f'The named location "{location["displayName"]}" is marked as trusted: every policy that spares '
            "trusted locations would spare the app's addresses. Take the mark away, or say --location."
        )


def _plan_policy(graph: Graph, wanted: Wanted, known: Known) -> Iterator[Change]:
    policy = _the_policy(all_policies(graph), wanted)
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
                MAKE, f"{what}; report-only", lambda: graph.write("POST", _POLICIES, _policy(wanted, known))
            )
        return
    _check_policy(policy, known)
    if wanted.enforce and policy["state"] != _ENFORCED:
        location = _the_location(graph, wanted)
        if location is None or not _addresses(location):
            raise StoppedError(
                f'--enforce: the named location "{wanted.location}" is empty: the policy would lock the '
                "service account out everywhere. Apply with --egress first."
            )
        path, name = f"{_POLICIES}/{policy['id']}", f'Conditional Access policy "{wanted.policy}"'
        yield Change(
            ALTER, f"{name}: {policy['state']} becomes {_ENFORCED}", lambda: _enforce(graph, path, known)
        )


def _policy(wanted: Wanted, known: Known) -> dict[str, Any]:
    """Return the policy as Graph takes it: one user, all apps, everywhere but the location, blocked."""
    return {
        "displayName": wanted.policy,
        "state": _REPORT_ONLY,
        "conditions": {
            "clientAppTypes": ["all"],
            "users": {"includeUsers": [known.account_id]},
            "applications": {"includeApplications": ["All"]},
            "locations": {"includeLocations": ["All"], "excludeLocations": [known.location_id]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    }


def _check_policy(policy: dict[str, Any], known: Known) -> None:
    """Stop unless the policy hits the service account alone, and spares our location alone."""
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


def _the_policy(policies: list[dict[str, Any]], wanted: Wanted) -> dict[str, Any] | None:
    found = [row for row in policies if row["displayName"] == wanted.policy]
    return only(found, "policies", wanted.policy, "delete all but one, or say --policy")


def _enforce(graph: Graph, path: str, known: Known) -> None:
    _check_policy(graph.get(path), known)  # as it stands at this moment
    graph.write("PATCH", path, {"state": _ENFORCED})
