"""Reads whole rounds of users/delta."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.tenant.graph_client import GraphClient

SELECT = "$select=id,userPrincipalName,accountEnabled,userType,usageLocation,onPremisesSyncEnabled,onPremisesLastSyncDateTime,onPremisesExtensionAttributes"  # noqa: E501


@dataclass
class Told:
    """A whole round: its pages, everything in them, and where it ends."""

    pages: list[dict[str, Any]]
    link: str

    @property
    def entries(self) -> list[dict[str, Any]]:
        """All entries in the order they came."""
        return [entry for page in self.pages for entry in page["value"]]

    @property
    def last(self) -> dict[str, dict[str, Any]]:
        """Each id's last entry."""
        return {entry["id"]: entry for entry in self.entries}


type Follow = Callable[..., Awaitable[Told]]


def follower(graph: GraphClient) -> Follow:
    """A function that reads a round to its end; every page must have one of the two links."""

    async def read(link: str = f"/users/delta?{SELECT}", **more: Any) -> Told:
        pages: list[dict[str, Any]] = []
        while True:
            answer = await graph.get(link, **more)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            assert ("@odata.nextLink" in page) != ("@odata.deltaLink" in page)
            pages.append(page)
            if "@odata.deltaLink" in page:
                return Told(pages, page["@odata.deltaLink"])
            link = page["@odata.nextLink"]

    return read
