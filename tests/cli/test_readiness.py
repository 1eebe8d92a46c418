"""Who is ready for the end of Microsoft's SMS and voice, as an operator asks for it."""

from __future__ import annotations

import csv

from dev.stack.local_stack import LocalStack
from tests.cli.operator import Operator

START = ("runs", "start", "readiness", "--interval", "0.05")
READERS = ["Privileged Authentication Administrator", "Reports Reader"]


def test_it_is_begun_watched_shown_and_written_as_csv(operator: Operator, stack: LocalStack) -> None:
    """By the key of the function alone: nothing is written, so nobody approves it."""
    operator.set(APPROVER=None)
    stack.tenant.control.switch(signed_in_roles=READERS)
    begun = operator(*START)
    assert begun.code == 0, begun.all
    for words in ("phoneOnly", "last.factor@contoso.com", "2027-02-01", "Not in scope"):
        assert words in begun.out
    assert "bo.same@contoso.com" not in begun.out  # has the Authenticator
    listed = operator("runs", "show", "readiness", "--csv")
    assert listed.code == 0, listed.all
    rows = list(csv.DictReader(listed.out.splitlines()))
    found = {row["userPrincipalName"]: (row["readiness"], row["methods"]) for row in rows}
    assert found == {"last.factor@contoso.com": ("phoneOnly", "mobilePhone email")}
    shown = operator("runs", "show", "readiness", "--json", "--all").json
    assert [one["userPrincipalName"] for one in shown["people"]] == ["last.factor@contoso.com"]
    only = operator("runs", "list", "--kind", "readiness", "--json")
    assert {run["kind"] for run in only.json["runs"]} == {"readiness"}


def test_without_the_right_it_has_failed_with_what_to_do(operator: Operator, stack: LocalStack) -> None:
    """Exit code 1, and no list that looks whole."""
    stack.tenant.control.switch(premium_licence=False, signed_in_roles=READERS)
    failed = operator(*START)
    assert (failed.code, "P1" in failed.out, "AuditLog.Read.All" in failed.out) == (1, True, True)
    listed = operator("runs", "show", "readiness", "--csv")
    assert (listed.code, "not whole" in listed.err) == (1, True)
    stack.tenant.control.switch(premium_licence=True)


def test_what_does_not_fit_is_refused_before_anything_is_asked(operator: Operator) -> None:
    """A readiness run applies nothing, and a sweep has no people to list."""
    assert operator(*START, "--apply").code == 2
    operator("runs", "start", "full", "--yes", "--no-wait")
    refused = operator("runs", "show", "latest", "--csv")
    assert (refused.code, "readiness run" in refused.err) == (2, True)
