"""`relay status`: where work stands, by account, and what is left of Holded's quota."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli import inputs
from relay.cli.console import AsJson, emit, table
from relay.cli.context import Local, StackName, World, world

if TYPE_CHECKING:
    from relay.ports.accounts import Account

COUNTED = ("waiting", "sent", "unknown", "review", "dead")
OPEN_COUNTED = 10_000
"""Open deliveries are counted up to here: beyond it the exact number matters less than the answer's time."""


def status(
    ctx: typer.Context,
    *,
    account: Annotated[str | None, typer.Option("--account", "-a", help="Only this account.")] = None,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Queues and dead letters; by account: open deliveries, ledger rows by state, quota used and left."""
    if account is not None:
        inputs.account_id(account)
    here = world(ctx, local=local, stack=stack)
    told = asyncio.run(_status(here, account))
    emit(told, as_json=as_json, human=lambda: _print(told))


async def _status(here: World, only: str | None) -> dict[str, Any]:
    accounts = [await here.account(only)] if only else [one async for one in here.accounts.all()]
    now_ms = here.now_ms()
    waiting = Counter([owner async for owner, _, _ in here.inbox.open_since(before_ms=now_ms + 1, limit=OPEN_COUNTED)])
    return {
        "at": here.now(),
        "queues": dict(await asyncio.to_thread(here.queues.depths)),
        "accounts": [await _account(here, one, waiting[one.account]) for one in accounts],
    }


async def _account(here: World, one: "Account", waiting: int) -> dict[str, Any]:
    from relay.services.poll_row import poll_key
    from relay.services.settlement import settle_key

    counts = dict(await here.ledger.count(one.account))
    for key in (settle_key(one.account), poll_key(one.account)):
        standing = await here.ledger.get(key)
        if standing is not None and counts.get(standing.state):
            counts[standing.state] -= 1  # sweep and poll live in the waiting room and are nobody's orders
    return {
        "account": one.account,
        "mode": one.mode,
        "status": one.status,
        "status_reason": one.status_reason,
        "open": waiting,
        **{state: counts.get(state, 0) for state in COUNTED},
        "quota": await _quota(here, one.account, one.per_minute, one.per_month),
    }


async def _quota(here: World, account: str, per_minute: int, per_month: int) -> dict[str, Any]:
    """This month's calls. An account that never made one has its whole allowance."""
    from relay.domain.budget import forecast

    gate = await here.gates.load(account)
    if gate is None:
        return {"per_minute": per_minute, "limit": per_month, "used": 0, "left": per_month, "ends_on": None}
    seen = forecast(gate.budget, here.now_ms())
    return {
        "per_minute": per_minute,
        "limit": seen.limit,
        "used": seen.used,
        "used_by_class": dict(zip(("fiscal", "normal", "background"), seen.by_class, strict=True)),
        "used_by_others": seen.foreign,
        "left": seen.left,
        "ends_on": seen.ends_on,
    }


def _print(told: dict[str, Any]) -> None:
    table("queues", ["queue", "messages (about)"], told["queues"].items())
    columns = ["account", "mode", "status", "open", *COUNTED, "calls", "left", "ends on"]
    table(
        "accounts",
        columns,
        (
            [
                *(one[name] for name in columns[:2]),
                f"{one['status']} {one['status_reason']}".strip(),
                one["open"],
                *(one[state] for state in COUNTED),
                f"{one['quota']['used']}/{one['quota']['limit']}",
                one["quota"]["left"],
                one["quota"]["ends_on"],
            ]
            for one in told["accounts"]
        ),
    )
