"""Which accounts and which time a command is about: one account, or all of them said out loud."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated

import typer

from relay.cli import inputs
from relay.cli.context import World
from relay.errors import BadInput

AccountChoice = Annotated[str | None, typer.Option("--account", "-a", envvar="RELAY_ACCOUNT", help="The account's id.")]
AllAccounts = Annotated[bool, typer.Option("--all-accounts", help="Every account, instead of one.")]
From = Annotated[str | None, typer.Option("--from", help="ISO 8601, UTC without an offset.")]
To = Annotated[str | None, typer.Option("--to", help="ISO 8601, not included; now without it.")]
KEPT = timedelta(days=35)
"""A delivery leaves the inbox so long after its end."""
Rate = Annotated[int, typer.Option(min=0, max=6000, help="Events a minute; 0: as fast as quota of its class allows.")]


async def accounts_of(here: World, account: str | None, *, every: bool) -> list[str]:
    """The accounts meant. Raises `BadInput` unless it is exactly one, or all of them on purpose."""
    if (account is None) is not every:
        detail = "expected one account, or --all-accounts" if account is None else "not together with --all-accounts"
        raise BadInput("account_not_chosen", field="--account", detail=detail)
    if account is not None:
        return [inputs.account_id(account)]
    return [one.account async for one in here.accounts.all()]


def span(here: World, start: str | None, end: str | None, *, clock: tzinfo = UTC) -> tuple[datetime, datetime] | None:
    """The half-open time meant, None where none was given; what has no offset is that clock's. Raises `BadInput` where it is empty."""
    if start is None and end is None:
        return None
    if start is None:
        raise BadInput("span_open", field="--from", detail="expected with --to")
    from_ = inputs.instant(start, "--from", clock=clock)
    to = inputs.instant(end, "--to", clock=clock) if end else here.now()
    if from_ >= to:
        raise BadInput("span_empty", field="--from", detail="expected to be before --to")
    return from_, to
