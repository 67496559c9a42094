"""`relay changes list`: who changed what of an account, and what was before and after."""

import asyncio
from typing import Annotated, Any

import typer

from relay.cli import inputs
from relay.cli.console import AsJson, RelayGroup, emit, table_of, utc
from relay.cli.context import AccountId, Local, StackName, World, world

app = typer.Typer(cls=RelayGroup, no_args_is_help=True, help="The change log of an account.")


@app.command("list")
def list_changes(
    ctx: typer.Context,
    *,
    account: AccountId,
    since: Annotated[str, typer.Option(help="How far back: 24h, 30d.")] = "30d",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest.")] = 100,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Changes of settings, secrets and status, and every remedy of a review; newest first."""
    back = inputs.duration(since, "--since")
    here = world(ctx, local=local, stack=stack)
    now_ms = here.now_ms()
    from_ms = max(0, now_ms - round(back.total_seconds() * 1000))
    told = asyncio.run(_list(here, account, from_ms=from_ms, to_ms=now_ms + 1, limit=limit))
    columns = ["at", "who", "what", "before", "after"]
    emit(told, as_json=as_json, human=lambda: table_of(f"changes of {account}", columns, told))


@app.callback()
def _group() -> None:
    """The change log of an account."""


async def _list(here: World, account: str, *, from_ms: int, to_ms: int, limit: int) -> list[dict[str, Any]]:
    inputs.account_id(account)  # the log outlives the account's settings
    found = here.accounts.changes(account, from_ms=from_ms, to_ms=to_ms, limit=limit)
    told = [
        {"at": utc(one.at_ms), "who": one.who, "what": one.what, "before": one.before, "after": one.after}
        async for one in found
    ]
    if not told:
        await here.account(account)
    return told
