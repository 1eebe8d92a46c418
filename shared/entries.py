"""From rows to people: one entry for each person, however many rows name them, by whichever key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from shared.codes import Code
from shared.decide import decide, same_wish
from shared.plan import Entry, Request, unreadable_entry
from shared.policy import Policy
from shared.tenant import Observation, ScopeSets, Unreadable

# Each of the rows is answered with the list of them all: it must not grow as their square.
_MOST_NAMED = 20


def entries_of(
    requests: Sequence[Request],
    seen: Mapping[str, Observation | Unreadable],
    policy: Policy,
    sets: ScopeSets,
) -> Iterable[Entry]:
    """Yield one entry for each person that the requests name.

    Args:
        requests: The rows' wishes.
        seen: What was read under each request's key.
        policy: What the organisation decided.
        sets: Who is inside and outside by group.
    """
    ids = _ids(seen)
    by_person: dict[str, list[Request]] = {}
    for request in requests:
        sighting = seen[request.key]
        if (person := ids.get(request.key)) is not None:
            by_person.setdefault(person, []).append(request)
        elif isinstance(sighting, Unreadable):
            yield unreadable_entry((request,), sighting)
    for wishes in by_person.values():
        yield _entry(wishes, [seen[wish.key] for wish in wishes], policy, sets)


def _ids(seen: Mapping[str, Observation | Unreadable]) -> dict[str, str]:
    """Return whom each key names, as an object id, as far as anything that was read tells.

    A key that could not be read may be the other name of somebody who could.
    """
    users = [one.user for one in seen.values() if one.user]
    named = {name.lower(): user.id for user in users for name in (user.id, user.user_principal_name)}
    own = {key: one.user.id for key, one in seen.items() if one.user}
    return {key: own.get(key) or named[key.lower()] for key in seen if key in own or key.lower() in named}


def _entry(
    wishes: Sequence[Request],
    sightings: Sequence[Observation | Unreadable],
    policy: Policy,
    sets: ScopeSets,
) -> Entry:
    """Return one person's entry. One readable sighting is enough: it is the same person by another key."""
    first = wishes[0]
    best = max(sightings, key=lambda one: (isinstance(one, Observation), one.user is not None))
    if isinstance(best, Unreadable):
        entry = unreadable_entry(wishes, best)
    else:
        rows = tuple(wish.row for wish in wishes)
        decision = decide(best, first.intent, policy, sets)
        entry = Entry(rows, first.key, first.intent, best.user, best.phones, decision)
    region = policy.region_of(entry.user) if entry.user else None
    if all(same_wish(first.intent, wish.intent, region) for wish in wishes):
        return entry
    named = ", ".join(str(row) for row in entry.rows[:_MOST_NAMED])
    more = f" and {len(entry.rows) - _MOST_NAMED} more" if len(entry.rows) > _MOST_NAMED else ""
    return entry.refused(
        Code.CONTRADICTORY_ROWS, "one person, one wish", f"Rows {named}{more} name one person and differ."
    )
