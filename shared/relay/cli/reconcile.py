"""`relay reconcile`: the source, the ledger and Holded compared over some days, as a table, CSV, JSON or a page to print."""

import asyncio
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli import inputs
from relay.cli.console import AsJson, Sure, emit, note, sure
from relay.cli.context import AccountName, Local, StackName, World, world
from relay.cli.reconcile_asking import ask, silent
from relay.cli.reconcile_repairing import repaired
from relay.cli.reconcile_shown import exit_code, rendered, show, warn
from relay.domain.text import counted
from relay.errors import BadInput, NotFound

if TYPE_CHECKING:
    from relay.domain.reconciled import Reconciled
    from relay.domain.reconciling import Window
    from relay.ports.accounts import Account
    from relay.services.reconcile import Read, Reconcile

ASK_ABOVE = 20
_LAST_DAYS = 7
_LONGEST = 366


class Format(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"
    html = "html"


def reconcile(
    ctx: typer.Context,
    account: AccountName,
    *,
    start: Annotated[str | None, typer.Option("--from", help="First day of documents; a week back without it.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last day, included; today without it.")] = None,
    cost: Annotated[bool, typer.Option("--cost", help="Say what it would cost in calls, and stop.")] = False,
    last: Annotated[bool, typer.Option("--last", help="The last night's result; no call.")] = False,
    shape: Annotated[Format, typer.Option("--format", help="csv opens in a Spanish spreadsheet, html is to print.")] = (
        Format.table
    ),
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it to a file.")] = None,
    ask_source: Annotated[
        bool,
        typer.Option("--ask-source", help="Ask the sources' own APIs what they sold; calls to them, none to Holded."),
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Replay what is missing and put the rest into review; asks.")
    ] = False,
    ask_above: Annotated[int, typer.Option(min=0, help="Ask before more calls than this are spent.")] = ASK_ABOVE,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for tokens of the minute's quota.")] = False,
    yes: Sure = False,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Compare source, ledger and Holded over some days, by day and series and document by document. Changes nothing without
    --repair, and never anything in Holded.

    Exit 0: no difference; 1: differences; 3: something could not be read whole. The calls are of class `background`.
    """
    shape = Format.json if as_json else shape
    here = world(ctx, local=local, stack=stack, changes=repair)
    if output is not None and not output.absolute().parent.is_dir():
        raise BadInput("file_unwritable", field="--output", detail=f"{output}: its folder is not there")
    if last:
        if start or end or cost or repair or ask_source:
            raise BadInput("last_alone", field="--last", detail="expected without a time and what asks or repairs")
        told = asyncio.run(_last(here, account))
    else:
        window = _window(here, start, end)
        told = asyncio.run(
            _run(
                here,
                account,
                window,
                cost=cost,
                ask_source=ask_source,
                repair=repair,
                ask_above=ask_above,
                wait=wait,
                yes=yes,
                shape=shape,
            )
        )
        if cost:
            emit(told, as_json=shape is Format.json, human=lambda: None)
            return
    if output is not None:
        _write(output, rendered(told, shape.value))
        warn(told)
    elif shape is not Format.table or not repair:
        show(told, shape.value)
    raise typer.Exit(exit_code(told))


def _window(here: World, start: str | None, end: str | None) -> "Window":
    from relay.domain.mapping.sale import MADRID
    from relay.domain.reconciling import Window

    today = here.now().astimezone(MADRID).date()
    last = _day(end, "--to") if end else today
    first = _day(start, "--from") if start else last - timedelta(days=_LAST_DAYS)
    if first > last:
        raise BadInput("range_empty", field="--from", detail="expected a day not after --to")
    if (last - first).days > _LONGEST:
        raise BadInput("range_too_long", field="--from", detail=f"expected at most {_LONGEST} days: one year at a time")
    return Window(start=first, end=last)


def _day(value: str, field: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise BadInput("day_malformed", field=field, detail="expected a day, such as 2026-03-02") from None


async def _run(
    here: World,
    account: str,
    window: "Window",
    *,
    cost: bool,
    repair: bool,
    ask_source: bool = False,
    ask_above: int,
    wait: bool,
    yes: bool,
    shape: Format,
) -> dict[str, Any]:
    from relay.domain.reconciled_summary import summary
    from relay.services.reconcile import Reconcile
    from relay.services.reconcile_asking import Asked
    from relay.services.reconcile_deliveries import delivered

    one = await here.account(account)
    service = Reconcile(inbox=here.inbox, ledger=here.ledger)
    asked = await ask(here, account, window) if ask_source and not cost else Asked()
    deliveries = await delivered(here.inbox, account, window, now=here.now())
    read = await service.read(one, window, now=here.now(), deliveries=deliveries, listed=asked.listed)
    read.incomplete |= asked.incomplete
    about = f"{counted(len(read.rows), 'document')} known, about {counted(read.calls, 'call')} to Holded (an estimate)"
    note(f"{account}: {about}")
    if cost:
        return {
            "account": account,
            "from": window.start.isoformat(),
            "to": window.end.isoformat(),
            "documents": len(read.rows),
            "calls": read.calls,
        }
    if read.calls > ask_above:
        sure(f"Spend about {read.calls} calls of {account}'s quota?", yes=yes)
    done = await _compare(here, one, service, read, wait=wait)
    told = {**summary(done), "asked": asked.pages, "silent": await silent(here, account, window, asked)}
    if repair:
        if shape is Format.table:
            show(told, shape.value)
        told["repaired"] = await repaired(here, done, yes=yes)
    return told


async def _compare(here: World, account: "Account", service: "Reconcile", read: "Read", *, wait: bool) -> "Reconciled":
    from relay.services.paid_calls import PaidCalls

    calls = PaidCalls(
        account=account.account,
        credential=await here.accounts.credential(account.account),
        gates=here.gates,
        holded=here.holded,
        clock=here.clock,
        wait=wait,
    )
    return await service.compare(read, calls)


async def _last(here: World, account: str) -> dict[str, Any]:
    from relay.domain.nights import reconcile_key
    from relay.domain.reconciled_summary import unpack

    await here.account(account)
    row = await here.ledger.get(reconcile_key(inputs.account_id(account)))
    if row is None or not row.event:
        raise NotFound("never_reconciled", detail=f"no night of {account} has been reconciled yet")
    told = unpack(row.event)
    note(f"{account}: {row.detail}, at {datetime.fromisoformat(told['at']):%Y-%m-%d %H:%M} UTC")
    return told


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise BadInput("file_unwritable", field="--output", detail=f"{path}: {error.strerror}") from None
    note(f"written to {path}")
