"""What a command works with: the ports of one deployment, wired once. Tests hand in a `World` of fakes as `ctx.obj`."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from relay.cli import stack as stacks
from relay.cli.console import note
from relay.errors import BadInput
from relay.services.times import at_ms

if TYPE_CHECKING:
    import httpx

    from relay.ports.accounts import Account, Accounts
    from relay.ports.holded import HoldedApi
    from relay.ports.inbox import Inbox
    from relay.ports.ledger import Gates, Ledger
    from relay.ports.polling import Polls
    from relay.ports.providers import Notes, ProviderApi, Providers
    from relay.ports.queues import DeadLetters, Wakes
    from relay.ports.world import Clock

Local = Annotated[
    bool, typer.Option("--local", envvar="RELAY_LOCAL", help="Use the stack on this machine (.local/stack.json).")
]
StackName = Annotated[
    str | None,
    typer.Option(
        "--stack", envvar="RELAY_STACK", help=f"CloudFormation stack; {stacks.DEFAULT_STACK} if no local one runs."
    ),
]
AccountId = Annotated[str, typer.Option("--account", "-a", envvar="RELAY_ACCOUNT", help="The account's id.")]
AccountName = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id.")]

EitherName = Annotated[str | None, typer.Argument(metavar="ACCOUNT", help="The account's id; or by --account.")]
EitherOption = Annotated[str | None, typer.Option("--account", "-a", help="The account's id, as elsewhere.")]


def named_once(argument: str | None, option: str | None) -> str:
    """Raises `BadInput` unless the account is given exactly one way."""
    if (argument is None) is (option is None):
        detail = "expected one ACCOUNT" if argument is None else "expected only one of ACCOUNT and --account"
        raise BadInput("account_not_chosen", field="ACCOUNT", detail=detail)
    return argument or option or ""


class Queues(Protocol):
    def depths(self) -> Mapping[str, int]:
        """Messages waiting, about, by queue: fiscal, normal, and the dead letters of each."""
        ...


@dataclass(kw_only=True)
class World:
    """Everything a command may touch. `post` sends webhooks; `who` signs the change log. `is_local`: the stack runs on this machine."""

    accounts: "Accounts"
    ledger: "Ledger"
    inbox: "Inbox"
    gates: "Gates"
    polls: "Polls"
    holded: "HoldedApi"
    queues: Queues
    wakes: "Wakes"
    dead_letters: "DeadLetters"
    notes: "Notes"
    providers: "Providers"
    provider_api: "ProviderApi"
    clock: "Clock"
    post: "httpx.Client"
    api_url: str
    who: str = "cli"
    is_local: bool = False

    def now(self) -> datetime:
        return self.clock.now()

    def now_ms(self) -> int:
        return at_ms(self.clock.now())

    def url(self, account: str, source: str) -> str:
        return f"{self.api_url.rstrip('/')}/v1/{account}/{source}"

    async def nudge(self, account: str) -> None:
        """Wake the account for what an operator changed in its waiting room."""
        from relay.services.nudge import Nudge

        await Nudge(gates=self.gates, wakes=self.wakes)(account, now_ms=self.now_ms())

    async def account(self, account: str) -> "Account":
        """Raises `NotFound` with the accounts' listing command for an account that is not there."""
        from relay.cli.inputs import account_id
        from relay.errors import NotFound

        found = await self.accounts.get(account_id(account))
        if found is None:
            raise NotFound("account_unknown", detail=f"no account {account}; see `relay account list`")
        return found


def announce(found: stacks.Stack) -> None:
    """Say which deployment a command is about to change; the one on this machine goes without saying."""
    if not found.is_local:
        note(f"stack {found.name}" + (f" in {found.region}" if found.region else ""))


def world(ctx: typer.Context, *, local: bool, stack: str | None, changes: bool = False) -> World:
    """The world of the chosen deployment; named on stderr where the command changes something. Raises what `stack.find` raises."""
    if isinstance(ctx.obj, World):
        return ctx.obj
    from relay.cli.wiring import wire

    found = stacks.find(local=local, name=stack, environ=os.environ, folder=Path.cwd())
    if changes:
        announce(found)
    return wire(found, who=f"cli:{os.environ.get('USER') or sys.platform}")
