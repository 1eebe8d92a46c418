"""The OpenAPI document: whole, valid, in the code's own words, and the file that the app serves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from dev.openapi.__main__ import KEPT
from dev.openapi.document import document
from mfa_sync.api.contract.problems import STATUSES
from mfa_sync.runs.run import RunKind, State
from shared.codes import CODES, Code
from shared.errors import Problem
from shared.outcome import Note, Outcome
from shared.tenant import Kind
from tests.project.test_documents import table
from tests.project.test_function_app import functions

DOCUMENT = document()
SCHEMAS = DOCUMENT["components"]["schemas"]


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Walk over path, method and operation."""
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method, operation


def routes() -> dict[tuple[str, str], str]:
    """Return the app's routes, an optional part of a path once with and once without, and their levels."""
    found: dict[tuple[str, str], str] = {}
    for route, methods, level in (one for held in functions().values() for one in held if len(one) == 3):
        paths = [f"/api/{route}"]
        if route.endswith("?}"):
            whole = paths[0].replace("?}", "}")
            paths = [whole.rpartition("/")[0], whole]
        found |= {(path, method.lower()): level for path in paths for method in methods}
    # One function answers two: it says 405 itself where they are mixed up.
    del found["/api/mfa-sync", "get"], found["/api/mfa-sync/{runId}", "post"]
    return found


def examples() -> Iterator[tuple[str, Any, Any]]:
    """Walk over every example: where it stands, its schema, its value."""

    def walk(where: str, node: Any) -> Iterator[tuple[str, Any, Any]]:
        if isinstance(node, dict):
            if "schema" in node and "examples" in node:
                for name, example in node["examples"].items():
                    held = example
                    if "$ref" in example:
                        held = DOCUMENT["components"]["examples"][example["$ref"].rpartition("/")[2]]
                    yield f"{where}/{name}", node["schema"], held["value"]
            for name, child in node.items():
                yield from walk(f"{where}/{name}", child)
        elif isinstance(node, list):
            for index, child in enumerate(node):
                yield from walk(f"{where}/{index}", child)

    yield from walk("", DOCUMENT["paths"])


def test_it_is_a_valid_document() -> None:
    """By the rules of OpenAPI 3.1."""
    validate(json.loads(json.dumps(DOCUMENT)))


def test_every_route_is_documented_and_no_other() -> None:
    """With the key that it takes, or none."""
    documented = {
        (path, method): "function" if operation["security"] else "anonymous"
        for path, method, operation in operations()
    }
    assert documented == routes()


def test_401_is_documented_wherever_a_key_is_asked_for() -> None:
    """The platform itself answers so."""
    for path, _, operation in operations():
        assert ("401" in operation["responses"]) == bool(operation["security"]), path


def test_every_problem_of_the_code_is_documented_with_its_statuses() -> None:
    """In the document, and in docs/codes.md."""
    assert set(STATUSES) == set(Problem)
    assert set(SCHEMAS["ProblemDocument"]["properties"]["code"]["enum"]) == set(Problem)
    told: dict[str, set[int]] = {}
    for _, _, operation in operations():
        for status, response in operation["responses"].items():
            problem = response.get("content", {}).get("application/problem+json")
            for code in problem["schema"]["allOf"][1]["properties"]["code"]["enum"] if problem else ():
                told.setdefault(code, set()).add(int(status))
    assert told == {problem.value: set(statuses) for problem, statuses in STATUSES.items()}
    in_words = {code: cells[0] for code, cells in table("codes.md", "Problems").items()}
    assert in_words == {
        problem.value: ", ".join(map(str, statuses)) for problem, statuses in STATUSES.items()
    }


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (SCHEMAS["Code"]["enum"], Code),
        (SCHEMAS["Note"]["enum"], Note),
        (SCHEMAS["Outcome"]["enum"], Outcome),
        (SCHEMAS["Kind"]["enum"], Kind),
        (SCHEMAS["State"]["enum"], State),
        (SCHEMAS["RunKind"]["enum"], RunKind),
        (SCHEMAS["PushAnswer"]["properties"]["summary"]["required"], Outcome),
    ],
)
def test_its_words_are_the_codes(found: list[str], words: Any) -> None:
    """All of them, and no others."""
    assert found == [word.value for word in words]


def test_it_says_what_each_code_means() -> None:
    """Whoever reads only this knows who acts."""
    for code, meaning in CODES.items():
        assert (
            f"- `{code}` ({meaning.outcome}; acts: {meaning.who}): {meaning.meaning}"
            in (SCHEMAS["Code"]["description"])
        )


@pytest.mark.parametrize(("where", "schema", "value"), [pytest.param(*one, id=one[0]) for one in examples()])
def test_each_example_is_as_its_schema_says(where: str, schema: Any, value: Any) -> None:
    """An example that cannot be sent, or is never answered, misleads."""
    del where
    resource: Any = DRAFT202012.create_resource(DOCUMENT)
    registry: Any = Registry().with_resource("urn:document", resource)
    absolute = json.loads(json.dumps(schema).replace('"#/', '"urn:document#/'))
    OAS31Validator(absolute, registry=registry).validate(value)


def test_links_lead_to_operations_that_exist() -> None:
    """And each operation has a name of its own."""
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    text = json.dumps(DOCUMENT)
    assert set(re.findall(r'"operationId": "(\w+)", "parameters"', text)) <= set(names)


def test_it_holds_no_secret_and_no_whole_number() -> None:
    """It is served to whoever has its key."""
    assert re.findall(r"\+[0-9]{8,}", json.dumps(DOCUMENT)) == []


def test_the_file_that_the_app_serves_is_the_document() -> None:
    """Made by `python -m dev.openapi`."""
    kept = KEPT.read_text("utf-8")
    assert json.loads(kept) == DOCUMENT
