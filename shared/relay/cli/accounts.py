"""`relay account`: the accounts of a deployment, listed and shown; the commands that change them are beside this module."""

import asyncio
from typing import TYPE_CHECKING, Any

import typer

from relay.cli.account_add import add
from relay.cli.account_change import row_of, set_account
from relay.cli.account_end import erase, remove
from relay.cli.console import AsJson, RelayGroup, emit, fields, table
from relay.cli.context import AccountName, Local, StackName, World, world
from relay.ports.accounts import AccountSecrets

if TYPE_CHECKING:
    from relay.ports.accounts import Account

app = typer.Typer(cls=RelayGroup, no_args_is_help=True, help="The Holded companies this relay serves.")
app.command()(add)
app.command("set")(set_account)
app.command()(remove)
app.command()(erase)


@app.command("list")
def list_accounts(
    ctx: typer.Context, *, as_json: AsJson = False, local: Local = False, stack: StackName = None
) -> None:
    """All accounts of this deployment."""
    here = world(ctx, local=local, stack=stack)
    rows = [row_of(one) for one in asyncio.run(_all(here))]
    emit(rows, as_json=as_json, human=lambda: _table(rows))


def _table(rows: list[dict[str, Any]]) -> None:
    columns = ["account", "name", "mode", "status", "calls/min", "calls/month", "Holded company"]
    table(
        "accounts",
        columns,
        (
            [
                *(row[name] for name in columns[:3]),
                " ".join(filter(None, (row["status"], row["status_reason"]))),
                row["per_minute"],
                row["per_month"],
                row["company_id"],
            ]
            for row in rows
        ),
    )


async def _all(here: World) -> "list[Account]":
    return [one async for one in here.accounts.all()]


@app.command()
def show(
    ctx: typer.Context, account: AccountName, *, as_json: AsJson = False, local: Local = False, stack: StackName = None
) -> None:
    """One account: settings, what was read from Holded, and the URL of each source. No secret."""
    here = world(ctx, local=local, stack=stack)
    one, held = asyncio.run(_one(here, account))
    known = held or AccountSecrets(account=account, secrets={}, bindings={})
    told = {
        **row_of(one),
        "settings": dict(one.settings),
        "catalogue": dict(one.catalogue),
        "sources": {
            source: {
                "url": here.url(account, source),
                "secrets": len(secrets),
                "bindings": dict(known.bindings.get(source, {})),
            }
            for source, secrets in sorted(known.secrets.items())
        },
    }
    emit(told, as_json=as_json, human=lambda: _print(told))


async def _one(here: World, account: str) -> "tuple[Account, AccountSecrets | None]":
    return await here.account(account), await here.accounts.webhook_secrets(account)


def _print(told: dict[str, Any]) -> None:
    fields({name: value for name, value in told.items() if isinstance(value, str | int)})
    series = told["catalogue"].get("numbering_series", {})
    read = {name: len(items) for name, items in told["catalogue"].items() if isinstance(items, list)}
    fields({**read, "numbering_series": sum(map(len, series.values())), "settings": ", ".join(told["settings"])})
    table(
        "sources",
        ["source", "URL", "secrets", "bound to"],
        (
            [source, of["url"], of["secrets"], ", ".join(f"{key} {value}" for key, value in of["bindings"].items())]
            for source, of in told["sources"].items()
        ),
    )
