"""Which settings the program reads: told by running what reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from mfa_sync.settings.settings import Settings
from shared.errors import SettingsError


class _Recorder(Mapping[str, str]):
    """An environment that is empty, and remembers which names it was asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def settings_read() -> set[str]:
    """Return the names of all settings that the program reads."""
    environment = _Recorder()
    with suppress(SettingsError):
        Settings.from_environment(environment)
    return environment.asked
