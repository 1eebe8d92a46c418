"""What sweeps and readiness runs cost: calls to Graph, memory, and time against what Graph's limits take."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from dev.bench.cloud import Cloud, limited
from dev.bench.quality import Quality
from dev.stack.local_stack import ROOT

_GRAPH = "graph.microsoft.com"
_CALLS_FULL, _CALLS_CHANGED, _CALLS_READY, _MEGABYTES = 0.052, 200, 0.006, 150
_SMALL, _LARGE, _HUGE, _READY, _CHANGED = 1_000, 100_000, 1_000_000, 20_000, 500
# Microsoft's figure for tenants of more than 500 users: resource units of app and tenant in ten seconds.
_LIMIT_A_SECOND = 800


def measure() -> list[Quality]:
    """Return full sweeps of two sizes, a changed one of a million users, and a readiness run."""
    small, _, _ = _sweep(_SMALL, "full")
    large, calls, items = _sweep(_LARGE, "full")
    changed, changed_calls, _ = _sweep(_HUGE, "changed")
    ready, ready_calls, _ = _sweep(_READY, "readiness")
    ratio, least = calls / _LARGE, items / _LIMIT_A_SECOND
    return [
        Quality(
            "Graph HTTP calls per unchanged swept user",
            f"≤ {_CALLS_FULL}",
            f"{ratio:.4f}",
            ratio <= _CALLS_FULL and large["state"] == "held" and large["users"] >= _LARGE,
            f"{calls} calls for a full sweep of {large['users']} generated users up to its held plan "
            f"({large['planned']}); the privileged set and factors too",
        ),
        Quality(
            "memory of a full sweep",
            f"flat, ≤ {_MEGABYTES} MB",
            " and ".join(f"{one['peakMegabytes']:.0f} MB for {one['users']} users" for one in (small, large)),
            large["peakMegabytes"] <= _MEGABYTES,
            "peak resident size of the worker's process, interpreter and libraries included",
        ),
        Quality(
            "time of a full sweep",
            "told beside the least that Graph's limit allows",
            f"{large['wall']:.0f} s ({large['cpu']:.0f} s CPU); the limit alone would take {least:.0f} s",
            large["wall"] > 0,
            f"{items} requests, within batches, at {_LIMIT_A_SECOND} resource units a second; no latency, no "
            "limit in the emulated tenant, which shares the two cores",
        ),
        Quality(
            f"changed sweep of {_HUGE} users, {_CHANGED} changed",
            f"≤ {_CALLS_CHANGED} Graph calls, ≤ {_MEGABYTES} MB",
            f"{changed_calls} calls, {changed['peakMegabytes']:.0f} MB, {changed['wall']:.1f} s",
            changed_calls <= _CALLS_CHANGED
            and changed["peakMegabytes"] <= _MEGABYTES
            and changed["kind"] == "changed"
            and changed["users"] >= _CHANGED,
            f"{changed['users']} users read; the full sweep before it is laid down and not run",
        ),
        Quality(
            f"readiness run over {_READY} users",
            f"≤ {_CALLS_READY} Graph calls per user, ≤ {_MEGABYTES} MB",
            f"{ready_calls} calls, {ready['peakMegabytes']:.0f} MB, {ready['wall']:.0f} s",
            ready_calls <= _CALLS_READY * _READY
            and ready["peakMegabytes"] <= _MEGABYTES
            and ready["readiness"].get("phoneOnly", 0) >= _CHANGED,
            f"{ready['readiness']}; five calls of reports in ten seconds are Graph's limit, to which we keep",
        ),
    ]


def _sweep(count: int, kind: str) -> tuple[dict[str, Any], int, int]:
    """Return what the sweeping process tells, Graph's calls, and the requests in them."""
    with Cloud() as cloud:
        cloud.control.generate(count, fractions=None if kind == "full" else {})
        cloud.control.switch(signed_in_roles=["Privileged Authentication Administrator", "Reports Reader"])
        settings = {**cloud.settings, "EMPTY_GRACE_DAYS": "0"}
        job: dict[str, Any] = {"settings": settings, "kind": kind}
        if kind == "changed":
            job["population"] = count
        process = subprocess.Popen(
            [sys.executable, "-m", "dev.bench.sweeper"],
            cwd=ROOT,
            env=cloud.environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin  # noqa: S101  it is a pipe
        assert process.stdout  # noqa: S101  it is a pipe
        with limited(process), process, process.stdin as stdin, process.stdout as stdout:
            print(json.dumps(job), file=stdin, flush=True)
            stdout.readline()
            if kind == "changed":
                _change(cloud, _CHANGED)
            if kind == "readiness":
                for index in range(_CHANGED):
                    cloud.control.patch_person(
                        f"user{index * 40:07}@contoso.com",
                        methods=["password"],
                        phones={"mobile": {"number": "+46701740605"}},
                    )
            cloud.control.clear_log()
            print("go", file=stdin, flush=True)
            found: dict[str, Any] = json.loads(stdout.readline())
        log = [entry for entry in cloud.control.log() if entry["host"] == _GRAPH]
    return found, len(log), sum(len(entry.get("items", [None])) for entry in log)


def _change(cloud: Cloud, count: int) -> None:
    for index in range(count):
        cloud.control.patch_person(
            f"user{index * 1000:07}@contoso.com", attribute=f"+4670174{605 + index % 90:04}"
        )
