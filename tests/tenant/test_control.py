"""The control interface, and that nothing leaves the machine."""

import json
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from dev.tenant import sample
from dev.tenant.control_client import ControlError
from dev.tenant.server import EmulatedTenant

ANNA = "anna.new@contoso.com"
GRAPH = "https://graph.microsoft.com/v1.0"


def token(tenant: EmulatedTenant) -> dict[str, str]:
    """The header of a Graph call by the managed identity."""
    environment = tenant.environment()
    url = environment["IDENTITY_ENDPOINT"] + "?api-version=2019-08-01&resource=https://graph.microsoft.com"
    answer = httpx.get(url, headers={"X-IDENTITY-HEADER": environment["IDENTITY_HEADER"]})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.mark.parametrize("url", ["https://example.com", "https://graph.microsoft.com:8443/"])
def test_trap_31_any_other_host_is_refused(running: EmulatedTenant, url: str) -> None:
    """Nothing can leave the machine."""
    assert running.proxy_port
    with pytest.raises(httpx.ProxyError, match="403"):
        httpx.get(url)


def test_trap_32_the_proxy_forwards_no_plain_http(running: EmulatedTenant) -> None:
    """It knows CONNECT only."""
    with httpx.Client(proxy=f"http://127.0.0.1:{running.proxy_port}", trust_env=False) as client:
        assert client.get("http://example.com/").status_code == 403


def test_a_connection_can_be_closed_without_an_answer(running: EmulatedTenant, online: httpx.Client) -> None:
    """The client sees an error of transport; the next call is answered."""
    running.control.fault(reset=True)
    with pytest.raises(httpx.TransportError):
        online.get(f"{GRAPH}/users")
    assert online.get(f"{GRAPH}/users").status_code == 401


def test_people_are_changed_from_outside(running: EmulatedTenant) -> None:
    """No rule applies; numbers are shown in full; what is not named stays."""
    running.control.patch_person(
        ANNA, attribute=None, phones={"mobile": "+46 701740699"}, roles=["Reports Reader"]
    )
    running.control.patch_person(ANNA, phones={"office": {"number": "+46701740698", "sms": "notSupported"}})
    person = running.control.person(ANNA)
    assert (person["attribute"], person["roles"]) == (None, ["Reports Reader"])
    assert person["phones"]["office"]["number"] == "+46701740698"
    assert running.control.mobile(ANNA) == running.control.mobiles()[ANNA] == "+46701740699"
    running.control.patch_person(ANNA, phones={"mobile": None}, upn="anna.renamed@contoso.com")
    assert running.control.mobile("anna.renamed@contoso.com") is None


@pytest.mark.parametrize(
    "change",
    [{"atribute": "x"}, {"enabled": "no"}, {"phones": {"fax": "+46701740699"}}, {"phones": {"mobile": "x"}}],
)
def test_what_is_misspelt_changes_nothing(running: EmulatedTenant, change: dict[str, object]) -> None:
    """A test with a typing error must fail, not pass."""
    before = running.control.person(ANNA)
    with pytest.raises(ControlError, match="422"):
        running.control.patch_person(ANNA, **change)
    assert running.control.person(ANNA) == before


def test_switches_and_faults_are_checked_too(running: EmulatedTenant) -> None:
    """Unknown names and wrong kinds are refused; unknown people are a 404."""
    with pytest.raises(ControlError, match="write_lagg"):
        running.control.switch(write_lagg=3)
    with pytest.raises(ControlError, match="Fault"):
        running.control.fault(state=429)
    with pytest.raises(ControlError, match="404"):
        running.control.person("nobody@contoso.com")
    running.control.switch(write_lag=3, grants=["User.Read.All"])
    assert running.control.switches()["write_lag"] == 3
    running.control.fault(status=429, times=2)
    assert [fault["times"] for fault in running.control.faults()] == [2]
    running.control.clear_faults()
    assert running.control.faults() == []


def test_a_tenant_is_seeded_from_nothing(running: EmulatedTenant, online: httpx.Client) -> None:
    """People, groups, accounts, apps and secrets."""
    running.control.reset(sample=False)
    assert running.control.people() == []
    running.control.seed(
        people=[{"id": f"P{number}", "upn": f"p{number}@contoso.com", "phones": {"mobile": "+46701740699"}}
                for number in range(3)],
        groups=[{"id": "g1", "display_name": "G", "members": ["p1"]}],
        accounts=[{"upn": "p1@contoso.com", "password": "x"}],
        apps=[{"client_id": "app", "secrets": ["y"]}],
        secrets=[{"name": "n", "value": "v", "vault": "other"}],
    )  # fmt: skip
    answer = online.get(f"{GRAPH}/groups/g1/transitiveMembers?$select=id", headers=token(running))
    assert [row["id"] for row in answer.json()["value"]] == ["p1"]
    running.control.patch_group("g1", members=["p1", "p2"])
    running.control.remove_person("p1@contoso.com")
    answer = online.get(f"{GRAPH}/groups/g1/transitiveMembers?$select=id", headers=token(running))
    assert [row["id"] for row in answer.json()["value"]] == ["p2"]


def test_the_log_says_who_asked_what_and_gives_nothing_away(
    running: EmulatedTenant, online: httpx.Client
) -> None:
    """No tokens, no forms, no numbers; batches with their items."""
    headers = token(running)
    running.control.clear_log()
    number = running.control.person(ANNA)["attribute"]
    body = {"requests": [{"id": "1", "method": "GET", "url": f"/users/{ANNA}?$filter=x%20eq%20'{number}'"}]}
    online.post(f"{GRAPH}/$batch", headers=headers, json=body)
    online.get(f"{GRAPH}/users", params={"$filter": f"mail eq '{number}'"}, headers=headers)
    form = {"grant_type": "password", "username": sample.SERVICE_ACCOUNT, "password": sample.PASSWORD}
    form |= {
        "client_id": sample.CLIENT_ID,
        "client_secret": sample.CLIENT_SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    online.post("https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token", data=form)
    log = running.control.log()
    assert [entry["sequence"] for entry in log] == [1, 2, 3]
    assert [entry["status"] for entry in log] == [200, 200, 200]
    assert log[0]["items"][0]["status"] == 200
    text = json.dumps(log)
    assert not [secret for secret in sample.secrets() if secret in text]
    assert "Bearer" not in text


def test_the_environment_names_loopback_only(running: EmulatedTenant) -> None:
    """A child process finds the emulation by standard variables alone."""
    environment = running.environment()
    assert set(environment) == {
        *("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
        *("IDENTITY_ENDPOINT", "IDENTITY_HEADER"),
    }
    for name in ("HTTPS_PROXY", "IDENTITY_ENDPOINT"):
        assert httpx.URL(environment[name]).host == "127.0.0.1"


def test_the_folder_of_a_tenant_goes_with_it() -> None:
    """Certificates are made for one run."""
    with EmulatedTenant(sample=False) as tenant:
        bundle = Path(tenant.environment()["SSL_CERT_FILE"])
        assert bundle.read_text(encoding="utf-8").count("BEGIN CERTIFICATE") > 100
    assert not bundle.exists()


def test_the_command_says_where_everything_is_and_ends_when_told(tmp_path: Path) -> None:
    """One JSON line, the same in the port file."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "dev.tenant", "--port-file", str(tmp_path / "ports.json")]
    with (
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process,  # noqa: S603  ours
        ExitStack() as stop,
    ):
        stop.callback(process.kill)
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert httpx.get(told["controlUrl"] + "/switches", trust_env=False).status_code == 200
        assert told["environment"]["HTTPS_PROXY"] == f"http://127.0.0.1:{told['proxyPort']}"
        assert "ALL_PROXY" in told["remove"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert json.loads((tmp_path / "ports.json").read_text(encoding="utf-8")) == told
