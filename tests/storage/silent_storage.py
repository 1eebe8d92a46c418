"""Storages that fail by the wire: one that never answers, one that hangs up, and a port where nobody is."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

KEY = "c2VjcmV0LXNlY3JldA=="
_END_SECONDS = 10.0
SIGNATURE = "c2lnbmF0dXJlLXNpZ25hdHVyZQ"


def keyed(port: int) -> str:
    """Return a connection string with an account key."""
    return f"AccountName=contoso;AccountKey={KEY};{_addresses(port)}"


def signed(port: int) -> str:
    """Return a connection string with a shared access signature, which goes into every address."""
    return f"{_addresses(port)};SharedAccessSignature=sv=2024-11-04&sig={SIGNATURE}"


def _addresses(port: int) -> str:
    return ";".join(f"{name}Endpoint=http://127.0.0.1:{port}/contoso" for name in ("Table", "Blob"))


def port_of_nobody() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class SilentStorage:
    """Takes connections, and reads what is sent. Then it is silent, or hangs up.

    Attributes:
        heard: The first line of each request.
    """

    def __init__(self, *, hangs_up: bool = False) -> None:
        self.heard: list[str] = []
        self._hangs_up = hangs_up
        self._ears: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._door = threading.Thread(target=self._welcome)
        self._door.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._listening, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in (self._door, *self._ears):
            thread.join(_END_SECONDS)
        for one in (self._listening, *self._open):
            one.close()

    def _welcome(self) -> None:
        with suppress(OSError):
            while True:
                taken, _ = self._listening.accept()
                self._open.append(taken)
                ear = threading.Thread(target=self._listen, args=(taken,))
                self._ears.append(ear)
                ear.start()

    def _listen(self, taken: socket.socket) -> None:
        with suppress(OSError):
            while heard := taken.recv(65_536):
                line = heard.split(b"\r\n", 1)[0].decode("latin-1")
                if line.endswith("HTTP/1.1"):
                    self.heard.append(line)
                if self._hangs_up:
                    taken.shutdown(socket.SHUT_RDWR)
