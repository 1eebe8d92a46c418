"""What a binding leaves to the app's settings: %NAME% in its texts, and the connection it names."""

import re
from collections.abc import Mapping
from typing import Any

_SETTING = re.compile(r"%([^%]+)%")
_QUEUE_NAME = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


class BindingError(Exception):
    """A binding cannot be served, so its function does not load; the text quotes no setting's value."""


def resolved(text: str, settings: Mapping[str, str]) -> str:
    """The text with each %NAME% replaced by that setting.

    Raises:
        BindingError: If a setting is missing or empty, in the words of the Functions host.
    """

    def value(found: re.Match[str]) -> str:
        setting = settings.get(found[1])
        if not setting:
            raise BindingError(f"'%{found[1]}%' does not resolve to a value.")
        return setting

    return _SETTING.sub(value, text)


def connection_string(binding: Mapping[str, Any], settings: Mapping[str, str]) -> str:
    """The storage account of a binding: the setting that its `connection` names, or AzureWebJobsStorage.

    The Functions host looks for the name with AzureWebJobs before it first, then for the name alone.

    Raises:
        BindingError: If there is no such setting.
    """
    name = binding.get("connection") or "Storage"
    for candidate in (f"AzureWebJobs{name}", name):
        if settings.get(candidate):
            return settings[candidate]
    if any(setting.startswith((f"AzureWebJobs{name}__", f"{name}__")) for setting in settings):
        raise BindingError(f"The connection '{name}' is an identity; this host wants a connection string.")
    shown = f"AzureWebJobs{name.removeprefix('AzureWebJobs')}"
    raise BindingError(
        f"Storage account connection string '{shown}' does not exist. "
        "Make sure that it is a defined App Setting."
    )


def queue_name(binding: Mapping[str, Any], settings: Mapping[str, str]) -> str:
    """The name of a binding's queue.

    Raises:
        BindingError: If it is not one that Storage takes: 3 to 63 of a-z, 0-9 and single hyphens.
    """
    name = resolved(str(binding.get("queueName", "")), settings)
    if _QUEUE_NAME.fullmatch(name) is None:
        raise BindingError(f"'{name}' is no name for a queue: 3 to 63 of a-z, 0-9 and single hyphens.")
    return name
