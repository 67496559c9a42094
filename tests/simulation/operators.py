"""What operators do with the relay's own services: each command on a process of its own, which may die at any call.

A command that died, or found a store away, is given again, as a person at a terminal does, and one that named the time
when it can be done is given again then; what is refused is an answer.
What a person decided of a fact is written down in `Universe.decided` before the service is asked: a command that died
may have done it.
"""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from relay.cli.account_change import change_account, status_change
from relay.cli.context import World
from relay.cli.desks import dead_desk, replay_orders
from relay.cli.poll import _poll
from relay.cli.replay import _received
from relay.cli.review_remedies import _retry_many
from relay.errors import RelayError, RetryAt, Unavailable, WaitUntil
from relay.services.dead_desk import Wanted
from relay.services.dead_letters import NO_ACCOUNT
from tests.simulation.holded import HoldedLine
from tests.simulation.lambdas import DiedError
from tests.simulation.world import START

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from relay.domain.ledger import Row
    from tests.simulation.machines import Machine
    from tests.simulation.world import Universe

AGAIN_S = 45.0
TRIES = 400
PORTS = ("accounts", "ledger", "inbox", "gates", "polls", "wakes", "dead_letters", "providers", "notes")
RATES = (0, 0, 3, 30)


def world_of(machine: Machine) -> World:
    """What a command works with, on this machine."""
    ports: dict[str, Any] = {name: machine.port(name) for name in PORTS}
    return World(
        **ports,
        holded=HoldedLine(machine),
        provider_api=None,  # type: ignore[arg-type]  # no command here asks a shop
        clock=machine,
        queues=None,  # type: ignore[arg-type]  # no command here counts messages
        post=None,  # type: ignore[arg-type]  # none sends webhooks
        api_url="",
        who="operator",
    )


async def commanded(universe: Universe, body: Callable[[World], Awaitable[Any]]) -> Any:
    """Give a command until it is done or refused. Returns what it answered, the refusal itself where it was refused."""

    async def given(machine: Machine) -> Any:
        try:
            return await body(world_of(machine))
        except RelayError:
            raise
        except Exception as error:  # whatever breaks a command is a finding, unless its process was killed
            if not machine.dead:
                universe.crashes.append(f"operator: {error!r}")
            raise

    universe.busy += 1
    try:
        for _ in range(TRIES):
            wait_s = AGAIN_S
            try:
                return await universe.lambdas.run("operator", given)
            except DiedError as died:
                error = died.__cause__
                if error is not None and not isinstance(error, (Unavailable, RetryAt)):
                    return error
                if isinstance(error, WaitUntil):  # the month's calls are used up, or kept for documents
                    wait_s = max(wait_s, (error.retry_at - universe.now()).total_seconds())
            await asyncio.sleep(wait_s)
    finally:
        universe.busy -= 1
    universe.crashes.append("operator: a command came to no end")
    return None


# --- the account ----------------------------------------------------------------------------------------------------


async def pause(universe: Universe, account: str, _: int) -> None:
    await _stands(universe, account, "paused", "by_operator")


async def resume(universe: Universe, account: str, _: int) -> None:
    """`relay resume`: where Holded's refusal blocks the account it is no use, and a new token opens it."""
    await _stands(universe, account, "active", "")


async def _stands(universe: Universe, account: str, status: str, reason: str) -> None:
    """One after the other: whoever resumes has seen that the pause was done."""
    changes = status_change(status, reason)
    async with universe.standing[account]:
        await commanded(universe, lambda here: change_account(here, account, dict(changes), {}, credential_files=None))


async def mend_settings(universe: Universe, account: str, number: int) -> None:
    """`relay account set --settings`: what was meant. Then all is brought again, and what they sent to review is retried."""
    (meant,) = [company.meant() for company in universe.plan.companies if company.account == account]
    changes = {"settings": meant}
    await commanded(universe, lambda here: change_account(here, account, dict(changes), {}, credential_files=None))
    await replay_range(universe, account, number)
    await retry_reason(universe, account, "settings_review")
    await _parents_are_written(universe, account)


async def outage(universe: Universe, account: str, number: int) -> None:
    """Holded answers 500 until rows have used up their attempts; when it is back the dead are brought again."""
    universe.down_until[account] = universe.seconds() + 15_000
    await _trouble_passes(universe, account, number, 16_000)


async def bad_release(universe: Universe, account: str, number: int) -> None:
    """Every writer fails until messages have used up their receives; with the next release the dead are brought again."""
    universe.broken_until = universe.seconds() + 4_000
    await _trouble_passes(universe, account, number, 6_000)


async def _trouble_passes(universe: Universe, account: str, number: int, seconds: float) -> None:
    universe.busy += 1
    await asyncio.sleep(seconds)
    universe.busy -= 1
    if number % 3 == 0:
        await discard_dead(universe, account, number)
    await replay_dead(universe, account, number)
    await _parents_are_written(universe, account)


async def _parents_are_written(universe: Universe, account: str) -> None:
    """Children that went to review for want of a parent are retried once the replays are over."""
    universe.busy += 1
    for _ in range(TRIES):
        if not any(
            row.kind == "replay" and row.state == "waiting" and row.key.account == account
            for row in universe.ledger.rows.values()
        ):
            break
        await asyncio.sleep(60)
    await asyncio.sleep(1800)
    universe.busy -= 1
    for reason in ("parent_not_written", "parent_missing"):
        await retry_reason(universe, account, reason)


async def retry_reason(universe: Universe, account: str, reason: str) -> None:
    """`relay review retry --reason`."""
    await commanded(universe, lambda here: _retry_many(here, account, "", reason))


# --- replays --------------------------------------------------------------------------------------------------------


async def replay_one(universe: Universe, account: str, number: int) -> None:
    """One event, or one delivery."""
    held = [inbox_id for owner, inbox_id in universe.inbox.items if owner == account]
    if held:
        inbox_id = held[number % len(held)]
        await _ordered(universe, account, [inbox_id if number % 2 else f"{inbox_id}#0"], 0)


async def replay_range(universe: Universe, account: str, number: int) -> None:
    """Everything received so far, as `relay replay --from --to` orders it."""
    since, until = START - timedelta(hours=1), universe.now() + timedelta(hours=1)  # clocks are off

    async def order(here: World) -> str:
        refs = await _received(here, account, (since, until), (None, None, None))
        if not refs:
            return ""
        return await replay_orders(here).start(account, refs, rate=RATES[number % len(RATES)], now=here.now())

    await commanded(universe, order)


async def _ordered(universe: Universe, account: str, refs: list[str], rate: int) -> None:
    await commanded(universe, lambda here: replay_orders(here).start(account, refs, rate=rate, now=here.now()))


async def cancel_replays(universe: Universe, account: str, _: int) -> None:
    """`relay replays cancel` of all that run. What is cancelled stays so."""

    async def cancel(here: World) -> None:
        orders = replay_orders(here)
        for one in await orders.listed(account, from_ms=0):
            if not one.ended:
                await orders.cancel(account, one.replay_id, now=here.now())
                universe.cancelled.add((account, one.replay_id))

    await commanded(universe, cancel)


# --- polling --------------------------------------------------------------------------------------------------------


async def poll_now(universe: Universe, account: str, number: int) -> None:
    """`relay poll --now`, every other time with `--full`."""
    await commanded(universe, lambda here: _poll(here, account, "", now=True, full=bool(number % 2)))


# --- the dead -------------------------------------------------------------------------------------------------------


async def replay_dead(universe: Universe, account: str, number: int) -> None:
    """`relay dead-letters replay`: all that name an event."""

    async def replay(here: World) -> str:
        desk = dead_desk(here)
        found = await desk.listed(account, Wanted())
        return await desk.replay(account, found, rate=RATES[number % len(RATES)], now=here.now())

    await commanded(universe, replay)


async def discard_dead(universe: Universe, account: str, number: int) -> None:
    """`relay dead-letters discard` of one, and of what names no account at all."""
    name = ""

    async def discard(here: World) -> int:
        nonlocal name
        desk = dead_desk(here)
        found = await desk.listed(account, Wanted())
        name = name or (found[number % len(found)].name if found else "")
        chosen = [one for one in found if one.name == name]
        for one in chosen:
            if not one.in_doubt:
                _decide_event(universe, account, one.row)
        count = await desk.discard(account, chosen, note="of no concern", now=here.now())
        lost = await desk.listed(NO_ACCOUNT, Wanted())
        return count + await desk.discard(NO_ACCOUNT, lost, note="unreadable", now=here.now())

    await commanded(universe, discard)


def _decide_event(universe: Universe, account: str, row: Row) -> None:
    """The fact of a dead row, or of the delivery that a dead message names."""
    if row.key.source != "dead-letters":
        universe.decided.setdefault((account, row.key.source, row.key.object_id), "discard")
        return
    item = universe.inbox.items.get((account, row.event_id.partition("#")[0]))
    if item is not None and item.delivery.source != "holded":
        body = json.loads(item.delivery.body)
        object_id = str(body.get("data", body).get("id"))
        universe.decided.setdefault((account, item.delivery.source, object_id), "discard")


OPERATORS = (
    pause,
    resume,
    mend_settings,
    outage,
    bad_release,
    replay_one,
    replay_range,
    cancel_replays,
    poll_now,
    replay_dead,
    discard_dead,
)
