"""`mfa-sync doctor`: a table, JSON, and an exit code for pipelines."""

from __future__ import annotations

from dev.stack.local_stack import LocalStack
from tests.cli.operator import Operator


def test_a_sound_tenant_is_told_in_a_table(operator: Operator) -> None:
    """Each line that is not right is told below with what to do, and nothing fails."""
    seen = operator("doctor")
    assert seen.code == 0, seen.all
    assert "  ok       signIn" in seen.out
    assert "smsAndVoice (warning): " in seen.out
    assert "0 fault, " in seen.out


def test_a_fault_is_the_exit_code(operator: Operator, stack: LocalStack) -> None:
    """For deployments, as JSON too."""
    grants = stack.tenant.control.switches()["grants"]
    stack.tenant.control.switch(policy_sms=False, policy_voice=False, grants=[*grants, "Policy.Read.All"])
    try:
        seen = operator("doctor", "--json")
        assert (seen.code, seen.json["verdict"]) == (1, "fault")
        assert [one["name"] for one in seen.json["checks"] if one["state"] == "fault"] == ["smsAndVoice"]
        assert operator("doctor").code == 1
    finally:
        stack.tenant.control.switch(policy_sms=True, policy_voice=True, grants=grants)


def test_the_canary_takes_the_approvers_handshake(operator: Operator) -> None:
    """What writes is not for the key alone."""
    operator.set(APPROVER=None)
    seen = operator("doctor", "--canary")
    assert (seen.code, "MFA_SYNC_APPROVER" in seen.err) == (2, True)
