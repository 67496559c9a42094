"""The watchdog of silence: learn what each source usually sends, judge its silence, look at its webhook, bring what was missed.

A run judges every account, which costs two reads a source; only a source that is silent, or whose webhook was not looked at for
some hours, costs calls to its provider. What a run has no time for is the next one's: judgements are kept, and a backfill has its
cursor. While a source stays silent each run reads its lists again, so a webhook that cannot be mended is replaced by a poll.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from relay.domain import silence
from relay.errors import NotAllowed, RelayError
from relay.providers.registry import PROVIDERS
from relay.providers.registry import get as get_provider
from relay.services.backfill import OVERLAP
from relay.services.times import at_ms, from_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from relay.ports.accounts import Accounts
    from relay.ports.providers import Arrivals, Notes, ProviderCredential, Providers
    from relay.ports.world import Clock
    from relay.services.backfill import Backfill
    from relay.services.subscriptions import Subscriptions

WATCH = "watch"
AT_ONCE = 20
HEALED_AT_ONCE = 5
LOOK_EVERY_MS = 6 * 3_600_000
"""However much a shop sells: a webhook that is gone is found within so long. Shopify removes one after four hours of failures."""
_LEARNED_FROM_MS = 8 * silence.HOURS * silence.HOUR_MS
_LONGEST_BACK = timedelta(days=30)
"""Stripe keeps its events as long; a shop's lists go further back, by hand (`relay import`)."""
_KEPT = ("looked_ms", "from_ms", "failed_ms", "denied_ms", "signed_ms")
_DENIED_MS = 7 * 24 * 3_600_000
"""A topic that the credential had no scope for is asked for again after so long."""
_SIGNED_MS = 24 * 3_600_000
"""A silent source whose webhooks look as they should is given our secret so often: each time is told in the change log."""
_FORGOTTEN_MS = 28 * 24 * 3_600_000
"""A source that was given up is not silent for ever: after so long its habits are learned anew, should it come back."""
_ENDED = frozenset({"removed", "erased"})
"""Why an account is paused that nobody serves any more (`relay account remove`, `erase`)."""
WATCHED = frozenset({*PROVIDERS, "standard"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One source of one account after a run. `became` is `silent`, `heard` or `forgotten` in the run in which it did, else
    empty.
    """

    account: str
    source: str
    state: str
    became: str = ""
    silent_ms: int = 0
    expected: float = 0.0
    mended: tuple[str, ...] = ()
    refused: str = ""
    lasting: bool = False  # refused for good, or for an hour
    brought: int = 0


@dataclass(slots=True, kw_only=True)
class Round:
    """What a run saw. `late`: accounts or sources that its time did not reach."""

    watched: list[Watched] = field(default_factory=list)
    late: int = 0

    @property
    def silent(self) -> int:
        return sum(one.state == "silent" for one in self.watched)

    @property
    def unmended(self) -> int:
        return sum(one.lasting for one in self.watched)


@dataclass(slots=True, kw_only=True)
class _Note:
    """What is kept of a source. `looked_ms`: when its webhook was last seen to; `from_ms`: where the next backfill begins, 0
    for none. `failed_ms`: since when its provider cannot be asked. `denied`: topics without a scope, found at `denied_ms`.
    `signed_ms`: when its webhooks were last given our secret.
    """

    habits: silence.Habits
    looked_ms: int = 0
    from_ms: int = 0
    failed_ms: int = 0
    denied_ms: int = 0
    signed_ms: int = 0
    denied: tuple[str, ...] = ()


class Watchdog:
    def __init__(
        self,
        *,
        accounts: Accounts,
        providers: Providers,
        arrivals: Arrivals,
        notes: Notes,
        subscriptions: Subscriptions,
        backfill: Backfill,
        clock: Clock,
        api_url: str,
    ) -> None:
        self._accounts = accounts
        self._providers = providers
        self._arrivals = arrivals
        self._notes = notes
        self._subscriptions = subscriptions
        self._backfill = backfill
        self._clock = clock
        self._api_url = api_url.rstrip("/")

    async def __call__(self, *, deadline_ms: int) -> Round:
        """Judge all, then heal. What one account breaks, or one provider refuses, holds up no other."""
        done = Round()
        names = [one.account async for one in self._accounts.all() if one.status_reason not in _ENDED]
        # Where time is too short for all, it is not the same ones who are left out every time.
        turn = at_ms(self._clock.now()) // (15 * 60_000) * AT_ONCE % max(1, len(names))
        names = names[turn:] + names[:turn]
        ill: list[tuple[str, ProviderCredential, _Note, Watched]] = []
        for start in range(0, len(names), AT_ONCE):
            if at_ms(self._clock.now()) >= deadline_ms:
                done.late += len(names) - start
                break
            some = names[start : start + AT_ONCE]
            for found in await asyncio.gather(*(self._judged(name) for name in some), return_exceptions=True):
                if isinstance(found, BaseException):
                    if not isinstance(found, RelayError):
                        raise found
                    done.late += 1
                    continue
                healthy, sick = found
                done.watched += healthy
                ill += sick
        ill.sort(key=lambda each: each[2].looked_ms)
        for start in range(0, len(ill), HEALED_AT_ONCE):
            some_ill = ill[start : start + HEALED_AT_ONCE]
            done.watched += await asyncio.gather(*(self._healed(*each, deadline_ms=deadline_ms) for each in some_ill))
        return done

    async def _judged(self, account: str) -> tuple[list[Watched], list[tuple[str, ProviderCredential, _Note, Watched]]]:
        """The account's sources that need nothing, and those that need a look at their provider."""
        now_ms = at_ms(self._clock.now())
        known = {one.source: one for one in await self._providers.known(account)}
        arrived = await self._arrivals.since(account, from_ms=now_ms - _LEARNED_FROM_MS)
        healthy, sick = [], []
        for source in sorted((arrived.keys() | known.keys()) & WATCHED):
            counts = arrived[source].hours if source in arrived else {}
            last_ms = arrived[source].last_ms if source in arrived else 0
            note = await self._note(account, source)
            watched = await self._judge(account, source, note, counts, last_ms=last_ms, now_ms=now_ms)
            due = watched.state == "silent" or note.from_ms or now_ms - note.looked_ms >= LOOK_EVERY_MS
            if source in known and due:
                sick.append((account, known[source], note, watched))
            else:
                healthy.append(watched)
        return healthy, sick

    async def _judge(
        self, account: str, source: str, note: _Note, counts: Mapping[int, int], *, last_ms: int, now_ms: int
    ) -> Watched:
        before = note.habits
        if before.silent_ms and now_ms - before.silent_ms > _FORGOTTEN_MS:
            note.habits, note.from_ms = silence.Habits(until_ms=now_ms - now_ms % silence.HOUR_MS), 0
            await self._keep(account, source, note)
            return Watched(account=account, source=source, state="learning", became="forgotten")
        if before.silent_ms and silence.heard_again(before, counts, last_ms=last_ms):
            note.habits = silence.spoken(before)
        note.habits = silence.learned(note.habits, counts, now_ms=now_ms)
        verdict = silence.judge(note.habits, last_ms=last_ms, now_ms=now_ms)
        became = "heard" if before.silent_ms and not note.habits.silent_ms else ""
        if verdict.state == "silent" and not note.habits.silent_ms:
            became = "silent"
            note.habits = silence.fallen_silent(note.habits, last_ms=last_ms)
            note.from_ms = note.from_ms or last_ms
        if note.habits != before:
            await self._keep(account, source, note)
        return Watched(
            account=account,
            source=source,
            state=verdict.state,
            became=became,
            silent_ms=note.habits.silent_ms,
            expected=verdict.expected,
        )

    async def _healed(
        self, account: str, credential: ProviderCredential, note: _Note, watched: Watched, *, deadline_ms: int
    ) -> Watched:
        """Look at the webhook, then bring what was missed. Whatever is refused stays for the next run."""
        now = self._clock.now()
        if at_ms(now) >= deadline_ms:
            return replace(watched, refused="out_of_time")
        try:
            opened = await self._providers.get(account, credential.source)
            if opened is None:
                return watched
            url = f"{self._api_url}/v1/{account}/{credential.source}"
            if at_ms(now) - note.denied_ms > _DENIED_MS:
                note.denied = ()
            known_ms = note.from_ms

            async def missed() -> None:
                note.from_ms = note.from_ms or note.looked_ms
                await self._keep(account, credential.source, note)

            found = await self._subscriptions(account, opened, url=url, without=note.denied, before=missed)
            note.from_ms = known_ms
            if found.denied:
                note.denied, note.denied_ms = (*note.denied, *found.denied), at_ms(now)
            watched = replace(watched, mended=found.done, refused=found.refused, lasting=bool(found.refused))
            if found.healthy and watched.state == "silent" and at_ms(now) - note.signed_ms >= _SIGNED_MS:
                done = await self._subscriptions.signed_anew(account, opened, url=url)
                note.signed_ms = at_ms(now)
                watched = replace(watched, mended=tuple(done))
            if not found.healthy and not note.from_ms:
                # Since the last look it may have been gone; a source that was never looked at begins now.
                note.from_ms = note.looked_ms or (at_ms(now) if found.refused else 0)
            if note.from_ms:
                watched = await self._brought(account, opened, note, watched, deadline_ms=deadline_ms)
            elif note.looked_ms and get_provider(opened.source).KNOWS_UNDELIVERED:
                watched = await self._undelivered(account, opened, note, watched, deadline_ms=deadline_ms)
        except RelayError as error:
            note.failed_ms = note.failed_ms or at_ms(now)
            await self._keep(account, credential.source, note)
            lasting = isinstance(error, NotAllowed) or at_ms(now) - note.failed_ms >= silence.HOUR_MS
            return replace(watched, refused=error.reason, lasting=lasting)
        note.looked_ms, note.failed_ms = at_ms(now), 0
        await self._keep(account, credential.source, note)
        return watched

    async def _brought(
        self, account: str, credential: ProviderCredential, note: _Note, watched: Watched, *, deadline_ms: int
    ) -> Watched:
        """Exactly the silent window, and what comes while it is read."""
        began = self._clock.now()
        since = max(from_ms(note.from_ms) - OVERLAP, began - _LONGEST_BACK)
        progress = await self._backfill(account, credential, since=since, until=None, deadline_ms=deadline_ms)
        if progress.done:
            # Still silent, without a webhook, or not read up to now: the next run begins where this one ended. So it does after a
            # mending: a list may not show yet what was sold a moment before it, and no webhook tells of that. Else it is over.
            more = watched.state == "silent" or watched.refused or watched.mended or progress.read_to_ms < at_ms(began)
            note.from_ms = progress.read_to_ms if more else 0
        return replace(watched, brought=progress.stored, refused=watched.refused or progress.reason)

    async def _undelivered(
        self, account: str, credential: ProviderCredential, note: _Note, watched: Watched, *, deadline_ms: int
    ) -> Watched:
        """Its webhook stood all the time: only what the provider itself says it could not deliver."""
        since, until = from_ms(note.looked_ms) - OVERLAP, self._clock.now()
        progress = await self._backfill(
            account, credential, since=since, until=until, undelivered=True, deadline_ms=deadline_ms
        )
        return replace(watched, brought=progress.stored, refused=progress.reason)

    async def _note(self, account: str, source: str) -> _Note:
        held = await self._notes.get(account, WATCH, source) or {}
        counts = {name: held.get(name, 0) for name in _KEPT}
        return _Note(habits=silence.from_fields(held), denied=tuple(held.get("denied", ())), **counts)

    async def _keep(self, account: str, source: str, note: _Note) -> None:
        fields: dict[str, Any] = silence.to_fields(note.habits)
        fields |= {name: getattr(note, name) for name in _KEPT} | {"denied": list(note.denied)}
        await self._notes.put(account, WATCH, source, fields, at_ms=at_ms(self._clock.now()))
