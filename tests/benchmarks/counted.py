"""Counts every call that a boto3 client makes and what a write costs by DynamoDB's rules, from the items themselves.

The emulator does not bill. So each write looks at its item before and after: the table takes a unit a KB of the larger
of the two, an index one for each entry that goes or comes (its entries hold keys only, well below a KB), a transaction
twice as much.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any, cast

import boto3


def item_bytes(item: dict[str, Any]) -> int:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: dict[str, Any]) -> int:
    ((kind, held),) = value.items()
    if kind == "S":
        return len(held.encode())
    if kind == "B":
        return len(held)
    if kind == "N":
        return (len(held.lstrip("-").replace(".", "")) + 1) // 2 + 1
    if kind == "M":
        return 3 + sum(len(name.encode()) + _value_bytes(each) + 1 for name, each in held.items())
    if kind == "L":
        return 3 + sum(_value_bytes(each) + 1 for each in held)
    if kind == "SS":
        return 3 + sum(len(each.encode()) + 1 for each in held)
    return 1


def write_units(before: dict[str, Any], after: dict[str, Any], indexes: list[tuple[str, ...]]) -> tuple[int, int]:
    """Units of the table and of its indexes (their key attributes) for one write."""
    table = max(1, -(-max(item_bytes(before), item_bytes(after)) // 1024))
    index = 0
    for names in indexes:
        was, now = _entry(before, names), _entry(after, names)
        if was != now:
            index += (was is not None) + (now is not None)
    return table, index


def _entry(item: dict[str, Any], names: tuple[str, ...]) -> tuple[str, ...] | None:
    return tuple(str(item[name]) for name in names) if all(name in item for name in names) else None


class Meter:
    """`watch` a client's or a session's events: what is made from that session later is counted too."""

    def __init__(self, side_client: Any) -> None:
        """`side_client` is a DynamoDB client that is not watched. `images = False` counts calls only, and costs no time."""
        self._side = side_client
        self._lock = threading.Lock()
        self._schemas: dict[str, tuple[tuple[str, ...], list[tuple[str, ...]]]] = {}
        self.images = True
        self.calls: Counter[str] = Counter()
        self.table_units = self.index_units = 0
        self.read_units = 0.0
        self.written_bytes: list[int] = []

    def watch_default_session(self) -> Any:
        """What adapters make from here on. Returns the session's events."""
        boto3.setup_default_session()
        events: Any = cast("Any", boto3.DEFAULT_SESSION).events
        self.watch(events)
        return events

    def watch(self, events: Any) -> None:
        events.register("provide-client-params.dynamodb", self._asked)
        events.register("after-call", self._answered)

    @property
    def writes(self) -> int:
        names = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")
        return sum(self.calls[f"dynamodb.{name}"] for name in names)

    def clear(self) -> None:
        self.calls.clear()
        self.table_units = self.index_units = 0
        self.read_units = 0.0
        self.written_bytes.clear()

    def _asked(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if not self.images:
            return
        found = [(table, self._key(table, held)) for table, held in _written(model.name, params)]
        context["bench_written"] = [(table, key, self._image(table, key)) for table, key in found]
        context["bench_read"] = params if model.name in {"GetItem", "Query", "BatchGetItem"} else None

    def _answered(self, model: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        with self._lock:
            self.calls[f"{model.service_model.service_name}.{model.name}"] += 1
        times = 2 if model.name == "TransactWriteItems" else 1
        for table, key, before in context.get("bench_written", ()):
            after = self._image(table, key)
            units, index = write_units(before, after, self._schema(table)[1])
            with self._lock:
                self.table_units += units * times
                self.index_units += index
                self.written_bytes.append(item_bytes(after))
        if context.get("bench_read") is not None:
            with self._lock:
                self.read_units += _read_units(context["bench_read"], parsed)

    def _image(self, table: str, key: dict[str, Any]) -> dict[str, Any]:
        item: dict[str, Any] = self._side.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
        return item

    def _key(self, table: str, held: dict[str, Any]) -> dict[str, Any]:
        return {name: held[name] for name in self._schema(table)[0]}

    def _schema(self, table: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        if table not in self._schemas:
            described = self._side.describe_table(TableName=table)["Table"]
            indexes = [_names(index) for index in described.get("GlobalSecondaryIndexes", ())]
            self._schemas[table] = _names(described), indexes
        return self._schemas[table]


def _names(described: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(part["AttributeName"]) for part in described["KeySchema"])


def _written(operation: str, params: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Table and what holds the key, for each item a call writes."""
    if operation in {"PutItem", "UpdateItem", "DeleteItem"}:
        return [(params["TableName"], params.get("Key") or params["Item"])]
    if operation == "TransactWriteItems":
        parts = [next(iter(part.values())) for part in params["TransactItems"]]
        return [(part["TableName"], part.get("Key") or part["Item"]) for part in parts]
    return []


def _read_units(params: dict[str, Any], answer: dict[str, Any]) -> float:
    """A unit for 4 KB read consistently, half of it otherwise; at least one block a call."""
    if "Responses" in answer:
        found = [item for items in answer["Responses"].values() for item in items]
        return sum(max(1, -(-item_bytes(item) // 4096)) for item in found)
    items = answer.get("Items", [answer["Item"]] if "Item" in answer else [])
    blocks = max(1, -(-sum(item_bytes(item) for item in items) // 4096))
    return blocks if params.get("ConsistentRead") else blocks / 2
