"""A Graph client on the ASGI application, which checks every answer against Microsoft's description."""

from typing import Any, Self

import httpx

from dev.tenant.conformance import assert_conforms
from dev.tenant.front import Front

BASE = "https://graph.microsoft.com/v1.0"
OUTSIDE_DESCRIPTION = (
    *("/$batch", "/roleManagement", "/owners", "/members?", "/groups?", "/organization", "/directory/"),
    *("/identity/", "/policies/", "/servicePrincipals", "/oauth2PermissionGrants", "/domains/"),
    *("/transitiveMemberOf", "/reports/"),
)


class GraphClient:
    """Calls paths below v1.0."""

    def __init__(self, app: Front, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(app=app)
        self._http = httpx.AsyncClient(transport=transport, headers=headers)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One call; a full address is called as it is."""
        url = path if path.startswith("https://") else BASE + path
        response = await self._http.request(method, url, **more)
        if not any(part in url for part in OUTSIDE_DESCRIPTION):
            assert_conforms(response.request, response)
        return response

    async def get(self, path: str, **more: Any) -> httpx.Response:
        """GET."""
        return await self.call("GET", path, **more)

    async def post_phone(self, upn: str, number: object, kind: str = "mobile") -> httpx.Response:
        """Create a phone."""
        body = {"phoneNumber": number, "phoneType": kind}
        return await self.call("POST", f"/users/{upn}/authentication/phoneMethods", json=body)

    async def patch_phone(self, upn: str, method_id: str, **body: Any) -> httpx.Response:
        """Change a phone."""
        return await self.call("PATCH", f"/users/{upn}/authentication/phoneMethods/{method_id}", json=body)

    async def delete_phone(self, upn: str, method_id: str) -> httpx.Response:
        """Delete a phone."""
        return await self.call("DELETE", f"/users/{upn}/authentication/phoneMethods/{method_id}")

    async def phones(self, upn: str) -> list[dict[str, Any]]:
        """Somebody's phones."""
        answer = await self.get(f"/users/{upn}/authentication/phoneMethods")
        assert answer.status_code == 200, answer.text
        phones: list[dict[str, Any]] = answer.json()["value"]
        return phones

    async def batch(self, *items: dict[str, Any]) -> httpx.Response:
        """Several calls in one; ids are filled in."""
        requests = [{"id": str(number), "method": "GET", **item} for number, item in enumerate(items, 1)]
        return await self.call("POST", "/$batch", json={"requests": requests})


def code(response: httpx.Response) -> tuple[int, str]:
    """The status and Graph's error code."""
    return response.status_code, response.json()["error"]["code"]
