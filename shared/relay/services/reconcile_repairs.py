"""Carry out what goes through the ledger: replays of what is missing, review items for what a person must judge, and
re-reads of what a person changed, so that subscribers of the bus hear of it where its webhook was lost.

Holded is never touched from here. Every act is in the change log before it is done; done twice, the second finds nothing left
to do, or the same replay under way.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.domain.ledger import Key
from relay.domain.sources import holded, identity
from relay.domain.sources.base import Delivery
from relay.services.again import row_ref
from relay.services.reconcile_findings import item_key, put
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from relay.domain.reconciled import Reconciled
    from relay.domain.reconciling import Difference
    from relay.ports.accounts import Accounts
    from relay.ports.inbox import Inbox
    from relay.ports.ledger import Ledger
    from relay.services.replay_orders import ReplayOrders


_CHANGED = frozenset(
    {"amount_differs", "edited_by_hand", "deleted_by_hand", "wrong_period", "payment_missing", "paid_twice"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """`replay` is its id, empty where nothing is replayed; `reviews` are the items that were put now, `rereads` the documents
    that are read again.
    """

    replay: str
    replayed: Sequence[str]
    reviews: Sequence[str]
    rereads: Sequence[str]


def to_replay(done: Reconciled) -> list[str]:
    """Refs of a replay, in order."""
    found = (one.repair.ref for one in done.open if one.repair.kind == "replay" and one.repair.ref)
    return list(dict.fromkeys(ref if "#" in ref else row_ref(Key.parse(ref)) for ref in found))


def to_import(done: Reconciled) -> list[str]:
    """Commands that bring what only the sources have: a person gives them, as they are calls to the sources."""
    return list(dict.fromkeys(one.repair.command for one in done.open if one.repair.kind == "import"))


def to_review(done: Reconciled) -> list[Difference]:
    return [one for one in done.open if one.repair.kind == "review" and not one.told]


def hint_of(account: str, found: Difference, now: datetime) -> Delivery:
    """As Holded's own webhook tells of a change: it leads to a read, and to an event where that shows something new.

    Twice within a minute it is one delivery.
    """
    minute = now.replace(second=0, microsecond=0).isoformat()
    headers = {"x-holded-webhook-event": f"{found.doc_type}.update", "x-holded-webhook-date": minute}
    body = json.dumps({"id": found.holded_id}).encode()
    meaning = holded.identify(body, headers)
    return Delivery(
        inbox_id=identity.inbox_id(account, holded.SOURCE, meaning, identity.body_digest(body)),
        account=account,
        source=holded.SOURCE,
        topic=meaning.topic,
        headers=headers,
        body=body,
        received_at=now,
    )


class ReconcileRepairs:
    def __init__(self, *, ledger: Ledger, inbox: Inbox, accounts: Accounts, orders: ReplayOrders, who: str) -> None:
        """`who` signs the change log."""
        self._ledger = ledger
        self._inbox = inbox
        self._accounts = accounts
        self._orders = orders
        self._who = who

    async def __call__(self, done: Reconciled, *, now: datetime) -> Repaired:
        reviews, rereads = [], []
        for each in to_review(done):
            key = str(item_key(each, done.account))
            await self._accounts.record_change(
                done.account,
                at_ms=at_ms(now),
                who=self._who,
                what=f"reconcile {key}",
                before="",
                after=f"review: {each.kind}",
            )
            if each.key and each.kind in _CHANGED:
                hint = hint_of(done.account, each, now)
                await self._inbox.put(hint, digest=identity.body_digest(hint.body))
                rereads.append(each.holded_id)
            if await put(self._ledger, done.account, each, now_ms=at_ms(now)):
                reviews.append(key)
        refs = to_replay(done)
        replay = await self._orders.start(done.account, refs, rate=0, now=now, why="reconcile") if refs else ""
        return Repaired(replay=replay, replayed=refs, reviews=reviews, rereads=rereads)
