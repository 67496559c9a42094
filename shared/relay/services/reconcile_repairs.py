"""Carry out what goes through the ledger: replays of what is missing, and review items for what a person must judge.

Holded is never touched from here. Every act is in the change log before it is done; done twice, the second finds nothing left
to do, or the same replay under way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.domain.ledger import Key
from relay.services.again import row_ref
from relay.services.reconcile_findings import item_key, put
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from relay.domain.reconciled import Reconciled
    from relay.domain.reconciling import Difference
    from relay.ports import Accounts, Ledger
    from relay.services.replay_orders import ReplayOrders


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """`replay` is its id, empty where nothing is replayed; `reviews` are the items that were put now."""

    replay: str
    replayed: Sequence[str]
    reviews: Sequence[str]


def to_replay(done: Reconciled) -> list[str]:
    """Refs of a replay, in order."""
    found = (one.repair.ref for one in done.open if one.repair.kind == "replay" and one.repair.ref)
    return list(dict.fromkeys(ref if "#" in ref else row_ref(Key.parse(ref)) for ref in found))


def to_review(done: Reconciled) -> list[Difference]:
    return [one for one in done.open if one.repair.kind == "review" and not one.told]


class ReconcileRepairs:
    def __init__(self, *, ledger: Ledger, accounts: Accounts, orders: ReplayOrders, who: str) -> None:
        """`who` signs the change log."""
        self._ledger = ledger
        self._accounts = accounts
        self._orders = orders
        self._who = who

    async def __call__(self, done: Reconciled, *, now: datetime) -> Repaired:
        reviews = []
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
            if await put(self._ledger, done.account, each, now_ms=at_ms(now)):
                reviews.append(key)
        refs = to_replay(done)
        replay = await self._orders.start(done.account, refs, rate=0, now=now, why="reconcile") if refs else ""
        return Repaired(replay=replay, replayed=refs, reviews=reviews)
