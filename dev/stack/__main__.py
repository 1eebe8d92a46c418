"""`make run`: the local stack stays up, and calls to paste are printed."""

from __future__ import annotations

import shutil
import sys

from dev.stack.local_stack import LocalStack
from dev.tenant import sample
from dev.tenant.signals import signals_to_end

_WHO = "anna.new@contoso.com"

_TEXT = """
The local stack is up. Everything below works as it stands; Ctrl+C ends it.

The article's call (curl -d sends a form content type, as PowerShell does):

  curl -s '{push}' -H 'Message: {handshake}' -d '[{{"UserPrincipalName": "{who}"}}]'

  $header = @{{ Message = "{handshake}" }}
  $body = ConvertTo-Json -InputObject @( @{{ UserPrincipalName = "{who}" }} )
  Invoke-WebRequest -Method Post -Uri "{push}" -Body $body -Headers $header

What would happen, and why:

  curl -s '{push}&dryRun=true' -H 'Message: {handshake}' -d '[{{"UserPrincipalName": "{who}"}}]'
  curl -s '{url}/api/explain' -H 'x-functions-key: {explain_key}' -d '{{"UserPrincipalName": "{who}"}}'

The operators' command line (docs/cli.md), in another terminal:

{exports}
  {python} -m ops.cli runs start full
  {python} -m ops.cli runs approve held --reason "The first sweep, read"
  {python} -m ops.cli smoke --user {who}

Play with the emulated tenant (then send the call again):

  the people       curl -s {control}/people
  change a number  curl -s -X PATCH {control}/people/{who} -d '{{"attribute": "+46 70 174 06 99"}}'
  empty it         curl -s -X PATCH {control}/people/{who} -d '{{"attribute": null}}'
  expire the password
                   curl -s -X PATCH {control}/accounts/{account} -d '{{"password_expired": true}}'
  take its token   curl -s -X DELETE {control}/tokens
                   (until then, or until its end in about an hour, the worker's token serves on)
  what was asked   curl -s {control}/log
"""


def main() -> int:
    """Keep the stack up until a signal comes."""
    if shutil.which("func"):
        print(
            "Core Tools are installed: `func start` serves this app too (see docs/functions-host.md). "
            "This command uses the local host."
        )
    signals = signals_to_end()
    with LocalStack() as stack:
        print(
            _TEXT.format(
                push=stack.push_address(),
                url=stack.host.url,
                explain_key=stack.host.key("explain"),
                handshake=sample.HANDSHAKE,
                account=sample.SERVICE_ACCOUNT,
                control=stack.tenant.control_url,
                who=_WHO,
                python=sys.executable,
                exports=exports(stack),
            ),
            flush=True,
        )
        signals.get()
    return 0


def exports(stack: LocalStack) -> str:
    """Return the lines that point the command line at the stack; its keys are made up anew with each."""
    values = {
        "MFA_SYNC_URL": stack.host.url,
        "MFA_SYNC_KEY": stack.host.host_key,
        "MFA_SYNC_KEY_MFA_SYNC": stack.host.key("mfa_sync"),
        "MFA_SYNC_KEY_MASTER": stack.host.master_key,
        "MFA_SYNC_HANDSHAKE": sample.HANDSHAKE,
        "MFA_SYNC_APPROVER": sample.APPROVER_HANDSHAKE,
    }
    return "\n".join(f"  export {name}='{value}'" for name, value in values.items())


if __name__ == "__main__":
    sys.exit(main())
