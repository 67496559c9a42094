"""Read a provider's lists for a window and put every object into the inbox as the delivery its webhook would have been.

The cursor moves only after the page before it is stored, so whoever dies is met by what stands in the inbox already. A window
that ends now is read once more from its end on, until a reading brings nothing new: what changed while we paged has left the
window and would be seen by nobody, where the webhook is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from relay.domain.sources import identity, imported
from relay.errors import NotAllowed, NotFound, Rejected, RetryAt
from relay.providers import registry
from relay.providers.protocol import Window
from relay.services.backfill_run import Run
from relay.services.times import at_ms, from_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from relay.domain.sources.base import Delivery
    from relay.ports.inbox import Inbox
    from relay.ports.providers import Notes, ProviderApi, ProviderCredential
    from relay.ports.world import Clock
    from relay.providers.protocol import Page, Reply

OVERLAP = timedelta(minutes=5)
"""A provider's list may lag behind its clock, and its clock be off ours."""
CURSOR = "import"
CALL_MS = 25_000
MOST_ROUNDS = 4
_MOST_WAIT_S = 90.0
_MOST_WAITS = 6
_MOST_RESTARTS = 3
_MOST_IDLE = 50
_NAMED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an import is. `stored` came in (of a dry run: would), `known` was in the inbox already: deliveries, each counted once
    however often its list shows it. `rows` of about `total` (None: the provider does not say) are read of the list `part`,
    `again` where it is looked at once more; a process that goes on counts the rows of its own share.

    `done` False: it goes on from its cursor; `reason` and `detail` say why it stopped, `retry_at` when it may go on. `refused`
    names lists that the credential may not read. `named` are the first inbox ids that came in. `read_to_ms`: up to then its lists
    were read once it is done, which is before its beginning where too much came while it was read.
    """

    stored: int = 0
    known: int = 0
    pages: int = 0
    part: str = ""
    rows: int = 0
    total: int | None = None
    again: bool = False
    done: bool = False
    reason: str = ""
    detail: str = ""
    retry_at: datetime | None = None
    refused: tuple[str, ...] = ()
    named: tuple[str, ...] = field(default=())
    read_to_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _At:
    """The cursor: which list of which window, and where in it. `fresh` counts what the present round brought; what this import
    brought itself, in a process before this one, was received since `began_ms`.
    """

    since_ms: int
    until_ms: int
    began_ms: int
    part: int = 0
    mark: str = ""
    round: int = 1
    fresh: int = 0
    stored: int = 0
    known: int = 0
    refused: tuple[str, ...] = ()


class Backfill:
    def __init__(self, *, inbox: Inbox, notes: Notes, api: ProviderApi, clock: Clock) -> None:
        self._inbox = inbox
        self._notes = notes
        self._api = api
        self._clock = clock

    async def __call__(
        self,
        account: str,
        credential: ProviderCredential,
        *,
        since: datetime,
        until: datetime | None,
        dry_run: bool = False,
        undelivered: bool = False,
        deadline_ms: int | None = None,
        tell: Callable[[Progress], None] = lambda _: None,
        parts: Sequence[str] = (),
        take: Callable[[Delivery, datetime | None], None] = lambda *_: None,
    ) -> Progress:
        """Read the window; `until` None is now, and what comes while it is read. Given again it goes on where it stopped.

        `undelivered`: only what the provider says its webhook did not deliver, where it can say so. `deadline_ms` is when to
        stop; without it refused calls are waited for. `parts`: these lists alone. `take` is given each delivery that is new,
        and when its object was last changed. Raises `NotAllowed` where no list may be read.
        """
        name = f"{credential.source}:{at_ms(since)}:{'now' if until is None else at_ms(until)}"
        run = Run(
            account=account,
            credential=credential,
            name=f"{name}:undelivered" if undelivered else name,
            dry_run=dry_run,
            undelivered=undelivered,
            deadline_ms=deadline_ms,
            tell=tell,
            take=take,
        )
        now = self._clock.now()
        at = await self._resumed(run) or _At(since_ms=at_ms(since), until_ms=at_ms(until or now), began_ms=at_ms(now))
        parts = parts or registry.get(credential.source).PARTS
        while True:
            while at.part < len(parts):
                try:
                    at = await self._page(run, at, parts[at.part])
                except RetryAt as late:
                    return self._told(run, at, reason=late.reason, detail=late.detail, retry_at=late.retry_at)
            # One that goes on where another process stopped has its end at that process's beginning.
            later = at.fresh or at.until_ms < at_ms(now)
            if until is not None or not later or at.round >= MOST_ROUNDS or dry_run:
                break
            at = self._round_after(at)
        await self._save(run, at, done=True)
        if len(at.refused) >= len(parts):
            raise NotAllowed("credential_refused", detail="none of the provider's lists may be read with it")
        return self._told(run, at, done=True)

    def _round_after(self, at: _At) -> _At:
        since = from_ms(at.until_ms) - OVERLAP
        until_ms = at_ms(self._clock.now())
        return replace(at, since_ms=at_ms(since), until_ms=until_ms, part=0, mark="", round=at.round + 1, fresh=0)

    async def _page(self, run: Run, at: _At, part: str) -> _At:
        """One page: asked for, stored, and only then passed."""
        provider = registry.get(run.credential.source)
        window = Window(since=from_ms(at.since_ms), until=from_ms(at.until_ms))
        request = provider.page(part, window, run.mark or at.mark, undelivered=run.undelivered)
        await self._wait(run, run.pause_s)
        run.pause_s = 0.0
        try:
            reply = await self._asked(run, request)
        except (NotAllowed, NotFound):
            # A list the credential has no scope for must not keep the others from being read.
            run.mark = ""
            at = replace(at, part=at.part + 1, mark="", refused=tuple(dict.fromkeys([*at.refused, part])))
            await self._save(run, at)
            return at
        except Rejected:
            # A place in the list that the provider does not know any more: an older one, else the beginning.
            if not (run.mark or at.mark) or run.restarts >= _MOST_RESTARTS:
                raise
            run.restarts += 1
            at = at if run.mark else replace(at, mark="")
            run.mark = ""
            return at
        page: Page = reply.value
        if page.mark and page.mark == (run.mark or at.mark):
            raise Rejected("list_stands_still", detail=f"{request!r} names itself as its next page")
        at = await self._stored(run, at, part, page)
        if page.mark and run.idle > _MOST_IDLE:
            raise Rejected("list_stands_still", detail=f"{request!r}: {run.idle} pages in a row showed nothing new")
        run.mark = page.mark
        at = replace(at, mark=page.resume) if page.mark else replace(at, part=at.part + 1, mark="")
        await self._save(run, at)
        run.pages += 1
        run.tell(self._told(run, at, part=part, rows=run.rows, total=run.total(page), again=at.round > 1))
        run.pause_s = reply.pause_s
        return at

    async def _stored(self, run: Run, at: _At, part: str, page: Page) -> _At:
        """The page's rows, in the inbox and counted."""
        counts = dict.fromkeys(("new", "known", "counted"), 0)
        provider = registry.get(run.credential.source)
        run.turns_to((at.round, at.part, run.restarts))
        before = run.rows
        for value in page.items:
            keys = []
            for topic, body in provider.facts(part, value):
                delivery = imported.delivery_of(
                    account=run.account,
                    source=run.credential.source,
                    topic=topic,
                    value=body,
                    received_at=self._clock.now(),
                )
                digest = identity.body_digest(delivery.body)
                keys.append(f"{delivery.inbox_id}-{digest[:12]}")
                if keys[-1] not in run.taken:
                    found = await self._take(run, at, delivery, digest=digest)
                    if found == "new":
                        run.take(delivery, provider.changed(value))
                    counts[found] += 1
                    run.taken |= {keys[-1]}
            run.shows(keys)
        run.idle = run.idle + 1 if page.items and run.rows == before else 0
        return replace(
            at, stored=at.stored + counts["new"], known=at.known + counts["known"], fresh=at.fresh + counts["new"]
        )

    async def _asked(self, run: Run, request: Any) -> Reply[Page]:
        """A refused call is waited for while there is time, a few times in a row."""
        for left in range(_MOST_WAITS, -1, -1):
            self._in_time(run, CALL_MS / 1000)
            try:
                reply: Reply[Page] = await self._api.call(request, run.credential, timeout_ms=CALL_MS)
            except RetryAt as late:
                pause_s = (late.retry_at - self._clock.now()).total_seconds()
                if not left or pause_s > _MOST_WAIT_S:
                    raise
                await self._wait(run, max(0.0, pause_s))
            else:
                break
        return reply

    async def _wait(self, run: Run, seconds: float) -> None:
        if seconds:
            self._in_time(run, seconds)
            await self._clock.sleep(seconds)

    def _in_time(self, run: Run, seconds: float) -> None:
        now = self._clock.now()
        if run.deadline_ms is not None and at_ms(now) + seconds * 1000 > run.deadline_ms:
            raise RetryAt("out_of_time", retry_at=now)

    async def _take(self, run: Run, at: _At, delivery: Delivery, *, digest: str) -> Literal["new", "known", "counted"]:
        """The same version by webhook has the same id, and other bytes: what they tell is compared.

        `counted`: this import brought it itself, before it was stopped.
        """
        there = await self._inbox.get(delivery.account, delivery.inbox_id)
        if there is not None and imported.tells_the_same(there.delivery, delivery):
            ours = run.resumed and imported.is_imported(there.delivery)
            return "counted" if ours and at_ms(there.delivery.received_at) >= at.began_ms else "known"
        if run.dry_run:
            aside = (
                None if there is None else await self._inbox.get(delivery.account, f"{delivery.inbox_id}-{digest[:12]}")
            )
            fresh = aside is None
        else:
            fresh = await self._inbox.put(delivery, digest=digest) != "duplicate"
        if fresh and len(run.named) < _NAMED:
            run.named.append(delivery.inbox_id)
        return "new" if fresh else "known"

    async def _resumed(self, run: Run) -> _At | None:
        """The cursor of the same import, unless that has ended."""
        if run.dry_run:
            return None
        held = await self._notes.get(run.account, CURSOR, run.name)
        if held is None or held.get("done"):
            return None
        run.resumed = True
        names = ("since_ms", "until_ms", "part", "mark", "round", "fresh", "stored", "known")
        began_ms = held.get("began_ms", at_ms(self._clock.now()))
        return _At(**{name: held[name] for name in names}, began_ms=began_ms, refused=tuple(held["refused"]))

    async def _save(self, run: Run, at: _At, *, done: bool = False) -> None:
        if run.dry_run:
            return
        fields = {name: getattr(at, name) for name in _At.__slots__} | {"refused": list(at.refused), "done": done}
        now_ms = at_ms(self._clock.now())
        await self._notes.put(run.account, CURSOR, run.name, fields, at_ms=now_ms)

    def _told(self, run: Run, at: _At, **values: Any) -> Progress:
        return Progress(
            stored=at.stored,
            known=at.known,
            pages=run.pages,
            refused=at.refused,
            named=tuple(run.named),
            read_to_ms=at.until_ms,
            **values,
        )
