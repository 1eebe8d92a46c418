"""Whether a worker stays just below Graph's limit, in real time, with a bucket at a tenth."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import ExitStack

from dev.bench.cloud import Cloud
from dev.bench.quality import Quality
from dev.tenant.control_client import LogEntry

# Microsoft's smallest limit of the directory is 3,500 units in ten seconds.
_LIMIT, _WINDOW = 350, 10.0
_WARM, _STEADY = 20.0, 65.0
_ROWS = 500
_LATENCY = 0.05
# What is told: the least served share and the most refused share.
_GOALS = {True: (0.95, 0.01), False: (0.80, 0.03)}
_THROTTLED, _OK = 429, 200


def measure() -> list[Quality]:
    """Return the pace with and without the percentage header; both are measured at the same time."""
    with ExitStack() as exits:
        clouds = {tells: exits.enter_context(Cloud()) for tells in _GOALS}
        children = {}
        for tells, cloud in clouds.items():
            ids = cloud.add_people(_ROWS, agree=True)
            cloud.settings |= {"SYNC_INLINE_MAX": str(_ROWS), "SYNC_DEADLINE_SECONDS": "220"}
            cloud.control.switch(
                directory_limit=_LIMIT,
                methods_limit=_LIMIT,
                throttle_tells_share=tells,
                graph_latency=_LATENCY,
            )
            children[tells] = cloud.start(
                [sys.executable, "-m", "dev.bench.product"], pushes=[ids], seconds=_WARM + _STEADY
            )
        pushes = {tells: child.result() for tells, child in children.items()}
        return [
            _judged(
                tells,
                cloud.control.log(),
                all(push["summary"]["unchanged"] == _ROWS for push in pushes[tells]),
            )
            for tells, cloud in clouds.items()
        ]


def _judged(tells: bool, log: list[LogEntry], everybody_settled: bool) -> Quality:  # noqa: FBT001  a row of the goals' table
    least, most = _GOALS[tells]
    batches = [entry for entry in log if "items" in entry]
    start = batches[0]["time"] + _WARM
    counts: Counter[tuple[str, int]] = Counter()
    for entry in batches:
        if start <= entry["time"] < start + _STEADY:
            for item in entry["items"]:
                service = "methods" if "/authentication/" in item["url"] else "directory"
                counts[service, item["status"]] += 1
    permitted = _LIMIT * _STEADY / _WINDOW
    served = {service: counts[service, _OK] / permitted for service in ("directory", "methods")}
    refused = sum(count for (_, status), count in counts.items() if status == _THROTTLED) / counts.total()
    header = "with" if tells else "without"
    return Quality(
        f"pace {header} the percentage header",
        f"≥ {least:.0%} of the permitted rate, ≤ {most:.0%} refused",
        f"{min(served.values()):.1%}, {refused:.2%} refused",
        min(served.values()) >= least and refused <= most and everybody_settled,
        f"pushes of {_ROWS} unchanged users one after another, {_STEADY:.0f} s after the first "
        f"{_WARM:.0f} s, real time; directory_limit and methods_limit {_LIMIT} items in 10 s each, a tenth "
        f"of 3,500; counted per item in the tenant's log (directory {served['directory']:.1%}, methods "
        f"{served['methods']:.1%}); "
        f"every row of every push settled: {'yes' if everybody_settled else 'NO'}",
    )
