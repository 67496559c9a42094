"""`relay pause` and `relay resume`: hold an account's work, dropping none of it, and let it go on."""

import asyncio
from typing import Annotated, Any

import typer

from relay.cli.account_change import BY_OPERATOR, change_account, status_change
from relay.cli.console import AsJson, emit, fields
from relay.cli.context import EitherName, EitherOption, Local, StackName, World, named_once, world


def pause(
    ctx: typer.Context,
    account: EitherName = None,
    *,
    option: EitherOption = None,
    reason: Annotated[str, typer.Option(help="Kept with the account and in the change log.")] = BY_OPERATOR,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Hold an account: it accepts and keeps all, and writes nothing."""
    here = world(ctx, local=local, stack=stack, changes=True)
    told = asyncio.run(_standing(here, named_once(account, option), "paused", reason))
    emit(told, as_json=as_json, human=lambda: fields(told))


def resume(
    ctx: typer.Context,
    account: EitherName = None,
    *,
    option: EitherOption = None,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Let a paused account go on, with all that waited; try a blocked one now: it opens if Holded lets the call through."""
    here = world(ctx, local=local, stack=stack, changes=True)
    told = asyncio.run(_standing(here, named_once(account, option), "active", ""))
    emit(told, as_json=as_json, human=lambda: fields(told))


async def _standing(here: World, account: str, status: str, reason: str) -> dict[str, Any]:
    told = await change_account(here, account, status_change(status, reason), {}, credential_files=None)
    return {"account": account, **{name: told[name] for name in ("status", "status_reason", "next") if name in told}}
