"""The connection under MSAL, which notes what MSAL does not pass on: what left, and how it was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.errors import seconds_asked

if TYPE_CHECKING:
    import requests

_TIMEOUT: Final = (5, 10)  # seconds to connect, and to wait for each part of an answer


class MsalTransport:
    """An HTTP client as MSAL takes it.

    Attributes:
        has_sent_form: Whether a form or a SOAP envelope left since the last clearing, or may have.
        status: The last answer's; None if the last request has none.
        form_status: The same of the last form.
        wait: Seconds that the last form's answer asked us to wait.
    """

    def __init__(self, session: requests.Session | None) -> None:
        self._given = session
        self._own: requests.Session | None = None
        self.begin()

    def begin(self) -> None:
        """Forget what was noted, and former connections: one dead of age would look like a lost answer."""
        self.close()
        self.has_sent_form = False
        self.status: int | None = None
        self.form_status: int | None = None
        self.wait = 0.0

    def get(self, url: str, **options: Any) -> requests.Response:
        """Ask for a document of discovery."""
        return self._noted(self._open().get, url, options)

    def post(self, url: str, **options: Any) -> requests.Response:
        """Send a form. Only where nobody was reached has it certainly not left."""
        import requests  # noqa: PLC0415  see `_open`

        self.has_sent_form, self.form_status, self.wait = True, None, 0.0
        try:
            response = self._noted(self._open().post, url, options)
        except requests.ConnectTimeout:
            self.has_sent_form = False
            raise
        self.form_status = response.status_code
        self.wait = seconds_asked(response.headers.get("Retry-After")) or 0.0
        return response

    def close(self) -> None:
        """Close our own connections."""
        if self._own:
            self._own.close()
            self._own = None

    def _noted(self, send: Any, url: str, options: dict[str, Any]) -> requests.Response:
        self.status = None
        # A redirect is an answer like another: a 307 would take the password along, to wherever it points.
        response: requests.Response = send(url, timeout=_TIMEOUT, allow_redirects=False, **options)
        self.status = response.status_code
        return response

    def _open(self) -> requests.Session:
        if self._given:
            return self._given
        if self._own is None:
            import requests  # noqa: PLC0415  msal brings it, and only a sign-in needs either
            from requests.adapters import HTTPAdapter  # noqa: PLC0415  as above
            from urllib3.util import Retry  # noqa: PLC0415  as above

            self._own = requests.Session()
            # MSAL's own adapter sends a form again when the answer is lost, and Entra would count twice.
            once_more = Retry(total=1, other=0, allowed_methods=["GET"])
            self._own.mount("https://", HTTPAdapter(max_retries=once_more))
        return self._own
