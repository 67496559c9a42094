"""What a replay would do, without doing it: what would be written today against what was written. Spends no call to Holded."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from relay.domain.decisions import ended_by_hand, may_stand
from relay.domain.difference import compared
from relay.domain.ledger import STANDING, Key
from relay.domain.mapping.catalogue import Catalogue
from relay.domain.models import Hint
from relay.domain.settings import parse_settings
from relay.services.again import ROW, already_done, discarded, had_effect
from relay.services.attempt import attempt, reason_of
from relay.services.contacts import claims_of
from relay.services.copies import event_of
from relay.services.hints import hint_key
from relay.services.job import fact_of
from relay.services.rows import held_aside
from relay.services.rules import plan_of
from relay.services.unfold import event_ref, split_ref, unfold

if TYPE_CHECKING:
    from datetime import datetime

    from relay.domain.decisions import Fact
    from relay.domain.documents import ContactDraft, Plan
    from relay.domain.ledger import Row
    from relay.domain.models import Event
    from relay.ports.accounts import Account
    from relay.ports.inbox import Inbox
    from relay.ports.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Would:
    """`compared`: `same`, `would differ: ...`, `nothing written; would write ...`, `would review: ...`.
    `replay`: what a replay answers or does. `written`: what the ledger says stands in Holded. `now`: the row's own state.
    """

    event: str
    type: str = ""
    object: str = ""
    written: str = ""
    compared: str = ""
    replay: str = ""
    now: str = ""

    def shown(self) -> dict[str, str]:
        return asdict(self)


class WouldReplay:
    def __init__(self, *, inbox: Inbox, ledger: Ledger) -> None:
        self._inbox = inbox
        self._ledger = ledger

    async def __call__(self, account: Account, ref: str, *, now: datetime) -> list[Would]:
        """One answer an event; a delivery's id stands for all its events. An event that breaks the mapping says so."""
        try:
            inbox_id, wanted = split_ref(ref) if "#" in ref else (ref, None)
        except ValueError:
            return [_unknown(ref)]
        told = await attempt(self._parts(account, inbox_id, wanted, now))
        if isinstance(told, Exception):
            reason = reason_of(told)
            return [Would(event=ref, compared=f"cannot be read: {reason}", replay=f"failed:{reason}")]
        return told or [_unknown(ref)]

    async def of_row(self, account: Account, row: Row, *, now: datetime) -> Would:
        """A dead row, by its event. One that cannot be read, or that breaks the mapping, says so."""
        what = "goes back to the waiting room"
        if may_stand(row):
            what = "is looked for in Holded before anything is written"
        if row.kind in {"hint", "replay", *STANDING} or not row.event:
            what = what if row.event or row.kind in STANDING else "review: event_lost"
            return _named(row, replay=what)
        event = await event_of(self._inbox, row)
        told = await attempt(self._event(account, event, "waiting", now)) if event is not None else None
        if told is None or isinstance(told, Exception):
            reason = "event_unreadable" if told is None else reason_of(told)
            return _named(row, compared=f"cannot be read: {reason}", replay=what)
        return replace(told, replay=what)

    async def standing(self, account: Account, ref: str, *, now: datetime) -> str:
        """Where an event that a replay left waiting stands now, empty where that cannot be told."""
        if ref.startswith(ROW):
            row = await self._ledger.get(Key.parse(ref.removeprefix(ROW)))
            return _standing(row) if row is not None else ""
        (told,) = await self(account, ref, now=now)
        return told.now

    async def _parts(self, account: Account, inbox_id: str, wanted: int | None, now: datetime) -> list[Would]:
        item = await self._inbox.get(account.account, inbox_id)
        if item is None:
            return []
        parts = unfold(item.delivery)
        numbers = range(parts.of) if wanted is None else [n for n in range(parts.of) if n == wanted]
        told: list[Would] = []
        for number in numbers:
            ref = event_ref(item.delivery.inbox_id, number)
            if number == parts.problem_number:
                what = f"review: {parts.review}" if parts.review else f"ignored: {parts.ignored}"
                told.append(
                    Would(
                        event=ref, type=item.delivery.topic, compared=f"nothing written; would be {what}", replay=what
                    )
                )
            else:
                told.append(await self._event(account, parts.events[number], item.ends.get(str(number), ""), now))
        return told

    async def _event(self, account: Account, event: Event, end: str, now: datetime) -> Would:
        named = Would(event=event.id, type=event.type, object=event.subject)
        if isinstance(event.data, Hint):
            return await self._hint(named, event, event.data)
        catalogue = Catalogue.from_json(account.catalogue)
        plan = await plan_of(self._ledger, event, (parse_settings(account.settings), catalogue), now=now)
        fact = fact_of(event, plan)
        row = await self._ledger.get(fact.key)
        held = await held_aside(self._ledger, row, event)
        contact_id = await self._known(account, plan.contact)
        return Would(
            event=event.id,
            type=event.type,
            object=event.subject,
            written=_written(row),
            now=_standing(row) if row is not None else "",
            compared=compared(row, plan, contact_id),
            replay=_replay(row, held, plan, fact, end),
        )

    async def _hint(self, named: Would, event: Event, hint: Hint) -> Would:
        row = await self._ledger.get(hint_key(event.account, hint))
        told = f"already done: {row.reason}" if row is not None and row.state == "ignored" else "reads it again"
        return Would(
            event=named.event, type=named.type, object=named.object, compared="a hint: writes nothing", replay=told
        )

    async def _known(self, account: Account, draft: ContactDraft | None) -> str:
        """The Holded id of the contact as the ledger claims it, empty when it would be looked for or made."""
        if draft is None:
            return ""
        for key in claims_of(account.account, account.salt, draft).keys:
            row = await self._ledger.get(key)
            if row is not None and row.state == "confirmed":
                return row.holded_id
        return ""


def _named(row: Row, **told: str) -> Would:
    return Would(event=row.event_id, type=row.event_type, object=row.key.object_id, **told)


def _standing(row: Row) -> str:
    what = row.number or row.holded_id if row.state == "confirmed" else row.reason
    return f"{row.state}: {what}" if what else row.state


def _written(row: Row | None) -> str:
    if row is None or not row.holded_id:
        return ""
    total = f" {row.total} {row.currency}" if row.total is not None else ""
    return f"{row.doc_type} {row.number or row.holded_id}{total}"


def _replay(row: Row | None, beside: Row | None, plan: Plan, fact: Fact, end: str) -> str:
    """What the drainer would answer: the same decisions, up to what only Holded can tell."""
    if row is not None and ended_by_hand(row, version=fact.version, digest=fact.digest):
        return f"nothing: ended by a person ({row.reason})"
    if discarded(end):
        return "nothing: ended by a person (discarded)"
    if had_effect(row, beside, end, fact):
        return already_done(row, end)
    if beside is not None and ended_by_hand(beside, version=fact.version, digest=fact.digest):
        return f"nothing: ended by a person ({beside.reason})"
    if beside is not None and plan.outcome == "ignored":
        return f"{beside.state}: {beside.reason}"
    if row is not None and row.state in {"sent", "unknown"}:
        return "settles what is in doubt first"
    if row is not None and row.state == "waiting" and row.event_id == fact.event_id:
        return f"nothing: it waits ({row.reason}) and goes on by itself"
    if row is not None and row.version > fact.version:
        return "nothing: superseded by a newer version"
    return {"document": "writes", "review": f"review: {plan.reason}", "ignored": f"ignored: {plan.reason}"}[
        plan.outcome
    ]


def _unknown(ref: str) -> Would:
    return Would(
        event=ref, compared="nothing to compare", replay="unknown_event: the inbox does not hold it (any more)"
    )
