"""What waits for a person's judgement: found by name, and understood - what was meant, and which remedies are open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from relay.domain import remedies
from relay.domain.comparison import field_by_field
from relay.domain.ledger import Key
from relay.domain.mapping.plan import plan as plan_for
from relay.domain.models import Hint
from relay.errors import BadInput, NotFound
from relay.services.attempt import attempt
from relay.services.copies import event_of
from relay.services.job import pack_event, unpack_event
from relay.services.preview import result_of
from relay.services.rules import rules_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime
    from decimal import Decimal

    from relay.domain.documents import Plan
    from relay.domain.ledger import Row
    from relay.domain.models import Event
    from relay.domain.remedies import Remedy
    from relay.ports.accounts import Account
    from relay.ports.inbox import Inbox
    from relay.ports.ledger import Ledger

MOST = 100_000
_PARTS_OF_A_KEY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One item. `event` is None where it can be read no more, and for a delivery; `own` is the document's row, of an aside."""

    row: Row
    event: Event | None
    plan: Plan | None
    own: Row | None
    open_remedies: tuple[Remedy, ...]

    @property
    def packed(self) -> bytes:
        """What a remedy puts back: never a copy that could not be read."""
        return pack_event(self.event) if self.event is not None else self.row.event

    @property
    def meant(self) -> Mapping[str, Any] | None:
        """The requests that would be sent, as `relay preview` shows them."""
        if self.event is None or self.plan is None:
            return None
        return result_of(self.event, self.plan)

    @property
    def total(self) -> Decimal | None:
        """What the document should come to: as planned today, as written, or as the source says."""
        if self.plan is not None and self.plan.document is not None:
            return self.plan.document.total
        said = getattr(self.event.data, "total", None) if self.event is not None else None
        return self.row.total if self.row.total is not None else said

    @property
    def currency(self) -> str:
        document = self.plan.document if self.plan is not None else None
        return document.currency if document is not None else self.row.currency

    @property
    def differences(self) -> list[tuple[str, str, str, str]]:
        """(field, meant, found, where): between what the source asks for now and the document that was written, as the
        `ledger` knows it; or, where no document can be made of it, between the source's total and its own `lines`.
        """
        if self.plan is not None and self.plan.differs is not None:
            return [(*self.plan.differs, "lines")]
        document = self.plan.document if self.plan is not None else None
        if self.own is None or document is None:
            return []
        meant = {
            "type": document.doc_type,
            "total": document.total,
            "currency": document.currency,
            "date": document.date.isoformat(),
        }
        return [(*one, "ledger") for one in field_by_field(meant, written(self.own))]


def at_stake(row: Row) -> tuple[Decimal | None, str]:
    """Total and currency of the row's document, or what the source says of one that was never written. None where neither tells."""
    if row.total is not None or not row.event:
        return row.total, row.currency
    try:
        data = unpack_event(row.event).data
    except BadInput:
        return None, ""
    return getattr(data, "total", None), getattr(data, "currency", "")


def written(row: Row) -> dict[str, object]:
    """A document as the ledger knows it, in the words of `Found`."""
    return {
        "type": row.doc_type,
        "total": row.total,
        "currency": row.currency,
        "date": row.document_date,
        "contact": row.contact_id,
    }


class Items:
    def __init__(self, *, ledger: Ledger, inbox: Inbox) -> None:
        self._ledger = ledger
        self._inbox = inbox

    async def all(self, account: str, *, reason: str = "") -> AsyncIterator[Row]:
        """The account's items, oldest change first; only those with this reason."""
        async for row in self._ledger.in_state(account, "review", limit=MOST):
            if reason in {"", row.reason}:
                yield row

    async def find(self, account: str, name: str) -> Row:
        """The row of an item, by its key's text or its event's id, or its delivery's where that is only one; whatever its state.

        Raises `NotFound` for what the account does not have (another account's too), `BadInput` for an event that several
        items hold.
        """
        row = await self._by_key(account, name) if "/" in name else await self._by_event(account, name)
        if row is None:
            raise NotFound(
                "item_unknown", detail=f"{account} has no such item; see `relay review list --account {account}`"
            )
        return row

    async def _by_key(self, account: str, name: str) -> Row | None:
        if len(name.split("/")) != _PARTS_OF_A_KEY:
            return None
        key = Key.parse(name)
        return await self._ledger.get(key) if key.account == account else None

    async def _by_event(self, account: str, event_id: str) -> Row | None:
        found = [row async for row in self.all(account) if event_id in {row.event_id, row.event_id.partition("#")[0]}]
        if len(found) > 1:
            keys = ", ".join(f"{row.key} ({row.event_id})" for row in found)
            raise BadInput("item_ambiguous", field="ITEM", detail=f"expected one of {keys}")
        return found[0] if found else None

    async def study(self, account: Account, row: Row, *, now: datetime) -> Study:
        own_key = remedies.own_key(row.key)
        own = await self._ledger.get(own_key) if own_key != row.key else None
        if row.key.purpose == remedies.DELIVERY:
            item = await attempt(self._inbox.get(account.account, row.event_id))
            held = item is not None and not isinstance(item, Exception)
            remedies_open = remedies.admits(row, held=held, writes=False)
            return Study(row=row, event=None, plan=None, own=None, open_remedies=remedies_open)
        event = await event_of(self._inbox, row)
        plan = None
        if event is not None and not isinstance(event.data, Hint):
            plan = plan_for(event, *rules_of(account), today=now.date())
        writes = plan is not None and plan.outcome == "document" and plan.document is not None
        return Study(
            row=row,
            event=event,
            plan=plan,
            own=own,
            open_remedies=remedies.admits(row, held=event is not None, writes=writes),
        )
