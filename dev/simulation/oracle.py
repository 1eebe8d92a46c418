"""What is true of a person, told from the tenant and the settings alone: the product's own code has no part.

A verdict is an outcome, with its code where it has one: "created", "refused/guestExcluded".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dev.simulation.cast import Member
from dev.simulation.history import SETTLED, History, Told
from dev.simulation.journal import Facts
from dev.simulation.schedule import Asked
from dev.tenant.sample import SERVICE_ACCOUNT

# Roles whose holders an Authentication Administrator may not serve; the cast knows no other role.
PROTECTED = {"refused/privilegedTarget", "refused/privilegedUnknown"}
_BEYOND_REACH = "Global Administrator"
_NO_FACTORS = {"password", "email"}
_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Matter:
    """One row of one push, with what is needed to judge it."""

    history: History
    told: Told
    asked: Asked
    member: Member

    @property
    def settings(self) -> dict[str, str]:
        """The settings in force."""
        return self.history.schedule.settings

    def facts(self) -> list[Facts]:
        """Return what held about the person at any time of the push."""
        return list(self.history.journal.facts_during(self.asked.who, self.told.begun, self.told.ended))

    def wants(self) -> set[str | None]:
        """Return every number that was to be registered at any time of the push; None for "no phone"."""
        return {one for facts in self.facts() for one in desired(self, facts)}

    def written(self) -> list[str | None]:
        """Return the mobile numbers that this push wrote for the person, whenever they arrived."""
        commits = self.history.journal.commits_of(self.asked.who, self.told.number)
        return [commit.mobile for commit in commits]

    def meddled(self) -> bool:
        """Return whether another wrote the phone, in the push or so late before it that reads still lag."""
        since = self.told.started - self.history.lag
        return any(
            commit.by != self.told.number
            and commit.order <= self.told.ended
            and (commit.order >= self.told.begun or commit.time > since)
            for commit in self.history.journal.commits_of(self.asked.who)
        )

    def shown(self) -> list[str | None]:
        """Return every mobile number that a read may have shown during the push."""
        told, since = self.told, self.told.started - self.history.lag
        return self.history.journal.mobiles_during(self.asked.who, told.begun, told.ended, since=since)

    def hidden(self, one: str | None, other: str | None) -> bool:
        """Return whether a mask hides that two numbers differ."""
        if not self.history.is_masked or one is None or other is None:
            return False
        return one[-_SHOWN:] == other[-_SHOWN:]


def matters(history: History, told: Told) -> list[Matter]:
    """Return the rows of a push in their order."""
    members = {member.person.id: member for member in history.schedule.cast.members}
    return [Matter(history, told, asked, members[asked.who]) for asked in told.push.rows]


def desired(matter: Matter, facts: Facts) -> Iterable[str | None]:
    """Yield the number that is to be registered; nothing if no number can be known."""
    if matter.asked.mobile and matter.settings["ALLOW_PAYLOAD_NUMBER"] == "true":
        yield matter.asked.mobile
    elif facts.exists and matter.member.person.attribute_returned:
        try:
            yield matter.history.schedule.numbers.meaning(facts.attribute)
        except ValueError:
            return


def objections(matter: Matter, facts: Facts) -> set[str]:
    """Return every true reason why nothing may be written for the row, whatever is registered."""
    if not matter.member.exists or not facts.exists:
        # Who goes in mid-call may be read before that, and looked for in the group after it.
        went = "SYNC_SCOPE_GROUP_ID" in matter.settings and any(one.exists for one in matter.facts())
        return {"refused/userNotFound"} | ({"refused/outOfScope"} if went else set())
    found = {f"refused/{code}" for code in _out_of_scope(matter)}
    if facts.refuses_access:
        found.add("refused/targetOutOfReach")
    if is_contradicted(matter):
        found.add("refused/contradictoryRows")
    wins = matter.asked.mobile is not None and matter.settings["ALLOW_PAYLOAD_NUMBER"] == "true"
    if wins:
        return found
    if not matter.member.person.attribute_returned:
        return found | {"refused/attributeNotReturned"}
    wanted = list(desired(matter, facts))
    if not wanted:
        found.add("refused/invalidPhoneNumber")
    elif matter.asked.mobile is not None and matter.asked.mobile != wanted[0]:
        found.add("failed/sourceNotYetSynced")
    return found


def _out_of_scope(matter: Matter) -> set[str]:
    person, settings, cast = matter.member.person, matter.settings, matter.history.schedule.cast
    found = set()
    excluded = cast.exclude is not None and person.id in cast.exclude.members
    if person.upn == SERVICE_ACCOUNT or (excluded and "EXCLUDE_GROUP_ID" in settings):
        found.add("excluded")
    if "SYNC_SCOPE_GROUP_ID" in settings and cast.scope and person.id not in cast.scope.members:
        found.add("outOfScope")
    is_guest = person.user_type == "Guest"
    if is_guest and settings["INCLUDE_GUESTS"] == "false":
        found.add("guestExcluded")
    if not is_guest and not person.on_premises_sync_enabled and settings["CLOUD_ONLY_USERS"] == "refuse":
        found.add("sourceNotOnPremises")
    return found


def is_contradicted(matter: Matter) -> bool:
    """Return whether other rows of the push ask something else of the same person."""
    asked = matter.asked
    others = [one for one in matter.told.push.rows if one.who == asked.who]
    return any((one.keep, one.mobile) != (asked.keep, asked.mobile) for one in others)


def hurdles(matter: Matter, facts: Facts) -> set[str]:
    """Return every true reason why a change may be refused although it is wanted."""
    settings, found = matter.settings, set()
    if settings["PRIVILEGED_TARGETS"] == "refuse":
        found |= _protected(matter, facts)
    if is_privileged(matter, facts) and matter.history.schedule.role == "Authentication Administrator":
        found.add("refused/targetOutOfReach")
    if settings["PUSH_MODE"] == "plan":
        found.add("refused/planOnly")
    if _number_is_taken(matter):
        found.add("refused/phoneNumberNotUnique")
    if _many_want_the_number(matter):
        found.add("refused/sharedNumber")
    return found


def _protected(matter: Matter, facts: Facts) -> set[str]:
    """Return why the person is spared: known to be privileged, or perhaps so where nothing else limits us."""
    schedule = matter.history.schedule
    may_take_one = bool(matter.member.person.eligible_roles) and schedule.switches["pim_licence"]
    holds_one = _BEYOND_REACH in facts.roles and schedule.may_read_roles
    if may_take_one or holds_one or _owns(matter):
        return {"refused/privilegedTarget"}
    is_limited = schedule.role == "Authentication Administrator"
    return set() if schedule.may_read_roles or is_limited else {"refused/privilegedUnknown"}


def _owns(matter: Matter) -> bool:
    assignable = matter.history.schedule.cast.assignable
    return assignable is not None and matter.asked.who in assignable.owners


def is_privileged(matter: Matter, facts: Facts) -> bool:
    """Return whether the person holds a role, or owns a role-assignable group."""
    return _owns(matter) or _BEYOND_REACH in facts.roles


def _many_want_the_number(matter: Matter) -> bool:
    """Return whether more people of the push than may are to have the number; some may have it already."""
    rows = matters(matter.history, matter.told)
    return any(
        len({row.asked.who for row in rows if number in row.wants()})
        > int(matter.settings["MAX_USERS_PER_NUMBER"])
        for number in matter.wants() - {None}
    )


def _number_is_taken(matter: Matter) -> bool:
    """Return whether Graph may say that another holds the number for SMS sign-in."""
    return matter.member.person.sms_sign_in_policy


def obstacles_to_delete(matter: Matter) -> set[str]:
    """Return every true reason why the mobile phone may not be deleted."""
    person, found = matter.member.person, set()
    others = {kind for kind in person.phones if kind != "mobile"}
    if "alternateMobile" in others:
        found.add("refused/alternateMobilePresent")
    alone = not others and set(person.methods) <= {"password"}
    may = alone and matter.history.schedule.switches["delete_only_default"]
    if person.default_method == "sms" and not may:
        found.add("refused/defaultMethod")
    without = not others and set(person.methods) <= _NO_FACTORS
    if without and matter.settings["LAST_FACTOR_GUARD"] == "all":
        found.add("refused/lastFactor")
    return found


def true_verdicts(matter: Matter) -> set[str]:
    """Return every verdict that is true of a row when nothing goes wrong and nobody meddles."""
    facts = matter.facts()[-1] if matter.facts() else None
    if facts is None:
        return {"refused/userNotFound"}
    if reasons := objections(matter, facts):
        return reasons
    (wanted,) = desired(matter, facts)
    registered = matter.history.journal.mobile_at(matter.asked.who, matter.told.begun)
    change = _change(matter, wanted, registered)
    if not change <= {"created", "updated", "deleted"}:
        return change
    blocks = hurdles(matter, facts)
    if wanted is None:
        blocks |= obstacles_to_delete(matter)
    if may_be_over_limit(matter):
        return change | blocks | {"refused/limitReached"}
    certain = blocks - {"refused/phoneNumberNotUnique", "refused/sharedNumber"}
    if is_privileged(matter, facts) and len(matter.history.journal.facts[matter.asked.who]) > 1:
        return change | blocks  # who has just become privileged may not be known as such yet
    return certain | (blocks & {"refused/sharedNumber"}) if certain else change | blocks


def _change(matter: Matter, wanted: str | None, registered: str | None) -> set[str]:
    """Return what should be done, or what there is to say where nothing should."""
    if wanted is None:
        if registered is None:
            return {"unchanged"}
        return {"kept"} if matter.asked.keep else {"deleted"}
    if registered is None:
        return {"created"}
    if matter.hidden(wanted, registered):
        trusts = matter.settings["MASKED_POLICY"] == "trust"
        return {"unchanged"} if trusts else {"updated", "unchanged"} | _assert_blocks(matter)
    return {"unchanged"} if wanted == registered else {"updated"}


def _assert_blocks(matter: Matter) -> set[str]:
    """Return why a number that may be the same already is perhaps not written over."""
    facts = matter.facts()[-1]
    over = {"refused/limitReached"} if may_be_over_limit(matter) else set()
    return hurdles(matter, facts) | over


_DEFAULTS = {"MAX_CREATES": 500, "MAX_UPDATES": 200, "MAX_ASSERTS": 1000, "MAX_DELETES": 20}


def may_be_over_limit(matter: Matter) -> bool:
    """Return whether a limit is so low that a run of this size can meet it."""
    return any(int(matter.settings[name]) < most for name, most in _DEFAULTS.items())


def verdict_of(line: dict[str, object]) -> str:
    """Return the verdict that a result tells."""
    outcome, code = str(line["outcome"]), line["code"]
    return outcome if outcome in SETTLED else f"{outcome}/{code}"
