"""The same job by office365-rest-python-client, the best batching client library for Graph that we found.

It runs in an environment of its own (requirements-office365.txt) and imports nothing of ours. As many batches
are in flight as our worker keeps. Reads and writes as `dev.bench.original_pattern`.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import msal

# Installed in an environment of its own, where this file alone runs.
from office365.graph_client import GraphClient  # type: ignore[import-not-found]  # it lies in the contender's own environment

_IN_FLIGHT = 8


def _client(access: dict[str, str]) -> Any:
    app = msal.ConfidentialClientApplication(
        access["clientId"],
        client_credential=access["clientSecret"],
        authority=f"https://login.microsoftonline.com/{access['tenantId']}",
    )
    token = app.acquire_token_by_username_password(
        access["username"], access["password"], ["https://graph.microsoft.com/.default"]
    )
    return GraphClient(token_callback=lambda: token)


def _sync(graph: Any, ids: list[str]) -> int:
    """Return how many numbers were written."""
    read = [
        (
            graph.users[user_id].select(["id", "onPremisesExtensionAttributes"]).get(),
            graph.users[user_id].authentication.phone_methods.get(),
        )
        for user_id in ids
    ]
    graph.execute_batch(concurrency=_IN_FLIGHT)
    written = 0
    for user, phones in read:
        wanted = user.properties["onPremisesExtensionAttributes"].extensionAttribute15
        mobile = next(phone for phone in phones if str(phone.properties["phoneType"]).endswith("mobile"))
        if mobile.phone_number.replace(" ", "") != wanted:
            mobile.set_property("phoneNumber", wanted).update()
            written += 1
    graph.execute_batch(concurrency=_IN_FLIGHT)
    return written


def _main() -> None:
    job = json.load(sys.stdin)
    graph = _client(job["access"])
    found: list[dict[str, Any]] = []
    for ids in job["pushes"]:
        wall, cpu = time.perf_counter(), time.process_time()
        written = _sync(graph, ids)
        found.append(
            {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "written": written}
        )
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    _main()
