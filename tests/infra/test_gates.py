"""The gates themselves: each is shown a fault of its kind, and names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dev.gates.bicep_parsing import BrokenBicepError, parse
from dev.gates.bicep_template import Template, load
from dev.gates.bicep_values import Expression, TemplateError
from dev.gates.model_names import NoModelError, faults

STORAGE = "Microsoft.Storage/storageAccounts"
# A text that is not closed, with empty lines: the parser's expression for it tries every way to part them.
ENDLESS = "var x = '''\n" + "a b c\n\n" * 60


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    """With the place, as far as the parser knows it."""
    good, bad = tmp_path / "good.bicep", tmp_path / "bad.bicep"
    good.write_text("param a string\n", encoding="utf-8")
    bad.write_text("param a string\nresource {\n", encoding="utf-8")
    with pytest.raises(BrokenBicepError, match=r"bad\.bicep: .*line 2"):
        parse([good, bad])


def test_a_file_that_hangs_the_parser_is_named(tmp_path: Path) -> None:
    """The one that was being read when the time was up."""
    (tmp_path / "slow.bicep").write_text(ENDLESS, encoding="utf-8")
    with pytest.raises(BrokenBicepError, match=r"slow\.bicep: the parser did not end within 2 s"):
        parse([tmp_path / "slow.bicep"], seconds=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("param a string\nparam a int\n", "symbol a stands twice"),
        ("var a = {\n  b: 1\n  b: 2\n}\n", "property b stands twice"),
    ],
)
def test_what_stands_twice_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    """The parser alone would let the last one win, and the test see another value than Azure."""
    (tmp_path / "main.bicep").write_text(text, encoding="utf-8")
    with pytest.raises(BrokenBicepError, match=message):
        parse([tmp_path / "main.bicep"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("output a string = missing\n", "missing is not declared"),
        ("output a string = 'x-${missing}'\n", "missing is not declared"),
        ("output a string = 'x-${replace(missing, 'a', 'b')}'\n", "missing is not declared"),
        ("output a string = uniqeString('a')\n", r"do not know uniqeString\(\)"),
        ("output a string = loadTextContent('none.kql')\n", "none.kql that it loads is not there"),
        ("var a = {\n  b: 1\n}\noutput c int = a.d\n", "no property d"),
        ("param a string\n", "its parameter a is not given"),
        ("module a 'app/none.bicep' = {\n  name: 'a'\n}\n", "there is no file"),
    ],
)
def test_what_the_compiler_would_refuse_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    """It cannot be had here; the commonest of its errors are found without it."""
    (tmp_path / "main.bicep").write_text(text, encoding="utf-8")
    with pytest.raises(TemplateError, match=message):
        load(tmp_path / "main.bicep", {})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("b: 'x'\n    c: 'y'", "no parameter c"),
        ("", "parameter b is not given"),
    ],
)
def test_a_module_is_given_what_it_declares(tmp_path: Path, given: str, message: str) -> None:
    """No more and no less."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a.bicep").write_text("param b string\noutput d string = b\n", encoding="utf-8")
    text = f"module a 'app/a.bicep' = {{\n  name: 'a'\n  params: {{\n    {given}\n  }}\n}}\n"
    (tmp_path / "main.bicep").write_text(text, encoding="utf-8")
    with pytest.raises(TemplateError, match=message):
        load(tmp_path / "main.bicep", {})


def test_values_are_followed_through_modules_and_loops(tmp_path: Path) -> None:
    """What is known is filled in; what only Azure knows stays an Expression."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a.bicep").write_text(
        "param names array\n"
        "var pairs = [for (name, i) in names: {\n  name: '${name}-${i}'\n}]\n"
        "resource all 'A/b@1' = [for pair in pairs: {\n  name: pair.name\n  id: first.id\n}]\n"
        "resource first 'A/c@1' = if (!empty(names)) {\n  name: (names[0] == 'x') ? 'yes' : 'no'\n}\n"
        "output last string = first.name\n",
        encoding="utf-8",
    )
    (tmp_path / "main.bicep").write_text(
        "param unused string = ''\n"
        "module a 'app/a.bicep' = {\n  name: 'a'\n  params: {\n    names: union(['x'], ['y'])\n  }\n}\n"
        "output last string = a.outputs.last\n",
        encoding="utf-8",
    )
    template = load(tmp_path / "main.bicep", {})
    bodies = [resource.body for resource in template.resources]
    assert bodies == [
        {"name": "x-0", "id": "a:first.id"},
        {"name": "y-1", "id": "a:first.id"},
        {"name": "yes"},
    ]
    assert isinstance(bodies[0]["id"], Expression)
    assert template.outputs == {"last": "yes"}
    assert template.unused == [f"{tmp_path / 'main.bicep'}: unused"]
    assert template.arm()["resources"][0] == {
        "type": "A/b",
        "apiVersion": "1",
        "name": "x-0",
        "id": "[a:first.id]",
    }


@pytest.mark.parametrize(
    ("kind", "body", "fault"),
    [
        (STORAGE, {"propertees": {}}, "propertees: there is no such property. Known: properties"),
        (STORAGE, {"properties": {"allowSharedKeyAcces": False}}, "Known: allowSharedKeyAccess"),
        (STORAGE, {"properties": {"allowSharedKeyAccess": "false"}}, "'false' must be of type bool"),
        (STORAGE, {"properties": {"minimumTlsVersion": "TLS1_4"}}, "'TLS1_4' is none of TLS1_0"),
        (STORAGE, {"properties": {"networkAcls": {"ipRules": {}}}}, "networkAcls.ipRules: it must be a list"),
        (STORAGE, {"properties": {"networkAcls": []}}, "properties.networkAcls: it must be a map"),
        ("Microsoft.Network/natGateways", {"properties": {"resourceGuid": "x"}}, "Azure alone writes it"),
        (  # a model of the older make, whose properties are flattened
            "Microsoft.Insights/scheduledQueryRules",
            {"properties": {"criteria": {"allOf": [{"operator": "Above"}]}}},
            "properties.criteria.allOf.0.operator: 'Above' is none of",
        ),
        (
            "Microsoft.Insights/scheduledQueryRules",
            {"properties": {"actions": {"actionGroup": []}}},
            "properties.actions.actionGroup: there is no such property. Known: actionGroups",
        ),
        (
            "Microsoft.Insights/diagnosticSettings",
            {"properties": {"log": []}},
            "properties.log: there is no such",
        ),
        (
            "Microsoft.Web/sites",
            {"properties": {"functionAppConfig": {"siteUpdateStrategy": {"type": "Rolling"}}}},
            "siteUpdateStrategy.type: 'Rolling' is none of Recreate, RollingUpdate",
        ),
    ],
)
def test_what_a_model_does_not_know_is_a_fault(kind: str, body: dict[str, Any], fault: str) -> None:
    """Names, types and values, to any depth, in both makes of models."""
    (found,) = faults(kind, "name", body)
    assert fault in found


def test_a_type_without_model_is_told_of() -> None:
    """Not passed over."""
    with pytest.raises(NoModelError, match=r"Microsoft\.Web/sitez"):
        faults("Microsoft.Web/sitez", "name", {})


def test_what_is_known_to_azure_alone_is_not_judged() -> None:
    """An expression may come to anything."""
    assert faults(STORAGE, "name", {"properties": {"minimumTlsVersion": Expression("a")}}) == []


def test_a_template_is_read_the_same_from_anywhere(template: Template, root: Path) -> None:
    """Its files are named by their whole path."""
    assert all(path.is_absolute() and path.is_relative_to(root) for path in template.trees)
