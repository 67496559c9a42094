"""Whether what a look at Holded shows is our own doing, or may be: by the ledger, and by our reference on what no row names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.domain import snapshots as judging
from relay.domain.decisions import is_doubted
from relay.domain.ledger import is_marker, reached
from relay.domain.models import Payment
from relay.domain.snapshots import Ours
from relay.errors import RetryAt
from relay.services.times import from_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relay.domain.ledger import Row, State
    from relay.domain.models import Model
    from relay.domain.snapshots import Snapshot
    from relay.holded.polled import Observed, Resource
    from relay.ports.ledger import Ledger
    from relay.ports.polling import Snapshots
    from relay.services.session import Session

_STEP_S = 1.0
_UNANSWERED: tuple[State, ...] = ("sent", "unknown")
_UNDECIDED: tuple[State, ...] = ("review", "dead")
_MOST_LOOKED_AT = 10_000


class OwnDoing:
    def __init__(self, *, ledger: Ledger, snapshots: Snapshots) -> None:
        self._ledger = ledger
        self._snapshots = snapshots

    async def is_in_doubt(
        self,
        session: Session,
        resource: Resource,
        observed: Observed,
        before: Snapshot | None,
        ours: Ours | None,
        *,
        sent_ms: int,
    ) -> bool:
        """Our reference on what no row names, or a row whose last write has no answer: what it shows may be our doing."""
        if ours is not None:
            return ours.doubted
        markers = _markers(observed.data)
        if not markers or (before is not None and before.number):
            return False
        left_alone = judging.doubtful(before, sent_ms=sent_ms)
        if left_alone is None:
            return await self._is_looked_for(session.account.account, markers)
        if left_alone is not before:
            expected = before.number if before is not None else None
            await self._snapshots.record(
                session.account.account, resource.name, observed.id, left_alone, expected=expected
            )
        return True

    async def _is_looked_for(self, account: str, markers: frozenset[str]) -> bool:
        """Whether a write of ours has not found its outcome: while Holded is away it asks for hours, and then a person has to."""
        for state in (*_UNANSWERED, *_UNDECIDED):
            async for row in self._ledger.in_state(account, state, limit=_MOST_LOOKED_AT):
                if row.marker in markers and is_doubted(row) and (state in _UNANSWERED or not row.holded_id):
                    return True
        return False

    async def ours(self, session: Session, observed: Observed) -> Ours | None:
        account = session.account.account
        row = await self._ledger.by_holded_id(account, observed.id)
        if row is not None:
            return _written_by(row)
        if isinstance(observed.data, Payment) and observed.data.document_id:
            # A payment has no row of its own: our reference in its text names the document's.
            row = await self._ledger.by_holded_id(account, observed.data.document_id)
            if row is not None and row.marker and row.marker in (observed.data.reference or ""):
                return Ours(written_ms=row.written_ms, doubted=_waits_for_an_answer(row))
        return None

    async def let_records_arrive(self, session: Session, unseen: Sequence[Observed], sent_ms: int) -> None:
        """An object that nobody has seen may be our own, and faster than our record of it: as long as for a webhook."""
        account = session.account.account
        strangers = [each for each in unseen if await self._ledger.by_holded_id(account, each.id) is None]
        until_ms = sent_ms + session.timing.echo_ms
        while strangers and session.now_ms() < until_ms:
            if not session.has_time():
                raise RetryAt("out_of_time", retry_at=from_ms(until_ms))
            await session.give_way()
            await session.clock.sleep(min(_STEP_S, (until_ms - session.now_ms()) / 1000))


def _written_by(row: Row) -> Ours:
    # An update that has not come through leaves the document with a total that the row has no more.
    stands = row.step != "update" or row.state == "confirmed"
    return Ours(
        written_ms=row.written_ms,
        total=row.total if stands else None,
        approved=reached(row) in {"approve", "pay"},
        paid=reached(row) == "pay",
        doubted=_waits_for_an_answer(row),
    )


def _waits_for_an_answer(row: Row) -> bool:
    return row.state in {*_UNANSWERED, *_UNDECIDED} and is_doubted(row)


def _markers(data: Model) -> frozenset[str]:
    tags: Sequence[str] = getattr(data, "tags", ())
    return frozenset(filter(is_marker, tags))
