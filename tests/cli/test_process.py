"""The command line as a process of its own, as it is typed."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

from dev.stack.__main__ import exports
from dev.stack.local_stack import ROOT, LocalStack
from dev.tenant import sample
from tests.cli.operator import read_terminal, secrets_of

COMMAND = [sys.executable, "-m", "ops.cli"]
# What the app's own libraries cost; the command line needs none of them.
FOREIGN = ("azure", "msal", "phonenumbers", "mfa_sync")


def test_a_script_reads_json_and_the_exit_code(stack: LocalStack) -> None:
    """With nothing of the environment but what is documented, and no library of the server's."""
    environment = {"MFA_SYNC_URL": stack.host.url, "MFA_SYNC_KEY": stack.host.host_key}
    program = [sys.executable, "-X", "importtime", *COMMAND[1:]]
    ran = subprocess.run(  # noqa: S603  our own program
        [*program, "runs", "list", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    assert '"runs": [' in ran.stdout
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert [name for name in imported if name.startswith(FOREIGN)] == []
    broken = subprocess.run(  # noqa: S603  our own program
        [*COMMAND, "runs", "list"], cwd=ROOT, env={}, capture_output=True, text=True, check=False, timeout=100
    )
    assert (broken.returncode, "MFA_SYNC_URL" in broken.stderr) == (2, True)


def test_the_lines_that_make_run_prints_are_all_it_takes(stack: LocalStack) -> None:
    """Pasted into a shell, they point the command line at the local stack."""
    shell = f"{exports(stack)}\n'{sys.executable}' -m ops.cli smoke --user bo.same@contoso.com"
    ran = subprocess.run(  # noqa: S603  our own program
        ["/bin/sh", "-c", shell], cwd=ROOT, env={}, capture_output=True, text=True, check=False, timeout=100
    )
    assert (ran.returncode, "9 passed, 0 failed" in ran.stdout) == (0, True), ran.stdout


def test_a_person_is_asked_for_the_key_and_it_is_not_shown(stack: LocalStack) -> None:
    """At a real terminal, where what is typed would be echoed."""
    ours, theirs = pty.openpty()
    environment = {"MFA_SYNC_URL": stack.host.url, "TERM": "dumb"}
    with subprocess.Popen(  # noqa: S603  our own program
        [*COMMAND, "runs", "list"],
        cwd=ROOT,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        seen = b""
        while b"Key of the function runs_list: " not in seen:
            seen += os.read(ours, 1024)
        os.write(ours, f"{stack.host.key('runs_list')}\n".encode())
        seen += read_terminal(ours)
        os.close(ours)
    assert process.returncode == 0, seen
    shown = seen.decode()
    assert [secret for secret in [*secrets_of(stack), *sample.secrets()] if secret in shown] == []


def test_the_local_stack_ends_at_two_signals_at_once() -> None:
    """The second comes while the first is being taken, at each place where that can be."""
    program = """
import signal, sys
from dev.tenant.signals import signals_to_end
signals = signals_to_end()
def again(frame, event, argument):
    if len(taken) < 50:
        taken.append(event)
        signal.raise_signal(signal.SIGTERM)
taken = []
sys.setprofile(again)
signal.raise_signal(signal.SIGINT)
sys.setprofile(None)
assert taken, "nothing was interrupted"
print(signals.get())
"""
    ran = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
