"""What is watched while requests are made up: writes to phones, runs that move, promises that are kept."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import schemathesis
from schemathesis.core.parameters import ParameterLocation

from dev.fuzz.contract import Contract, ContractError
from dev.stack.local_stack import LocalStack

_CLIENTS_FAULT = range(400, 500)
_ACCEPTED, _SERVERS_FAULT = 202, 500
_JSON, _KEY = "application/json", "Idempotency-Key"
_OUT_OF_REACH = frozenset({502, 503})
_AS_BEFORE_EVERY = 20
_LONGEST_SECONDS = 60.0
# By the runs that they begin or let go on, too.
_MAY_WRITE = frozenset({"push", "startRun", "approveRun"})
# What says that a request was not understood at all: never the answer to one as documented.
_NOT_UNDERSTOOD = frozenset({"invalidRequest", "notJson", "unsupportedMediaType", "tooManyRows", "tooLarge"})
# Where what is valid by its shape can still be too much, or not there.
_BEYOND_THE_SHAPE = ("page must be below", "The plan holds no", "CANARY_USER names no account")


class Watch:
    """Looks at the tenant and the contract, call by call.

    Attributes:
        calls: How many calls each operation had, by the kind of data.
        statuses: How often each operation answered with each status.
    """

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._contract = Contract()
        self._begun = False
        self.calls: Counter[tuple[str, str]] = Counter()
        self.statuses: Counter[tuple[str, int]] = Counter()

    def before(self, case: schemathesis.Case[Any]) -> None:
        """Let nothing move, have people as they were at times, and forget what was asked of the tenant."""
        if case.headers.get(_KEY) and not _wrong_parts(case) & {ParameterLocation.HEADER}:
            # Made up, most are the same: each call after the first would be refused for that alone.
            case.headers[_KEY] = f"call {self.calls.total()}"
        if self._begun:
            self._await_rest()
        if self.calls.total() % _AS_BEFORE_EVERY == 0:
            self._stack.tenant.control.reset()
        self._stack.tenant.control.clear_log()

    def check(self, response: schemathesis.Response, case: schemathesis.Case[Any]) -> None:
        """Check one answer.

        Raises:
            ContractError: It is not as documented, or something was written that should not have been.
        """
        name = str(case.operation.definition.raw["operationId"])
        mode = case.meta.generation.mode if case.meta else None
        kind = str(mode.value) if mode else "link"
        self.calls[name, kind] += 1
        self.statuses[name, response.status_code] += 1
        self._begun |= response.status_code == _ACCEPTED
        writes = self._writes()
        if writes and response.status_code in _CLIENTS_FAULT:
            raise ContractError(f"Answered {response.status_code}, and wrote {writes}.")
        if writes and case.query and case.query.get("dryRun") in {True, "true"}:
            raise ContractError(f"A dry run wrote {writes}.")
        if writes and name not in _MAY_WRITE:
            raise ContractError(f"{name} wrote {writes}.")
        if response.status_code >= _SERVERS_FAULT and response.status_code not in _OUT_OF_REACH:
            raise ContractError(response.text)
        headers = [(header, value) for header, values in response.headers.items() for value in values]
        method = str(response.request.method)
        path = str(response.request.path_url).partition("?")[0]
        self._contract.check(method, path, response.status_code, headers, response.content)
        if kind == "positive":
            _check_understood(response)
        if _is_wrong(case) and response.content and "results" in response.json():
            raise ContractError("Rows were looked at, though the request is not as documented.")

    def _writes(self) -> list[str]:
        return [
            f"{item['method']} {item['url']}"
            for entry in self._stack.tenant.control.log()
            for item in entry.get("items", [])
            if item["method"] != "GET"
        ]

    def _await_rest(self) -> None:
        """Wait until no run moves: what it wrote would be laid to the next call's charge."""
        end = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < end:
            runs: list[dict[str, Any]] = self._stack.operate("runs_list", "GET", "?limit=5").json()["runs"]
            if not any(run["state"] in {"planning", "applying"} for run in runs):
                self._begun = False
                return
            time.sleep(0.02)
        raise TimeoutError("A run moves for longer than a minute.")


def _is_wrong(case: schemathesis.Case[Any]) -> bool:
    """Return whether the query or the body is not as documented. Other headers than ours go with any call."""
    ours = {ParameterLocation.QUERY, ParameterLocation.BODY}
    return bool(_wrong_parts(case) & ours) and case.media_type == _JSON


def _wrong_parts(case: schemathesis.Case[Any]) -> set[ParameterLocation]:
    parts = case.meta.components if case.meta else {}
    return {place for place, part in parts.items() if part.mode is schemathesis.GenerationMode.NEGATIVE}


def _check_understood(response: schemathesis.Response) -> None:
    """Demand that what is as documented is taken: its shape, not what it names."""
    if response.status_code in _CLIENTS_FAULT and response.content:
        answered = response.json()
        beyond = str(answered.get("detail", "")).startswith(_BEYOND_THE_SHAPE)
        if answered.get("code") in _NOT_UNDERSTOOD and not beyond:
            raise ContractError(f"Not understood: {response.text}")
