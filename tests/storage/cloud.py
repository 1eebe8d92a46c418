"""A cloud without a network: the identity endpoint, and a storage account that answers what it is told."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

IDENTITY = "http://127.0.0.1:1/identity"
CLIENT_ID = "22222222-2222-4222-8222-222222222222"
BLOBS = "https://contoso.blob.core.windows.net"


@dataclass(frozen=True)
class Answer:
    """One answer, with a content type and what else stands above it."""

    status: int
    body: bytes
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Cloud(HTTPAdapter):
    """Answers for the identity endpoint and for the account, in place of a network.

    Attributes:
        asked: Every request.
        answer: What the account answers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[requests.PreparedRequest] = []
        self.answer = Answer(404, b"")

    def send(self, request: requests.PreparedRequest, *_args: Any, **_options: Any) -> requests.Response:
        """Answer one request."""
        self.asked.append(request)
        told = self.token() if str(request.url).startswith(IDENTITY) else self.reply(request)
        headers = {"Content-Type": told.kind, "Content-Length": str(len(told.body)), **told.headers}
        raw = HTTPResponse(io.BytesIO(told.body), headers, told.status, reason="-", preload_content=False)
        return self.build_response(request, raw)

    def token(self) -> Answer:
        """Return the identity's answer: a token that nobody has had."""
        token = {
            "access_token": f"token{len(self.asked)}",
            "expires_on": "4000000000",
            "token_type": "Bearer",
        }
        return Answer(200, json.dumps(token).encode())

    def reply(self, _request: requests.PreparedRequest) -> Answer:
        """Return the account's answer. Requests come from several threads at once."""
        return self.answer

    def transport(self) -> RequestsTransport:
        """Return what carries a client's calls here."""
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, self)
        return RequestsTransport(session=session, session_owner=False)


def table_error(status: int, code: str) -> Answer:
    """Return the Table service's error."""
    told = {"odata.error": {"code": code, "message": {"lang": "en", "value": code}}}
    return Answer(status, json.dumps(told).encode())


def blob_answer(status: int, code: str = "", body: bytes = b"") -> Answer:
    """Return the Blob service's answer, with an error's code or none."""
    if code:
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>-</Message></Error>".encode()
    marks = {"x-ms-request-id": "1"} | ({"x-ms-error-code": code} if code else {})
    return Answer(status, body, "application/xml", marks)
