"""A bearer token for an app behind App Service authentication, from the Azure CLI's own sign-in."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from ops.cli.ending import CommandError, Exit
from ops.cli.secret import Secret

if TYPE_CHECKING:
    from ops.cli.terminal import Terminal

_SPARE_SECONDS = 300
_PATIENCE_SECONDS = 30


class SignIn:
    """Gets a token for an audience when it is first needed, and again before it expires."""

    def __init__(self, audience: str, terminal: Terminal) -> None:
        self._scope = f"{audience.rstrip('/')}/.default"
        self._audience = audience
        self._terminal = terminal
        self._token: Secret | None = None
        self._until = 0.0

    def token(self) -> Secret:
        """Return a token that is good for some minutes.

        Raises:
            CommandError: The Azure CLI is not there, not signed in, or refused.
        """
        if self._token is None or time.time() > self._until - _SPARE_SECONDS:
            self._token = self._fresh()
            self._terminal.hide(self._token)
        return self._token

    def _fresh(self) -> Secret:
        from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415  only behind that sign-in
        from azure.identity import AzureCliCredential  # noqa: PLC0415

        try:
            got = AzureCliCredential(process_timeout=_PATIENCE_SECONDS).get_token(self._scope)
        except (ClientAuthenticationError, ValueError) as error:
            number = re.search(r"AADSTS\d+", str(error))
            raise CommandError(
                Exit.REFUSED,
                f"The Azure CLI gave no token for {self._audience}{f' ({number[0]})' if number else ''}.",
                "Sign in by `az login` as somebody whom the app's registration admits; "
                "--audience is that registration's application ID URI.",
            ) from None
        self._until = float(got.expires_on)
        return Secret.of(got.token, "the Azure CLI's token")
