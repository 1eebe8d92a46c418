"""A cloud without a network: the identity endpoint, and a storage account that answers what it is told."""

from __future__ import annotations

import io
import json
from typing import Any

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

IDENTITY = "http://127.0.0.1:1/identity"


class Cloud(HTTPAdapter):
    """Answers for the identity endpoint and for the account, in place of a network.

    Attributes:
        asked: Every request.
        status: Of the account's answers.
        kind: Their content type.
        body: What they hold.
        headers: What else stands above them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[requests.PreparedRequest] = []
        self.status, self.kind, self.body = 404, "application/json", b""
        self.headers: dict[str, str] = {}

    def send(self, request: requests.PreparedRequest, *_args: Any, **_options: Any) -> requests.Response:
        """Answer one request."""
        self.asked.append(request)
        if str(request.url).startswith(IDENTITY):
            token = {
                "access_token": f"token{len(self.asked)}",
                "expires_on": "4000000000",
                "token_type": "Bearer",
            }
            return self._answer(request, 200, "application/json", json.dumps(token).encode())
        return self._answer(request, self.status, self.kind, self.body)

    def _answer(
        self, request: requests.PreparedRequest, status: int, kind: str, body: bytes
    ) -> requests.Response:
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), **self.headers}
        raw = HTTPResponse(io.BytesIO(body), headers, status, reason="-", preload_content=False)
        return self.build_response(request, raw)

    def transport(self) -> RequestsTransport:
        """Return what carries a client's calls here."""
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, self)
        return RequestsTransport(session=session, session_owner=False)
