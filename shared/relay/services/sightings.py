"""Every look at an object of Holded's, by a webhook's re-read or by a poll: compared with its snapshot, and told once.

Snapshot and inbox item are one transaction on the snapshot's number. Whoever loses the race writes nothing and looks
again, and finds that what it saw is known already. What our own ledger wrote is learned silently.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from relay.domain import snapshots as judging
from relay.domain import wire
from relay.domain.kept import kept_of
from relay.domain.models import Event
from relay.domain.snapshots import Shown
from relay.domain.sources import reread
from relay.errors import RetryAt, Unavailable
from relay.holded import unified
from relay.services.own_doing import OwnDoing
from relay.services.times import at_ms, from_ms
from relay.services.together import together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from relay.domain.models import Model
    from relay.domain.snapshots import Snapshot, Told, Unseen
    from relay.holded.polled import Observed, Resource
    from relay.ports.ledger import Ledger
    from relay.ports.polling import Snapshots
    from relay.services.paid_documents import PaidDocuments
    from relay.services.session import Session

_TRIES = 5
_AT_ONCE = 8
_AWAITED_MS, _LONGEST_AWAITED_MS = 15 * 60_000, 86_400_000
WRITTEN = frozenset(
    {"invoice", "creditnote", "salesreceipt", "salesorder", "estimate", "proform", "waybill", "contact", "product", "payment"}
)  # fmt: skip
"""Resources that the relay writes itself: one of them that nobody has seen yet may be our own, on its way into the ledger."""


class Sightings:
    def __init__(self, *, ledger: Ledger, snapshots: Snapshots, paid: PaidDocuments) -> None:
        self._snapshots = snapshots
        self._paid = paid
        self._own = OwnDoing(ledger=ledger, snapshots=snapshots)

    async def page(
        self, session: Session, resource: Resource, items: Sequence[Observed], *, sent_ms: int, baseline: bool
    ) -> int:
        """Store what one page of a list shows; returns how many objects had changed. Raises `RetryAt` where there is no time
        to wait for our own records: nothing of it is lost, the page is read again.
        """
        befores = await self._snapshots.many(session.account.account, resource.name, [each.id for each in items])
        news = [
            each
            for each in items
            if judging.is_news(
                befores.get(each.id),
                unified.fingerprint(each.matters),
                sent_ms=sent_ms,
                updated_ms=_updated_ms(each),
                approved=each.approved,
                listed=each.payment,
            )
        ]
        if not baseline and resource.name in WRITTEN:
            await self._own.let_records_arrive(session, [each for each in news if each.id not in befores], sent_ms)
        changed: list[str] = []

        async def look(shown: Observed) -> None:
            unseen: Unseen = "silent" if baseline else "created"
            doubts = not baseline or shown.id in befores
            if await self.see(session, resource, shown, sent_ms=sent_ms, unseen=unseen, doubts=doubts, listed=True):
                changed.append(shown.id)

        errors = await together([partial(look, each) for each in news], at_once=_AT_ONCE)
        for error in errors:
            if error is not None:
                raise error
        return len(changed)

    async def lags(self, session: Session, resource: Resource, observed: Observed, *, sent_ms: int) -> bool:
        """Whether a page shows an older state than another look did a moment ago."""
        before = await self._snapshots.get(session.account.account, resource.name, observed.id)
        return _is_stale(before, observed, sent_ms, listed=True)

    async def see(
        self,
        session: Session,
        resource: Resource,
        observed: Observed,
        *,
        sent_ms: int,
        unseen: Unseen = "created",
        when: datetime | None = None,
        asked: bool = False,
        made: bool = False,
        doubts: bool = True,
        listed: bool = False,
        unlisted: bool = False,
    ) -> str:
        """One look at one object; the inbox id of what it told, empty where it told nothing.

        `asked`: a webhook says that something happened, at `when`; `made`: no more than that it was made. `doubts`: a write of ours
        whose outcome is not known yet may have made it what it is. It is left alone for an hour, and longer while that write is
        looked for or a person has to judge it: a poll comes back, a webhook is told when to (`RetryAt`). `listed`: a page showed it;
        `unlisted`: no page of a complete pass did.
        """
        account = session.account.account
        for _ in range(_TRIES):
            before = await self._snapshots.get(account, resource.name, observed.id)
            if _is_stale(before, observed, sent_ms, listed=listed):
                return ""
            ours = None if unseen == "silent" and before is None else await self._own.ours(session, observed)
            if doubts and await self._own.is_in_doubt(session, resource, observed, before, ours, sent_ms=sent_ms):
                if asked:
                    raise RetryAt("record_awaited", retry_at=from_ms(_again_ms(when, sent_ms)))
                return ""
            # What happened before our last write goes no further than what that wrote; nor that it was made, if we made it.
            since = asked and (ours is None or when is None or (at_ms(when) > ours.written_ms and not made))
            told = judging.judge(before, _shown(resource, observed, sent_ms), ours=ours, unseen=unseen, asked=since)
            absent_ms = sent_ms if unlisted else 0
            place = judging.placed(before, told.snapshot, listed=listed, absent_ms=absent_ms)
            told = replace(told, snapshot=place)
            # A webhook's look counts as one even if it shows nothing new: an older page must not undo it.
            if before is not None and not (told.verbs or asked) and judging.is_as_before(before, told.snapshot):
                return ""
            done = await self._tell(
                session, resource, observed.id, before, told, data=observed.data, when=when or from_ms(sent_ms)
            )
            if done is not None:
                return done
        raise Unavailable("snapshot_contended", detail=f"a snapshot of a {resource.name} kept moving")

    async def gone(
        self, session: Session, resource: Resource, holded_id: str, *, sent_ms: int, when: datetime | None = None
    ) -> str:
        """A read by its id did not find it, or a webhook says that it was deleted."""
        account = session.account.account
        for _ in range(_TRIES):
            before = await self._snapshots.get(account, resource.name, holded_id)
            if judging.is_stale(before, sent_ms):
                return ""
            told = judging.deleted(before, sent_ms=sent_ms)
            at = when or from_ms(sent_ms)
            done = await self._tell(session, resource, holded_id, before, told, data=None, when=at)
            if done is not None:
                return done
        raise Unavailable("snapshot_contended", detail=f"a snapshot of a {resource.name} kept moving")

    async def missed(self, session: Session, resource: Resource, holded_id: str, *, pass_ms: int) -> str:
        """A complete pass did not show it and nobody can be asked: the second such pass says that it is gone."""
        account = session.account.account
        for _ in range(_TRIES):
            before = await self._snapshots.get(account, resource.name, holded_id)
            if before is None or before.gone or judging.is_stale(before, pass_ms):
                return ""
            told = judging.missed(before, pass_ms=pass_ms)
            if told.snapshot == before:
                return ""
            at = from_ms(pass_ms)
            done = await self._tell(session, resource, holded_id, before, told, data=None, when=at)
            if done is not None:
                return done
        raise Unavailable("snapshot_contended", detail=f"a snapshot of a {resource.name} kept moving")

    async def _tell(
        self,
        session: Session,
        resource: Resource,
        holded_id: str,
        before: Snapshot | None,
        told: Told,
        *,
        data: Model | None,
        when: datetime,
    ) -> str | None:
        """None: somebody was first."""
        if told.snapshot is before:
            return ""
        if not told.verbs:
            return "" if await self._write(session, resource, holded_id, before, told.snapshot) else None
        said = data if data is not None else _last_known(resource, holded_id, before, when)
        if said is None:  # of a kind that nobody can describe by its id alone
            return "" if await self._write(session, resource, holded_id, before, told.snapshot) else None
        for verb in told.verbs:
            await self._paid.told(session, before, verb, said, seen_ms=at_ms(when))
        events = [
            Event(
                id="reread",
                account=session.account.account,
                source="holded",
                type=f"{resource.model}.{verb}",
                subject=holded_id,
                time=when,
                version=told.snapshot.number,
                monotone=False,
                data=said,
                raw_ref="",
            )
            for verb in told.verbs
        ]
        delivery = reread.delivery_of(events, kind=resource.name, received_at=session.clock.now())
        written = await self._snapshots.record(
            session.account.account,
            resource.name,
            holded_id,
            told.snapshot,
            expected=before.number if before is not None else None,
            delivery=delivery,
        )
        return delivery.inbox_id if written else None

    async def _write(
        self, session: Session, resource: Resource, holded_id: str, before: Snapshot | None, after: Snapshot
    ) -> bool:
        expected = before.number if before is not None else None
        account = session.account.account
        return await self._snapshots.record(account, resource.name, holded_id, after, expected=expected)


def _shown(resource: Resource, observed: Observed, sent_ms: int) -> Shown:
    return Shown(
        fingerprint=unified.fingerprint(observed.matters),
        sent_ms=sent_ms,
        earlier=unified.earlier(observed.matters if observed.before is None else observed.before),
        updated_ms=_updated_ms(observed),
        approved=observed.approved,
        payment=observed.payment,
        total=getattr(observed.data, "total", None),
        data=kept_of(wire.dump_data(f"{resource.model}.updated", observed.data), type(observed.data)),
    )


def _is_stale(before: Snapshot | None, observed: Observed, sent_ms: int, *, listed: bool) -> bool:
    updated_ms = _updated_ms(observed)
    if not listed:
        return judging.is_stale(before, sent_ms, updated_ms=updated_ms)
    return judging.is_stale(
        before, sent_ms, updated_ms=updated_ms, page=True, approved=observed.approved, listed=observed.payment
    )


def _again_ms(when: datetime | None, sent_ms: int) -> int:
    """When a webhook's look at what may be our own doing comes again: as a person may have to judge it, ever more rarely."""
    waited_ms = sent_ms - at_ms(when) if when is not None else 0
    return sent_ms + min(max(waited_ms, _AWAITED_MS), _LONGEST_AWAITED_MS)


def _updated_ms(observed: Observed) -> int:
    return at_ms(observed.updated_at) if observed.updated_at is not None else 0


def _last_known(resource: Resource, holded_id: str, before: Snapshot | None, when: datetime) -> Model | None:
    """What a deletion can still say: the last state that was seen, or no more than the id."""
    known: Mapping[str, object] = before.data if before is not None else {}
    if known:
        model: Model = wire.parse_data(f"{resource.model}.deleted", dict(known))
        return model
    return unified.gone(resource.name, holded_id, seen_at=when) if resource.name in unified.NAMES else None
