import httpx
import pytest

from dev.functions_host import FunctionsHost


def _ask(
    host: FunctionsHost,
    name: str,
    *,
    key: str | None,
    content: str = '{"input": ""}',
    content_type: str = "application/json",
) -> httpx.Response:
    headers = {"content-type": content_type, **({"x-functions-key": key} if key else {})}
    return httpx.post(f"{host.url}/admin/functions/{name}", headers=headers, content=content, trust_env=False)


def test_any_function_without_a_route_runs_on_demand(queues_host: FunctionsHost) -> None:
    """A queue's on a text as if it had been a message: 202 at once, whatever becomes of it."""
    answer = _ask(
        queues_host, "jobs", key=queues_host.master_key, content='{"input": "{\\"name\\": \\"by-hand\\"}"}'
    )
    assert (answer.status_code, answer.content) == (202, b"")
    output = queues_host.await_output('arrived {"name": "by-hand", "count": 1')
    assert "Executing 'Functions.jobs' (Reason='on demand', Id=" in output


def test_only_the_master_key_opens_it(queues_host: FunctionsHost) -> None:
    """Neither none nor a function's own (401), nor the host's (403, seen on host 4.1037).

    Nor does a stranger learn which functions there are.
    """
    before = queues_host.output().count("Functions.by_setting")
    keys = {None: 401, "wrong": 401, queues_host.key("by_setting"): 401, queues_host.host_key: 403}
    for key, status in keys.items():
        for name in ("by_setting", "nobody"):
            answer = _ask(queues_host, name, key=key)
            assert (answer.status_code, answer.content) == (status, b"")
    assert queues_host.output().count("Functions.by_setting") == before


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', '{"input": 1}'])
def test_a_body_that_is_not_as_it_should_be_is_400(queues_host: FunctionsHost, content: str) -> None:
    """It wants an object with a text."""
    assert _ask(queues_host, "jobs", key=queues_host.master_key, content=content).status_code == 400


@pytest.mark.parametrize("name", ["nobody", "misnamed", "", "jobs/more"])
def test_what_cannot_run_on_demand_is_404(queues_host: FunctionsHost, name: str) -> None:
    """Unknown, or in error."""
    assert _ask(queues_host, name, key=queues_host.master_key).status_code == 404


@pytest.mark.parametrize(("name", "status"), [("JOBS", 202), ("write", 202)])
def test_names_have_no_case_and_http_functions_are_taken_too(
    queues_host: FunctionsHost, name: str, status: int
) -> None:
    """Seen on host 4.1037."""
    content = '{"input": "{\\"name\\": \\"in capitals\\"}"}'
    assert _ask(queues_host, name, key=queues_host.master_key, content=content).status_code == status


def test_what_is_not_said_to_be_json_is_415(queues_host: FunctionsHost) -> None:
    """Seen on host 4.1037."""
    answer = _ask(queues_host, "jobs", key=queues_host.master_key, content_type="text/plain")
    assert answer.status_code == 415


def test_only_post_runs_a_function(queues_host: FunctionsHost) -> None:
    """A GET, in Azure, tells about one; it does not here."""
    answer = httpx.get(
        f"{queues_host.url}/admin/functions/jobs",
        headers={"x-functions-key": queues_host.master_key},
        trust_env=False,
    )
    assert answer.status_code == 404


def test_the_functions_are_listed_for_the_master_key_alone(queues_host: FunctionsHost) -> None:
    """Each with its bindings, whatever its trigger, also one in error (seen on host 4.1037)."""
    address = f"{queues_host.url}/admin/functions"
    keys = {None: 401, "wrong": 401, queues_host.key("by_setting"): 401, queues_host.host_key: 403}
    for key, status in keys.items():
        headers = {"x-functions-key": key} if key else {}
        assert httpx.get(address, headers=headers, trust_env=False).status_code == status
    listed = httpx.get(address, headers={"x-functions-key": queues_host.master_key}, trust_env=False).json()
    functions = {one["name"]: one for one in listed}
    assert functions["jobs"]["config"]["bindings"][0]["type"] == "queueTrigger"
    assert functions["write"]["config"]["bindings"][0]["type"] == "httpTrigger"
    assert "misnamed" in functions
    assert not any(one["isDisabled"] for one in listed)
