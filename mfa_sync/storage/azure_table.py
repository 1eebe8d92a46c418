"""The state of all workers in a table of Azure storage: rows as entities, conditions as its errors."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from http import HTTPStatus
from itertools import batched, islice
from typing import TYPE_CHECKING, Any

from mfa_sync.storage.azure_calls import StorageCalls, code_of, status_of
from mfa_sync.storage.table import LostRaceError, Row

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from azure.core.exceptions import AzureError
    from azure.data.tables import TableClient, TableEntity

    from mfa_sync.storage.table import Value, Write

_PAGE = 1000
# Most rows of a transaction. Source: "Performing entity group transactions" in the Table service's reference.
_TRANSACTION = 100
# Fewer keys in a page of the service's are read faster one by one: measured by the CPU that both take here.
_DENSE = 15
_NAMES = ("PartitionKey", "RowKey")
_LOST = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED})
_ASK_FOR_PATIENCE = ("Retry-After", "retry-after-ms", "x-ms-retry-after-ms")
_ONCE = {"retry_total": 0}


class AzureTable(StorageCalls["TableClient"]):
    """A `Table` on Azure storage. If there is no table of this name, the first call makes it."""

    async def get(self, partition: str, key: str) -> Row | None:
        """Return one row, or None."""
        return await self._ask_or_none(
            lambda table: _row(table.get_entity(partition, key)),
            lambda error: status_of(error) == HTTPStatus.NOT_FOUND,
        )

    async def get_many(self, partition: str, keys: Collection[str]) -> dict[str, Row]:
        """Return the rows that exist, by key.

        A page of a thousand neighbours costs about as much as fifteen rows by their keys. So many keys are
        sought in a range for as long as they lie dense enough in it: the first page tells.
        """
        left = sorted(keys)
        found: dict[str, Row] = {}
        while len(left) >= _DENSE:
            rows = await self.range(partition, left[0], left[-1] + "\x01", _PAGE)
            passed = bisect_right(left, rows[-1].key) if len(rows) == _PAGE else len(left)
            wanted = set(left[:passed])
            found |= {row.key: row for row in rows if row.key in wanted}
            left = left[passed:]
            if passed < _DENSE:
                break
        rows_alone = await asyncio.gather(*(self.get(partition, key) for key in left))
        return found | {row.key: row for row in rows_alone if row}

    async def put(self, partition: str, write: Write) -> str:
        """Write one row and return its new etag.

        Raises:
            LostRaceError: The row is not at the version that the write names.
        """
        etag = await self._put_one(partition, write)
        if etag is None:
            raise LostRaceError
        return etag

    async def put_many(self, partition: str, writes: Sequence[Write]) -> dict[str, str]:
        """Write the rows, at most one for each key, and return the new etag of those that were written.

        A hundred go in one transaction, all or none: where one is not at its version, each goes alone.
        """
        hundreds = batched(writes, _TRANSACTION, strict=False)
        written = await asyncio.gather(*(self._put_all(partition, hundred) for hundred in hundreds))
        return {key: etag for etags in written for key, etag in etags.items()}

    async def delete(self, partition: str, key: str, etag: str = "*") -> None:
        """Delete one row; it is no error if there is none.

        Raises:
            LostRaceError: The row is not at the version named.
        """

        def remove(table: TableClient) -> bool:
            from azure.core import MatchConditions  # noqa: PLC0415  loaded by `_open`

            condition: dict[str, Any] = {"match_condition": MatchConditions.Unconditionally}
            if etag != "*":
                condition = {"match_condition": MatchConditions.IfNotModified, "etag": etag, **_ONCE}
            table.delete_entity(partition, key, **condition)
            return True

        if not await self._ask_or_none(remove, _is_lost):
            raise LostRaceError

    async def range(self, partition: str, first: str, past: str, most: int = 1000) -> list[Row]:
        """Return at most `most` rows with first <= key < past, in the order of their keys."""

        def read(table: TableClient) -> list[Row]:
            entities = table.query_entities(
                "PartitionKey eq @partition and RowKey ge @first and RowKey lt @past",
                parameters={"partition": partition, "first": first, "past": past},
                results_per_page=min(most, _PAGE),
            )
            return [_row(entity) for entity in islice(entities, most)]

        return await self._ask(read)

    async def _put_one(self, partition: str, write: Write) -> str | None:
        """Write one row and return its etag; None if it is not at the version that the write names."""

        def put(table: TableClient) -> str:
            name, entity, options = _operation(partition, write)
            methods: dict[str, Any] = {
                "create": table.create_entity,
                "upsert": table.upsert_entity,
                "update": table.update_entity,
            }
            written = methods[name](entity, **options, **({} if write.etag == "*" else _ONCE))
            return str(written["etag"])

        return await self._ask_or_none(put, _is_lost)

    async def _put_all(self, partition: str, writes: Sequence[Write]) -> dict[str, str]:
        """Write at most a hundred rows, and return the etags of those that were at their versions."""
        # A POST, which the library alone would not repeat.
        may_repeat = {"retry_on_methods": ["POST"]} if all(one.etag == "*" for one in writes) else _ONCE

        def put(table: TableClient) -> dict[str, str]:
            operations = [_operation(partition, write) for write in writes]
            written = table.submit_transaction(operations, **may_repeat)
            return {write.key: str(one["etag"]) for write, one in zip(writes, written, strict=True)}

        together = await self._ask_or_none(put, lambda error: _is_lost(error) or _is_too_large(error))
        if together is not None:
            return together
        etags = await asyncio.gather(*(self._put_one(partition, write) for write in writes))
        return {write.key: etag for write, etag in zip(writes, etags, strict=True) if etag is not None}

    def _open(self) -> TableClient:
        from azure.data.tables import TableClient  # noqa: PLC0415  200 ms of imports that a health probe spares

        return self._client_of(TableClient, self._settings.table_url, raw_response_hook=_without_patience)

    def _create(self, client: TableClient) -> None:
        client.create_table()

    def _is_missing(self, error: AzureError) -> bool:
        return status_of(error) == HTTPStatus.NOT_FOUND and code_of(error) in {"TableNotFound", None}


def _without_patience(response: Any) -> None:
    """Take from an answer for how long to wait: the library would sleep so long, hours too, and try then."""
    for name in _ASK_FOR_PATIENCE:
        response.http_response.headers.pop(name, None)


def _is_lost(error: AzureError) -> bool:
    return status_of(error) in _LOST


def _is_too_large(error: AzureError) -> bool:
    return status_of(error) == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def _operation(partition: str, write: Write) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return the library's name for a write, its entity and its options."""
    from azure.core import MatchConditions  # noqa: PLC0415  loaded by `_open`
    from azure.data.tables import UpdateMode  # noqa: PLC0415  loaded by `_open`

    columns = {name: _sent(value) for name, value in write.values.items()}
    entity = {**columns, **dict(zip(_NAMES, (partition, write.key), strict=True))}
    if write.etag is None:
        return "create", entity, {}
    if write.etag == "*":
        return "upsert", entity, {"mode": UpdateMode.REPLACE}
    condition = {"etag": write.etag, "match_condition": MatchConditions.IfNotModified}
    return "update", entity, {"mode": UpdateMode.REPLACE, **condition}


def _sent(value: Value) -> Any:
    from azure.data.tables import EdmType  # noqa: PLC0415  loaded by `_open`

    # The library takes an int for 32 bits and refuses what is wider. A bool is an int to Python alone.
    return (value, EdmType.INT64) if isinstance(value, int) and not isinstance(value, bool) else value


def _row(entity: TableEntity) -> Row:
    from azure.data.tables import EntityProperty  # noqa: PLC0415  loaded by `_open`

    columns: dict[str, Value] = {
        name: value.value if isinstance(value, EntityProperty) else value
        for name, value in entity.items()
        if name not in _NAMES
    }
    return Row(str(entity["RowKey"]), columns, str(entity.metadata["etag"]))
