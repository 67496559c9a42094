"""What the watchdog knows of a source: since when nothing was heard of it and nothing brought either, and how that is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from relay.domain import silence
from relay.errors import Unavailable
from relay.services.times import at_ms, from_ms
from relay.services.watchdog import WATCH, WATCHED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from relay.ports.providers import Notes, Providers

_BRINGING = timedelta(hours=1)
"""While the watchdog can ask a silent source it brings what is missing every 15 minutes; what is older it could not bring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """`api`: the source can be asked, so that an import may bring it."""

    source: str
    since: datetime
    api: bool


async def silences(notes: Notes, providers: Providers, account: str, *, now: datetime) -> Sequence[Silence]:
    """Sources of the account from which something may be missing up to now; a read a source."""
    asked = {one.source for one in await providers.known(account)}
    found = []
    for source in sorted(WATCHED):
        note = await notes.get(account, WATCH, source) or {}
        habits = silence.from_fields(note)
        since_ms = note.get("from_ms", 0) if source in asked else habits.silent_ms
        if habits.silent_ms and since_ms and since_ms < at_ms(now - _BRINGING):
            found.append(Silence(source=source, since=from_ms(since_ms), api=source in asked))
    return found


async def was_looked_at(notes: Notes, account: str, source: str) -> bool:
    """Whether it was asked by the credential it has, or by one it had: a run that was under way may write after its removal."""
    return bool((await notes.get(account, WATCH, source) or {}).get("looked_ms"))


async def forgotten(notes: Notes, account: str, source: str, *, now: datetime) -> None:
    """What is known of a source goes: whatever comes in its place begins now, and nothing of the time before is brought.

    Raises `Unavailable` where the watchdog wrote of it at a later time than `now`.
    """
    if await notes.get(account, WATCH, source) is None:
        return
    now_ms = at_ms(now)
    # Its deliveries are still counted: none of them is to be taken for a habit of its successor.
    nothing = silence.Habits(until_ms=now_ms - now_ms % silence.HOUR_MS)
    if not await notes.put(account, WATCH, source, silence.to_fields(nothing), at_ms=now_ms):
        detail = f"the watchdog wrote of {source} after this machine's present time; check its clock and try again"
        raise Unavailable("note_is_newer", detail=detail)
