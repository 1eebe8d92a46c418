import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from dev.functions_host import FunctionsHost, HostDidNotStartError
from dev.functions_host.app_folder import AppFolderError, local_settings, route_prefix

APPS = Path(__file__).parent / "apps"
ROOT = Path(__file__).parents[2]


def test_the_app_runs_in_its_folder_with_exactly_its_settings(client: httpx.Client) -> None:
    """Of our environment only what a process needs is added, and modules beside the host are not found."""
    here = client.get("/surroundings").json()
    assert here["cwd"] == here["path"][0] == str(APPS / "sample")
    assert str(ROOT) not in here["path"]
    assert here["environment"]["GREETING"] == "hello"
    needed = {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"}
    assert here["environment"].keys() - needed == {"GREETING", "AzureWebJobsFeature"}


def test_a_faulty_output_fails_its_function_when_it_sets_something(host: FunctionsHost) -> None:
    """Seen on host 4.1037: the function loads; only what it sends cannot be sent."""
    assert {"user", "echo", "nightly"} <= set(host.functions)
    assert "'nightly' function is in error" not in host.output()
    assert host.run_timer("nightly") is False
    assert ": Storage account connection string 'AzureWebJobsStorage' does not exist." in host.output()


def test_an_app_that_cannot_be_indexed_ends_the_host_with_the_librarys_words() -> None:
    """What would break a deployment is the message, and the status is not zero."""
    with (
        pytest.raises(HostDidNotStartError, match="ended with status 1") as caught,
        FunctionsHost(APPS / "broken"),
    ):
        pass
    assert "The app was not started. ModuleNotFoundError: No module named 'a_module_that" in str(caught.value)


def test_a_faulty_decorator_ends_the_host_with_the_librarys_words(tmp_path: Path) -> None:
    """A parameter that no binding declares is a FunctionLoadError."""
    (tmp_path / "host.json").write_text("{}")
    (tmp_path / "function_app.py").write_text(
        "import azure.functions as func\napp = func.FunctionApp()\n"
        "@app.route()\ndef f(req: func.HttpRequest, other: str) -> str: ...\n"
    )
    with pytest.raises(HostDidNotStartError) as caught, FunctionsHost(tmp_path):
        pass
    assert "FunctionLoadError: cannot load the f function" in str(caught.value)
    assert "declared in Python but not in the function definition" in str(caught.value)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "host.json cannot be read: No such file or directory"),
        ({"host.json": "{"}, "host.json is not JSON"),
        ({"host.json": "[]"}, "host.json must hold a JSON object"),
    ],
)
def test_a_folder_without_a_sound_host_json_is_refused(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    """No Functions host starts without it."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(AppFolderError, match=message):
        route_prefix(tmp_path)


def test_the_route_prefix_is_host_jsons(tmp_path: Path) -> None:
    """It is api by default, and may be empty."""
    for content, prefix in (("{}", "api"), ('{"extensions": {"http": {"routePrefix": ""}}}', "")):
        (tmp_path / "host.json").write_text(content)
        assert route_prefix(tmp_path) == prefix


def test_the_command_serves_with_settings_from_local_settings_json(tmp_path: Path) -> None:
    """Values become environment variables unless already set; port and keys are where they were asked for."""
    settings = tmp_path / "local.settings.json"
    settings.write_text(json.dumps({"IsEncrypted": False, "Values": {"GREETING": "file", "OTHER": "file"}}))
    command = [sys.executable, "-m", "dev.functions_host", "--app", str(APPS / "sample"), "--port", "0"]
    command += ["--keys", '{"master": "inline"}', "--port-file", str(tmp_path / "port")]
    command += ["--settings", str(settings)]
    environment = {"GREETING": "shell", "PATH": os.environ["PATH"]}
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            assert url == f"http://127.0.0.1:{(tmp_path / 'port').read_text().strip()}"
            with httpx.Client(trust_env=False) as client:
                seen = client.get(f"{url}/api/surroundings").json()["environment"]
                assert client.get(f"{url}/api/administered?code=inline").status_code == 200
            assert (seen["GREETING"], seen["OTHER"]) == ("shell", "file")
            process.terminate()
            process.wait(30)
        finally:
            process.kill()


def test_settings_must_be_strings(tmp_path: Path) -> None:
    """Core Tools accepts nothing else, and Azure knows nothing else; values are not quoted."""
    path = tmp_path / "local.settings.json"
    path.write_text('{"Values": {"A": 12345, "B": "x"}}')
    with pytest.raises(AppFolderError, match=r"settings must be strings: A$"):
        local_settings(path)


def test_a_host_can_be_read_after_it_stopped() -> None:
    """Leaks are looked for at the end, so the output outlives the process, and nothing answers any more."""
    with FunctionsHost(APPS / "sample") as short:
        url = short.url
    assert "printed while loading" in short.output()
    with httpx.Client(trust_env=False) as client, pytest.raises(httpx.ConnectError):
        client.get(url)
