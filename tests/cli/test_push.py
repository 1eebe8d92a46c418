"""A small file of users, tried by default."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dev.stack.local_stack import LocalStack
from tests.cli.operator import Operator

SAME, IVAR = "bo.same@contoso.com", "ivar.trunk@contoso.com"


def test_a_file_is_tried_and_nothing_is_written(
    operator: Operator, stack: LocalStack, newcomer: dict[str, Any], tmp_path: Path
) -> None:
    """As a spreadsheet saves it in half of Europe."""
    users = tmp_path / "users.csv"
    users.write_text(f"\ufeffUserPrincipalName;Reference\r\n{newcomer['upn']};42\r\n{IVAR};\r\n", "utf-8")
    before = stack.tenant.control.mobiles()
    tried = operator("push", str(users))
    assert (tried.code, "nothing is written" in tried.out) == (1, True)
    assert "invalidPhoneNumber" in tried.out
    assert stack.tenant.control.mobiles() == before
    assert operator("push", "--user", newcomer["upn"]).code == 0


def test_it_is_written_only_after_it_was_seen_and_confirmed(
    operator: Operator, stack: LocalStack, newcomer: dict[str, Any], tmp_path: Path
) -> None:
    """The trial is shown first."""
    users = tmp_path / "users.json"
    users.write_text(json.dumps([{"UserPrincipalName": newcomer["upn"]}]), "utf-8")
    push = ("push", str(users), "--user", SAME, "--apply")
    before = stack.tenant.control.mobiles()
    assert operator(*push).code == 2
    assert operator(*push, typed="yes\n").code == 1
    assert stack.tenant.control.mobiles() == before
    written = operator(*push, typed="2 rows\n")
    assert (written.code, "nothing is written" in written.err) == (0, True)
    assert stack.tenant.control.mobiles()[newcomer["upn"]]


def test_one_user_is_one_row(operator: Operator, stack: LocalStack, newcomer: dict[str, Any]) -> None:
    """It is read as it is typed. Nobody at the terminal is said before anything is tried."""
    push = ("push", "--user", newcomer["upn"], "--apply")
    unseen = operator(*push)
    assert (unseen.code, "nothing is written" in unseen.all) == (2, False)
    written = operator(*push, typed="1 row\n")
    assert (written.code, "To write, type: 1 row\n" in written.err) == (0, True)
    assert stack.tenant.control.mobiles()[newcomer["upn"]]


def test_a_push_that_becomes_a_run_is_awaited(operator: Operator, stack: LocalStack, tmp_path: Path) -> None:
    """Over SYNC_INLINE_MAX rows; the result is each row's all the same."""
    stack.tenant.control.generate(150, fractions={})
    names = [person["upn"] for person in stack.tenant.control.people() if person["upn"].startswith("user")]
    users = tmp_path / "users.csv"
    users.write_text("\n".join(["userprincipalname", *names]), "utf-8")
    answer = operator("push", str(users), "--json", "--interval", "0.05")
    assert (answer.code, answer.json["ok"], len(answer.json["results"])) == (0, True, 150)
