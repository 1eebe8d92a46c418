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
from mfa_sync.triggers.ending import BACKGROUND_SECONDS, CALL_SECONDS
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


def test_no_function_outlives_what_the_platform_gives() -> None:
    """What the host ends takes the worker with it, and what the front end ends nobody hears of.

    Sending the nudges counts too: 25 seconds where the queue does not answer (seen on host 4.1037).
    """
    hours, minutes, seconds = json.loads((ROOT / "host.json").read_text())["functionTimeout"].split(":")
    timeout = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds)).total_seconds()
    sending = 25
    assert most("SYNC_DEADLINE_SECONDS") < CALL_SECONDS < FRONT_END_SECONDS
    assert most("RUN_CLAIM_SECONDS") * 0.8 < BACKGROUND_SECONDS < timeout - sending


def test_the_host_does_not_log_each_request_of_its_own_libraries() -> None:
    """93 % of what host 4.1037 logged when idle: 90 lines a minute, with `popreceipt` in clear.

    The categories are the event sources of Azure's libraries, `Azure-Core` as `Azure.Core`; a level counts
    for all that begin so (AzureEventSourceLogForwarder; the host's own repository, issue 8973).
    """
    levels = json.loads((ROOT / "host.json").read_text())["logging"]["logLevel"]
    assert (levels["Azure"], levels["Azure.Core"]) == ("Warning", "Warning")


@pytest.mark.parametrize("settings", ["infra/settings.json", "local.settings.json.example"])
def test_the_host_shows_no_page_of_its_own(settings: str) -> None:
    """At `/`, to anybody, 150 KB at our cost (seen on host 4.1037)."""
    given = json.loads((ROOT / settings).read_text())
    assert given.get("Values", given)["AzureWebJobsDisableHomepage"] == "true"


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
