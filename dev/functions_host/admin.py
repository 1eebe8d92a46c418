"""The administrative addresses: what functions there are, and one that runs a function out of turn."""

import json

from dev.functions_host.http_messages import Response
from dev.functions_host.triggers import Triggers

LIST = "/admin/functions"
PREFIX = "/admin/functions/"
PING = "/admin/host/ping"


class Administration:
    """Lists functions, and runs any that has no HTTP trigger, for a caller who holds the master key."""

    def __init__(self, triggers: Triggers) -> None:
        self._triggers = triggers

    def list(self) -> Response:
        """Return the functions of the app, also those whose binding is in error.

        Of the fields that Azure's list has (`FunctionMetadataResponse` of the host) a few.
        """
        listed = [
            {
                "name": function.name,
                "config": {"bindings": [dict(function.trigger), *map(dict, function.outputs)]},
                "language": "python",
                "isDisabled": False,
            }
            for function in self._triggers.indexed
        ]
        return Response(200, [(b"content-type", b"application/json")], json.dumps(listed).encode())

    async def run(self, function_name: str, body: bytes, *, wait: bool) -> Response:
        """Start a function, named without regard to case, on the `input` of the body, a JSON object.

        Like the Functions host it answers 202 as soon as the function has begun, 404 for a function that it
        cannot run, 400 for another body. With `wait`, which is ours, it answers 200 at the end of the run,
        with {"succeeded": true} or false.
        """
        try:
            given = json.loads(body)
            text = given.get("input") or ""
        except (ValueError, AttributeError):
            return Response(400)
        if not isinstance(text, str):
            return Response(400)
        known = {function.name.lower(): function.name for function in self._triggers.functions}
        name = known.get(function_name.lower(), "")
        if name in {function.name for function in self._triggers.http_functions}:
            return Response(202)  # Azure runs it too, for nobody who would see what it answers
        if name not in self._triggers:
            return Response(404)
        run = self._triggers.run_now(name, text)
        if not wait:
            return Response(202)
        answer = json.dumps({"succeeded": await run}).encode()
        return Response(200, [(b"content-type", b"application/json")], answer)
