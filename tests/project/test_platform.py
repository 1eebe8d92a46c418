"""What host.json, the bindings and the requirements promise about the platform."""

from __future__ import annotations

import importlib.metadata
import json
import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from dev.functions_host.queue_settings import QueueSettings
from mfa_sync.settings.settings import Settings
from shared.errors import SettingsError

ROOT = Path(__file__).parents[2]
NEEDED = {
    "TENANT_ID": "contoso.com",
    "CLIENT_ID": "22222222-2222-4222-8222-222222222222",
    "KEY_VAULT_URL": "https://contoso.vault.azure.net",
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
}
# The front end of every plan gives up a call after so many seconds, though the function goes on.
FRONT_END_SECONDS = 230


def most(setting: str) -> int:
    """Return the largest value that a setting in seconds takes."""
    for seconds in range(1000, 0, -1):
        try:
            Settings.from_environment({**NEEDED, setting: str(seconds)})
        except SettingsError:
            continue
        return seconds
    pytest.fail(f"{setting} takes nothing")


def test_trap_40_neither_a_call_nor_a_step_outlives_what_the_platform_gives() -> None:
    """Cut off by the front end, a caller repeats what goes on; cut off by the host, a step loses its end."""
    hours, minutes, seconds = json.loads((ROOT / "host.json").read_text())["functionTimeout"].split(":")
    timeout = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    assert most("SYNC_DEADLINE_SECONDS") < FRONT_END_SECONDS
    assert most("RUN_CLAIM_SECONDS") <= timeout.total_seconds()


def test_trap_43_a_message_that_failed_comes_back_after_a_while() -> None:
    """At once, five times in a row, is how a short outage becomes a poisoned message."""
    assert QueueSettings.read(ROOT).visibility_timeout >= 30


def test_trap_44_an_instance_works_on_one_message_at_a_time() -> None:
    """Graph's bucket is one for app and tenant: more at once could only be throttled."""
    queues = QueueSettings.read(ROOT)
    assert (queues.batch_size, queues.new_batch_threshold) == (1, 0)


def test_trap_46_the_functions_library_fits_the_python_that_the_app_demands() -> None:
    """Its second version cannot be installed below 3.13, and without a pin each Python gets another one."""
    pinned = re.search(r"^azure-functions==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert pinned
    assert importlib.metadata.version("azure-functions") == pinned[1]
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    takes = SpecifierSet(importlib.metadata.metadata("azure-functions")["Requires-Python"])
    minors = [f"3.{minor}" for minor in range(8, 30)]
    demanded = [minor for minor in minors if minor in SpecifierSet(ours)]
    assert demanded
    assert [minor for minor in demanded if minor not in takes] == []
