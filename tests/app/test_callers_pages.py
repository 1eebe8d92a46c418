"""The callers' pages: what stands there is what runs, as far as it can run here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from dev.azurite import Azurite
from dev.stack.local_stack import LocalStack
from dev.tenant import sample

PAGES = Path(__file__).parents[2] / "docs" / "callers"
ANNA, BO, IVAR = "anna.new@contoso.com", "bo.same@contoso.com", "ivar.trunk@contoso.com"


def blocks(page: str, language: str) -> list[str]:
    """Return a page's blocks of one language, in their order."""
    text = (PAGES / page).read_text("utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert found
    return found


@pytest.fixture(scope="module")
def signing(steady_azurite: Azurite) -> Iterator[LocalStack]:
    """A stack that demands signatures."""
    settings = {"SIGNED_REQUESTS": "require", "STATE_TABLE": "signedcallers"}
    with LocalStack(settings, storage=steady_azurite) as stack:
        yield stack


# The pages wait as long as they are told; a run of one user is over long before.
HURRY_SHELL = "sleep() { command sleep 0.1; }\n"
HURRY_PYTHON = "import time\nsleep = time.sleep\ntime.sleep = lambda seconds: sleep(0.1)\n"


def run(stack: LocalStack, command: list[str], text: str, folder: Path) -> str:
    """Run a page's program in an empty folder, with the callers' variables alone, and return its output."""
    variables = {
        "PATH": os.environ["PATH"],
        "MFA_SYNC_URL": stack.host.url,
        "MFA_SYNC_KEY": stack.host.key("mfa_sync"),
        "MFA_SYNC_HANDSHAKE": sample.HANDSHAKE,
        "MFA_SYNC_SIGNING_KEY": sample.SIGNING_KEY,
        "NO_PROXY": "*",
    }
    done = subprocess.run(  # noqa: S603  the project's own pages
        command,
        input=text,
        cwd=folder,
        env=variables,
        text=True,
        capture_output=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    secrets = [variables[name] for name in ("MFA_SYNC_KEY", "MFA_SYNC_HANDSHAKE", "MFA_SYNC_SIGNING_KEY")]
    assert [secret for secret in secrets if secret in done.stdout + done.stderr] == []
    return done.stdout


def test_the_shell_script_pushes_polls_and_reads(stack: LocalStack, tmp_path: Path) -> None:
    """Every block before the signed one."""
    (*plain, _) = blocks("curl.md", "sh")
    told = run(stack, ["/bin/sh"], HURRY_SHELL + "\n".join(plain), tmp_path)
    assert told.splitlines() == ["dry run: 200", "all settled"]
    answer = json.loads((tmp_path / "answer.json").read_text())
    assert answer["runId"].partition("Z-")[2].startswith("push-")
    assert stack.tenant.control.mobile(ANNA)
    assert (tmp_path / "mfa-sync.conf").stat().st_mode & 0o077 == 0


def test_the_shell_script_signs_with_openssl(signing: LocalStack, tmp_path: Path) -> None:
    """Twice: each call has an id of its own. The same push unsigned is refused."""
    secrets, dry_run, push, _, _, signed = blocks("curl.md", "sh")
    script = f'{secrets}\n{dry_run}\n{push}\necho "unsigned: $status"\n{signed}\n{signed}'
    told = run(signing, ["/bin/sh"], script, tmp_path)
    assert told.splitlines() == ["dry run: 401", "unsigned: 401", "signed: 200", "signed: 200"]


def test_the_python_script_pushes_and_reads(stack: LocalStack, tmp_path: Path) -> None:
    """Every block before the signed one."""
    (*plain, _) = blocks("python.md", "python")
    told = run(stack, [sys.executable, "-"], "\n".join(plain), tmp_path)
    assert "'created': 1" in told
    assert "for a person: nobody@contoso.com: userNotFound" in told
    assert "0 rows are to be sent again later" in told


def test_the_python_script_polls_a_push_of_many_rows(steady_azurite: Azurite, tmp_path: Path) -> None:
    """202, and the result at its Location; a problem is raised in its own words."""
    first, second, _, _ = blocks("python.md", "python")
    script = f"""
print(push([{{"UserPrincipalName": "{BO}"}}, {{"UserPrincipalName": "{IVAR}"}}])["summary"])
try:
    push([{{"UserPrincipalNam": "{BO}"}}])
except RuntimeError as error:
    print(error)
"""
    settings = {"SYNC_INLINE_MAX": "1", "STATE_TABLE": "pollingcallers"}
    with LocalStack(settings, storage=steady_azurite) as stack:
        summary, fault = run(
            stack, [sys.executable, "-"], HURRY_PYTHON + f"{first}\n{second}\n{script}", tmp_path
        ).splitlines()
    assert "'unchanged': 1" in summary
    assert "'refused': 1" in summary
    assert fault.startswith("422 invalidRequest: ")
    assert "/0/UserPrincipalNam: Unknown key; did you mean UserPrincipalName?" in fault


def test_the_python_script_signs(signing: LocalStack, tmp_path: Path) -> None:
    """Unsigned it is refused; from then on each call is signed."""
    first, second, third, signed = blocks("python.md", "python")
    users = third[: third.index("print(")]
    refused = "try:\n    push(users)\nexcept RuntimeError as error:\n    print(error)\n"
    told = run(signing, [sys.executable, "-"], f"{first}\n{second}\n{users}\n{refused}\n{signed}", tmp_path)
    assert "401 signatureRefused" in told
    assert "signed: {" in told


def powershell_json(value: Any) -> str:
    """Return what Windows PowerShell's ConvertTo-Json writes: CRLF, four blanks, two after a colon."""
    return json.dumps(value, indent=4, separators=(",", ":  "), ensure_ascii=False).replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("encoding", "content_type", "status"),
    [
        ("utf-8", "application/json; charset=utf-8", 200),
        ("utf-8", "application/x-www-form-urlencoded", 200),
        ("iso-8859-1", "application/x-www-form-urlencoded", 400),
    ],
)
def test_the_bytes_of_powershell_are_taken_as_its_page_says(
    stack: LocalStack, encoding: str, content_type: str, status: int
) -> None:
    """The scripts themselves cannot be run here; what they send can. A text body of 5.1 breaks letters."""
    rows = [{"UserPrincipalName": "åsa.öberg@contoso.com", "Reference": "4711"}]
    body = powershell_json(rows).encode(encoding)
    answer = stack.push(
        body, headers={"Content-Type": content_type, "Idempotency-Key": f"{encoding}{status}"}
    )
    assert answer.status_code == status


def test_the_bytes_of_dotnet_are_taken_as_its_page_says(stack: LocalStack) -> None:
    """System.Text.Json's web defaults: keys in camel case, letters beyond ASCII escaped, no blanks."""
    rows = [{"userPrincipalName": "åsa.öberg@contoso.com", "reference": "4711"}, {"userPrincipalName": ANNA}]
    body = json.dumps(rows, separators=(",", ":")).encode("ascii")
    answer = stack.push(
        body, query="dryRun=true", headers={"Content-Type": "application/json; charset=utf-8"}
    )
    assert answer.status_code in {200, 207}
    assert [line["reference"] for line in answer.json()["results"]] == ["4711", None]


@pytest.mark.parametrize(("page", "language"), [("powershell.md", "powershell"), ("dotnet.md", "csharp")])
def test_a_script_that_is_only_read_names_what_the_contract_has(page: str, language: str) -> None:
    """Headers, keys of rows and members of answers are spelt as they are; braces close."""
    script = "\n".join(blocks(page, language))
    for name in ("x-functions-key", "Message", "Idempotency-Key", "Location", "dryRun=true"):
        assert name in script
    for header in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        assert f'"{header}"' in script
    for member in ("results", "ok", "code", "detail", "remedy", "row", "retryable", "outcome"):
        assert re.search(rf"\b{member}\b", script, re.IGNORECASE)
    for opening, closing in ("()", "{}", "[]"):
        assert script.count(opening) == script.count(closing)


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.name)
def test_no_script_sends_a_body_in_pieces(page: Path) -> None:
    """Azure Functions hands on an empty one."""
    code = "\n".join(re.findall(r"^```\w+\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL))
    assert not re.search(r"PostAsJsonAsync|JsonContent|--upload-file|[Cc]hunked", code)


def test_the_schema_of_power_automate_takes_real_answers(stack: LocalStack) -> None:
    """Those with results of each status; a problem fails, so that its branch runs."""
    push, parse, each = (json.loads(block) for block in blocks("power-automate.md", "json"))
    validator = OAS31Validator(parse["inputs"]["schema"])
    for names in ([ANNA], [ANNA, IVAR], [IVAR], [BO]):
        answer = stack.push([{"UserPrincipalName": name} for name in names])
        assert validator.is_valid(answer.json()), answer.text
    assert not validator.is_valid(stack.push(b"{").json())
    row = parse["inputs"]["schema"]["properties"]["results"]["items"]["properties"]
    assert set(row) == set(answer.json()["results"][0])
    assert push["runtimeConfiguration"]["secureData"]["properties"] == ["inputs", "outputs"]
    used = re.findall(r"items\('For_each_row'\)\?\['(\w+)'\]", json.dumps(each))
    assert set(used) <= set(row)
