"""The ways out of the process, as values: who embeds the app may lay wires of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    import requests

    from mfa_sync.storage import Blobs, Table


@dataclass(frozen=True, slots=True)
class Wires:
    """What carries our calls. None: what the library brings itself.

    Attributes:
        graph: Carries the calls to Graph.
        session: Carries MSAL's calls to the sign-in service.
        azure: Makes a transport of azure-core: one for Key Vault and one for the managed identity.
        table: Keeps the state of all workers.
        blobs: Keeps the pages of runs.
    """

    graph: httpx.AsyncBaseTransport | None = None
    session: requests.Session | None = None
    azure: Callable[[], Any] | None = None
    table: Table | None = None
    blobs: Blobs | None = None

    def azure_options(self) -> dict[str, Any]:
        """Return the keyword under which an azure-core client takes its transport; empty for its own."""
        return {} if self.azure is None else {"transport": self.azure()}


OWN = Wires()
