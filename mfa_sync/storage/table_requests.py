"""What may be asked of a table, as requests of Azure's library: rows to entities, conditions to its errors.

Everything here blocks. A request returns what it found or did: a lost race is a result, the rest is raised.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from mfa_sync.storage.azure_errors import code_of, status_of
from mfa_sync.storage.table import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure.core.exceptions import AzureError
    from azure.data.tables import TableClient, TableEntity

    from mfa_sync.storage.table import Value, Write

PAGE = 1000
_NAMES = ("PartitionKey", "RowKey")
_MISSING, _EXISTS, _OTHER_VERSION, _TOO_LARGE = 404, 409, 412, 413
_LOST = frozenset({_MISSING, _EXISTS, _OTHER_VERSION})


def is_table_missing(error: AzureError) -> bool:
    """Return whether there is no such table, rather than no such row."""
    return status_of(error) == _MISSING and code_of(error) in {"TableNotFound", None}


def make_table(table: TableClient) -> None:
    """Make the table, unless another worker was faster."""
    from azure.core.exceptions import ResourceExistsError  # noqa: PLC0415  loaded by who made the client

    try:
        table.create_table()
    except ResourceExistsError:
        return


def find(table: TableClient, partition: str, key: str) -> Row | None:
    """Return a row, or None."""
    from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  loaded by who made the client

    try:
        return _row(table.get_entity(partition, key))
    except ResourceNotFoundError as error:
        if is_table_missing(error):
            raise
        return None


def find_range(table: TableClient, partition: str, first: str, past: str, most: int) -> list[Row]:
    """Return at most `most` rows with first <= key < past; the service answers in the order of the keys."""
    entities = table.query_entities(
        "PartitionKey eq @partition and RowKey ge @first and RowKey lt @past",
        parameters={"partition": partition, "first": first, "past": past},
        results_per_page=min(most, PAGE),
    )
    return [_row(entity) for entity in islice(entities, most)]


def write_one(table: TableClient, partition: str, write: Write) -> str | None:
    """Write one row and return its etag; None if it is not at the version that the write names."""
    from azure.core.exceptions import HttpResponseError  # noqa: PLC0415  loaded by who made the client

    operation, entity, options = _operation(partition, write)
    try:
        told = getattr(table, f"{operation}_entity")(entity, **options)
    except HttpResponseError as error:
        if _is_lost(error):
            return None
        raise
    return str(told["etag"])


def write_all(table: TableClient, partition: str, writes: Sequence[Write]) -> dict[str, str] | None:
    """Write the rows in one transaction and return their etags.

    None, and nothing is written, if a row is not at its version or the rows are too large together.
    """
    from azure.data.tables import TableTransactionError  # noqa: PLC0415  loaded by who made the client

    try:
        told = table.submit_transaction([_operation(partition, write) for write in writes])
    except TableTransactionError as error:
        if _is_lost(error) or status_of(error) == _TOO_LARGE:
            return None
        raise
    return {write.key: str(one["etag"]) for write, one in zip(writes, told, strict=True)}


def remove(table: TableClient, partition: str, key: str, etag: str) -> bool:
    """Delete a row, if there is one; return False if it is not at the version named."""
    from azure.core import MatchConditions  # noqa: PLC0415  loaded by who made the client
    from azure.core.exceptions import HttpResponseError  # noqa: PLC0415  loaded by who made the client

    condition = MatchConditions.Unconditionally if etag == "*" else MatchConditions.IfNotModified
    try:
        table.delete_entity(partition, key, etag=None if etag == "*" else etag, match_condition=condition)
    except HttpResponseError as error:
        if _is_lost(error):
            return False
        raise
    return True


def _is_lost(error: AzureError) -> bool:
    return status_of(error) in _LOST and not is_table_missing(error)


def _operation(partition: str, write: Write) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return the library's name for a write, its entity and its options."""
    from azure.core import MatchConditions  # noqa: PLC0415  loaded by who made the client
    from azure.data.tables import UpdateMode  # noqa: PLC0415  loaded by who made the client

    columns = {name: _sent(value) for name, value in write.values.items()}
    entity = {**columns, **dict(zip(_NAMES, (partition, write.key), strict=True))}
    if write.etag is None:
        return "create", entity, {}
    if write.etag == "*":
        return "upsert", entity, {"mode": UpdateMode.REPLACE}
    condition = {"etag": write.etag, "match_condition": MatchConditions.IfNotModified}
    return "update", entity, {"mode": UpdateMode.REPLACE, **condition}


def _sent(value: Value) -> Any:
    from azure.data.tables import EdmType  # noqa: PLC0415  loaded by who made the client

    # The library takes an int for 32 bits and refuses what is wider. A bool is an int to Python alone.
    return (value, EdmType.INT64) if isinstance(value, int) and not isinstance(value, bool) else value


def _row(entity: TableEntity) -> Row:
    columns = {name: _received(value) for name, value in entity.items() if name not in _NAMES}
    return Row(str(entity["RowKey"]), columns, str(entity.metadata["etag"]))


def _received(value: Any) -> Value:
    from azure.data.tables import EntityProperty  # noqa: PLC0415  loaded by who made the client

    found: Value = value.value if isinstance(value, EntityProperty) else value
    return found
