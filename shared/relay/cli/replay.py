"""`relay replay`: bring events again, one or a month of them, or show what that would do."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

import typer

from relay.cli import inputs
from relay.cli.choice import KEPT, AccountChoice, AllAccounts, From, Rate, To, accounts_of, span
from relay.cli.console import AsJson, emit, note, table_of
from relay.cli.context import Local, StackName, World, world
from relay.cli.desks import replay_orders, would_replay
from relay.cli.replaying import awaited, exit_for, show, told
from relay.errors import BadInput, Rejected
from relay.services.times import at_ms

_FEW = 10
COLUMNS = ("event", "type", "object", "written", "compared", "replay")


def replay(
    ctx: typer.Context,
    events: Annotated[
        list[str] | None, typer.Argument(metavar="[EVENT]...", help="Event ids, or deliveries: all events of them.")
    ] = None,
    *,
    account: AccountChoice = None,
    all_accounts: AllAccounts = False,
    from_: From = None,
    to: To = None,
    source: Annotated[str | None, typer.Option(help="Only deliveries of this source.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only this topic, as the source names it: orders/paid.")] = None,
    event_type: Annotated[str | None, typer.Option("--type", help="Only events of this type: order.paid.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare what would be written with what was.")] = False,
    rate: Rate = 0,
    wait: Annotated[
        bool | None, typer.Option("--wait/--no-wait", help="Wait for the end; by default a moment for a few events.")
    ] = None,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Bring events again: what is written already is told, everything else is done, in class `background`.

    Exit 1 where an event could not be brought; with --dry-run where something would be written differently.
    """
    here = world(ctx, local=local, stack=stack, changes=not dry_run)
    when = span(here, from_, to)
    named = list(dict.fromkeys(events or ()))
    if bool(named) is (when is not None):
        raise BadInput("events_not_chosen", field="EVENT", detail="expected event ids, or a time with --from")
    if named and (all_accounts or source or topic or event_type):
        raise BadInput("events_not_chosen", field="EVENT", detail="named events take --account and no filter")
    if source is not None:
        inputs.source_name(source)
    filters = (source, topic, event_type)
    chosen = asyncio.run(_chosen(here, account, named, when, filters, every=all_accounts))
    if dry_run:
        _compare(here, chosen, as_json=as_json)
    else:
        _start(here, chosen, rate=rate, wait=wait, single=bool(named) and len(named) <= _FEW, as_json=as_json)


async def _chosen(
    here: World,
    account: str | None,
    named: list[str],
    when: tuple[datetime, datetime] | None,
    filters: tuple[str | None, str | None, str | None],
    *,
    every: bool,
) -> dict[str, list[str]]:
    """The refs to bring, by account."""
    found: dict[str, list[str]] = {}
    for name in await accounts_of(here, account, every=every):
        await here.account(name)
        found[name] = named or await _received(here, name, when, filters)
    if when is not None and when[0] < here.now() - KEPT:
        note(f"a delivery leaves the inbox {KEPT.days} days after its end: what is older cannot be brought again")
    return found


async def _received(
    here: World,
    account: str,
    when: tuple[datetime, datetime] | None,
    filters: tuple[str | None, str | None, str | None],
) -> list[str]:
    if when is None:
        return []
    source, topic, event_type = filters
    # Without the bodies: one that cannot be read any more must not keep a month of others from being chosen.
    found = here.inbox.ends_between(account=account, from_ms=at_ms(when[0]), to_ms=at_ms(when[1]))
    wanted = [each async for each in found if source in {None, each.source} and topic in {None, each.topic}]
    chosen = [each.inbox_id for each in sorted(wanted, key=lambda each: (each.received_ms, each.inbox_id))]
    if event_type is None:
        return chosen
    return [ref for inbox_id in chosen for ref in await _of_type(here, account, inbox_id, event_type)]


async def _of_type(here: World, account: str, inbox_id: str, event_type: str) -> list[str]:
    """Its events of that type; the delivery itself where they cannot be told, so that the replay says why."""
    from relay.services.unfold import unfold

    try:
        item = await here.inbox.get(account, inbox_id)
        events = unfold(item.delivery).events if item is not None else ()
    except (Rejected, BadInput) as error:
        note(f"{inbox_id} cannot be read: {error.reason}")
        return [inbox_id]
    return [event.id for event in events if event.type == event_type]


def _start(
    here: World, chosen: dict[str, list[str]], *, rate: int, wait: bool | None, single: bool, as_json: bool
) -> None:
    replays = asyncio.run(_started(here, chosen, rate=rate, wait=wait, single=single))
    emit(replays, as_json=as_json, human=lambda: show(replays) if replays else note("nothing to replay"))
    exit_for(replays)


async def _started(
    here: World, chosen: dict[str, list[str]], *, rate: int, wait: bool | None, single: bool
) -> list[dict[str, Any]]:
    orders = replay_orders(here)
    ids = {
        account: await orders.start(account, refs, rate=rate, now=here.now())
        for account, refs in chosen.items()
        if refs
    }
    return [
        told(await awaited(here, account, replay_id, wait=wait, single=single)) for account, replay_id in ids.items()
    ]


def _compare(here: World, chosen: dict[str, list[str]], *, as_json: bool) -> None:
    rows = asyncio.run(_compared(here, chosen))
    emit(rows, as_json=as_json, human=lambda: table_of("what a replay would do", COLUMNS, rows))
    if any(row["compared"].startswith("would differ") for row in rows):
        raise typer.Exit(1)


async def _compared(here: World, chosen: dict[str, list[str]]) -> list[dict[str, str]]:
    would = would_replay(here)
    rows: list[dict[str, str]] = []
    for account, refs in chosen.items():
        one = await here.account(account)
        for ref in refs:
            rows += [{"account": account, **each.shown()} for each in await would(one, ref, now=here.now())]
    return rows
