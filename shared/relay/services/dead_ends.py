"""What became of the events that dead letters name: a redrive, the sweeper or a replay may have brought them to an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.domain import dead
from relay.errors import RelayError
from relay.services.unfold import split_ref

if TYPE_CHECKING:
    from relay.ports.inbox import Inbox
    from relay.ports.ledger import Ledger
    from relay.services.session import Session


class ClearDeadLetters:
    """A row of the index whose event has found its end (a redrive, the sweeper, a replay) is no trouble any more."""

    def __init__(self, *, ledger: Ledger, inbox: Inbox) -> None:
        self._ledger = ledger
        self._inbox = inbox

    async def __call__(self, session: Session) -> int:
        """Returns how many rows were cleared; their messages stay where they are. What cannot be read now stays dead."""
        account, done = session.account.account, 0
        rows = [row async for row in self._ledger.in_state(account, "dead") if row.key.source == dead.FROM_QUEUE]
        for row in rows:
            if not session.has_time():
                break
            await session.give_way()
            try:
                end = await end_of(self._inbox, account, row.event_id)
            except RelayError:
                continue
            if end:
                ended = dead.cleared(row, now_ms=session.now_ms(), end=end)
                done += await self._ledger.replace(ended, expected_rev=row.rev)
        return done


async def end_of(inbox: Inbox, account: str, ref: str) -> str:
    """The end that the inbox tells of an event, empty while it has none or where the inbox does not hold it."""
    try:
        inbox_id, number = split_ref(ref)
    except ValueError:
        return ""
    item = await inbox.get(account, inbox_id)
    return item.ends.get(str(number), "") if item is not None else ""
