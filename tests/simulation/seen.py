"""What was seen in Holded, held against what is there: every difference between seen states told once, every last state seen.

Asked of the sandbox's own objects, of every snapshot that was ever stored (`SimSnapshots.history`) and of the inbox; no
counter of the relay is believed but to compare it with the calls that reached Holded.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from relay.domain.polling import Course, Polling
from relay.domain.settings import parse_settings
from relay.holded import polled_requests, protocol, unified
from relay.services.poll_plan import plan_of
from relay.services.times import at_ms
from tests.polled import BY_NAME
from tests.sandboxed import request_of
from tests.simulation.faults import DEATHS
from tests.simulation.holdings import is_of_a_write_in_review
from tests.simulation.operators import poll_now
from tests.simulation.plan import FOLLOWED
from tests.simulation.stores import KEPT_S
from tests.simulation.world import START

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from relay.holded.polled import Observed
    from tests.simulation.stores import Look
    from tests.simulation.world import Universe

_ONCE = frozenset({"created", "approved", "deleted"})
_TABLES = {"contact": "contacts", "product": "products", "payment": "payments"}
_LAST_LOOKS = 4
_A_LOOK_S = 400.0


def begin_polling(universe: Universe, account: str, *, random: Random) -> None:
    """The first looks are due within minutes, or seconds, instead of hours: trouble is short here."""
    soon_s = random.choice([5.0, 200.0, 900.0])
    courses = {}
    for name in FOLLOWED:
        due_ms = at_ms(START) + round(1000 * random.uniform(0, soon_s))
        courses[name] = Course(due_ms=due_ms, full_due_ms=due_ms)
    universe.polls.states[account] = Polling(account=account, rev=1, courses=courses)


async def all_is_seen(universe: Universe) -> list[str]:
    """A last look at everything, as an operator asks for it; then what was seen and told must be what there was."""
    troubles: list[str] = []
    for company in universe.plan.companies:
        if company.polling is None:
            continue
        account, unseen = company.account, [""]
        for _ in range(_LAST_LOOKS):
            await poll_now(universe, account, 1)
            still = await _polled(universe, account)
            unseen = still or list(last_states(universe, account))
            if not unseen:
                break
        if not _used_up(universe, account):
            troubles += unseen
    return troubles + what_was_told(universe)


def what_was_told(universe: Universe) -> list[str]:
    """Invariants that hold at any time."""
    found = [text for key, looks in universe.snapshots.history.items() for text in _told(universe, key, looks)]
    return [*found, *_told_once(universe), *_share_is_kept(universe)]


async def _polled(universe: Universe, account: str) -> list[str]:
    """Wait until nothing that was due is left."""
    since_ms = at_ms(universe.now())
    for _ in range(200):
        await asyncio.sleep(_A_LOOK_S)
        left = [
            f"{name}: {course.trouble or course.next_ms}"
            for name, course in universe.polls.states[account].courses.items()
            if name in FOLLOWED and (course.running is not None or course.full_ms < since_ms - 20_000)
        ]
        if not left or _used_up(universe, account):
            return []
    return [f"10: {account} does not come to its end: {left}"]


def _used_up(universe: Universe, account: str) -> bool:
    there = universe.accounts.accounts[account]
    return (
        universe.polls.states[account].calls
        >= plan_of(parse_settings(there.settings).polling, there.per_month).allowance
    )


def last_states(universe: Universe, account: str) -> Iterator[str]:
    """10: what is there was seen as it is, or is gone and told so."""
    company = universe.companies[account]
    stored = {key[1:]: one for key, one in universe.snapshots.seen.items() if key[0] == account}
    for name in FOLLOWED:
        objects = company.tables[_TABLES.get(name, "documents")]
        there = {each for each, value in objects.items() if _TABLES.get(name) or value["_kind"] == name}
        for holded_id in sorted(there):
            seen, shown = stored.get((name, holded_id)), _as_it_is(universe, account, name, holded_id)
            known = seen is not None and seen.number and not seen.gone
            if known and seen.fingerprint == unified.fingerprint(shown.matters):
                continue
            if not is_of_a_write_in_review(universe, account, holded_id):
                yield f"10: {account} {name} {holded_id} is there as {shown.matters} and was seen as {seen}"
        for (kind, holded_id), one in stored.items():
            if kind == name and not one.gone and holded_id not in there:
                yield f"10: {account} {name} {holded_id} is gone, which nobody was told"


def _as_it_is(universe: Universe, account: str, name: str, holded_id: str) -> Observed:
    """The object as Holded shows it, out of every quota."""
    company, now = universe.companies[account], universe.epoch()
    request = polled_requests.one(BY_NAME[name], holded_id)
    response = universe.sandbox.handle(request_of(request, next(iter(company.tokens))), now).response
    company.quota.spend(now, -1)
    assert response is not None
    return protocol.decipher(request, response.status, response.headers, response.body, universe.now()).value


def _told(universe: Universe, key: tuple[str, str, str], looks: list[Look]) -> Iterator[str]:
    """10: each difference between two seen states is told once, unless it is our own doing, and nothing else is told."""
    account, name, holded_id = key
    written_ms, made_by_us = _ours(universe, account, name, holded_id)
    by_hand = (account, holded_id) in universe.touched or (account, holded_id) in universe.by_hand
    payment_by_hand = name == "payment" and not made_by_us
    for before, after in pairwise([None, *looks]):
        was, now = before and before.snapshot, after.snapshot
        if now.number == (was.number if was else 0):
            # Looked at again and as before, or left alone for now.
            if after.verbs or (was and (was.fingerprint, was.gone) != (now.fingerprint, now.gone)):
                yield f"10: {key} changed under its number {now.number}: {after.verbs}"
            continue
        if was is not None and (now.number != was.number + 1 or now.seen_ms < was.seen_ms):
            yield f"10: {key} went from {was.number} at {was.seen_ms} to {now.number} at {now.seen_ms}"
        if was is not None and was.number and (was.fingerprint, was.gone) == (now.fingerprint, now.gone):
            yield f"10: {key} is told of {after.verbs} and is as it was"
        known = was is not None and was.number > 0
        ours = made_by_us or _bears_our_tag(universe, account, name, holded_id)
        silent_first = not known and (ours or _in_first_pass(universe, account, name, after))
        if not after.verbs and not silent_first and not (known and written_ms >= was.seen_ms):  # type: ignore[union-attr]
            yield f"10: {key} was {was} and is {now}, which nobody was told"
        if len(set(after.verbs)) != len(after.verbs):
            yield f"10: {key} is told of {after.verbs} at once"
        # A contact or a product bears no reference of ours: while the record of a write is missing it is told as a stranger's.
        nameless = name in {"contact", "product"} and "deleted" not in after.verbs and now.seen_ms < written_ms
        if after.verbs and made_by_us and not by_hand and not payment_by_hand and not nameless:
            yield f"10: {key} is our own doing and was told: {after.verbs} at {after.at_s}, written {written_ms}"
    verbs = Counter(verb for look in looks for verb in look.verbs)
    if any(verbs[once] > 1 for once in _ONCE):
        yield f"10: {key} was told {dict(verbs)}"
    if verbs["deleted"] and holded_id in universe.companies[account].tables[_TABLES.get(name, "documents")]:
        yield f"10: {key} was told to be deleted and is there"


def _in_first_pass(universe: Universe, account: str, name: str, look: Look) -> bool:
    course = universe.polls.states[account].courses.get(name) if account in universe.polls.states else None
    first = universe.polls.first_full_s.get((account, name))
    return course is not None and (first is None or look.at_s <= first)


def _ours(universe: Universe, account: str, name: str, holded_id: str) -> tuple[int, bool]:
    """(when our ledger last wrote it, whether it is of our making)."""
    rows = [row for row in universe.ledger.rows.values() if row.key.account == account and row.holded_id]
    written = max((row.written_ms for row in rows if row.holded_id == holded_id), default=0)
    if written or any(row.holded_id == holded_id for row in rows):
        return written, True
    payment: Any = universe.companies[account].tables["payments"].get(holded_id) if name == "payment" else None
    if payment is not None:
        for row in rows:
            if row.holded_id == payment["document_id"] and row.marker and row.marker in (payment["description"] or ""):
                return row.written_ms, True
    return 0, False


def _bears_our_tag(universe: Universe, account: str, name: str, holded_id: str) -> bool:
    """It was the relay's, and a person named another for its fact: learned in silence before that, and told after it."""
    company = universe.companies[account]
    marks = {row.marker for row in universe.ledger.rows.values() if row.key.account == account and row.marker}
    if name == "payment":
        payment = company.tables["payments"].get(holded_id)
        return payment is not None and any(mark in (payment["description"] or "") for mark in marks)
    document = company.tables["documents"].get(holded_id)
    return (
        document is not None and (account, holded_id) not in universe.by_hand and not marks.isdisjoint(document["tags"])
    )


def _told_once(universe: Universe) -> Iterator[str]:
    """10: what was told is a delivery of its own, stored with the snapshot."""
    seen: set[tuple[str, str]] = set()
    for (account, name, holded_id), looks in universe.snapshots.history.items():
        for look in looks:
            if not look.inbox_id:
                continue
            if (account, look.inbox_id) in seen:
                yield f"10: {account} {name} {holded_id} {look.snapshot.number} is told by the delivery of another"
            seen.add((account, look.inbox_id))
            late = universe.seconds() > look.at_s + KEPT_S
            if (account, look.inbox_id) not in universe.inbox.items and not late:
                yield f"10: {account} {name} {holded_id} {look.verbs} was told and is not stored"
    for (account, inbox_id), item in universe.inbox.items.items():
        if item.delivery.topic.startswith("reread.") and (account, inbox_id) not in seen:
            yield f"10: {account} {inbox_id} tells what no snapshot does"


def _share_is_kept(universe: Universe) -> Iterator[str]:
    """10: polling spends its share of a month at most, and counts what it spends but for calls that killed somebody."""
    for account, polling in universe.polls.states.items():
        there = universe.accounts.accounts[account]
        allowance = plan_of(parse_settings(there.settings).polling, there.per_month).allowance
        if polling.calls > allowance:
            yield f"10: {account} spent {polling.calls} calls on polling, of {allowance}"
        course = polling.courses.get("payment")
        if course is not None and universe.seconds() < 28 * 86_400:
            company = universe.companies[account].id
            listed = sum(
                call.company == company
                and call.path.endswith("/payments")
                and call.method == "GET"
                and "document" not in call.query
                for call in universe.calls
            )
            lost = sum(
                strike.kind in {*DEATHS, "throttle"} or strike.call.startswith("holded:")
                for strike in universe.faults.struck
            )
            if listed > course.calls + lost:
                yield f"10: {account} listed payments {listed} times and counted {course.calls} of them"
