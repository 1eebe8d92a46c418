"""Checks calls and answers against a subset of Microsoft's OpenAPI description of Graph v1.0."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

if TYPE_CHECKING:
    import httpx

DESCRIPTION = Path(__file__).parent / "openapi" / "graph-v1.0-subset.json"
JSON = "application/json"


def assert_conforms(request: httpx.Request, response: httpx.Response) -> None:
    """Raise AssertionError unless both are as Microsoft describes them.

    A batch is not described there: give its items one by one.
    """
    asked, answered = _Asked(request), _Answered(response)
    try:
        if response.is_success:
            _description().validate_request(asked)
        _description().validate_response(asked, answered)
    except OpenAPIError as error:
        cause = "; ".join(
            str(detail) for detail in getattr(error.__cause__, "schema_errors", []) or [error.__cause__]
        )
        raise AssertionError(f"{request.method} {request.url.path}: {error} {cause}") from error


@cache
def _description() -> OpenAPI:
    description: Any = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    # Whether the token is good is the emulation's question, not this one's.
    description.pop("security", None)
    return OpenAPI.from_dict(description)


class _Asked:
    """An httpx request as openapi-core reads one."""

    def __init__(self, request: httpx.Request) -> None:
        self.host_url = "https://graph.microsoft.com"
        # A key that holds a slash or a brace would look like more path than it is.
        self.path = (
            unquote(request.url.raw_path.decode().partition("?")[0]).replace("('", "/").replace("')", "")
        )
        self.method = request.method.lower()
        self.body = request.content or None
        self.content_type = request.headers.get("content-type", JSON)
        # An empty $deltatoken is told of in Graph's prose alone.
        query = ImmutableMultiDict([pair for pair in request.url.params.multi_items() if pair[1]])
        self.parameters = RequestParameters(query=query, header=Headers(list(request.headers.items())))


class _Answered:
    """An httpx response as openapi-core reads one."""

    def __init__(self, response: httpx.Response) -> None:
        self.status_code = response.status_code
        self.headers = Headers(list(response.headers.items()))
        self.content_type = response.headers.get("content-type", JSON)
        self.data = response.content or None
