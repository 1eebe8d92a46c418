import base64
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from azure.storage.queue import QueueClient

from dev.functions_host import FunctionsHost

type OpenQueue = Callable[[str], QueueClient]


def _encoded(body: bytes) -> str:
    return base64.b64encode(body).decode()


def _job(name: str, fails: int = 0) -> str:
    return _encoded(json.dumps({"name": name, "fails": fails}).encode())


def _arrivals(host: FunctionsHost, name: str, times: int) -> list[dict[str, Any]]:
    """What the function saw of a job, once all its attempts are over."""
    output = host.await_output(f'arrived {{"name": "{name}"', times)
    found = [json.loads(text) for text in re.findall(r"arrived (\{.*\})", output)]
    arrivals = [arrival for arrival in found if arrival["name"] == name]
    for arrival in arrivals:
        host.await_output(f"Id={arrival['invocation']}, Duration=")
    return arrivals


def _contents(queue: QueueClient) -> list[str]:
    return [base64.b64decode(message.content).decode() for message in queue.peek_messages(max_messages=32)]


def _post(host: FunctionsHost, path: str, **options: Any) -> int:
    return httpx.post(f"{host.url}/api/{path}", trust_env=False, **options).status_code


def test_a_message_is_delivered_once_with_what_is_known_of_it(
    queues_host: FunctionsHost, open_queue: OpenQueue
) -> None:
    """Count, id, receipt and times arrive, umlauts too."""
    sent = open_queue("jobs").send_message(_job("Käthe"))
    (arrival,) = _arrivals(queues_host, "Käthe", 1)
    assert (arrival["count"], arrival["id"], arrival["receipt"]) == (1, sent.id, True)
    assert arrival["times"][0] == str(sent.inserted_on)
    assert arrival["times"][1] == str(sent.expires_on)
    assert sent.inserted_on is not None
    assert arrival["times"][2] > str(sent.inserted_on)


def test_the_lines_of_a_queue_invocation_tell_why_and_how_it_ended(
    queues_host: FunctionsHost, open_queue: OpenQueue
) -> None:
    """As for HTTP: executing with the reason, the function's own lines, executed with the outcome."""
    open_queue("jobs").send_message(_job("told"))
    (arrival,) = _arrivals(queues_host, "told", 1)
    identifier = arrival["invocation"]
    output = queues_host.output()
    reason = "Reason='New queue message detected on 'jobs'.'"
    assert f"Executing 'Functions.jobs' ({reason}, Id={identifier})" in output
    assert f"Function.jobs.User {identifier}: arrived" in output
    assert f"Executed 'Functions.jobs' (Succeeded, Id={identifier}, Duration=" in output


def test_a_failed_message_comes_again_and_is_counted(
    queues_host: FunctionsHost, open_queue: OpenQueue
) -> None:
    """Two deliveries; only the one that succeeded sends its output."""
    open_queue("jobs").send_message(_job("fails-once", fails=1))
    assert [arrival["count"] for arrival in _arrivals(queues_host, "fails-once", 2)] == [1, 2]
    results = [text for text in _contents(open_queue("results")) if "fails-once" in text]
    assert results == ["result of fails-once, time 2"]


def test_what_always_fails_goes_to_the_poison_queue_and_its_trigger(
    queues_host: FunctionsHost, open_queue: OpenQueue
) -> None:
    """After maxDequeueCount deliveries, here 2, as it was sent, and without any output."""
    open_queue("jobs").send_message(_job("always-fails", fails=9))
    queues_host.await_output('buried {"name": "always-fails"')
    assert [arrival["count"] for arrival in _arrivals(queues_host, "always-fails", 2)] == [1, 2]
    assert not [text for text in _contents(open_queue("results")) if "always-fails" in text]


def test_what_is_not_base64_goes_straight_to_the_poison_queue(
    queues_host: FunctionsHost, open_queue: OpenQueue
) -> None:
    """The function never sees it. Its text is kept, so nothing reads it there either, and it stays."""
    sent = open_queue("jobs").send_message("{not base64}")
    queues_host.await_output(f"Message {sent.id} of jobs is not in base64")
    queues_host.await_output(f"Moving message {sent.id} to jobs-poison")
    queues_host.await_output("stays hidden: jobs-poison has no poison queue")
    assert f"Message {sent.id} of jobs, dequeued" not in queues_host.output()


def test_a_message_may_lead_to_the_next(queues_host: FunctionsHost, open_queue: OpenQueue) -> None:
    """An output is what another function is triggered by."""
    open_queue("relays").send_message(_job("relayed"))
    (arrival,) = _arrivals(queues_host, "relayed", 1)
    assert arrival["count"] == 1


def test_an_http_function_may_write_to_a_queue_when_it_succeeds(
    queues_host: FunctionsHost, open_queue: OpenQueue
) -> None:
    """A queue that is missing is made; a failure sends nothing."""
    assert _post(queues_host, "write", content="by http") == 200
    assert _post(queues_host, "write?fail=1", content="by a failure") == 500
    contents = _contents(open_queue("results"))
    assert contents.count("by http") == 1
    assert "by a failure" not in contents


def test_a_list_is_sent_one_by_one(queues_host: FunctionsHost, open_queue: OpenQueue) -> None:
    """To a queue and an account that settings name."""
    assert _post(queues_host, "write-list", json=["one", "zwei ü"]) == 200
    assert _contents(open_queue("results-of-lists"))[-2:] == ["one", "zwei ü"]


def test_a_list_of_something_else_fails_the_function(queues_host: FunctionsHost) -> None:
    """Rather than be guessed at."""
    assert _post(queues_host, "write-list", json=["one", "zwei ü", {"three": 3}]) == 500


def test_a_message_has_up_to_48_kilobytes(queues_host: FunctionsHost, open_queue: OpenQueue) -> None:
    """64 in base64; one byte more fails the invocation, and nothing is sent."""
    fits, too_long = "fits".ljust(48 * 1024, "x"), "too long".ljust(48 * 1024 + 1, "x")
    assert _post(queues_host, "write", content=fits) == 200
    assert _post(queues_host, "write", content=too_long) == 500
    assert [text for text in _contents(open_queue("results")) if text.endswith("xxx")] == [fits]
    output = queues_host.output()
    assert "RequestBodyTooLarge: the message to results has 49153 bytes, 65540 as it is sent" in output
    assert "xxx" not in output


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("misnamed", "'Not_a_Queue' is no name for a queue: 3 to 63 of a-z, 0-9 and single hyphens."),
        ("disconnected", "Storage account connection string 'AzureWebJobsMissing' does not exist."),
        ("without_setting", "'%NOWHERE%' does not resolve to a value."),
        ("at_25_o_clock", "The schedule expression '0 0 25 * * *' was not recognized as a valid cron"),
    ],
)
def test_a_function_with_a_faulty_binding_is_left_out(
    queues_host: FunctionsHost, function: str, error: str
) -> None:
    """The log says why, as in Azure, and the others run."""
    assert f"The '{function}' function is in error: {error}" in queues_host.output()
