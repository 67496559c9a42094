"""A finding about a document is a review item of its own, told once: by the settlement sweep, by reconciliation, or by both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain import transitions
from relay.domain.decisions import Fact
from relay.domain.ledger import SETTLEMENT, Key
from relay.domain.reconciling import loose_key
from relay.domain.remedies import TYPES, own_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relay.domain.ledger import Row
    from relay.domain.reconciling import Difference
    from relay.ports.ledger import Ledger


def item_key(found: Difference, account: str) -> Key:
    """Of a row's difference the settlement sweep's own; of one that no row is about, a key by its document or number."""
    if found.key:
        key = Key.parse(found.key)
        return replace(key, purpose=f"{key.purpose}.{SETTLEMENT}")
    name = found.number if found.kind in {"duplicate_number", "series_gap"} else found.holded_id
    return loose_key(account, f"{found.doc_type}-{name}" if name != found.holded_id else name, found.kind)


def place_of(key: Key) -> Key:
    """Under which key `Books.findings` holds an item: its row's, or its own where it is about none."""
    return own_key(key) if own_key(key).purpose in TYPES else key


def about(row: Row) -> Fact:
    """The document's row stays confirmed, for it was written."""
    return Fact(
        key=replace(row.key, purpose=f"{row.key.purpose}.{SETTLEMENT}"),
        event_id=row.event_id,
        event_type=row.event_type,
        version=row.version,
        monotone=True,
        digest=row.digest,
        priority=row.priority,
        doc_type=row.doc_type,
        total=row.total,
        currency=row.currency,
        document_date=row.document_date,
    )


def about_none(found: Difference, key: Key) -> Fact:
    """Nothing of ours is the cause: the item names the document or the number."""
    return Fact(
        key=key,
        event_id="",
        event_type="",
        version=0,
        monotone=True,
        digest="",
        priority="background",
        doc_type=found.doc_type,
        document_date=found.day,
    )


async def report(ledger: Ledger, fact: Fact, findings: Sequence[tuple[str, str]], *, now_ms: int) -> bool:
    """Put what is news into the item; False where all of it is told, or a person has settled it."""
    there = await ledger.get(fact.key)
    told = [there.detail] if there is not None and there.state in {"review", "ignored"} else []
    news = [detail for _, detail in findings if not any(detail in each for each in told)]
    if not news:
        return False
    found = transitions.reviewed(there, fact, now_ms=now_ms, reason=findings[0][0], detail="; ".join([*news, *told]))
    if there is None:
        return await ledger.insert(found) is None
    return await ledger.replace(found, expected_rev=there.rev)


async def put(ledger: Ledger, account: str, found: Difference, *, now_ms: int) -> bool:
    """A difference becomes a review item, once; False where it is told, or its row is gone."""
    key = item_key(found, account)
    if not found.key:
        return await report(ledger, about_none(found, key), found.findings, now_ms=now_ms)
    row = await ledger.get(Key.parse(found.key))
    return row is not None and await report(ledger, about(row), found.findings, now_ms=now_ms)
