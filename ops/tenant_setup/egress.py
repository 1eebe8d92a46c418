"""The named location: the addresses that the app signs in from, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.tenant_setup.change import ALTER, MAKE, TAKE, Change
from ops.tenant_setup.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.tenant_setup.graph import Graph
    from ops.tenant_setup.known import Known
    from ops.tenant_setup.wanted import Network, Wanted

LOCATIONS = "/identity/conditionalAccess/namedLocations"
KIND = "#microsoft.graph.ipNamedLocation"


def plan(graph: Graph, wanted: Wanted, known: Known) -> Iterator[Change]:
    """Yield what is to be done about the location; `known` learns its id.

    Raises:
        StoppedError: There are several of the name, or it is not as it is made here.
    """
    location = find(graph, wanted.location)
    if location is not None:
        known.location_id = location["id"]
        _check(location)
    if wanted.egress is None:
        return
    ranges, body = str(wanted.egress), _body(wanted.location, wanted.egress)
    if location is None:
        yield Change(MAKE, f'named location "{wanted.location}": {ranges}', lambda: _make(graph, known, body))
        return
    held = addresses(location)
    if held == [ranges]:
        return
    if not wanted.replace_ranges:
        raise StoppedError(
            f'The named location "{wanted.location}" holds {", ".join(held) or "nothing"}, not {ranges}. '
            "If the app's addresses have changed, say --replace-ranges; if it is somebody else's, name "
            "another --location."
        )
    path = f"{LOCATIONS}/{known.location_id}"
    yield Change(
        ALTER,
        f'named location "{wanted.location}": {", ".join(held)} becomes {ranges}',
        lambda: graph.write("PATCH", path, body),
    )


def remove(graph: Graph, wanted: Wanted, known: Known) -> Iterator[Change]:
    """Yield the end of the location; Entra refuses it while another policy names it."""
    location = find(graph, wanted.location)
    if location is None:
        return
    known.location_id = location["id"]
    _check(location)
    path = f"{LOCATIONS}/{known.location_id}"
    yield Change(TAKE, f'named location "{wanted.location}"', lambda: graph.write("DELETE", path))


def find(graph: Graph, name: str) -> dict[str, Any] | None:
    """Return the location of a name.

    Raises:
        StoppedError: There are several.
    """
    found = [row for row in graph.list(LOCATIONS) if row["displayName"] == name]
    if len(found) > 1:
        raise StoppedError(
            f'There are {len(found)} named locations "{name}": delete all but one, or say --location.'
        )
    return found[0] if found else None


def addresses(location: dict[str, Any]) -> list[str]:
    """Return the ranges of a location, in the notation of `1.2.3.0/30`."""
    return [str(row["cidrAddress"]) for row in location.get("ipRanges") or []]


def _check(location: dict[str, Any]) -> None:
    if location.get("@odata.type") != KIND:
        raise StoppedError(
            f'The named location "{location["displayName"]}" is one of countries. Say --location.'
        )
    if location.get("isTrusted"):
        raise StoppedError(
            f'The named location "{location["displayName"]}" is marked as trusted: every policy that spares '
            "trusted locations would spare the app's addresses. Take the mark away, or say --location."
        )


def _make(graph: Graph, known: Known, body: dict[str, Any]) -> None:
    known.location_id = graph.write("POST", LOCATIONS, body)["id"]


def _body(name: str, network: Network) -> dict[str, Any]:
    kind = f"#microsoft.graph.iPv{network.version}CidrRange"
    return {
        "@odata.type": KIND,
        "displayName": name,
        "isTrusted": False,
        "ipRanges": [{"@odata.type": kind, "cidrAddress": str(network)}],
    }
