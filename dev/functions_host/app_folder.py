"""What the host reads from an app's folder beside its code: host.json and local.settings.json."""

import json
import re
from pathlib import Path
from typing import Any

_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(\.\d+)?")


class AppFolderError(Exception):
    """A file of the app folder is not as the host needs it."""


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        AppFolderError: If there is none.
    """
    try:
        content = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise AppFolderError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise AppFolderError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise AppFolderError(f"{path} must hold a JSON object")
    return content


def route_prefix(app_folder: Path) -> str:
    """What every route begins with, by host.json: api unless it says otherwise.

    Raises:
        AppFolderError: If host.json is missing or not JSON, as no Functions host starts then.
    """
    http = read_object(app_folder / "host.json").get("extensions", {}).get("http", {})
    return str(http.get("routePrefix", "api")).strip("/")


def function_timeout(app_folder: Path) -> float:
    """How many seconds a function may take, by host.json: half an hour unless it says otherwise.

    Raises:
        AppFolderError: If host.json is missing, or says something else than a time span.
    """
    return seconds_of(
        read_object(app_folder / "host.json").get("functionTimeout", "00:30:00"), "functionTimeout"
    )


def seconds_of(text: object, name: str) -> float:
    """The seconds of a time span in host.json, such as 00:00:30 or 1.00:00:00.

    Raises:
        AppFolderError: If it is none.
    """
    found = _TIME_SPAN.fullmatch(str(text))
    if found is None:
        raise AppFolderError(f"host.json: {name} is a time span such as 00:00:30")
    days, hours, minutes, seconds, fraction = found.groups(default="0")
    return ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds) + float(fraction)


def local_settings(path: Path) -> dict[str, str]:
    """The application settings in a local.settings.json.

    Raises:
        AppFolderError: If the file cannot be read or a setting is not a string.
    """
    values = read_object(path).get("Values", {})
    wrong = [name for name, value in values.items() if not isinstance(value, str)]
    if wrong:
        raise AppFolderError(f"{path}: settings must be strings: {', '.join(wrong)}")
    return dict(values)
