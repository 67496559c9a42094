"""`relay dead-letters`: what used up its attempts on machine trouble; mend the cause, then replay, or discard for good."""

import asyncio
from typing import Annotated

import typer

from relay.cli.choice import AccountChoice, AllAccounts, From, Rate, To
from relay.cli.console import AsJson, RelayGroup, emit, fields, note, table_of
from relay.cli.context import AccountId, Local, StackName, world
from relay.cli.dead_found import asked_for, discarded, listed, previewed, replayed, row_of, shown
from relay.cli.replaying import exit_for
from relay.cli.replaying import show as show_replays
from relay.errors import BadInput

app = typer.Typer(cls=RelayGroup, no_args_is_help=True, help="Work that used up its attempts: look, replay, discard.")
Names = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="As `list` shows them; all without.")]
Source = Annotated[str | None, typer.Option(help="Only events of this source.")]
Type = Annotated[str | None, typer.Option("--type", help="Only this event type; of a queued event, its topic.")]
Reason = Annotated[str | None, typer.Option(help="Only this reason.")]
COLUMNS = ("id", "account", "kept", "source", "type", "reason", "attempts", "updated_at", "since")
PREVIEW = ("id", "account", "written", "compared", "replay")


@app.command("list")
def list_dead(
    ctx: typer.Context,
    *,
    account: AccountChoice = None,
    all_accounts: AllAccounts = False,
    source: Source = None,
    event_type: Type = None,
    reason: Reason = None,
    from_: From = None,
    to: To = None,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """The dead. `kept` says where: a row of the ledger, or a message of a queue; `since`, the end it has found meanwhile.

    Messages that cannot be read belong to the account `unknown`.
    """
    here = world(ctx, local=local, stack=stack)
    wanted = asked_for(here, None, (from_, to), source=source, type=event_type, reason=reason)
    rows = [row_of(one) for one in asyncio.run(listed(here, account, wanted, every=all_accounts))]
    emit(rows, as_json=as_json, human=lambda: table_of("dead letters", COLUMNS, rows))


@app.command()
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    *,
    account: AccountId,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """One dead letter: why it is dead, what became of its event, and what a replay would do."""
    here = world(ctx, local=local, stack=stack)
    found = asyncio.run(shown(here, account, name))
    emit(found, as_json=as_json, human=lambda: fields(found))


@app.command()
def replay(
    ctx: typer.Context,
    names: Names = None,
    *,
    account: AccountChoice = None,
    all_accounts: AllAccounts = False,
    source: Source = None,
    event_type: Type = None,
    reason: Reason = None,
    from_: From = None,
    to: To = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would do.")] = False,
    rate: Rate = 0,
    wait: Annotated[bool | None, typer.Option("--wait/--no-wait", help="Wait for the end.")] = None,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Bring the dead again, in class `background`; a message is taken out of its queue. Harmless the second time."""
    here = world(ctx, local=local, stack=stack, changes=not dry_run)
    wanted = asked_for(here, names, (from_, to), source=source, type=event_type, reason=reason)
    if dry_run:
        rows = asyncio.run(previewed(here, account, wanted, every=all_accounts))
        emit(rows, as_json=as_json, human=lambda: table_of("what a replay would do", PREVIEW, rows))
        return
    done = asyncio.run(replayed(here, account, wanted, rate=rate, wait=wait, every=all_accounts))
    emit(done, as_json=as_json, human=lambda: show_replays(done) if done else note("nothing to replay"))
    exit_for(done)


@app.command()
def discard(
    ctx: typer.Context,
    names: Names = None,
    *,
    account: AccountChoice = None,
    all_accounts: AllAccounts = False,
    source: Source = None,
    event_type: Type = None,
    reason: Reason = None,
    from_: From = None,
    to: To = None,
    why: Annotated[str, typer.Option("--note", help="Why, without personal data; kept with what was discarded.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="It is for good.")] = False,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """End the dead for good: nothing is written for them.

    What may stand in Holded, or is held by a row that is not finished with it, is refused: replay it. So are the settlement
    sweep, and a part of a replay: `relay replays cancel` ends all its parts.
    """
    if not why.strip() or not yes:
        raise BadInput("not_confirmed", field="--yes" if why.strip() else "--note", detail="expected --yes and --note")
    here = world(ctx, local=local, stack=stack, changes=True)
    wanted = asked_for(here, names, (from_, to), source=source, type=event_type, reason=reason)
    done = {"discarded": asyncio.run(discarded(here, account, wanted, why.strip(), every=all_accounts))}
    emit(done, as_json=as_json, human=lambda: fields(done))
