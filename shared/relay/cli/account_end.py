"""`relay account remove` and `erase`: the two ends of an account.

Both leave it `paused`: nothing is written, and (unlike `blocked`) nothing ever tries to open it again by itself.
"""

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli import inputs
from relay.cli.account_store import store
from relay.cli.console import AsJson, Sure, emit, fields, sure
from relay.cli.context import AccountName, Local, StackName, World, world
from relay.errors import Rejected
from relay.ports.accounts import AccountSecrets

if TYPE_CHECKING:
    from relay.domain.ledger import State

UNFINISHED: tuple["State", ...] = ("waiting", "sent", "unknown")


def remove(
    ctx: typer.Context,
    account: AccountName,
    *,
    yes: Sure = False,
    force: Annotated[bool, typer.Option(help="Although work is unfinished.")] = False,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Stop serving an account: no delivery is accepted, no provider asked and nothing written any more. The ledger stays."""
    here = world(ctx, local=local, stack=stack, changes=True)
    inputs.account_id(account)
    sure(f"Stop serving {account}?", yes=yes)
    told = asyncio.run(_remove(here, account, force=force))
    emit(told, as_json=as_json, human=lambda: fields(told))


async def _remove(here: World, account: str, *, force: bool) -> dict[str, Any]:
    from relay.domain.ledger import STANDING
    from relay.services.silences import forgotten
    from relay.services.watchdog import WATCHED

    one = await here.account(account)
    unfinished = 0
    for state in UNFINISHED:
        unfinished += sum([row.kind not in STANDING async for row in here.ledger.in_state(account, state)])
    if unfinished and not force:
        raise Rejected("work_unfinished", detail=f"{unfinished} rows are waiting or in doubt; or give --force")
    await store(here, dataclasses.replace(one, status="paused", status_reason="removed"), before=one)
    for source in WATCHED:
        # What it sold to nobody is not missing, should the account come back.
        await forgotten(here.notes, account, source, now=here.clock.now())
    for provider in await here.providers.known(account):
        # First of all: the watchdog must not register again what nobody accepts any more.
        await here.providers.forget(account, provider.source)
    await here.accounts.set_webhook_secrets(account, AccountSecrets(account=account, secrets={}, bindings={}))
    return {"account": account, "status": "paused", "unfinished": unfinished}


def erase(
    ctx: typer.Context,
    account: AccountName,
    *,
    yes: Sure = False,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Delete an account's credentials, secrets and every copy of personal data. Ids, digests and amounts stay."""
    here = world(ctx, local=local, stack=stack, changes=True)
    inputs.account_id(account)
    sure(f"Erase all personal data and secrets of {account}? This cannot be undone.", yes=yes)
    told = asyncio.run(_erase(here, account))
    emit(told, as_json=as_json, human=lambda: fields(told))


async def _erase(here: World, account: str) -> dict[str, Any]:
    one = await here.account(account)
    await store(here, dataclasses.replace(one, status="paused", status_reason="erased"), before=one)
    await here.accounts.record_change(
        account,
        at_ms=here.now_ms(),
        who=here.who,
        what="erase",
        before="credentials, secrets and personal data kept",
        after="ids, digests and amounts kept",
    )
    touched = await here.accounts.erase(account)
    return {"account": account, "status": "paused", "items": touched}
