"""The app's address: https, or http on this machine alone."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ops.cli.ending import usage

VARIABLE = "MFA_SYNC_URL"
_EXAMPLE = "https://contoso-mfa.azurewebsites.net"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the app is.

    Attributes:
        url: Its origin, without a slash at the end.
        host: Its host name.
        is_local: Whether it is this machine.
    """

    url: str
    host: str
    is_local: bool

    @classmethod
    def parse(cls, text: str | None) -> Address:
        """Return the address that was given.

        Raises:
            CommandError: It is missing, or not an address that keys may be sent to. It is not quoted, since
                a copied one may have a key in its query.
        """
        if not text:
            raise usage("The app's address is not given.", f"Set {VARIABLE}={_EXAMPLE}, or give --url.")
        try:
            parts = urlsplit(text.strip())
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise usage("The app's address cannot be read.", f"It looks like {_EXAMPLE}.") from None
        if parts.scheme not in {"https", "http"} or not host:
            raise usage("The app's address is not one of https.", f"It looks like {_EXAMPLE}.")
        if parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/"):
            raise usage(
                "The app's address is to be the host alone, without path, query (keys!) or user.",
                f"It looks like {_EXAMPLE}; keys go into the environment or a file.",
            )
        is_local = is_loopback(host)
        if parts.scheme == "http" and not is_local:
            raise usage("The app's address is http: keys would travel in the clear.", "Use https.")
        return cls(f"{parts.scheme}://{parts.netloc}", host, is_local)


def is_loopback(host: str) -> bool:
    """Return whether a host name is this machine, without asking anybody."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
