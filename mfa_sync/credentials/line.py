"""The connection under MSAL, which notes what MSAL does not tell: what left, and how it was answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import requests

_TIMEOUT: Final = (5, 15)  # seconds to connect, and to wait for each part of an answer
_LONGEST_WAIT: Final = 3600
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


class Line:
    """An HTTP client as MSAL takes it.

    Attributes:
        has_sent_password: Whether a form or a SOAP envelope left since the last clearing, or may have.
        status: The last answer's; None if the last request has none.
        wait: Seconds that the last answer asked us to wait.
    """

    def __init__(self, session: requests.Session | None) -> None:
        self._session = session
        self.clear()

    def clear(self) -> None:
        """Forget what was noted."""
        self.has_sent_password = False
        self.status: int | None = None
        self.wait = 0.0

    def get(self, url: str, **options: Any) -> requests.Response:
        """Ask for a document of discovery."""
        return self._noted(self._open().get, url, options)

    def post(self, url: str, **options: Any) -> requests.Response:
        """Send a form. Only where nobody was reached has the password certainly not left."""
        import requests  # noqa: PLC0415  see `_open`

        self.has_sent_password = True
        try:
            return self._noted(self._open().post, url, options)
        except (requests.ConnectTimeout, requests.exceptions.ProxyError):
            self.has_sent_password = False
            raise

    def close(self) -> None:
        """Close the connections."""
        if self._session:
            self._session.close()

    def _noted(self, send: Any, url: str, options: dict[str, Any]) -> requests.Response:
        self.status, self.wait = None, 0.0
        response: requests.Response = send(url, timeout=_TIMEOUT, **options)
        self.status = response.status_code
        asked = response.headers.get("Retry-After", "")
        self.wait = float(min(int(asked), _LONGEST_WAIT)) if _SECONDS.fullmatch(asked) else 0.0
        return response

    def _open(self) -> requests.Session:
        if self._session is None:
            import requests  # noqa: PLC0415  msal brings it, and only a sign-in needs either
            from requests.adapters import HTTPAdapter  # noqa: PLC0415  as above
            from urllib3.util import Retry  # noqa: PLC0415  as above

            self._session = requests.Session()
            # MSAL's own sends the form again when the answer is lost, and Entra counts twice.
            self._session.mount("https://", HTTPAdapter(max_retries=Retry(total=1, read=False)))
        return self._session
