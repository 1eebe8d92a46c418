import json
from pathlib import Path
from typing import Any

import pytest

from dev.functions_host.app_folder import AppFolderError
from dev.functions_host.binding_settings import BindingError, connection_string, queue_name, resolved
from dev.functions_host.queue_settings import QueueSettings


@pytest.mark.parametrize(
    ("connection", "settings", "expected"),
    [
        ("AzureWebJobsStorage", {"AzureWebJobsStorage": "a"}, "a"),
        (None, {"AzureWebJobsStorage": "a"}, "a"),
        ("", {"AzureWebJobsStorage": "a"}, "a"),
        ("Storage", {"AzureWebJobsStorage": "a", "Storage": "b"}, "a"),
        ("Other", {"AzureWebJobsStorage": "a", "Other": "b"}, "b"),
        ("Other", {"AzureWebJobsOther": "", "Other": "b"}, "b"),
    ],
)
def test_a_connection_is_the_setting_that_it_names(
    connection: str | None, settings: dict[str, str], expected: str
) -> None:
    """With AzureWebJobs before it first."""
    binding = {} if connection is None else {"connection": connection}
    assert connection_string(binding, settings) == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "'AzureWebJobsMine' does not exist"),
        (
            {"Mine__accountName": "secret-account"},
            "'Mine' is an identity; this host wants a connection string",
        ),
        ({"AzureWebJobsMine__queueServiceUri": "secret-uri"}, "'Mine' is an identity"),
    ],
)
def test_a_connection_that_is_missing_is_said_without_values(settings: dict[str, str], message: str) -> None:
    """The names alone."""
    with pytest.raises(BindingError, match=message) as caught:
        connection_string({"connection": "Mine"}, settings)
    assert "secret" not in str(caught.value)


def test_settings_stand_between_percent_signs() -> None:
    """Several, within other text too; an empty one is as good as none."""
    settings = {"A": "a", "B": "b", "EMPTY": ""}
    assert resolved("x-%A%-%B%", settings) == "x-a-b"
    for missing in ("%C%", "%EMPTY%"):
        with pytest.raises(BindingError, match=f"'{missing}' does not resolve to a value"):
            resolved(missing, settings)


@pytest.mark.parametrize("name", ["ab", "a" * 64, "-abc", "abc-", "a--b", "Abc", "a_b", "{user}", ""])
def test_a_queue_needs_a_name_that_storage_takes(name: str) -> None:
    """3 to 63 of a-z, 0-9 and single hyphens."""
    with pytest.raises(BindingError, match="is no name for a queue"):
        queue_name({"queueName": name}, {})


def _read(folder: Path, queues: dict[str, Any]) -> QueueSettings:
    (folder / "host.json").write_text(json.dumps({"extensions": {"queues": queues}}))
    return QueueSettings.read(folder)


def test_queue_settings_are_host_jsons(tmp_path: Path) -> None:
    """With Azure's defaults, and half a batch as the threshold."""
    assert _read(tmp_path, {}) == QueueSettings(16, 8, 0, 5, 2.0, base64=True, lease_seconds=600)
    given = {
        "batchSize": 4,
        "visibilityTimeout": "1.00:00:30",
        "maxDequeueCount": 3,
        "maxPollingInterval": "00:00:00.5",
        "messageEncoding": "None",
    }
    assert _read(tmp_path, given) == QueueSettings(4, 2, 86430, 3, 0.5, base64=False)
    assert _read(tmp_path, {"batchSize": 1, "newBatchThreshold": 0}).new_batch_threshold == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batchSize", 0),
        ("batchSize", 33),
        ("batchSize", "1"),
        ("newBatchThreshold", -1),
        ("maxDequeueCount", 0),
        ("visibilityTimeout", 30),
        ("maxPollingInterval", "2 s"),
        ("messageEncoding", "utf-8"),
    ],
)
def test_a_queue_setting_that_azure_does_not_take_is_refused(
    tmp_path: Path, name: str, value: object
) -> None:
    """By its name."""
    with pytest.raises(AppFolderError, match=rf"host.json: extensions.queues.{name} is"):
        _read(tmp_path, {name: value})
