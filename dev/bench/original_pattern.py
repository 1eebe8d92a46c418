"""What the runbook of 2020 and 2022 does for each user, one call after another: read, read, write.

Read as its calls, not its code: the user with the attribute, the phone methods, and the number where it
differs. It keeps its connection, as PowerShell does. It called the beta with PUT; here it is v1.0 and PATCH.
Reads `{"access", "pushes"}` as `dev.bench.product`, and writes a list of `{"wall", "cpu", "written"}`.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import httpx
import msal

_GRAPH = "https://graph.microsoft.com/v1.0"
_MOBILE = "3179e48a-750b-4051-897c-87b9720928f7"


def _client(access: dict[str, str]) -> httpx.Client:
    app = msal.ConfidentialClientApplication(
        access["clientId"],
        client_credential=access["clientSecret"],
        authority=f"https://login.microsoftonline.com/{access['tenantId']}",
    )
    answer = app.acquire_token_by_username_password(
        access["username"], access["password"], ["https://graph.microsoft.com/.default"]
    )
    return httpx.Client(base_url=_GRAPH, headers={"Authorization": f"Bearer {answer['access_token']}"})


def _sync(graph: httpx.Client, user_id: str) -> int:
    """Return 1 if the number was written."""
    user = graph.get(f"/users/{user_id}", params={"$select": "id,onPremisesExtensionAttributes"}).json()
    wanted = user["onPremisesExtensionAttributes"]["extensionAttribute15"]
    path = f"/users/{user_id}/authentication/phoneMethods"
    methods = graph.get(path).json()["value"]
    registered = next(method["phoneNumber"] for method in methods if method["phoneType"] == "mobile")
    if registered.replace(" ", "") == wanted:
        return 0
    body = {"phoneNumber": wanted, "phoneType": "mobile"}
    graph.patch(f"{path}/{_MOBILE}", json=body).raise_for_status()
    return 1


def _main() -> None:
    job = json.load(sys.stdin)
    found: list[dict[str, Any]] = []
    with _client(job["access"]) as graph:
        for ids in job["pushes"]:
            wall, cpu = time.perf_counter(), time.process_time()
            written = sum(_sync(graph, user_id) for user_id in ids)
            found.append(
                {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "written": written}
            )
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    _main()
