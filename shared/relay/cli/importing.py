"""`relay import`: bring what a shop or a payment provider has, by its API, for a time that its webhooks missed."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.choice import span
from relay.cli.console import AsJson, emit, fields, lines, note
from relay.cli.context import AccountId, Local, StackName, World, world
from relay.cli.sources import api_source
from relay.domain.text import counted
from relay.errors import BadInput, NotFound

if TYPE_CHECKING:
    from relay.services.backfill import Progress

SHOWN = 20


def import_(
    ctx: typer.Context,
    *,
    account: AccountId,
    source: Annotated[str, typer.Option("--source", help="shopify, stripe or woocommerce.")],
    from_: Annotated[
        str | None, typer.Option("--from", help="A day or an instant, ISO 8601; without an offset Madrid's clock.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="As --from, not included; now without it.")] = None,
    undelivered: Annotated[
        bool,
        typer.Option("--undelivered", help="Stripe: only events that it could not deliver to a standing endpoint."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read the lists and say what would come in.")] = False,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Bring what was changed in that time. What is known already stays as it is; what is new is written in class `background`.

    Given again, an import that was stopped goes on where it was. Exit 1 where it stopped before its end.
    """
    from relay.domain.mapping.sale import MADRID
    from relay.providers.registry import get as provider

    api_source(source, "--source")
    if undelivered and not provider(source).KNOWS_UNDELIVERED:
        raise BadInput("undelivered_unknown", field="--undelivered", detail=f"{source} cannot list it; leave it out")
    here = world(ctx, local=local, stack=stack, changes=not dry_run)
    when = span(here, from_, to, clock=MADRID)
    if when is None:
        raise BadInput("span_missing", field="--from", detail="expected the time from which on to import")
    since, end = when[0], min(when[1], here.now())
    if since >= end:
        raise BadInput("span_empty", field="--from", detail="expected to be before now")
    until = end if end == when[1] and to else None  # what is to come is not there to be imported
    first = _first(here, source, since, end)
    done = asyncio.run(
        _import(here, account, source, since=since, until=until, undelivered=undelivered, dry_run=dry_run)
    )
    shown = _told(account, source, done, dry_run=dry_run, first=first if first > since else None)
    emit(shown, as_json=as_json, human=lambda: _human(shown, done))
    if not done.done:
        raise typer.Exit(1)


def _first(here: World, source: str, since: datetime, end: datetime) -> datetime:
    """From when on the provider still has what was asked for. Raises `BadInput` where it has nothing of it."""
    from relay.domain.mapping.sale import MADRID
    from relay.providers.registry import get as provider

    first, said = provider(source).reach(since, here.now())
    told = first.astimezone(MADRID).isoformat(timespec="minutes")
    if first >= end:
        detail = f"{said}: nothing before {told} can be read; expected a time that reaches beyond it"
        raise BadInput("span_too_old", field="--from", detail=detail)
    if said:
        note(f"{said}{f': read from {told} on' if first > since else ''}")
    return first


async def _import(
    here: World,
    account: str,
    source: str,
    *,
    since: datetime,
    until: datetime | None,
    undelivered: bool,
    dry_run: bool,
) -> "Progress":
    from relay.services.backfill import Backfill

    await here.account(account)
    credential = await here.providers.get(account, source)
    if credential is None:
        raise NotFound("provider_unknown", detail=f"{account} has no credential for {source}; see `relay source set`")
    if not dry_run:
        after = f"{since.isoformat()} to {until.isoformat() if until else 'now'}"
        await here.accounts.record_change(
            account, at_ms=here.now_ms(), who=here.who, what=f"import {source}", before="", after=after
        )
    backfill = Backfill(inbox=here.inbox, notes=here.notes, api=here.provider_api, clock=here.clock)
    return await backfill(
        account, credential, since=since, until=until, undelivered=undelivered, dry_run=dry_run, tell=_progress
    )


def _progress(at: "Progress") -> None:
    rows = counted(at.rows, "row") if at.total is None else f"{at.rows} of {counted(at.total, 'row')}"
    note(f"{at.part}{' again' if at.again else ''}: {rows} read; so far {at.stored} new, {at.known} known")


def _told(account: str, source: str, done: "Progress", *, dry_run: bool, first: datetime | None) -> dict[str, Any]:
    return {
        "account": account,
        "source": source,
        "read_from": first,
        "would_store" if dry_run else "stored": done.stored,
        "known": done.known,
        "pages": done.pages,
        "done": done.done,
        "stopped": done.reason or None,
        "because": done.detail or None,
        "retry_at": done.retry_at,
        "not_readable": list(done.refused),
        "deliveries": list(done.named),
    }


def _human(shown: dict[str, Any], done: "Progress") -> None:
    told = {name: ", ".join(value) if isinstance(value, list) else value for name, value in shown.items()}
    fields({name: value for name, value in told.items() if name != "deliveries" and value not in {None, ""}})
    lines(done.named[:SHOWN])
    if len(done.named) > SHOWN:
        note(f"{len(done.named) - SHOWN} more with --json, which names the first {len(done.named)}")
    if not done.done:
        note("give the same command again: it goes on where it stopped")
