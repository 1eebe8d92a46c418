"""The ways out of the process, as values, so that tests and simulations can carry the calls themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import httpx
    import requests


class Transports(NamedTuple):
    """What carries our calls. None: what the library brings itself.

    Attributes:
        graph: Carries the calls to Graph.
        session: Carries MSAL's calls to the sign-in service.
        azure: Makes a transport of azure-core: one for Key Vault and one for the managed identity.
    """

    graph: httpx.AsyncBaseTransport | None = None
    session: requests.Session | None = None
    azure: Callable[[], Any] | None = None

    def azure_options(self) -> dict[str, Any]:
        """Return the keywords by which an azure-core client takes its transport, and follows no redirect.

        The library would carry our token, or the identity endpoint's header, wherever an answer points.
        """
        return {"permit_redirects": False, **({} if self.azure is None else {"transport": self.azure()})}


OWN = Transports()
