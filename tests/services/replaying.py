"""Order a replay in a world of fakes, and let its drains go by."""

from __future__ import annotations

import asyncio

from relay.services.nudge import Nudge
from relay.services.replay_orders import ReplayOrders
from tests.services.world import ACCOUNT


def orders(world):
    return ReplayOrders(
        ledger=world.ledger,
        accounts=world.accounts,
        nudge=Nudge(gates=world.gates, wakes=world.wakes),
        who="tests",
    )


def order(world, refs, *, account=ACCOUNT, rate=0):
    """Returns the replay's id."""
    return asyncio.run(orders(world).start(account, refs, rate=rate, now=world.clock.now()))


def told(world, replay_id, *, account=ACCOUNT):
    return asyncio.run(orders(world).get(account, replay_id))


def replayed(world, refs, *, rate=0, hours=1.0):
    """The answers of a replay, by event, once time has gone by."""
    replay_id = order(world, refs, rate=rate)
    world.run()
    world.settle(hours=hours)
    done = told(world, replay_id)
    assert done.state == "done", done
    return dict(done.answers)


def change(world, *, account=ACCOUNT, **settings):
    """Other settings for the account, as `relay account set` puts them."""
    one = world.accounts.accounts[account]
    asyncio.run(world.accounts.put(_with(one, settings), expected_rev=one.rev))


def _with(account, settings):
    import dataclasses

    return dataclasses.replace(account, settings={**account.settings, **settings})
