"""A ledger row as an item of the state table and back: short attribute names, fields at their default left out.

pk    <account>#ledger#<source>#<object id>#<purpose>      sk  "row"
wid   the id of the write that made this state (tells a lost reply from a lost race)
key   {s, o, p}: the key's own texts, only where a part of `pk` is a hash
evo   S3 key of the event, where it is too large for the item (`ev` otherwise)
work_pk, work_sk, holded_pk    the sparse indexes `work` and `holded`
"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from relay.adapters._keys import is_hashed, join, millis, unpart
from relay.domain.ledger import Key, Row

if TYPE_CHECKING:
    from collections.abc import Mapping

ROW = "row"
CHILD = "child#"
NEVER_MS = 9_999_999_999_999
"""Where a row without a time of its own stands in the work index: behind all that is ever due."""

DUE_STATES = {"waiting": "w", "sent": "s", "unknown": "u"}
"""These share a partition a priority; the letter ends their `work_sk`, so that they are told apart without reading rows."""

STRINGS: Mapping[str, str] = {
    "state": "st",
    "kind": "kd",
    "priority": "pr",
    "step": "sp",
    "last_step": "ls",
    "event_id": "eid",
    "event_type": "et",
    "digest": "dg",
    "marker": "mk",
    "owner": "ow",
    "reason": "rs",
    "detail": "dt",
    "parent": "pa",
    "doc_type": "ty",
    "contact_id": "ci",
    "holded_id": "hi",
    "number": "nr",
    "currency": "cu",
    "site": "si",
    "split": "tx",
    "lines": "ln",
    "credited": "cr",
    "document_date": "dd",
    "pending_event_id": "pe",
}
NUMBERS: Mapping[str, str] = {
    "rev": "rev",
    "created_ms": "c",
    "updated_ms": "u",
    "version": "v",
    "lease_until_ms": "lu",
    "due_ms": "du",
    "attempts": "at",
    "seen_empty": "se",
    "written_ms": "wr",
}
AMOUNTS: Mapping[str, str] = {"total": "to", "paid": "pd"}
INDEXED, EVENT, EVENT_OBJECT = "ix", "ev", "evo"
_DEFAULTS = {field.name: field.default for field in fields(Row)}
_ALWAYS = frozenset({"state", "rev"})  # conditions look at them


def partition(key: Key) -> str:
    return join(key.account, "ledger", key.source, key.object_id, key.purpose)


def rest(key: Key) -> str:
    """The key without its account: one text, the same in every index."""
    return join(key.source, key.object_id, key.purpose)


def row_key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": partition(key)}, "sk": {"S": ROW}}


def pointer(child: Key, parent: Key, *, expires_at: int) -> dict[str, Any]:
    """Under the parent's partition: `child` waits for it."""
    item: dict[str, Any] = {
        "pk": {"S": partition(parent)},
        "sk": {"S": CHILD + rest(child)},
        "expires_at": {"N": str(expires_at)},
    }
    return item | _own_key(child)


def item_of(row: Row, *, write_id: str, event_object: str = "") -> dict[str, Any]:
    """With `event_object`, the event was put in S3 under that key."""
    item = row_key(row.key) | _own_key(row.key) | {"wid": {"S": write_id}}
    for name, attribute in STRINGS.items():
        value = getattr(row, name)
        if value != _DEFAULTS[name] or name in _ALWAYS:
            item[attribute] = {"S": value}
    for name, attribute in NUMBERS.items():
        value = getattr(row, name)
        if value != _DEFAULTS[name] or name in _ALWAYS:
            item[attribute] = {"N": str(value)}
    for name, attribute in AMOUNTS.items():
        value = getattr(row, name)
        if value is not None:
            item[attribute] = {"S": str(value)}
    if row.indexed:
        item[INDEXED] = {"BOOL": True}
    if event_object:
        item[EVENT_OBJECT] = {"S": event_object}
    elif row.event:
        item[EVENT] = {"B": row.event}
    return item | _indexes(row)


def row_of(item: Mapping[str, Any], *, event: bytes = b"") -> Row:
    """`event` is what S3 holds, where the item names an object."""
    values: dict[str, Any] = {name: item[short]["S"] for name, short in STRINGS.items() if short in item}
    values |= {name: int(item[short]["N"]) for name, short in NUMBERS.items() if short in item}
    values |= {name: Decimal(item[short]["S"]) for name, short in AMOUNTS.items() if short in item}
    kept = bytes(item[EVENT]["B"]) if EVENT in item else event
    return Row(key=key_of(item, item["pk"]["S"]), indexed=INDEXED in item, event=kept, **values)


def key_of(item: Mapping[str, Any], encoded: str) -> Key:
    """The key of a row from its partition, or of a child from its pointer's sort key (`account` taken from the partition)."""
    account = unpart(item["pk"]["S"].split("#", 1)[0])
    if "key" in item:
        own = item["key"]["M"]
        return Key(account=account, source=own["s"]["S"], object_id=own["o"]["S"], purpose=own["p"]["S"])
    source, object_id, purpose = (unpart(each) for each in encoded.split("#")[-3:])
    return Key(account=account, source=source, object_id=object_id, purpose=purpose)


def due_partition(account: str, priority: str) -> str:
    return join(account, "due", priority)


def state_partition(account: str, state: str) -> str:
    return join(account, state)


def confirmed_partition(account: str, day: str) -> str:
    return join(account, "confirmed", day)


def _own_key(key: Key) -> dict[str, Any]:
    if not is_hashed(rest(key)):
        return {}
    return {"key": {"M": {"s": {"S": key.source}, "o": {"S": key.object_id}, "p": {"S": key.purpose}}}}


def _indexes(row: Row) -> dict[str, Any]:
    """Where the row stands in `work` and `holded`; a `sent` row straight from a message stands in no work index."""
    found: dict[str, Any] = {}
    account = row.key.account
    if row.holded_id:
        found["holded_pk"] = {"S": join(account, row.holded_id)}
    if row.state in DUE_STATES:
        if row.state == "sent" and not row.indexed:
            return found
        due_ms = row.due_ms if row.indexed and row.due_ms else NEVER_MS
        found["work_pk"] = {"S": due_partition(account, row.priority)}
        found["work_sk"] = {"S": f"{millis(due_ms)}#{rest(row.key)}#{DUE_STATES[row.state]}"}
        return found
    if row.state == "confirmed":
        found["work_pk"] = {"S": confirmed_partition(account, day_of(row.updated_ms))}
    else:
        found["work_pk"] = {"S": state_partition(account, row.state)}
    found["work_sk"] = {"S": f"{millis(row.updated_ms)}#{rest(row.key)}"}
    return found


def day_of(ms: int) -> str:
    """The UTC day, as the index of confirmed rows is cut."""
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()
