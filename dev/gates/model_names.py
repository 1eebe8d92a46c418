"""Property names, types and values of resources, compared with the models of Azure's management libraries.

The libraries are made from the specifications of the REST interface, so a property that they do not have is
one that Azure would not take, or would pass over in silence. Two makes of models are read, by what they keep
for their own use: the newer a field for each property, the older a map.
"""

from __future__ import annotations

import importlib
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import Enum
from functools import cache
from typing import Any

from dev.gates.bicep_values import Expression

# What Bicep adds to each resource, and what stands in the address of the call and not in its body.
_BICEP = {"name", "parent", "scope", "dependsOn"}
_WEB, _STORAGE, _NETWORK = "azure.mgmt.web", "azure.mgmt.storage", "azure.mgmt.network"
_INSIGHTS, _AUTHORIZATION = "azure.mgmt.applicationinsights", "azure.mgmt.authorization.v2022_04_01"
MODELS: Mapping[str, str] = {
    "Microsoft.Authorization/roleAssignments": f"{_AUTHORIZATION}:RoleAssignmentCreateParameters",
    "Microsoft.Insights/actionGroups": "azure.mgmt.monitor:ActionGroupResource",
    "Microsoft.Insights/components": f"{_INSIGHTS}.v2020_02_02:ApplicationInsightsComponent",
    "Microsoft.Insights/scheduledQueryRules": "azure.mgmt.monitor:ScheduledQueryRuleResource",
    "Microsoft.Insights/workbooks": f"{_INSIGHTS}.v2023_06_01:Workbook",
    "Microsoft.KeyVault/vaults": "azure.mgmt.keyvault:VaultCreateOrUpdateParameters",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "azure.mgmt.msi.v2024_11_30:Identity",
    "Microsoft.Network/natGateways": f"{_NETWORK}:NatGateway",
    "Microsoft.Network/privateEndpoints": f"{_NETWORK}:PrivateEndpoint",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": f"{_NETWORK}:PrivateDnsZoneGroup",
    "Microsoft.Network/publicIPPrefixes": f"{_NETWORK}:PublicIPPrefix",
    "Microsoft.Network/virtualNetworks": f"{_NETWORK}:VirtualNetwork",
    "Microsoft.OperationalInsights/workspaces": "azure.mgmt.loganalytics:Workspace",
    "Microsoft.Storage/storageAccounts": f"{_STORAGE}:StorageAccountCreateParameters",
    "Microsoft.Storage/storageAccounts/blobServices": f"{_STORAGE}:BlobServiceProperties",
    "Microsoft.Storage/storageAccounts/blobServices/containers": f"{_STORAGE}:BlobContainer",
    "Microsoft.Storage/storageAccounts/queueServices": f"{_STORAGE}:QueueServiceProperties",
    "Microsoft.Storage/storageAccounts/queueServices/queues": f"{_STORAGE}:StorageQueue",
    "Microsoft.Storage/storageAccounts/tableServices": f"{_STORAGE}:TableServiceProperties",
    "Microsoft.Storage/storageAccounts/tableServices/tables": f"{_STORAGE}:Table",
    "Microsoft.Web/serverfarms": f"{_WEB}:AppServicePlan",
    "Microsoft.Web/sites": f"{_WEB}:Site",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": (
        f"{_WEB}:CsmPublishingCredentialsPoliciesEntity"
    ),
    "Microsoft.Web/sites/config:appsettings": f"{_WEB}:StringDictionary",
    "Microsoft.Web/sites/config:authsettingsV2": f"{_WEB}:SiteAuthSettingsV2",
}
_JSON = (str, bool, int, float)


class NoModelError(Exception):
    """Neither a library that is installed nor `BY_HAND` knows a type of resource."""


@dataclass(frozen=True, slots=True)
class Field:
    """A property of a model.

    Attributes:
        holds: A model's class, an enum, a type of JSON, the fields of a map; None where anything goes.
        many: `list` or `dict` of these; None for one.
        read_only: Whether only Azure writes it.
    """

    holds: Any
    many: type | None = None
    read_only: bool = False


def _map(**fields: Field | type) -> Field:
    """Return the field of a map that is written down here."""
    return Field({name: one if isinstance(one, Field) else Field(one) for name, one in fields.items()})


_TAGGED = {"location": Field(str), "tags": Field(str, dict)}
# Their libraries (resource, privatedns) would be two more for a few properties; diagnostic settings have left
# the monitor library with version 7. https://learn.microsoft.com/azure/templates/ has them.
BY_HAND: Mapping[str, Mapping[str, Field]] = {
    "Microsoft.Insights/diagnosticSettings": {
        "properties": _map(
            workspaceId=str,
            logAnalyticsDestinationType=str,
            logs=Field(_map(category=str, categoryGroup=str, enabled=bool).holds, list),
        )
    },
    "Microsoft.Network/privateDnsZones": _TAGGED,
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": {
        **_TAGGED,
        "properties": _map(registrationEnabled=bool, virtualNetwork=_map(id=str)),
    },
    "Microsoft.Resources/resourceGroups": _TAGGED,
}


def faults(kind: str, name: str, body: Mapping[str, Any]) -> list[str]:
    """Return what a resource's model would not take of its body: path, what is wrong, what would be right.

    Args:
        kind: The type, such as `Microsoft.Web/sites`.
        name: The resource's name; some types have a model for each name.
        body: Its values, as Bicep has them. What is an Expression is not judged.

    Raises:
        NoModelError: There is no model for that type.
    """
    own = {key: one for key, one in body.items() if key not in _BICEP}
    if kind in BY_HAND:
        return list(_compare(BY_HAND[kind], own, ""))
    address = MODELS.get(kind) or MODELS.get(f"{kind}:{name}")
    if not address:
        raise NoModelError(kind)
    module, model = address.split(":")
    return list(_compare(_fields(getattr(importlib.import_module(f"{module}.models"), model)), own, ""))


def _compare(fields: Mapping[str, Field], body: Mapping[str, Any], at: str) -> Iterator[str]:
    for name, value in body.items():
        path = f"{at}.{name}".lstrip(".")
        if name not in fields:
            near = [one for one in fields if one.lower() == name.lower()] or get_close_matches(
                name, fields, 1
            )
            yield f"{path}: there is no such property. Known: {', '.join(near or sorted(fields))}"
        elif fields[name].read_only:
            yield f"{path}: Azure alone writes it. Take it out"
        else:
            yield from _compare_value(fields[name], value, path)


def _compare_value(field: Field, value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Expression) or value is None or field.holds is None:
        return
    if field.many:
        is_right = type(value) is field.many
        if not is_right:
            yield f"{path}: it must be a {'list' if field.many is list else 'map'}"
            return
        for key, one in value.items() if field.many is dict else enumerate(value):
            yield from _compare_value(Field(field.holds), one, f"{path}.{key}")
    elif isinstance(field.holds, dict) or not issubclass(field.holds, (Enum, *_JSON)):
        if isinstance(value, dict):
            inner = field.holds if isinstance(field.holds, dict) else _fields(field.holds)
            yield from _compare(inner, value, path)
        else:
            yield f"{path}: it must be a map"
    elif issubclass(field.holds, Enum):
        allowed = [one.value for one in field.holds]
        if value not in allowed and str(value) not in allowed:
            yield f"{path}: {value!r} is none of {', '.join(map(str, allowed))}"
    elif type(value) not in ({int, float} if field.holds is float else {field.holds}):
        yield f"{path}: {value!r} must be of type {field.holds.__name__}"


@cache
def _fields(model: Any) -> dict[str, Field]:
    """Return the properties of a model by their names in JSON."""
    package = model.__module__.rpartition(".")[0]
    hinted = {**vars(sys.modules[model.__module__]), "_models": importlib.import_module(package)}
    if not hasattr(model, "_attribute_map"):
        hints = typing.get_type_hints(model, hinted)
        return {
            field._rest_name_input or name: _field(hints[name], read_only=field._visibility == ["read"])  # noqa: SLF001  see above
            for base in reversed(model.__mro__)
            for name, field in vars(base).items()
            if type(field).__name__ == "_RestField"
        }
    hints = {}
    for base in reversed(model.__mro__[:-1]):
        hints.update(typing.get_type_hints(base.__init__, hinted))
    fields: dict[str, Field] = {}
    for name, entry in model._attribute_map.items():  # noqa: SLF001  the models say it nowhere else
        *folders, last = entry["key"].split(".")
        place = fields
        for folder in folders:
            place = place.setdefault(folder, Field({})).holds
        read_only = model._validation.get(name, {}).get("readonly", False)  # noqa: SLF001  as above
        place[last] = _field(hints.get(name, typing.Any), read_only=read_only)
    return fields


def _field(hint: Any, *, read_only: bool) -> Field:
    """Return the field that a type's annotation describes."""
    choices = [one for one in typing.get_args(hint) if one is not type(None)]
    origin = typing.get_origin(hint)
    if origin is typing.Union or origin is types.UnionType:
        hint = next((one for one in choices if isinstance(one, type) and issubclass(one, Enum)), choices[0])
        return _field(hint, read_only=read_only)
    if origin in {list, dict}:
        return Field(_field(choices[-1], read_only=False).holds, origin, read_only)
    if hint in {datetime, timedelta}:
        return Field(str, None, read_only)
    is_told = isinstance(hint, type) and hint is not object
    return Field(hint if is_told else None, None, read_only)
