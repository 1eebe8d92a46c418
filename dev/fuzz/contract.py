"""Whether an answer is one that the OpenAPI document promises."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.exceptions import PathError
from openapi_core.templating.paths.finders import APICallPathFinder
from werkzeug.datastructures import Headers

from dev.openapi.document import document

_OF_HOST = frozenset({400, 401, 404, 405, 414, 431})


class ContractError(AssertionError):
    """An answer that the document does not promise."""


@dataclass
class _Request:
    """A request, as far as openapi-core asks for it."""

    method: str
    path: str
    host_url: str = "http://localhost"
    body: bytes | None = None
    content_type: str = "application/json"
    parameters: RequestParameters = field(default_factory=RequestParameters)


@dataclass
class _Response:
    """An answer, as far as openapi-core asks for it."""

    status_code: int
    data: bytes
    headers: Headers

    @property
    def content_type(self) -> str:
        return str(self.headers.get("content-type", ""))


class Contract:
    """The document, and what has been seen of it.

    Attributes:
        seen: How often each operation answered with each status.
    """

    def __init__(self, spec: Mapping[str, Any] | None = None) -> None:
        self._openapi = OpenAPI.from_dict(
            dict(spec or document()),
            config=Config(extra_media_type_deserializers={"application/problem+json": json.loads}),
        )
        self.seen: Counter[tuple[str, int]] = Counter()

    def check(
        self, method: str, path: str, status: int, headers: Iterable[tuple[str, str]], body: bytes
    ) -> None:
        """Check one answer.

        What the host answers in the app's place, without a body, need not stand in the document: that there
        is no such route or method, no key, or too much of an address or of headers.

        Raises:
            ContractError: The document promises no such answer.
        """
        request = _Request(method.lower(), path)
        if not body and status in _OF_HOST:
            return
        try:
            found = APICallPathFinder(self._openapi.spec).find(request.method, request.host_url + path)
            self._openapi.validate_response(request, _Response(status, body, Headers(list(headers))))
        except PathError as error:
            raise ContractError(f"{method} {path}: {status}, and no such route is documented") from error
        except OpenAPIError as error:
            raise ContractError(f"{method} {path}: {status}: {_told(error)}") from error
        self.seen[found.operation["operationId"], status] += 1


def _told(error: BaseException | None) -> str:
    """Return the whole chain of an error: openapi-core keeps what was wrong in its causes."""
    parts: list[str] = []
    while error is not None:
        details = getattr(error, "schema_errors", None)
        parts += [f"{one.json_path}: {one.message}" for one in details] if details else [str(error)]
        error = error.__cause__
    return parts[-1]
