"""`relay replays`: what is being replayed, how far it is, and how to stop it."""

import asyncio
from typing import Annotated, Any

import typer

from relay.cli import inputs
from relay.cli.choice import AccountChoice, AllAccounts, accounts_of
from relay.cli.console import AsJson, RelayGroup, emit, table
from relay.cli.context import AccountId, Local, StackName, World, world
from relay.cli.desks import replay_orders, would_replay
from relay.cli.replaying import show as show_replays
from relay.cli.replaying import told

app = typer.Typer(cls=RelayGroup, no_args_is_help=True, help="Replays: how far they are, and how to stop them.")
ReplayId = Annotated[str, typer.Argument(metavar="REPLAY", help="As `relay replay` printed it.")]
COLUMNS = ("replay", "account", "state", "events", "answered", "counts", "rate", "ordered_at", "due_at")


@app.command("list")
def list_replays(
    ctx: typer.Context,
    *,
    account: AccountChoice = None,
    all_accounts: AllAccounts = False,
    since: Annotated[str, typer.Option(help="How far back those that ended are shown: 24h, 7d.")] = "7d",
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Replays under way, and those that ended lately."""
    back = inputs.duration(since, "--since")
    here = world(ctx, local=local, stack=stack)
    rows = asyncio.run(_listed(here, account, round(back.total_seconds() * 1000), every=all_accounts))
    emit(
        rows,
        as_json=as_json,
        human=lambda: table("replays", COLUMNS, ([_cell(row[name]) for name in COLUMNS] for row in rows)),
    )


async def _listed(here: World, account: str | None, back_ms: int, *, every: bool) -> list[dict[str, Any]]:
    orders, from_ms = replay_orders(here), max(0, here.now_ms() - back_ms)
    names = await accounts_of(here, account, every=every)
    found = [one for name in names for one in await orders.listed(name, from_ms=from_ms)]
    if account is not None and not found:
        await here.account(account)
    return [{name: value for name, value in told(one).items() if name != "answers"} for one in found]


def _cell(value: Any) -> Any:
    return ", ".join(f"{count} {word}" for word, count in sorted(value.items())) if isinstance(value, dict) else value


@app.command()
def show(
    ctx: typer.Context,
    replay: ReplayId,
    *,
    account: AccountId,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """The answers of a replay; of an event that went to wait, also what became of it since."""
    here = world(ctx, local=local, stack=stack)
    found = asyncio.run(_shown(here, account, replay))
    emit(found, as_json=as_json, human=lambda: show_replays([found]))


async def _shown(here: World, account: str, replay: str) -> dict[str, Any]:
    one, found = await here.account(account), await replay_orders(here).get(account, replay)
    would = would_replay(here)
    waiting = [ref for ref, answer in found.answers if answer.startswith("waiting:")]
    since = {ref: await would.standing(one, ref, now=here.now()) for ref in waiting}
    return told(found, {ref: now for ref, now in since.items() if now})


@app.command()
def cancel(
    ctx: typer.Context,
    replay: ReplayId,
    *,
    account: AccountId,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Stop a replay: what it brought stays, what it did not bring is left as it is."""
    here = world(ctx, local=local, stack=stack, changes=True)
    found = told(asyncio.run(_cancelled(here, account, replay)))
    emit(found, as_json=as_json, human=lambda: show_replays([found]))


async def _cancelled(here: World, account: str, replay: str) -> Any:
    await here.account(account)
    return await replay_orders(here).cancel(account, replay, now=here.now())
