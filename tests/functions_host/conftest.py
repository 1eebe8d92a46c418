"""One running host for all tests of this folder, since each takes a process."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from dev.functions_host import FunctionsHost

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="session")
def host() -> Iterator[FunctionsHost]:
    """The sample app, served; two of its keys are given, the others made."""
    environment = {"GREETING": "hello", "AzureWebJobsFeature": "on"}
    keys = {"secured": "key-of-secured-ö", "raises": "key-of-raises"}
    with FunctionsHost(APPS / "sample", environment=environment, keys=keys) as running:
        yield running


@pytest.fixture(scope="session")
def client(host: FunctionsHost) -> Iterator[httpx.Client]:
    """A client of the host that no proxy variable reaches."""
    with httpx.Client(base_url=host.url + "/api", trust_env=False) as client:
        yield client


@pytest.fixture
def connection(host: FunctionsHost) -> Iterator[socket.socket]:
    """A bare connection, for what an HTTP client would not send."""
    address = urlsplit(host.url)
    with socket.create_connection((address.hostname, address.port or 0), timeout=30) as connection:
        yield connection


@pytest.fixture
def exchange(connection: socket.socket) -> Callable[[bytes], bytes]:
    """Sends bytes and gives back all that comes until the host hangs up."""

    def send_and_read(request: bytes) -> bytes:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))

    return send_and_read
