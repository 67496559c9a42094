"""`relay events`: what came in, and the timeline of one event from its arrival to its Holded document."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli import inputs
from relay.cli.choice import KEPT, AccountChoice, AllAccounts, accounts_of
from relay.cli.console import AsJson, RelayGroup, emit, lines, table
from relay.cli.context import AccountId, Local, StackName, World, world
from relay.cli.timeline import shown, timeline
from relay.errors import BadInput, NotFound

if TYPE_CHECKING:
    from relay.domain.models import Event
    from relay.ports.inbox import InboxItem

STATES = ("waiting", "sent", "unknown", "review", "dead", "ignored", "superseded", "confirmed")

OF_DELIVERIES = ("received_at", "id", "source", "topic", "open", "ends", "now")
OF_ROWS = ("updated_at", "event", "source", "object", "purpose", "state", "reason", "due_at", "number", "total")

app = typer.Typer(cls=RelayGroup, no_args_is_help=True, help="What came in and what became of it.")


@app.command("list")
def list_events(
    ctx: typer.Context,
    *,
    account: AccountChoice = None,
    all_accounts: AllAccounts = False,
    since: Annotated[
        str | None,
        typer.Option(
            help="How far back: 30m, 24h, 7d. Without it 24h of deliveries and confirmed rows, and all rows of other states."
        ),
    ] = None,
    state: Annotated[str | None, typer.Option(help=f"Ledger rows in this state: {', '.join(STATES)}.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest deliveries, or the oldest rows.")] = 50,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Deliveries received, or with --state the ledger rows that stand there and why."""
    if state is not None and state not in STATES:
        raise BadInput("state_unknown", field="--state", detail=f"expected one of {', '.join(STATES)}")
    windowed = since is not None or state in {None, "confirmed"}
    back = inputs.duration(since or "24h", "--since")
    here = world(ctx, local=local, stack=stack)
    now_ms = here.now_ms()
    from_ms = max(0, now_ms - round(back.total_seconds() * 1000)) if windowed else 0
    rows = asyncio.run(
        _listed_of(here, account, state, every=all_accounts, from_ms=from_ms, to_ms=now_ms + 1, limit=limit)
    )
    columns = [*(["account"] if all_accounts else []), *(OF_DELIVERIES if state is None else OF_ROWS)]
    emit(
        rows,
        as_json=as_json,
        human=lambda: table(
            f"{state or 'deliveries'} of {account or 'all accounts'}",
            columns,
            ([_cell(row[name]) for name in columns] for row in rows),
        ),
    )


def _cell(value: Any) -> Any:
    return ", ".join(f"{key}: {one}" for key, one in value.items()) if isinstance(value, Mapping) else value


async def _listed_of(
    here: World, account: str | None, state: str | None, *, every: bool, from_ms: int, to_ms: int, limit: int
) -> list[dict[str, Any]]:
    """The newest deliveries, or the oldest rows, of one account or of all."""
    found: list[dict[str, Any]] = []
    for one in await accounts_of(here, account, every=every):
        if state is None:
            rows = await _received(here, one, from_ms, to_ms, limit)
        else:
            rows = await _standing(here, one, state, from_ms=from_ms, to_ms=to_ms, limit=limit)
        found += [{"account": one, **row} for row in rows] if every else rows
    if every:
        found.sort(key=lambda row: row["received_at" if state is None else "updated_at"], reverse=state is None)
    return found[:limit]


async def _received(here: World, account: str, from_ms: int, to_ms: int, limit: int) -> list[dict[str, Any]]:
    await here.account(account)
    found = here.inbox.received(account, from_ms=from_ms, to_ms=to_ms, limit=limit)
    return [await _listed(here, item) async for item in found]


async def _listed(here: World, item: "InboxItem") -> dict[str, Any]:
    """An inbox item ends when the ledger takes its event over; what the ledger made of a waiting one since then is `now`."""
    from relay.services.rows import rows_of
    from relay.services.unfold import unfold

    handed_over = any(end.startswith("waiting:") for end in item.ends.values())
    events = unfold(item.delivery).events if handed_over else ()
    since = {
        number: ", ".join(f"{row.key.purpose} {row.state}" for row in rows)
        for number, rows in [(event.id.rpartition("#")[2], await rows_of(here.ledger, event)) for event in events]
        if rows and item.ends.get(number, "").startswith("waiting:")
    }
    return {
        "id": item.delivery.inbox_id,
        "source": item.delivery.source,
        "topic": item.delivery.topic,
        "received_at": item.delivery.received_at,
        "open": item.open,
        "ends": dict(item.ends),
        "now": since,
    }


async def _standing(
    here: World, account: str, state: str, *, from_ms: int, to_ms: int, limit: int
) -> list[dict[str, Any]]:
    from relay.domain.ledger import STANDING

    await here.account(account)
    if state == "confirmed":
        found = here.ledger.confirmed_between(account, from_ms=from_ms, to_ms=to_ms)
    else:
        found = here.ledger.in_state(account, state, from_ms=from_ms, limit=limit)  # type: ignore[arg-type]  # one of STATES, checked by the caller
    rows: list[dict[str, Any]] = []
    async for row in found:
        if row.kind in STANDING:
            continue  # sweep and poll live in the waiting room and are nobody's events
        rows.append(shown(row))
        if len(rows) >= limit:
            break
    return rows


@app.command()
def show(
    ctx: typer.Context,
    event: Annotated[str, typer.Argument(metavar="ID", help="An inbox id, or an event id such as <inbox id>#0.")],
    *,
    account: AccountId,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """The timeline of an event: received, published, routed, ledger states, Holded id and number, reason."""
    inbox_id, _, number = event.partition("#")
    here = world(ctx, local=local, stack=stack)
    told = asyncio.run(_story(here, account, inbox_id, number))
    emit(told, as_json=as_json, human=lambda: lines(timeline(told)))


async def _story(here: World, account: str, inbox_id: str, number: str) -> dict[str, Any]:
    await here.account(account)
    item = await here.inbox.get(account, inbox_id)
    if item is None:
        raise NotFound(
            "event_unknown", detail=f"{account} has no delivery {inbox_id}; it may have passed its {KEPT.days} days"
        )
    delivery = item.delivery
    from relay.services.unfold import unfold

    read = unfold(delivery)
    wanted = [event for event in read.events if not number or event.id.endswith(f"#{number}")]
    if number and not wanted:
        raise NotFound("event_unknown", detail=f"the delivery holds {len(read.events)} events, none is number {number}")
    events = [await _event(here, item, event) for event in wanted]
    taken_over = bool(item.ends or any(event["ledger"] for event in events))
    return {
        "id": inbox_id,
        "account": account,
        "source": delivery.source,
        "topic": delivery.topic,
        "received_at": delivery.received_at,
        "bytes": len(delivery.body),
        "published": taken_over,
        "open": item.open,
        "reason": read.ignored or read.review,
        "detail": read.detail,
        "events": events,
    }


async def _event(here: World, item: "InboxItem", event: "Event") -> dict[str, Any]:
    from relay.services.rows import rows_of

    number = event.id.rpartition("#")[2]
    return {
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "end": item.ends.get(number),
        "ledger": [shown(row) for row in await rows_of(here.ledger, event)],
    }
