"""What operators do to the relay and people do in Holded's screens, while everything else goes on.

ACTIONS is the one table: a new operator service becomes part of the simulation by a function in `operators` or `judges`
(and a place in `draw`). Each takes (universe, account, argument).
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

from relay.cli.webhook_secrets import rotated
from relay.ports.accounts import Credential
from relay.services.nudge import Nudge
from relay.services.times import at_ms
from tests.simulation.judges import JUDGES
from tests.simulation.operators import OPERATORS
from tests.simulation.people import PEOPLE
from tests.simulation.repairs import REPAIRS
from tests.simulation.shop import SHOP

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.simulation.world import Universe


async def _set_status(universe: Universe, account: str, status: str, reason: str) -> None:
    """Compare and swap until it holds, then wake the account, as `relay account set --token-file` does."""
    while True:
        there = await universe.accounts.get(account)
        assert there is not None
        after = dataclasses.replace(there, status=status, status_reason=reason)
        if await universe.accounts.put(after, expected_rev=there.rev):
            break
    if status == "active":
        nudge = Nudge(gates=universe.gates, wakes=universe.wakes)
        await nudge(account, now_ms=at_ms(universe.now()))


async def revoke_token(universe: Universe, account: str, _: int) -> None:
    """Somebody deletes the token in Holded."""
    universe.companies[account].tokens.clear()


async def new_token(universe: Universe, account: str, number: int) -> None:
    """A new token in Holded, and `relay account set --token-file`: the old one ends."""
    company = universe.companies[account]
    company.tokens.clear()
    token = f"pat_{account}_{number}_{len(universe.hidden)}"
    company.tokens[token] = None
    universe.hidden.add(token)
    await universe.accounts.set_credential(account, Credential(token=token))
    there = await universe.accounts.get(account)
    if there is not None and there.status != "paused":
        await _set_status(universe, account, "active", "")


async def rotate_secret(universe: Universe, account: str, number: int) -> None:
    """`relay secret rotate` with a day's overlap; the shop takes up the new one at once."""
    held = await universe.accounts.webhook_secrets(account)
    assert held is not None
    secret = f"whsec_new{number}{len(universe.hidden)}{account}"
    universe.hidden.add(secret)
    now_ms = at_ms(universe.now())
    after = rotated(held, "shopify", secret, now_ms=now_ms, overlap=timedelta(hours=24))
    await universe.accounts.set_webhook_secrets(account, after)
    universe.senders[account, "shopify"] = secret


async def redrive(universe: Universe, _: str, __: int) -> None:
    """The console's `StartMessageMoveTask` on both dead-letter queues."""
    universe.fiscal_dead.redrive(universe.fiscal)
    universe.normal_dead.redrive(universe.normal)


async def poison(universe: Universe, account: str, number: int) -> None:
    """Messages nobody can read, or that name what is not there, forged onto the queue."""
    bodies = ("{", "[]", '{"account": 7}', f'{{"account":"{account}","event":"nobody-knows#0"}}', '{"account":"ghost"}')
    universe.normal.send(bodies[number % len(bodies)])


ACTIONS: dict[str, Callable[[Universe, str, int], Awaitable[None]]] = {
    action.__name__: action
    for action in (
        revoke_token,
        new_token,
        rotate_secret,
        redrive,
        poison,
        *PEOPLE,
        *OPERATORS,
        *JUDGES,
        *SHOP,
        *REPAIRS,
    )
}
