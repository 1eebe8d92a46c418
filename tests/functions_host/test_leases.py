"""Messages whose function takes longer than the test likes, and hosts that end in the middle of one."""

import base64
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from azure.storage.queue import QueueClient

from dev.azurite import Azurite
from dev.functions_host import FunctionsHost, HostOptions

APPS = Path(__file__).parent / "apps"

type StartHost = Callable[[HostOptions], FunctionsHost]


@pytest.fixture
def queue_name() -> str:
    """A name of this test's own."""
    return f"gates-{uuid.uuid4()}"


@pytest.fixture
def start_host(steady_azurite: Azurite, queue_name: str) -> Iterator[StartHost]:
    """Starts hosts that listen to this test's queues."""
    environment = {"AzureWebJobsStorage": steady_azurite.connection_string, "QUEUE": queue_name}
    with ExitStack() as exits:

        def start(options: HostOptions) -> FunctionsHost:
            host = FunctionsHost(APPS / "gates", environment=environment, options=options)
            return exits.enter_context(host)

        yield start


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A pipe: whoever reads it waits until it is written to."""
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path


def _send(queue: QueueClient, gate: Path) -> None:
    queue.send_message(base64.b64encode(str(gate).encode()).decode())


def _let_through(gate: Path) -> None:
    gate.write_text("go")


def test_a_lease_is_renewed_while_the_function_runs(
    start_host: StartHost, queue_name: str, gate: Path, open_queue: Callable[[str], QueueClient]
) -> None:
    """It is delivered once though it takes longer than a lease, even if it blocks the event loop."""
    host = start_host(HostOptions(lease_seconds=2))
    queue = open_queue(f"{queue_name}-blocking")
    _send(queue, gate)
    host.await_output("entered, time 1")
    # At half the lease each: after two, the first lease would have ended.
    host.await_output("Renewed the lease of message", 2)
    assert queue.receive_message() is None
    _let_through(gate)
    output = host.await_output("Executed 'Functions.blocks' (Succeeded")
    assert output.count("entered") == 1
    host.restart()
    assert queue.get_queue_properties().approximate_message_count == 0


def test_a_killed_host_leaves_its_message_to_come_again(
    start_host: StartHost, queue_name: str, gate: Path, open_queue: Callable[[str], QueueClient]
) -> None:
    """After its lease, for another host that stands by as well as for the same one, counted."""
    first, queue = start_host(HostOptions(lease_seconds=1)), open_queue(queue_name)
    _send(queue, gate)
    first.await_output("entered, time 1")
    first.kill()
    assert queue.receive_message() is None
    address, key = first.url, first.host_key
    first.restart()
    assert (first.url, first.host_key) == (address, key)
    first.await_output("entered, time 2")
    _let_through(gate)
    output = first.await_output("Executed 'Functions.waits' (Succeeded")
    assert output.count("Executed 'Functions.waits'") == 1


def test_two_hosts_share_the_work(
    start_host: StartHost, queue_name: str, gate: Path, open_queue: Callable[[str], QueueClient]
) -> None:
    """Each takes one message, with batches of one."""
    hosts = [start_host(HostOptions()) for _ in range(2)]
    queue = open_queue(queue_name)
    # A gate for each: through one, whoever comes to it late would find it shut again.
    gates = [gate, gate.with_name("another gate")]
    os.mkfifo(gates[1])
    for one in gates:
        _send(queue, one)
    for host in hosts:
        host.await_output("entered, time 1")
    for one in gates:
        _let_through(one)
    for host in hosts:
        assert host.await_output("Executed 'Functions.waits' (Succeeded").count("entered") == 1


def test_a_host_that_is_told_to_stop_finishes_what_it_has(
    start_host: StartHost, queue_name: str, gate: Path, open_queue: Callable[[str], QueueClient]
) -> None:
    """Within its time of grace; it takes nothing more."""
    host, queue = start_host(HostOptions(grace_seconds=60)), open_queue(queue_name)
    _send(queue, gate)
    host.await_output("entered, time 1")
    restarting = threading.Thread(target=host.restart)
    restarting.start()
    host.await_output("Stopping: what runs may take 60 seconds more")
    _let_through(gate)
    restarting.join(90)
    assert "Executed 'Functions.waits' (Succeeded" in host.output()
    assert queue.get_queue_properties().approximate_message_count == 0


def test_a_host_that_stops_leaves_hidden_what_does_not_finish(
    start_host: StartHost, queue_name: str, gate: Path, open_queue: Callable[[str], QueueClient]
) -> None:
    """Seen on host 4.1037: nothing is given back; it comes again when its lease ends, in ten minutes here."""
    host, queue = start_host(HostOptions(grace_seconds=0)), open_queue(f"{queue_name}-endless")
    _send(queue, gate)
    host.await_output("entered, time 1")
    host.restart()
    assert "Abandoned 'Functions.never_ends'" in host.output()
    assert "stays hidden until its lease ends" in host.output()
    assert queue.receive_message() is None
    assert queue.get_queue_properties().approximate_message_count == 1
