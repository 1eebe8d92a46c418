"""Which questions Graph is asked, over a full sweep, a sweep of changes, a push and an explanation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs

from dev.tenant.sample import SCOPE_GROUP_ID
from mfa_sync.runs.run import RunKind
from tests.wire.conftest import Bench
from tests.wire.sweeping import Sweeper

ONE, TWO = "+46701740611", "+46701740622"
# Every path that we read, and every option that we may send with it.
ASKED = {
    "/users": {"$select", "$top"},
    "/users/delta": {"$select", "$deltatoken"},
    "/users/{}": {"$select"},
    "/users/{}/authentication/phoneMethods": set(),
    "/users/{}/authentication/methods": set(),
    "/groups": {"$filter", "$select"},
    "/groups/{}": {"$select"},
    "/groups/{}/owners": {"$select"},
    "/groups/{}/transitiveMembers/microsoft.graph.group": {"$select", "$top"},
    "/groups/{}/transitiveMembers/microsoft.graph.user": {"$select", "$top"},
    "/roleManagement/directory/roleAssignments": {"$select"},
    "/roleManagement/directory/roleEligibilityScheduleInstances": {"$select"},
    "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances": {"$filter", "$select"},
    "/auditLogs/directoryAudits": {"$filter", "$top"},
}


def questions(bench: Bench) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Yield each read, alone or in a batch, by its path without ids and its options."""
    for call in bench.calls("graph.microsoft.com"):
        urls = [f"{call['path']}?{call['query']}"] if call["method"] == "GET" else []
        urls += [item["url"] for item in call.get("items", []) if item["method"] == "GET"]
        for url in urls:
            path, _, query = url.removeprefix("/v1.0").partition("?")
            yield re.sub(r"^/(users|groups)/(?!delta$)[^/]+", r"/\1/{}", path), parse_qs(query)


async def test_traps_16_17_18_and_22_only_questions_that_graph_takes_are_asked(sweeper: Sweeper) -> None:
    """No search by the attribute, no long lists of alternatives, no paging of our own, no report."""
    bench = sweeper.bench
    bench.configure(SYNC_SCOPE_GROUP_ID=SCOPE_GROUP_ID)
    people = [bench.person(ONE, ONE) for _ in range(20)]
    bench.control.patch_group(SCOPE_GROUP_ID, members=[person.id for person in people])
    await sweeper.settled()
    bench.clock.advance(3600)
    bench.control.patch_person(people[0].id, attribute=None)
    assert (await sweeper.sweep(RunKind.CHANGED, apply=True)).kind is RunKind.CHANGED
    await bench.push([{"UserPrincipalName": person.upn} for person in people])
    await bench.explain(people[0])
    seen = list(questions(bench))
    assert {path for path, _ in seen} == set(ASKED)
    assert [(path, options) for path, options in seen if not options.keys() <= ASKED[path]] == []
    filters = [text for _, options in seen for text in options.get("$filter", [])]
    assert filters
    assert not [text for text in filters if re.search(r"\b(or|in|not|ne)\b|extensionAttribute", text)]
