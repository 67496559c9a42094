"""Holded's side of a window: its lists, what they do not show, and what lies around the gaps in its numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from relay.domain.ledger import is_marker
from relay.domain.reconciled import UNREADABLE
from relay.domain.reconciling import Books, Shown, Window
from relay.domain.reconciling_series import numbers
from relay.errors import BadInput, NotAllowed, NotFound, Rejected, RetryAt, Unavailable
from relay.services.listing import Unreadable, by_id, listed, told_of
from relay.services.reconcile_ledger import is_of_a_document
from relay.services.reconcile_shown import series_of_account, shown_of
from relay.services.rules import rules_of

if TYPE_CHECKING:
    from relay.domain.ledger import Row
    from relay.ports.ledger import Ledger
    from relay.services.listing import Call
    from relay.services.reconcile import Read

LOOKED_AT_ONE_BY_ONE = 50
"""Documents that no list shows are read by id, so many at most."""
_AROUND = timedelta(days=31)
"""Numbers that lack in a window are looked for so far around it: an old draft is numbered when it is approved."""
_REFUSALS = (RetryAt, NotAllowed, Rejected, BadInput, Unavailable)


class Looking:
    """One look at Holded's side. `incomplete` by what was looked for; `unsure` are types whose gaps could not be looked into."""

    def __init__(self, read: Read, call: Call, ledger: Ledger) -> None:
        settings, self._catalogue = rules_of(read.account)
        self._read, self._call, self._ledger = read, call, ledger
        self.calls = 0
        self.incomplete: dict[str, str] = {}
        self.unsure: set[str] = set()
        self._unread: set[Unreadable] = set()
        self.books = Books(
            account=read.account.account,
            window=read.window,
            rows=read.rows,
            meant=read.meant,
            payments=read.payments,
            made_of=read.made_of,
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
        self.books = replace(self.books, shown=shown, unread=unread)

    async def _days(self, doc_type: str, window: Window) -> dict[str, Shown]:
        """All documents of a type. One that moved from page to page while they were read is there once."""
        spans, unread = {doc_type: [(window.start, window.end)]}, set[Unreadable]()
        found = {one.id: shown_of(of, one, self._catalogue) async for of, one in listed(self._paid, spans, unread)}
        self._bear(unread)
        return found

    def _bear(self, unread: set[Unreadable]) -> None:
        """They are there, with numbers and markers that nobody can see: what lacks of their types may be theirs."""
        self._unread |= unread
        self.unsure |= {each.doc_type for each in unread}
        if self._unread:
            self.incomplete[UNREADABLE] = told_of(self._unread)

    async def for_what_is_not_listed(self) -> None:
        """A document may have been given another day, and lists lag: only a read by its id says that it is gone."""
        shown, gone, looked = dict(self.books.shown), set[str](), 0
        unread = set[Unreadable]()
        there = shown.keys() | {each.id for each in self._unread}
        for row in self._read.rows.values():
            wanted = row.state == "confirmed" and row.holded_id and row.holded_id not in there
            if not wanted or row.doc_type in self.books.unread:
                continue
            if looked == LOOKED_AT_ONE_BY_ONE:
                self.incomplete["by id"] = f"more than {looked} documents are in no list: the others were not looked at"
                break
            looked += 1
            try:
                document = await by_id(self._paid, row, unread)
            except NotFound:
                gone.add(row.holded_id)
            except _REFUSALS as refusal:
                self.incomplete["by id"] = f"a document that no list shows could not be read: {refusal.reason}"
                break
            else:
                if document is not None:
                    shown[row.holded_id] = shown_of(row.doc_type, document, self._catalogue)
        self._bear(unread)
        unreadable = frozenset(each.id for each in self._unread if each.id not in shown)
        self.books = replace(self.books, shown=shown, gone=frozenset(gone), unreadable=unreadable)

    async def whose_they_are(self, *, under_way: frozenset[str]) -> None:
        """Rows of another time whose documents stand in this window, by the documents that bear our marker or number."""
        rows = dict(self._read.rows)
        known, named, doubted = {row.holded_id for row in rows.values()}, set[str](), set(under_way)
        for document in self.books.shown.values():
            ours = any(map(is_marker, document.tags)) or document.number.startswith(self.books.own_series or ("\0",))
            if not ours or document.id in known:
                continue
            row = await self._by_marker(document) or await self._ledger.by_holded_id(self.books.account, document.id)
            if row is not None and row.state in {"sent", "unknown"}:
                doubted.add(row.marker)
            elif row is not None and is_of_a_document(row):
                rows[row.key] = row
            elif row is not None:
                named.add(
                    document.id
                )  # such as a payment's: whose document it is cannot be asked, but somebody's it is
        self.books = replace(self.books, rows=rows, named=frozenset(named), under_way=frozenset(doubted))

    async def _by_marker(self, document: Shown) -> Row | None:
        """The row of the fact whose marker it bears, where its event was read: a claim straight from a message is in no index,
        and an index may lag behind what was written a moment ago.
        """
        for key in filter(None, map(self._read.keys.get, document.tags)):
            row = await self._ledger.get(key)
            if row is not None and (row.holded_id == document.id or row.state in {"sent", "unknown"}):
                return row
        return None

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
