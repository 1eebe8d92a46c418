import httpx

from dev.functions_host import FunctionsHost


def _line(host: FunctionsHost, part: str) -> str:
    return next(line for line in host.output().splitlines() if part in line)


def test_a_functions_record_shows_level_category_invocation_and_message(
    client: httpx.Client, host: FunctionsHost
) -> None:
    """In the thread pool as on the event loop; its own logger and `extra` are lost (seen on host 4.1037)."""
    invocation = client.get("/echo").json()["invocation"]
    line = _line(host, f"{invocation}: echo was here")
    assert f"[Information] Function.echo.User {invocation}: echo was here" in line
    client.post("/secured", headers={"x-functions-key": host.host_key})
    assert "[Warning] Function.secured.User " in _line(host, "secured was here")


def test_start_and_end_of_each_invocation_are_logged(client: httpx.Client, host: FunctionsHost) -> None:
    """With the outcome, as Azure does."""
    invocation = client.get("/echo").json()["invocation"]
    assert f"Executing 'Functions.echo' (Id={invocation})" in host.output()
    assert f"Executed 'Functions.echo' (Succeeded, Id={invocation}, Duration=" in host.output()


def test_the_access_log_has_method_path_and_status_only(client: httpx.Client, host: FunctionsHost) -> None:
    """Neither keys nor query, headers or bodies, of requests or responses, ever come into the log."""
    for key in (host.host_key, "a-wrong-key"):
        sent = client.post(
            "/secured",
            params={"code": key, "query": "marker-in-query"},
            content=b"marker-in-body",
            headers={"Message": "marker-in-header", "x-functions-key": key},
        )
        assert f"[Information] Host.Http -: POST /api/secured {sent.status_code}\n" in host.output()
    for secret in (host.host_key, *map(host.key, host.functions), "a-wrong-key", "marker-in", "code="):
        assert secret not in host.output()


def test_what_functions_print_is_in_the_output(host: FunctionsHost) -> None:
    """Standard output is kept for the line that says ready; prints join the log."""
    lines = host.output().splitlines()
    assert lines[0].startswith('{"url": ')
    assert "printed while loading" in lines[1:]
