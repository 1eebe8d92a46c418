"""What is told to whom: queries find the lines that the code writes, and each alert reaches somebody."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from dev.gates import queries
from dev.gates.recorded_facts import recorded_facts
from mfa_sync.runs.run import RunKind
from mfa_sync.telemetry.events import Event, record
from mfa_sync.triggers.run_queue import POISON_QUEUE
from tests.infra.snapshot import Resource, Snapshot

RULE = "Microsoft.Insights/scheduledQueryRules"
# Which alert tells of which event.
ALERTS = {
    "mfa-sync-run-held": Event.RUN_HELD,
    "mfa-sync-run-failed": Event.RUN_FAILED,
    "mfa-sync-sweep-missing": Event.RUN_FINISHED,  # of its absence
    "mfa-sync-sign-in-refused": Event.SIGN_IN_REFUSED,
    "mfa-sync-secret-expires": Event.SECRET_EXPIRES,
    "mfa-sync-changed-outside": Event.CHANGED_OUTSIDE,
    "mfa-sync-mobile-mismatch": Event.MISMATCH,
    "mfa-sync-poison": Event.RUN_POISONED,
    "mfa-sync-handshake-refused": Event.HANDSHAKE_REFUSED,
    "mfa-sync-run-approved": Event.RUN_APPROVED,
    "mfa-sync-apply-by-hand": Event.RUN_STARTED,
    "mfa-sync-privileged-unreadable": Event.PRIVILEGED_UNREADABLE,
    "mfa-sync-watchdog-missing": Event.WATCHDOG_DONE,  # of its absence
}
# What holds on, and would be told of at each look, is told of once a day.
STATES = {
    "mfa-sync-sweep-missing",
    "mfa-sync-sign-in-refused",
    "mfa-sync-secret-expires",
    "mfa-sync-privileged-unreadable",
}
MINUTES = {"PT5M": 5, "PT15M": 15, "PT1H": 60, "P1D": 1440}
# What is told by the same alert.
BESIDE = {"mfa-sync-handshake-refused": {Event.SIGNATURE_REFUSED}}
FILES = sorted((Path(__file__).parents[2] / "infra" / "queries").glob("*.kql"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_query_looks_for_lines_that_the_code_writes(path: Path) -> None:
    """Events, facts and the form of a line are the code's own."""
    query = path.read_text(encoding="utf-8")
    events = queries.events(query)
    assert events, f"{path}: it looks for no event"
    by_name = {event.value: event for event in Event}
    unknown = events - by_name.keys()
    assert not unknown, f"{path}: {unknown}: there is no such Event in mfa_sync/telemetry/events.py"
    loose = queries.loose_events(query)
    assert not loose, (
        f'{path}: {loose}: find it by startswith "<event> {{", or run.held also finds run.heldLonger'
    )
    known = recorded_facts(path.parents[2] / "mfa_sync")
    for event in events:
        assert by_name[event] in known, f"{path}: nothing records {event}"
    facts = set[str]().union(*(known[by_name[event]] for event in events))
    strange = queries.facts(query) - facts
    assert not strange, (
        f"{path}: {strange}: recorded with {', '.join(sorted(events))} are {', '.join(sorted(facts))}"
    )
    assert queries.tables(query) <= {"AppTraces", "StorageQueueLogs"}


def test_every_query_is_used(private: Snapshot) -> None:
    """A file that nothing loads watches nothing."""
    (workbook,) = private.of("Microsoft.Insights/workbooks")
    panels = json.loads(workbook.at("properties.serializedData"))["items"]
    used = {panel["content"]["query"] for panel in panels} | {query_of(rule) for rule in private.of(RULE)}
    for path in FILES:
        assert path.read_text(encoding="utf-8") in used, f"{path}: load it, or delete it"


def test_a_line_begins_as_the_queries_say(caplog: pytest.LogCaptureFixture) -> None:
    """`<event> {facts}` is the whole text of a record: host and OpenTelemetry both ship that."""
    with caplog.at_level(logging.INFO):
        record(Event.RUN_HELD, run="a run", kind="full", heldFor=["update"])
    (line,) = (one.getMessage() for one in caplog.records)
    assert line.startswith("run.held {")
    assert json.loads(line[line.index("{") :]) == {"run": "a run", "kind": "full", "heldFor": ["update"]}


def test_the_alerts_are_these_and_each_looks_for_its_event(private: Snapshot) -> None:
    """An alert that is lost is not missed by anybody, until it is needed."""
    rules = {str(rule.body["name"]): rule for rule in private.of(RULE)}
    assert set(rules) == set(ALERTS)
    for name, event in ALERTS.items():
        looked_for = {one.value for one in {event, *BESIDE.get(name, ())}}
        assert queries.events(query_of(rules[name])) == looked_for, f"{rules[name]}: {name}"


def test_every_alert_reaches_somebody(private: Snapshot) -> None:
    """By the one action group, which has the address that the deployment must name."""
    (people,) = private.of("Microsoft.Insights/actionGroups")
    receivers = people.at("properties.emailReceivers")
    assert [one["emailAddress"] for one in receivers] == ["operators@contoso.com"]
    assert people.at("properties.enabled") is True
    assert len(people.at("properties.groupShortName")) <= 12
    for rule in private.of(RULE):
        groups = rule.at("properties.actions.actionGroups")
        assert groups == [people.body["id"]], f"{rule}: {rule.body['name']}: actions: people.id"
        assert rule.at("properties.enabled") is True, f"{rule}: {rule.body['name']}"


def test_an_alert_speaks_once(each: Snapshot) -> None:
    """One that is stateless fires at each evaluation that sees the same lines: it is silent until none does.

    Microsoft, "What are Azure Monitor alerts?" (stateless alerts) and "Create or edit a log search alert
    rule" (mute actions).
    """
    for rule in each.of(RULE):
        if rule.at("properties.autoMitigate") is not False:
            continue
        mute = rule.at("properties.muteActionsDuration")
        assert mute, f"{rule}: muteActionsDuration"
        assert MINUTES[mute] >= MINUTES[rule.at("properties.windowSize")], f"{rule}: it sees its lines again"
        assert mute == "P1D" or rule.name not in STATES, f"{rule}: a state: once a day"


def test_an_alert_is_made_before_its_tables_are(each: Snapshot) -> None:
    """They come with their first line, and Azure would refuse the query: mspnp/aks-baseline issue 422."""
    for rule in each.of(RULE):
        assert rule.at("properties.skipQueryValidation") is True, f"{rule}"


def test_where_sweeps_are_off_none_is_missed(choices: Snapshot) -> None:
    """All other alerts are on."""
    off = [rule.name for rule in choices.of(RULE) if rule.at("properties.enabled") is False]
    assert off == ["mfa-sync-sweep-missing"]


def test_an_alert_splits_by_a_column_that_its_query_makes(private: Snapshot) -> None:
    """Else it never fires."""
    for rule in private.of(RULE):
        (condition,) = rule.at("properties.criteria.allOf")
        for dimension in condition["dimensions"]:
            made = queries.columns(condition["query"])
            assert dimension["name"] in made, f"{rule}: {rule.body['name']}: per {dimension['name']}: {made}"


def test_the_missing_sweep_counts_only_sweeps(private: Snapshot) -> None:
    """A finished push of many rows is a run, and no sweep; where sweeps are off none is missed."""
    (rule,) = (one for one in private.of(RULE) if one.body["name"] == "mfa-sync-sweep-missing")
    quoted = query_of(rule)
    for kind in RunKind:
        assert (f'"{kind.value}"' in quoted) is kind.is_sweep
    assert "ago(26h)" in quoted
    assert rule.at("properties.overrideQueryTimeRange") == "P2D"


def test_a_message_in_the_poison_queue_is_noticed(private: Snapshot) -> None:
    """By the storage's own log, even if the app cannot run."""
    (rule,) = (one for one in private.of(RULE) if one.body["name"] == "mfa-sync-poison")
    assert f'Uri contains "/{POISON_QUEUE}"' in query_of(rule)


def query_of(rule: Resource) -> str:
    """Return the query of an alert."""
    (condition,) = rule.at("properties.criteria.allOf")
    return str(condition["query"])
