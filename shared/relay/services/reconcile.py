"""Reconcile a window of one account: read the three sides, then compare them. Reads only; repairs are `reconcile_repairs`.

The ledger and the inbox are read first and cost no call; then what Holded's lists cost can be said. A list that could not be
read whole is left out of the comparison and named in the result: what was not seen is never taken for what is not there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from relay.domain.ledger import UPDATE, is_marker
from relay.domain.reconciled import Reconciled, reconciled
from relay.domain.reconciling import Books, Shown, Window
from relay.domain.reconciling_series import numbers
from relay.errors import BadInput, NotAllowed, NotFound, Rejected, RetryAt, Unavailable
from relay.holded import requests
from relay.holded.listings import LARGEST_PAGE
from relay.services.counting import rules_of
from relay.services.job import aside_key
from relay.services.listing import listed
from relay.services.reconcile_findings import item_key, place_of
from relay.services.reconcile_ledger import LedgerSide
from relay.services.reconcile_shown import series_of_account, shown_of
from relay.services.reconcile_source import Sources

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from relay.domain.documents import DocType
    from relay.domain.ledger import Key, Row
    from relay.domain.reconciling import Meant
    from relay.ports import Account, Inbox, Ledger
    from relay.services.listing import Call
    from relay.services.reconcile_source import Pause

LOOKED_AT_ONE_BY_ONE = 50
"""Documents that no list shows are read by id, so many at most."""
_AROUND = timedelta(days=31)
"""Numbers that lack in a window are looked for so far around it: an old draft is numbered when it is approved."""
_REFUSALS = (RetryAt, NotAllowed, Rejected, BadInput, Unavailable)


async def at_once() -> None:
    """Nobody waits."""


@dataclass(slots=True, kw_only=True)
class Read:
    """The ledger's and the source's side of a window. `calls` is what Holded's side is likely to cost: a page a type, and one
    more for each 200 documents that the ledger knows; others of the same days, and second looks, make it more.
    """

    account: Account
    window: Window
    rows: dict[Key, Row]
    meant: dict[Key, Meant]
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
        look_through: bool = True,
        most_deliveries: int | None = None,
        pause: Pause = at_once,
    ) -> Read:
        """The two sides that cost no call. `look_through` the inbox finds what no row knows; `most_deliveries` are read else."""
        side = LedgerSide(ledger=self._ledger, account=account.account)
        rows = await side.rows(window, now=now)
        source = Sources(inbox=self._inbox, ledger=self._ledger, account=account, now=now, pause=pause)
        if look_through:
            await source.look_through(window)
        await source.of_rows(rows.values(), most=most_deliveries)
        meant = await source.chosen(rows, window)
        settings, _ = rules_of(account)
        types = _types(rows, meant, simplified=settings.policy.simplified)
        known = [sum(row.doc_type == doc_type for row in rows.values()) for doc_type in types]
        found = Read(
            account=account,
            window=window,
            rows=rows,
            meant=meant,
            under_way=await side.under_way(),
            types=types,
            calls=sum(1 + count // LARGEST_PAGE for count in known),
        )
        if source.unreadable:
            found.incomplete["source"] = f"{source.unreadable} deliveries cannot be read: see `relay verify`"
        return found

    async def compare(self, read: Read, call: Call, *, now: datetime) -> Reconciled:
        """Holded's side, and the comparison. A refusal of a call makes the result incomplete; it is never raised."""
        looking = _Looking(read, call, self._ledger)
        await looking.at_the_lists()
        await looking.for_what_is_not_listed()
        side = LedgerSide(ledger=self._ledger, account=read.account.account)
        # Rows that were confirmed meanwhile: looked up after the lists, as a list may show what a row names a moment later.
        await looking.whose_they_are(under_way=read.under_way | await side.under_way())
        await looking.around_the_gaps()
        books = replace(looking.books, aside=await self._asides(looking.books))
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


class _Looking:
    """One look at Holded's side. `incomplete` by what was looked for; `unsure` are types whose gaps could not be looked into."""

    def __init__(self, read: Read, call: Call, ledger: Ledger) -> None:
        settings, self._catalogue = rules_of(read.account)
        self._read, self._call, self._ledger = read, call, ledger
        self.calls = 0
        self.incomplete: dict[str, str] = {}
        self.unsure: set[str] = set()
        self.books = Books(
            account=read.account.account,
            window=read.window,
            rows=read.rows,
            meant=read.meant,
            shown={},
            own_series=settings.reconcile.own_series,
            series=series_of_account(read.account),
            dated_by_source=settings.policy.document_date == "source",
        )

    async def _paid(self, request: Any) -> Any:
        self.calls += 1
        return await self._call(request)

    async def at_the_lists(self) -> None:
        shown: dict[str, Shown] = {}
        unread: dict[str, str] = {}
        for doc_type in self._read.types:
            try:
                found = await self._days(doc_type, self._read.window)
            except _REFUSALS as refusal:
                unread[doc_type] = f"its list was not read whole: {refusal.reason}"
            else:
                shown |= found
        self.books = replace(self.books, shown=shown, listed=frozenset(shown), unread=unread)

    async def _days(self, doc_type: str, window: Window) -> dict[str, Shown]:
        """All documents of a type. One that moved from page to page while they were read is there once."""
        spans = {doc_type: [(window.start, window.end)]}
        return {one.id: shown_of(doc_type, one, self._catalogue) async for one in listed(self._paid, spans)}

    async def for_what_is_not_listed(self) -> None:
        """A document may have been given another day, and lists lag: only a read by its id says that it is gone."""
        shown, gone, looked = dict(self.books.shown), set[str](), 0
        for row in self._read.rows.values():
            wanted = row.state == "confirmed" and row.holded_id and row.holded_id not in shown
            if not wanted or row.doc_type in self.books.unread:
                continue
            if looked == LOOKED_AT_ONE_BY_ONE:
                self.incomplete["by id"] = f"more than {looked} documents are in no list: the others were not looked at"
                break
            looked += 1
            try:
                reply = await self._paid(requests.get_document(cast("DocType", row.doc_type), row.holded_id))
            except NotFound:
                gone.add(row.holded_id)
            except _REFUSALS as refusal:
                self.incomplete["by id"] = f"a document that no list shows could not be read: {refusal.reason}"
                break
            else:
                shown[row.holded_id] = shown_of(row.doc_type, reply.value, self._catalogue)
        self.books = replace(self.books, shown=shown, gone=frozenset(gone))

    async def whose_they_are(self, *, under_way: frozenset[str]) -> None:
        """Rows of another time whose documents stand in this window, by the documents that bear our marker or number."""
        rows = dict(self._read.rows)
        known = {row.holded_id for row in rows.values()}
        for document in self.books.shown.values():
            ours = any(map(is_marker, document.tags)) or document.number.startswith(self.books.own_series or ("\0",))
            row = await self._ledger.by_holded_id(self.books.account, document.id) if ours else None
            if row is not None and document.id not in known and row.kind == "event":
                rows[row.key] = row
        self.books = replace(self.books, rows=rows, under_way=under_way)

    async def around_the_gaps(self) -> None:
        window, beside = self.books.window, list[Shown]()
        for doc_type in sorted({one.doc_type for one in numbers(self.books) if one.kind == "series_gap"}):
            day = timedelta(days=1)
            try:
                for span in (
                    Window(start=window.start - _AROUND, end=window.start - day),
                    Window(start=window.end + day, end=window.end + _AROUND),
                ):
                    beside += (await self._days(doc_type, span)).values()
            except _REFUSALS as refusal:
                self.unsure.add(doc_type)
                self.incomplete[f"numbers of {doc_type}"] = f"a gap could not be looked into: {refusal.reason}"
        self.books = replace(self.books, beside=tuple(beside))


def _types(rows: Mapping[Key, Row], meant: Mapping[Key, Meant], *, simplified: bool) -> tuple[str, ...]:
    """What is listed: every type that the relay wrote or meant in the window, and always those it writes most."""
    known = {row.doc_type for row in rows.values() if row.state == "confirmed"} | {one.doc_type for one in meant.values()}
    return tuple(sorted(known | {"invoice", "creditnote"} | ({"salesreceipt"} if simplified else set())))
