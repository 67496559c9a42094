"""What a person does with the dead: look, replay, discard. Two kinds are handled as one list.

A row that used up its attempts on machine trouble holds its own copy of the event: it goes back to the waiting room. A
message of a dead-letter queue names an event: that is replayed from the inbox, and the message is taken out. Both go
through a replay, so both have its rate, its progress and its cancelling.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from relay.domain import dead
from relay.domain.decisions import may_stand
from relay.errors import Rejected
from relay.services.again import row_ref
from relay.services.attempt import attempt
from relay.services.dead_events import DeadEvents
from relay.services.dead_letters import named_in
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from relay.domain.ledger import Kind, Row
    from relay.ports.accounts import Accounts
    from relay.ports.inbox import Inbox
    from relay.ports.ledger import Ledger
    from relay.ports.queues import DeadLetter, DeadLetters
    from relay.services.dead_events import Known
    from relay.services.nudge import Nudge
    from relay.services.replay_orders import ReplayOrders

HIDDEN_S = 35.0
"""The index hides a message for half a minute when it looks at it."""
_MOST = 10_000
LASTING: Mapping[Kind, tuple[str, str]] = {
    "settle": ("the settlement sweep", "settlement_sweep"),
    "reconcile": ("the nightly reconciliation", "nightly_reconciliation"),
    "poll": ("the poll", "polling"),
}
"""What nobody may discard, and the reason that says so: one for each kind of `ledger.STANDING`."""
_IN_DOUBT = "in_doubt", "may stand in Holded", "replay them, they are looked for before anything is written"
_UNDER_WAY = "under_way", "are held by rows of the ledger", "replay them, which takes their messages out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """One dead row. `source` and `type` are the event's; `since` is the end it has found meanwhile, empty for none."""

    row: Row
    source: str
    type: str
    since: str = ""

    @property
    def name(self) -> str:
        """What it is asked for by: its event, else the message."""
        return self.row.event_id or self.row.key.object_id

    @property
    def in_queue(self) -> bool:
        return self.row.key.source == dead.FROM_QUEUE

    @property
    def in_doubt(self) -> bool:
        return not self.in_queue and may_stand(self.row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of the dead: every field narrows, an empty one does not. Times are of the row's last change."""

    names: frozenset[str] = frozenset()
    source: str = ""
    type: str = ""
    reason: str = ""
    from_ms: int = 0
    to_ms: int | None = None

    def __call__(self, found: Dead) -> bool:
        wanted = ((self.source, found.source), (self.type, found.type), (self.reason, found.row.reason))
        named = not self.names or found.name in self.names
        early = self.to_ms is None or found.row.updated_ms < self.to_ms
        return named and early and all(not asked or asked == has for asked, has in wanted)


class DeadDesk:
    def __init__(
        self,
        *,
        ledger: Ledger,
        inbox: Inbox,
        queue: DeadLetters,
        accounts: Accounts,
        orders: ReplayOrders,
        nudge: Nudge,
        who: str,
    ) -> None:
        self._ledger = ledger
        self._inbox = inbox
        self._queue = queue
        self._accounts = accounts
        self._orders = orders
        self._nudge = nudge
        self._who = who
        self._events = DeadEvents(inbox=inbox, ledger=ledger)

    async def listed(self, account: str, wanted: Wanted) -> list[Dead]:
        """Oldest change first."""
        rows = [row async for row in self._ledger.in_state(account, "dead", from_ms=wanted.from_ms, limit=_MOST)]
        return [found for row in rows if wanted(found := await self._told(row))]

    async def _told(self, row: Row) -> Dead:
        if row.key.source != dead.FROM_QUEUE:
            return Dead(row=row, source=row.key.source, type=row.event_type)
        inbox_id, _, number = row.event_id.rpartition("#")
        item = await attempt(self._inbox.get(row.key.account, inbox_id)) if inbox_id else None
        if item is None or isinstance(item, Exception):  # gone, or not to be read: it can still be discarded
            return Dead(row=row, source="", type=row.event_type)
        return Dead(row=row, source=item.delivery.source, type=item.delivery.topic, since=item.ends.get(number, ""))

    async def replay(self, account: str, found: Sequence[Dead], *, rate: int, now: datetime) -> str:
        """Order the replay, end the index's rows and take their messages out. Returns the replay's id, empty for wakes alone.

        Raises `Rejected` for a message that names no event: it can only be discarded.
        """
        lost = [one.name for one in found if one.row.reason == "unreadable_message"]
        if lost:
            detail = f"{len(lost)} messages name no event, first {lost[0]}: `relay dead-letters discard` takes them out"
            raise Rejected("unreadable_message", detail=detail)
        refs = [one.row.event_id if one.in_queue else row_ref(one.row.key) for one in found]
        refs = [ref for ref in refs if ref]
        why = f"{len(found)} dead letters"
        replay_id = await self._orders.start(account, refs, rate=rate, now=now, why=why) if refs else ""
        queued = [one for one in found if one.in_queue]
        for one in queued:
            await self._log(
                one, now, f"replayed by {replay_id}" if one.row.event_id else "taken out, its account is woken"
            )
        if not refs and found:
            await self._nudge(account, now_ms=at_ms(now))
        # The rows last: while they are dead, a command that was interrupted finds them again.
        await self.take_out(account, queued)
        for one in queued:
            row = replace(one.row, detail=f"replayed by {replay_id}" if replay_id else "its account was woken")
            await self._ledger.replace(dead.cleared(row, now_ms=at_ms(now), end="replayed"), expected_rev=one.row.rev)
        return replay_id

    async def discard(self, account: str, found: Sequence[Dead], *, note: str, now: datetime) -> int:
        """End them for good. Returns how many were. Raises `Rejected`, and then nothing is discarded: for what may stand in
        Holded or goes on by itself, for the settlement sweep, and for a part of a replay.
        """
        for one in found:
            _refuse_to_end(one)
        _refuse([one.name for one in found if one.in_doubt], *_IN_DOUBT)
        queued = [one for one in found if one.in_queue]
        known = [(one, await self._events.known(account, one.row.event_id)) for one in queued]
        holders = [(one.name, what.holder) for one, what in known if what is not None]
        _refuse([name for name, row in holders if row is not None and may_stand(row)], *_IN_DOUBT)
        _refuse([name for name, row in holders if row is not None], *_UNDER_WAY)
        done = 0
        for one in found:
            # Without the note, which stays on the row: a person wrote it, and the log outlives an erasure.
            await self._log(one, now, "discarded")
            if not one.in_queue:
                done += await self._end(one, note, now)
        for _, what in known:
            await self._close(account, what)
        await self.take_out(account, queued)
        for one in queued:
            done += await self._ledger.replace(
                dead.discarded(one.row, now_ms=at_ms(now), note=note), expected_rev=one.row.rev
            )
        return done

    async def _end(self, one: Dead, note: str, now: datetime) -> bool:
        """The row first: one that moved meanwhile is dead no longer and stays what it became, and so does its event."""
        ended = dead.discarded(one.row, now_ms=at_ms(now), note=note)
        if not await self._ledger.replace(ended, expected_rev=one.row.rev):
            await self._log(one, now, "not discarded: it had moved")
            return False
        account = one.row.key.account
        await self._close(account, await self._events.known(account, one.row.event_id))
        return True

    async def _close(self, account: str, known: Known | None) -> None:
        """While its inbox item is open the sweeper would bring the event back for ever. An end that is told stays."""
        if known is not None and not known.end:
            ends = {known.number: f"ignored:{dead.DISCARDED}"}
            await self._inbox.close(account, known.inbox_id, ends=ends, of=known.of)

    async def _log(self, one: Dead, now: datetime, after: str) -> None:
        await self._accounts.record_change(
            one.row.key.account,
            at_ms=at_ms(now),
            who=self._who,
            what=f"dead letter {one.name}",
            before=f"dead: {one.row.reason}",
            after=after,
        )

    async def take_out(self, account: str, found: Sequence[Dead]) -> Sequence[DeadLetter]:
        names = {one.name for one in found}
        if not names:
            return ()

        def mine(letter: DeadLetter) -> bool:
            named, event = named_in(letter.body)
            return named == account and (event or letter.message_id) in names

        return await self._queue.take_out(mine, patience_s=HIDDEN_S)

    async def message(self, found: Dead) -> str:
        """What its message looks like now, by its shape alone; empty when it is in no queue (any more) or hidden."""
        for letter in await self._queue.peek():
            named, event = named_in(letter.body)
            if named == found.row.key.account and (event or letter.message_id) == found.name:
                readable = "names an event" if event else "names no event"
                return f"{len(letter.body)} characters, {readable}, {letter.receives} receives, in {letter.queue}"
        return ""


def _refuse(names: Sequence[str], reason: str, what: str, remedy: str) -> None:
    if names:
        raise Rejected(reason, detail=f"{len(names)} {what}, first {names[0]}: {remedy}")


def _refuse_to_end(one: Dead) -> None:
    key = one.row.key
    if one.row.kind in LASTING:
        what, reason = LASTING[one.row.kind]
        raise Rejected(
            reason, detail=f"{what} lives as long as its account: `relay dead-letters replay` brings it back"
        )
    if one.row.kind == "replay":
        command = f"`relay replays cancel {key.object_id} --account {key.account}`"
        raise Rejected(
            "part_of_a_replay", detail=f"other parts of it may wait behind this one: {command} ends them all"
        )
