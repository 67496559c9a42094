"""Verify: every accepted event has one end, and what the ledger says was written is what Holded shows, by reference.

Reads only. The count asks nothing of Holded; the comparison lists the days of our documents, a call a page, paid from the
account's budget (`relay.services.paid_calls`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.domain.comparison import TWICE, Marks, Seen, differences
from relay.domain.ledger import is_marker, marker_of
from relay.errors import NotFound
from relay.holded.listings import LARGEST_PAGE
from relay.services.counting import Finding
from relay.services.listing import Unreadable, by_id, listed, seen, spans_of
from relay.services.rules import key_of, rules_of
from relay.services.times import at_ms
from relay.services.unfold import unfold

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from relay.domain.ledger import Row
    from relay.ports.accounts import Account
    from relay.ports.inbox import Inbox
    from relay.ports.ledger import Ledger
    from relay.services.listing import Call, Spans

_LOOKED_AT_ONE_BY_ONE = 50
"""Documents that no list shows are read by id, so many at most: a company that lacks them all is told of without."""
_MOST_OPEN = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The ledger's documents of a time, and the windows of Holded's lists that hold them. `calls` is the least it costs."""

    rows: Mapping[str, Row]  # by Holded id
    twice: tuple[Finding, ...]  # one Holded id in two rows
    spans: Spans
    calls: int


class Verify:
    def __init__(self, *, inbox: Inbox, ledger: Ledger) -> None:
        self._inbox = inbox
        self._ledger = ledger

    async def written(self, account: str, *, from_ms: int, to_ms: int) -> Written:
        """Documents confirmed in [from, to)."""
        rows: dict[str, Row] = {}
        twice: list[Finding] = []
        async for row in self._ledger.confirmed_between(account, from_ms=from_ms, to_ms=to_ms):
            if not row.document_date or not row.holded_id:
                continue
            other = rows.setdefault(row.holded_id, row)
            if other.key != row.key:
                twice.append(
                    Finding("named_twice", str(row.key), f"{row.holded_id} is the document of {other.key} too")
                )
        spans = spans_of(rows.values())
        return Written(rows=rows, twice=tuple(twice), spans=spans, calls=_least_calls(rows, spans))

    async def compare(self, account: Account, written: Written, call: Call, *, now: datetime) -> list[Finding]:
        """What is missing in Holded, extra, or differs. Raises what `call` raises: then nothing was concluded."""
        shown: dict[str, Seen] = {}
        marked = Marks()
        extra: list[Seen] = []
        unread: set[Unreadable] = set()
        async for doc_type, document in listed(call, written.spans, unread):
            marked.add(doc_type, document.id, document.tags)
            if document.id in written.rows:
                shown[document.id] = seen(document)
            elif any(map(is_marker, document.tags)):
                extra.append(seen(document))
        await self._unlisted(call, written, shown, marked, unread)
        found = [*written.twice, *(_unreadable(each, written) for each in sorted(unread))]
        hidden = {each.id for each in unread} - shown.keys()
        for holded_id, row in written.rows.items():
            if holded_id in hidden:
                continue
            compared = differences(row, shown.get(holded_id), marked.of(row))
            found += [Finding(reason, str(row.key), f"{row.holded_id}: {detail}") for reason, detail in compared]
        # Of a row whose document is there, its marker on another one is told of with the row.
        told = {
            row.marker for holded_id, row in written.rows.items() if holded_id in shown or len(marked.of(row)) >= TWICE
        }
        return [*found, *await self._extra(account, extra, marked, told=told, now=now)]

    async def _unlisted(
        self,
        call: Call,
        written: Written,
        shown: dict[str, Seen],
        marked: Marks,
        unread: set[Unreadable],
    ) -> None:
        """A document may have been given another day, and lists lag: what none shows is looked for by its id."""
        there = shown.keys() | {each.id for each in unread}
        missing = [row for holded_id, row in written.rows.items() if holded_id not in there]
        for row in missing[:_LOOKED_AT_ONE_BY_ONE]:
            try:
                document = await by_id(call, row, unread)
            except NotFound:
                continue
            if document is None:
                continue
            shown[row.holded_id] = seen(document)
            marked.add(row.doc_type, row.holded_id, document.tags)

    async def _extra(
        self, account: Account, extra: list[Seen], marked: Marks, *, told: set[str], now: datetime
    ) -> list[Finding]:
        """Documents with a marker of ours that no row of that time names: another time's row, under way, or nobody's."""
        named: dict[str, set[str]] = {}
        nobodys: list[Seen] = []
        for each in extra:
            row = await self._ledger.by_holded_id(account.account, each.id)
            if row is not None and row.marker in each.tags:
                named[row.marker] = marked.of(row)
            else:
                nobodys.append(each)
        under_way = await self._under_way(account, now) if nobodys else set()
        found: list[Finding] = []
        for each in nobodys:
            tags = {tag for tag in each.tags if is_marker(tag)}
            if tags & (under_way | told):
                continue  # in doubt: its row will adopt it, or ask
            detail = f"carries the marker {', '.join(sorted(tags))} and no row names it"
            found.append(Finding("extra", f"{each.number or each.id}", f"{each.id} {detail}"))
        for tag in sorted(named.keys() - told):
            if len(named[tag]) >= TWICE:
                ids = ", ".join(sorted(named[tag]))
                found.append(Finding("doubled", tag, f"documents {ids} carry the one marker {tag}"))
        return found

    async def _under_way(self, account: Account, now: datetime) -> set[str]:
        """Markers of all that is being written, or in doubt: their documents may stand without a row that names them."""
        markers: set[str] = set()
        for state in ("sent", "unknown", "review", "dead"):
            async for row in self._ledger.in_state(account.account, state, limit=_MOST_OPEN):
                if row.marker:
                    markers.add(row.marker)
        rules = rules_of(account)
        before_ms = at_ms(now) + 1
        async for owner, inbox_id, _ in self._inbox.open_since(before_ms=before_ms, limit=_MOST_OPEN):
            item = await self._inbox.get(owner, inbox_id) if owner == account.account else None
            if item is not None:
                markers |= {marker_of(key_of(event, rules, now)) for event in unfold(item.delivery).events}
        return markers


def _unreadable(one: Unreadable, written: Written) -> Finding:
    """It is there, whosever it is: whether it is as it was written, or bears a marker of ours, nobody can say."""
    row = written.rows.get(one.id)
    name = one.id or "a document without an id"
    detail = f"{name} cannot be read, its {one.field} has another form than expected: it was not compared"
    return Finding("document_unreadable", str(row.key) if row else f"{one.doc_type} {one.id}".strip(), detail)


def _least_calls(rows: Mapping[str, Row], spans: Spans) -> int:
    """A page holds 200; other documents of the same days make it more."""
    calls = 0
    for doc_type, days in spans.items():
        dates = [row.document_date for row in rows.values() if row.doc_type == doc_type]
        for start, end in days:
            within = sum(start.isoformat() <= day <= end.isoformat() for day in dates)
            calls += -(-within // LARGEST_PAGE)
    return calls
