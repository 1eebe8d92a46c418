"""One running host for all tests of this folder, since each takes a process."""

import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueClient

from dev.azurite import Azurite
from dev.functions_host import FunctionsHost, HostOptions
from dev.functions_host.storage_queue import StorageQueue

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


@pytest.fixture(scope="session")
def queues_host(steady_azurite: Azurite) -> Iterator[FunctionsHost]:
    """The app of queues and timers, its timers on demand only."""
    environment = {
        "AzureWebJobsStorage": steady_azurite.connection_string,
        "Elsewhere": steady_azurite.connection_string,
        "RESULTS": "results-of-lists",
        "SCHEDULE": "0 30 2 * * MON-FRI",
    }
    # These go before what host.json says: an hour each.
    options = HostOptions(timers=False, max_polling_seconds=0.1, visibility_seconds=0)
    with FunctionsHost(APPS / "queues", environment=environment, options=options) as running:
        yield running


@pytest.fixture
def open_queue(steady_azurite: Azurite) -> Iterator[Callable[[str], QueueClient]]:
    """Opens queues of the account, as somebody else who uses it does; the host makes none to listen to."""
    opened: list[QueueClient] = []

    def open_one(name: str) -> QueueClient:
        opened.append(QueueClient.from_connection_string(steady_azurite.connection_string, name))
        with suppress(ResourceExistsError):
            opened[-1].create_queue()
        return opened[-1]

    yield open_one
    for queue in opened:
        queue.close()


@pytest.fixture
def make_queue(steady_azurite: Azurite) -> Iterator[Callable[[], StorageQueue]]:
    """Makes queues for parts of the host that run in the test itself, each with a name of its own."""
    made: list[StorageQueue] = []

    def make_one() -> StorageQueue:
        queue = StorageQueue(steady_azurite.connection_string, f"queue-{uuid.uuid4()}")
        queue.create()
        made.append(queue)
        return queue

    yield make_one
    for queue in made:
        queue.close()
