"""The tenant's people, groups, accounts and the rest as JSON, for the control interface and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import UnionType
from typing import Any, get_type_hints

from dev.tenant.people import PHONE_METHOD_IDS, Person, Phone
from dev.tenant.phone_number_format import stored_form


class NotUnderstoodError(ValueError):
    """The control call names something that does not exist, or gives a value of the wrong kind."""


def to_json(thing: Any) -> dict[str, Any]:
    """A dataclass's public fields."""
    return {
        field.name: _plain(getattr(thing, field.name))
        for field in dataclasses.fields(thing)
        if not field.name.startswith("_")
    }


def change(thing: Any, changes: Mapping[str, Any]) -> None:
    """Set fields by name; all are checked before the first is set."""
    hints = get_type_hints(type(thing))
    for name, value in changes.items():
        if name.startswith("_") or name not in hints:
            raise NotUnderstoodError(f"{type(thing).__name__} has no field {name!r}")
        if not _fits(value, hints[name]):
            raise NotUnderstoodError(f"{type(thing).__name__}.{name} cannot be {type(value).__name__}")
    for name, value in changes.items():
        setattr(thing, name, value)


def make[T](kind: type[T], values: Mapping[str, Any]) -> T:
    """A new dataclass instance from JSON."""
    names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]  # a dataclass
    unknown = sorted(set(values) - names)
    if unknown:
        raise NotUnderstoodError(f"{kind.__name__} has no field {unknown[0]!r}")
    try:
        made = kind(**values)
    except TypeError as error:
        raise NotUnderstoodError(str(error)) from None
    change(made, values)
    return made


def make_person(values: Mapping[str, Any]) -> Person:
    """A new person; `phones` are given by type, as numbers or as {"number", "sms"}."""
    phones = values.get("phones") or {}
    person = make(Person, {name: value for name, value in values.items() if name != "phones"})
    person.id = person.id.lower()
    change_phones(person, phones)
    return person


def change_person(person: Person, changes: Mapping[str, Any]) -> None:
    """Change a person: no rule and no write lag applies; phones not named stay, and so does the id."""
    if "id" in changes:
        raise NotUnderstoodError("an object id never changes")
    change(person, {name: value for name, value in changes.items() if name != "phones"})
    if "phones" in changes:
        change_phones(person, changes["phones"])


def change_phones(person: Person, phones: Mapping[str, Any]) -> None:
    """Set phones by type: a number, {"number", "sms"}, or null for none."""
    changed = dict(person.phones)
    for kind, value in phones.items():
        if kind not in PHONE_METHOD_IDS:
            raise NotUnderstoodError(f"no phone type {kind!r}")
        if value is None:
            changed.pop(kind, None)
            continue
        given = {"number": value} if isinstance(value, str) else dict(value)
        number = stored_form(given["number"].replace(" ", ""), "tolerant")
        if number is None:
            raise NotUnderstoodError(f"the {kind} number is not one that Graph would hold")
        sms = given.get("sms", "notAllowedByPolicy" if kind == "mobile" else "notSupported")
        changed[kind] = Phone(number, sms)
    person.write_phones(changed, 0.0, 0.0)
    person.forget_lag()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_json(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, (list, tuple, set)) else value


def _fits(value: Any, hint: type | UnionType) -> bool:
    options = getattr(hint, "__args__", ()) if getattr(hint, "__origin__", None) is None else ()
    for option in options or (hint,):
        kind = getattr(option, "__origin__", option)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return True
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return True
    return False
