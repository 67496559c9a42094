"""What operators do to the relay and people do in Holded's screens, while everything else goes on.

ACTIONS is the one table: a new operator service becomes part of the simulation by a line here (and a place in `draw`).
Each takes (universe, account, argument) and uses the ports as the command line does.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from holded_sandbox import documents
from holded_sandbox.documents import RefusedError
from relay.cli.webhook_secrets import rotated
from relay.ports import Credential
from relay.services.nudge import Nudge
from relay.services.times import at_ms
from tests.simulation.payloads import CENT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.simulation.world import Universe


async def _set_status(universe: Universe, account: str, status: str, reason: str) -> None:
    """Compare and swap until it holds, then wake the account, as `relay account set --status` does."""
    while True:
        there = await universe.accounts.get(account)
        assert there is not None
        after = dataclasses.replace(there, status=status, status_reason=reason)
        if await universe.accounts.put(after, expected_rev=there.rev):
            break
    if status == "active":
        nudge = Nudge(gates=universe.gates, wakes=universe.wakes)
        await nudge(account, now_ms=at_ms(universe.now()))


async def pause(universe: Universe, account: str, _: int) -> None:
    await _set_status(universe, account, "paused", "by_operator")


async def resume(universe: Universe, account: str, _: int) -> None:
    await _set_status(universe, account, "active", "")


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


def _one_of(universe: Universe, account: str, number: int) -> Any:
    found = list(universe.companies[account].tables["documents"].values())
    return found[number % len(found)] if found else None


async def person_edits(universe: Universe, account: str, number: int) -> None:
    document = _one_of(universe, account, number)
    if document is None or document["approved_at"]:
        return
    _touch(universe, account, document, "edited")
    document["lines"][0]["price"] = str(7 + CENT * number)
    documents.changed(_desk(universe, account), document)


async def person_approves(universe: Universe, account: str, number: int) -> None:
    document = _one_of(universe, account, number)
    if document is None or document["approved_at"]:
        return
    _touch(universe, account, document, "approved")
    try:
        documents.approve(_desk(universe, account), document)
    except RefusedError:
        return


async def person_deletes(universe: Universe, account: str, number: int) -> None:
    document = _one_of(universe, account, number)
    if document is None or document["approved_at"]:
        return
    _touch(universe, account, document, "deleted")
    universe.gone.append((account, dict(document)))
    documents.delete(_desk(universe, account), document, by_person=True)


def _touch(universe: Universe, account: str, document: Any, how: str) -> None:
    universe.touched[account, document["id"]] = how
    universe.touched_markers.update(document["tags"])


def _desk(universe: Universe, account: str) -> Any:
    universe.courier.news.set()
    return universe.sandbox.desk(universe.companies[account], universe.epoch())


ACTIONS: dict[str, Callable[[Universe, str, int], Awaitable[None]]] = {
    action.__name__: action
    for action in (
        pause,
        resume,
        revoke_token,
        new_token,
        rotate_secret,
        redrive,
        poison,
        person_edits,
        person_approves,
        person_deletes,
    )
}
