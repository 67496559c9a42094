"""Reconcile a window of one account: read the three sides, then compare them. Reads only; repairs are `reconcile_repairs`.

The ledger and the inbox are read first and cost no call; then what Holded's lists cost can be said. A list that could not be
read whole is left out of the comparison and named in the result: what was not seen is never taken for what is not there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from relay.domain.ledger import UPDATE
from relay.domain.nights import pages
from relay.domain.reconciled import Reconciled, reconciled
from relay.domain.reconciling_repairs import imports
from relay.holded.listings import LARGEST_PAGE
from relay.services.job import aside_key
from relay.services.reconcile_findings import item_key, place_of
from relay.services.reconcile_ledger import LedgerSide
from relay.services.reconcile_looking import Looking
from relay.services.reconcile_source import Sources
from relay.services.rules import rules_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from relay.domain.ledger import Key, Row
    from relay.domain.reconciling import Books, Meant, Window
    from relay.domain.sources.base import Delivery
    from relay.ports.accounts import Account
    from relay.ports.inbox import Inbox
    from relay.ports.ledger import Ledger
    from relay.services.listing import Call
    from relay.services.reconcile_source import Pause


async def at_once() -> None:
    """Nobody waits."""


@dataclass(slots=True, kw_only=True)
class Read:
    """The ledger's and the source's side of a window. `calls` is what Holded's side is likely to cost: a page a type, and one
    more for each 200 documents that the ledger knows; others of the same days, and second looks, make it more. `keys` of all
    facts that were read, by marker.
    """

    account: Account
    window: Window
    rows: dict[Key, Row]
    meant: dict[Key, Meant]
    payments: Mapping[str, int]
    made_of: Mapping[str, frozenset[str]]
    keys: Mapping[str, Key]
    under_way: frozenset[str]
    types: tuple[str, ...]
    calls: int
    incomplete: dict[str, str] = field(default_factory=dict)


class Reconcile:
    def __init__(self, *, inbox: Inbox, ledger: Ledger) -> None:
        self._inbox = inbox
        self._ledger = ledger

    async def read(
        self,
        account: Account,
        window: Window,
        *,
        now: datetime,
        deliveries: Iterable[str] = (),
        listed: Iterable[Delivery] = (),
        most_deliveries: int | None = None,
        pause: Pause = at_once,
    ) -> Read:
        """The two sides that cost no call. `deliveries` find what no row knows, `listed` what no event came of (`AskSources`); of
        the others that rows name `most_deliveries` are read.
        """
        side = LedgerSide(ledger=self._ledger, account=account.account)
        rows = await side.rows(window, now=now)
        source = Sources(inbox=self._inbox, ledger=self._ledger, account=account, now=now, pause=pause)
        await source.of_deliveries(deliveries)
        await source.of_rows(rows.values(), most=most_deliveries)
        source.of_lists(listed)
        meant = await source.chosen(rows, window)
        settings, _ = rules_of(account)
        types = _types(rows, meant, simplified=settings.policy.simplified)
        known = [sum(row.doc_type == doc_type for row in rows.values()) for doc_type in types]
        found = Read(
            account=account,
            window=window,
            rows=rows,
            meant=meant,
            payments=side.payments,
            made_of=side.made_of,
            keys=source.keys,
            under_way=await side.under_way(),
            types=types,
            calls=pages(known, page=LARGEST_PAGE),
        )
        if source.unreadable:
            found.incomplete["source"] = f"{source.unreadable} deliveries cannot be read: see `relay verify`"
        return found

    async def compare(self, read: Read, call: Call) -> Reconciled:
        """Holded's side, and the comparison. A refusal of a call makes the result incomplete; it is never raised."""
        looking = Looking(read, call, self._ledger)
        await looking.at_the_lists()
        await looking.for_what_is_not_listed()
        side = LedgerSide(ledger=self._ledger, account=read.account.account)
        # Rows that were confirmed meanwhile: looked up after the lists, as a list may show what a row names a moment later.
        await looking.whose_they_are(under_way=read.under_way | await side.under_way())
        await looking.around_the_gaps()
        books = looking.books
        imported = imports(books.account, books.rows, books.meant)
        books = replace(books, aside=await self._asides(books), imports=imported)
        found = reconciled(books)
        told = {}
        for each in found.differences:
            key = item_key(each, read.account.account)
            item = await self._ledger.get(key)
            if item is not None:
                told[place_of(key)] = item
        done = reconciled(replace(books, findings=told), calls=looking.calls)
        unsure = looking.unsure
        return replace(
            done,
            differences=[one for one in done.differences if one.kind != "series_gap" or one.doc_type not in unsure],
            incomplete={**read.incomplete, **done.incomplete, **looking.incomplete},
        )

    async def _asides(self, books: Books) -> Mapping[Key, Row]:
        found = {}
        for key, meant in books.meant.items():
            row = books.rows.get(key)
            if row is not None and meant.digest != row.digest:
                aside = await self._ledger.get(aside_key(key, UPDATE))
                if aside is not None and aside.state in {"waiting", "sent", "unknown", "review", "dead", "ignored"}:
                    found[key] = aside
        return found


def _types(rows: Mapping[Key, Row], meant: Mapping[Key, Meant], *, simplified: bool) -> tuple[str, ...]:
    """What is listed: every type that the relay wrote or meant in the window, and always those it writes most."""
    known = {row.doc_type for row in rows.values() if row.state == "confirmed"} | {
        one.doc_type for one in meant.values()
    }
    return tuple(sorted(known | {"invoice", "creditnote"} | ({"salesreceipt"} if simplified else set())))
