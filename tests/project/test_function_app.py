"""The app's face to Azure: which functions there are, and that the core stays free of Azure."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

_LIST_FUNCTIONS = """
import json, function_app
print(json.dumps({
    function.get_function_name(): [
        [binding.route, [method.value for method in binding.methods], binding.auth_level.value]
        for binding in function.get_bindings() if binding.type == "httpTrigger"
    ] or [binding.type for binding in function.get_bindings() if binding.type.endswith("Trigger")]
    for function in function_app.app.get_functions()
}))
"""

_LIST_TIMERS = """
import json, function_app
print(json.dumps({
    function.get_function_name(): binding.get_dict_repr().get("runOnStartup", False)
    for function in function_app.app.get_functions()
    for binding in function.get_bindings() if binding.type == "timerTrigger"
}))
"""

_LIST_SCHEDULES = """
import json, os
os.environ.update(%s)
import function_app
print(json.dumps({
    function.get_function_name(): binding.schedule
    for function in function_app.app.get_functions()
    for binding in function.get_bindings() if binding.type == "timerTrigger"
}))
"""

_LIST_MODULES = """
import importlib, pkgutil, sys, shared
for module in pkgutil.walk_packages(shared.__path__, "shared."):
    importlib.import_module(module.name)
print("\\n".join(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def run(program: str) -> str:
    """Return what a fresh interpreter prints: neither environment nor modules of ours reach it."""
    return subprocess.run(  # noqa: S603  our own programs
        [sys.executable, "-B", "-c", program],
        cwd=ROOT,
        env={},
        check=True,
        capture_output=True,
        text=True,
        timeout=100,
    ).stdout


@cache
def functions() -> dict[str, list[list[Any]]]:
    """Return each function with its routes, methods and key level, or the kind of its trigger."""
    listed: dict[str, list[list[Any]]] = json.loads(run(_LIST_FUNCTIONS))
    return listed


def test_the_functions_are_indexed_without_settings_under_their_routes_methods_and_keys() -> None:
    """An app whose settings are wrong still loads, and only liveness is open to anybody."""
    assert functions() == {
        "mfa_sync": [["mfa-sync/{runId?}", ["POST", "GET"], "function"]],
        "explain": [["explain", ["POST"], "function"]],
        "doctor": [["doctor", ["POST"], "function"]],
        "runs_list": [["runs", ["GET"], "function"]],
        "runs_start": [["runs", ["POST"], "function"]],
        "runs_read": [["runs/{runId}", ["GET"], "function"]],
        "runs_approve": [["runs/{runId}/approve", ["POST"], "function"]],
        "runs_discard": [["runs/{runId}/discard", ["POST"], "function"]],
        "runs_stop": [["runs/{runId}/stop", ["POST"], "function"]],
        "openapi": [["openapi.json", ["GET"], "function"]],
        "health": [["health", ["GET"], "anonymous"]],
        "run_step": ["queueTrigger"],
        "run_poison": ["queueTrigger"],
        "sweep": ["timerTrigger"],
        "watchdog": ["timerTrigger"],
    }


def test_trap_42_no_timer_runs_at_a_start() -> None:
    """Every cold start, restart and new instance would begin a sweep."""
    assert json.loads(run(_LIST_TIMERS)) == {"sweep": False, "watchdog": False}


def test_the_timers_follow_their_settings() -> None:
    """The watchdog comes every five minutes: every minute would use up most of a plan's free grant."""
    nightly, often = "0 0 2 * * *", "0 */5 * * * *"
    assert json.loads(run(_LIST_SCHEDULES % {})) == {"sweep": nightly, "watchdog": often}
    others = {"SWEEP_SCHEDULE": "0 30 1 * * *", "WATCHDOG_SCHEDULE": "0 */10 * * * *"}
    assert json.loads(run(_LIST_SCHEDULES % others)) == {
        "sweep": others["SWEEP_SCHEDULE"],
        "watchdog": others["WATCHDOG_SCHEDULE"],
    }


def test_the_core_imports_neither_azure_nor_http() -> None:
    """What decides can be run and read without either."""
    loaded = set(run(_LIST_MODULES).split())
    assert "shared" in loaded
    assert not loaded & {"azure", "httpx", "httpcore", "msal", "mfa_sync", "dev"}
