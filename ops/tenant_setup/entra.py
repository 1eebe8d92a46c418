"""The whole of the work in Entra: look first, say every change, and only then make them one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.tenant_setup import account, conditional_access, unit
from ops.tenant_setup.change import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ops.tenant_setup.change import Change, Known
    from ops.tenant_setup.graph import Graph
    from ops.tenant_setup.wanted import Wanted

type Say = Callable[[str], None]


def plan(graph: Graph, wanted: Wanted, say: Say) -> list[Change]:
    """Look at everything, say what is to be done, and do nothing.

    Returns:
        What is to be done.

    Raises:
        StoppedError: Something is in the way; nothing was changed.
    """
    known = account.read(graph, wanted.service_account)
    say(f"Service account {known.upn} ({known.account_id})")
    policies = conditional_access.all_policies(graph)
    found = [
        *account.remarks(graph, known),
        *account.other_policies(graph, wanted, known, policies),
        *account.role_remarks(wanted, known),
        *account.consent(graph, wanted, known),
        *conditional_access.remarks(wanted, policies),
    ]
    for remark in found:
        say(str(remark))
    changes = list(_changes(graph, wanted, known))
    _say_all(changes, say)
    stops = sum(remark.level == "wrong" for remark in found)
    if stops:
        raise StoppedError(f"Mend first what is wrong above ({stops}). Nothing was changed.")
    return changes


def apply(graph: Graph, wanted: Wanted, say: Say) -> list[Change]:
    """Make what `plan` says, and prove by another look that nothing is left.

    Returns:
        What was done.

    Raises:
        StoppedError: Something is in the way; what was done was said, and the same command goes on.
    """
    if not plan(graph, wanted, say):
        return []
    say("Doing it:")
    done = _do(_changes(graph, wanted, account.read(graph, wanted.service_account)), say)
    left = list(_changes(graph, wanted, account.read(graph, wanted.service_account)))
    if left:
        raise StoppedError(
            f"Accepted, but not to be seen yet: {left[0].what}. Entra may take minutes: look again with plan."
        )
    say("Done, and a second look finds nothing left to do.")
    return done


def remove(graph: Graph, wanted: Wanted, say: Say, *, acting: bool) -> list[Change]:
    """Take away what `apply` made: the power first, then its limits, so that neither ever stands alone.

    Raises:
        StoppedError: Something is in use by others, or not as it is made here.
    """
    known = account.read(graph, wanted.service_account)
    ending = list(unit.remove(graph, wanted, known))  # looked for first: the roles are over it
    limits = conditional_access.remove(graph, wanted, known)
    changes = [*account.remove_roles(graph, wanted, known), *limits, *ending]
    _say_all(changes, say)
    if acting and changes:
        say("Doing it:")
        _do(changes, say)
        say("Done.")
    return changes


def _changes(graph: Graph, wanted: Wanted, known: Known) -> Iterator[Change]:
    """Yield the changes in order; each part looks again only after the former's were made."""
    yield from unit.plan(graph, wanted, known)
    yield from account.plan_roles(graph, wanted, known)
    yield from conditional_access.plan(graph, wanted, known)


def _say_all(changes: list[Change], say: Say) -> None:
    say(f"To change ({len(changes)}):" if changes else "Nothing to change.")
    for change in changes:
        say(str(change))


def _do(changes: Iterable[Change], say: Say) -> list[Change]:
    done: list[Change] = []
    for change in changes:
        say(str(change))
        try:
            change.do()
        except StoppedError as error:
            raise StoppedError(f"{error}\nMade before this: {len(done)}. The same command goes on.") from None
        done.append(change)
    return done
