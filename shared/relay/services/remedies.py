"""Carry out a person's judgement on an item: run it again, adopt a document, create anyway, or ignore it for ever.

Each is one conditional write of the row (`relay.domain.remedies`), told to the change log before it is made, so that no
act goes unrecorded; then the account is woken. The drain does the rest, as for everything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain import remedies
from relay.domain.ledger import is_marker, marker_of
from relay.errors import NotFound, Rejected
from relay.holded import requests

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from relay.domain.ledger import Key, Row
    from relay.domain.remedies import Found, Remedy
    from relay.ports.accounts import Accounts
    from relay.ports.inbox import Inbox
    from relay.ports.ledger import Ledger
    from relay.services.listing import Call
    from relay.services.review import Study


class Remedies:
    def __init__(
        self,
        *,
        ledger: Ledger,
        inbox: Inbox,
        accounts: Accounts,
        nudge: Callable[[str], Awaitable[None]],
        now_ms: Callable[[], int],
        who: str,
    ) -> None:
        self._ledger = ledger
        self._inbox = inbox
        self._accounts = accounts
        self._nudge = nudge
        self._now_ms = now_ms
        self._who = who

    async def retry(self, study: Study, *, many: bool = False) -> Row:
        """Run it again. With `many`, in class background, and whoever asks wakes the account once at the end.

        Raises `Rejected` when the remedy is not open, or somebody moved the row meanwhile.
        """
        await self._open(study, "retry")
        if study.row.key.purpose == remedies.DELIVERY:
            row = await self._unfold_again(study.row)
        else:
            row = remedies.retried(study.row, now_ms=self._now_ms(), event=study.packed, many=many)
            await self._write("retry", study.row, row)
        if not many:
            await self._nudge(row.key.account)
        return row

    async def _unfold_again(self, row: Row) -> Row:
        """The inbox takes back the end of the part that could not be read, and the sweeper publishes the delivery again.

        The inbox first: a row that is closed alone would leave nobody to do it.
        """
        account, inbox_id = row.key.account, row.event_id
        item = await self._inbox.get(account, inbox_id)
        closed = remedies.closed(row, now_ms=self._now_ms(), reason="unfolded_again")
        await self._record("retry", row, _said(closed))
        ends = item.ends if item is not None else {}
        last = max(ends, key=int, default="")
        if last and ends[last].startswith("review"):
            await self._inbox.reopen(account, inbox_id, numbers=[last], now_ms=self._now_ms())
        await self._swap("retry", row, closed)
        return closed

    async def look(self, study: Study, holded_id: str, *, doc_type: str, call: Call) -> Found:
        """Read the document that is to be adopted; one call. Raises `Rejected` for what cannot be this fact's document."""
        await self._open(study, "adopt")
        own = remedies.own_key(study.row.key)
        allowed = remedies.TYPES[own.purpose]
        kind = doc_type or (study.row.doc_type if study.row.doc_type in allowed else allowed[0])
        if kind not in allowed:
            raise Rejected(
                "document_type", detail=f"{kind} is no document of a {own.purpose}; expected {' or '.join(allowed)}"
            )
        try:
            document = (await call(requests.get_document(kind, holded_id))).value
        except NotFound:
            hint = f"; it may be another type, see --type ({', '.join(allowed)})" if len(allowed) > 1 else ""
            raise NotFound("document_unknown", detail=f"Holded has no {kind} with this id{hint}") from None
        if document.status == "cancelled":
            raise Rejected("document_cancelled", detail="a cancelled document is nobody's: the sale would have none")
        foreign = [tag for tag in document.tags if is_marker(tag) and tag != marker_of(own)]
        await self._is_free(own, document.id)
        if foreign:
            raise Rejected("document_taken", detail=f"it carries the marker {foreign[0]} of another fact of ours")
        return remedies.Found(
            id=document.id,
            doc_type=kind,
            number=document.number or "",
            contact_id=document.contact_id or "",
            total=document.total,
            currency=document.currency or study.currency,
            date=document.date.isoformat() if document.date else study.row.document_date,
        )

    async def adopt(self, study: Study, found: Found) -> Row:
        """The document is this fact's from here on; who waited for it goes on.

        Raises `Rejected` where another fact took it since it was looked at: a person may have thought it over for long.
        """
        await self._open(study, "adopt")
        row = study.row
        await self._is_free(remedies.own_key(row.key), found.id)
        if remedies.aside_of(row.key):
            own = study.own
            if own is None or own.state != "confirmed":
                raise Rejected(
                    "document_under_way", detail="the document's own row is not confirmed; see to that first"
                )
            done = remedies.adopted_newer(own, row, found, now_ms=self._now_ms())
            if (own.event_id, own.holded_id, own.step) != (done.event_id, done.holded_id, done.step):
                await self._write("adopt", own, done)
            await self._write("adopt", row, remedies.closed(row, now_ms=self._now_ms(), reason=f"adopted:{found.id}"))
        else:
            done = remedies.adopted(row, found, now_ms=self._now_ms())
            await self._write("adopt", row, done)
        await self._release(done)
        await self._nudge(row.key.account)
        return done

    async def _is_free(self, own: Key, holded_id: str) -> None:
        holder = await self._ledger.by_holded_id(own.account, holded_id)
        if holder is not None and holder.key.purpose != "payment" and remedies.own_key(holder.key) != own:
            raise Rejected("document_taken", detail=f"it is the document of {holder.key}")

    async def _release(self, parent: Row) -> None:
        """Who waited for the document is due. One that is lost here looks by itself, in the end (`look_for_parent_ms`)."""
        for key in await self._ledger.children(parent.key):
            child = await self._ledger.get(key)
            if child is not None and child.state == "waiting" and child.reason == "parent":
                due = replace(child, rev=child.rev + 1, due_ms=self._now_ms())
                await self._ledger.replace(due, expected_rev=child.rev)

    async def create(self, study: Study) -> Row:
        """Create although something may stand already; our own marker is looked for first. Raises `Rejected` as `retry`."""
        await self._open(study, "create")
        row = remedies.created_anyway(study.row, now_ms=self._now_ms(), event=study.packed)
        await self._write("create", study.row, row)
        await self._nudge(row.key.account)
        return row

    async def ignore(self, study: Study, *, note: str) -> Row:
        """End it for ever, with a note that stays on its row. Raises `Rejected` as `retry`."""
        await self._open(study, "ignore")
        row = remedies.ignored(study.row, now_ms=self._now_ms(), note=note)
        await self._write("ignore", study.row, row)
        return row

    async def _open(self, study: Study, remedy: Remedy) -> None:
        row = study.row
        if row.state != "review":
            # Who put it back may have died before waking the account.
            await self._nudge(row.key.account)
            where = " ".join(part for part in (row.state, row.reason, row.number or row.holded_id) if part)
            raise Rejected("not_in_review", detail=f"it is {where} by now")
        if remedy not in study.open_remedies:
            there = ", ".join(study.open_remedies)
            raise Rejected("remedy_not_open", detail=f"{remedy} is not possible for this item; open are {there}")

    async def _write(self, remedy: Remedy, before: Row, after: Row) -> None:
        await self._record(remedy, before, _said(after))
        await self._swap(remedy, before, after)

    async def _record(self, remedy: Remedy, before: Row, after: str) -> None:
        await self._accounts.record_change(
            before.key.account,
            at_ms=self._now_ms(),
            who=self._who,
            what=f"review {remedy}",
            before=_said(before),
            after=after,
        )

    async def _swap(self, remedy: Remedy, before: Row, after: Row) -> None:
        if not await self._ledger.replace(after, expected_rev=before.rev):
            await self._record(remedy, before, "not done: it had moved")
            raise Rejected("item_moved", detail="it moved meanwhile; look at it again")


def _said(row: Row) -> str:
    """Key, state, reason and ids: no personal data, and no note."""
    parts = (str(row.key), row.state, row.reason, row.holded_id, row.number)
    return " ".join(part for part in parts if part)
