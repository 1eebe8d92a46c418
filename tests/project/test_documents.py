"""The documents name everything that exists, and nothing that does not."""

from __future__ import annotations

import ast
import json
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from dev.tenant import sample
from mfa_sync.settings.settings import Settings
from mfa_sync.telemetry.events import Event
from mfa_sync.telemetry.export.attributes import NAMES
from mfa_sync.telemetry.measures import Metric, Span
from shared.codes import CODES, Code
from shared.errors import Problem
from shared.outcome import Note, Outcome

ROOT = Path(__file__).parents[2]
PLATFORM = {"FUNCTIONS_WORKER_RUNTIME": "python", "AzureWebJobsDisableHomepage": "true"}
NEEDED = {
    "TENANT_ID": "contoso.com",
    "CLIENT_ID": "22222222-2222-4222-8222-222222222222",
    "KEY_VAULT_URL": "https://contoso.vault.azure.net",
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
}


class Recorder(Mapping[str, str]):
    """An environment that remembers which names it was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values_held = dict(values)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.values_held[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_held)

    def __len__(self) -> int:
        return len(self.values_held)


def table(document: str, heading: str) -> dict[str, list[str]]:
    """Return the table under a heading: each row's cells by the name that stands first, without backticks."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    section = re.split(r"^#+ ", text, flags=re.MULTILINE)
    (body,) = (part for part in section if part.splitlines()[:1] == [heading])
    lines = [line for line in body.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    names = [first.strip("`") for first, *_ in cells]
    assert len(names) == len(set(names)), f"{document}: a name stands twice under {heading}"
    return {name: rest for name, (_, *rest) in zip(names, cells, strict=True)}


def settings_read() -> set[str]:
    """Return the names of all settings that the program reads."""
    environment = Recorder(NEEDED)
    Settings.from_environment(environment)
    return environment.asked


def example() -> dict[str, str]:
    """Return the values of the example of local settings."""
    document = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))
    assert document["IsEncrypted"] is False
    values: dict[str, str] = document["Values"]
    return values


def test_the_table_of_row_codes_says_what_the_code_says() -> None:
    """Every code has its line, every line its code, and every cell is the program's own."""
    assert table("codes.md", "Rows") == {
        code.value: [
            meaning.outcome.value,
            "yes" if meaning.retryable else "no",
            meaning.who,
            meaning.meaning,
            meaning.remedy,
        ]
        for code, meaning in CODES.items()
    }


def test_every_code_has_a_meaning() -> None:
    """A result is made from it."""
    assert set(CODES) == set(Code)


@pytest.mark.parametrize(
    ("heading", "names"),
    [("Problems", set(Problem)), ("Notes", set(Note))],
)
def test_problems_and_notes_are_documented_and_no_others(heading: str, names: set[str]) -> None:
    """Names are stable interface: none is secret, none is invented."""
    assert set(table("codes.md", heading)) == {str(name) for name in names}


def test_events_are_documented_and_no_others() -> None:
    """Alerts rest on their names, and searches on their levels."""
    documented = {name: level.split(";")[0] for name, (level, *_) in table("telemetry.md", "Events").items()}
    assert documented == {event.value: logging.getLevelName(event.level).lower() for event in Event}


def test_every_setting_that_is_read_is_documented_and_no_other() -> None:
    """A setting that nobody can find, or that does nothing, is a trap."""
    assert set(table("settings.md", "Settings")) == settings_read()


def test_the_documented_defaults_are_the_ones_in_force() -> None:
    """Writing every default down changes nothing, and what is required has none."""
    defaults = {name: default for name, (default, *_) in table("settings.md", "Settings").items()}
    assert {name for name, default in defaults.items() if default == "required"} == set(NEEDED)
    written = {name: default.strip("`") for name, default in defaults.items() if default.startswith("`")}
    assert Settings.from_environment({**NEEDED, **written}) == Settings.from_environment(NEEDED)


def test_the_example_names_every_setting_and_the_platforms_own() -> None:
    """Whoever copies it sees all there is to set.

    Names with `__` are parts of another setting: they say in several what it says in one, and go not with it.
    """
    whole = {name for name in settings_read() if name.partition("__")[0] == name}
    assert set(example()) == whole | set(PLATFORM)
    assert {name: example()[name] for name in PLATFORM} == PLATFORM


def test_the_example_works_and_holds_the_defaults() -> None:
    """Values are texts, as the Functions host demands, and none differs from its default by accident."""
    values = example()
    assert all(isinstance(value, str) for value in values.values())
    required = {name: values[name] for name in NEEDED}
    assert Settings.from_environment(values) == Settings.from_environment(required)


def test_the_example_fits_the_emulated_tenant() -> None:
    """The first local run needs no editing."""
    values = example()
    found = (values["TENANT_ID"], values["CLIENT_ID"], values["KEY_VAULT_URL"])
    assert found == (sample.TENANT_ID, sample.CLIENT_ID, sample.VAULT_URL)


def test_the_table_of_spans_names_them_all() -> None:
    """Names are stable interface."""
    assert set(table("telemetry.md", "Spans")) == {str(name) for name in Span}


def test_the_table_of_metrics_says_what_the_code_says() -> None:
    """Name, instrument and unit are the program's own."""
    documented = {name: tuple(cells[:2]) for name, cells in table("telemetry.md", "Metrics").items()}
    assert documented == {one.value: (one.instrument, f"`{one.unit}`") for one in Metric}


def test_every_attribute_that_is_documented_is_exported() -> None:
    """A query by a name that does not exist finds nothing, and says nothing."""
    text = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`(mfa_sync\.[a-z_.]+|peer\.service|event\.name)`", text))
    metrics = set(Metric)
    assert {name for name in names if name not in metrics} <= set(NAMES.values())


def facts_recorded() -> dict[str, set[str]]:
    """Return the facts that events are recorded with, as far as the calls name both."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "mfa_sync").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "record"):
                continue
            event = ast.unparse(call.args[0])
            for name in EVENTS_BY_EXPRESSION.get(event, [event.removeprefix("Event.")]):
                facts = {word.arg for word in call.keywords if word.arg} - {"level"}
                spread = {str(one) for one in Outcome} if any(not w.arg for w in call.keywords) else set()
                found.setdefault(Event[name].value, set()).update(facts, spread)
    return found


EVENTS_BY_EXPRESSION = {
    "_EVENTS[verdict.what]": ["RUN_APPROVED", "RUN_DISCARDED", "RUN_STOPPED"],
    "event": ["RUN_HELD", "RUN_FINISHED", "RUN_FAILED"],
    "stopped": ["PUSH_STOPPED", "CALL_STOPPED"],
}


def test_the_table_of_events_names_their_facts() -> None:
    """Alerts and queries read them; each is exported too."""
    documented = {
        name: set(re.findall(r"`(\w+)`", facts))
        for name, (_, _, facts, _) in table("telemetry.md", "Events").items()
    }
    assert documented == facts_recorded()
    assert {fact for facts in documented.values() for fact in facts} <= set(NAMES)
