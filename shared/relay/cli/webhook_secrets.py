"""`relay secret`: the secrets that webhooks are signed with, and their rotation with an overlap."""

import asyncio
import base64
import dataclasses
import secrets as random_secrets
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from relay.cli import inputs
from relay.cli.change_words import of_secrets
from relay.cli.console import AsJson, RelayGroup, emit, fields, table_of, utc
from relay.cli.context import AccountId, Local, StackName, World, world
from relay.errors import BadInput, NotFound
from relay.ports.accounts import AccountSecrets

MOST_SECRETS = 5
SENDER_MAKES_IT = frozenset({"holded", "shopify", "stripe"})
"""These show a secret of their own when the webhook is registered; WooCommerce and Standard Webhooks take ours."""

app = typer.Typer(cls=RelayGroup, no_args_is_help=True, help="Webhook secrets: rotate them, see how many are valid.")


def fresh(source: str) -> str:
    """A secret of 32 random bytes in the form its source expects."""
    raw = random_secrets.token_bytes(32)
    if source == "standard":
        return "whsec_" + base64.b64encode(raw).decode("ascii")
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def rotated(held: AccountSecrets, source: str, new: str, *, now_ms: int, overlap: timedelta) -> AccountSecrets:
    """`new` first; the others stay valid until now + overlap, or their own earlier end. Expired ones are dropped.

    One that is first already stays it: a rotation that was interrupted may be told again.
    """
    first, *older = held.secrets.get(source) or (new,)
    before = older if first == new else [first, *older]
    if new in before:
        raise BadInput("secret_not_new", field="secret", detail="it is already one of this source's older secrets")
    until = now_ms + round(overlap.total_seconds() * 1000)
    ends = {old: min(held.expires_ms.get(old, until), until) for old in before}
    kept = [old for old in before if ends[old] > now_ms]
    if len(kept) >= MOST_SECRETS:
        raise BadInput(
            "secrets_too_many", field="--source", detail=f"{len(kept)} are still valid; end them with --overlap 0"
        )
    secrets = {**held.secrets, source: (new, *kept)}
    known = {secret for ours in secrets.values() for secret in ours}
    expires = {secret: end for secret, end in {**held.expires_ms, **ends}.items() if secret in known and secret != new}
    return dataclasses.replace(held, secrets=secrets, expires_ms=expires)


@app.command()
def rotate(
    ctx: typer.Context,
    *,
    account: AccountId,
    source: inputs.SourceName,
    overlap: Annotated[str, typer.Option(help="How long the old secrets stay valid: 0, 30m, 24h, 7d.")] = "24h",
    secret_file: Annotated[
        Path | None, typer.Option(help="The secret the sender made (- is standard input); else one is made here.")
    ] = None,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Put a new secret first and let the old ones run out. A secret made here is printed once."""
    inputs.source_name(source)
    inputs.account_id(account)
    lasting = inputs.duration(overlap, "--overlap")
    given = inputs.secret(file=secret_file, variable="", prompt="secret") if secret_file else ""
    here = world(ctx, local=local, stack=stack, changes=True)
    new = given or fresh(source)
    asyncio.run(_rotate(here, account, source, new, lasting))
    shown: dict[str, Any] = {"account": account, "source": source, "url": here.url(account, source), "overlap": overlap}
    if not given:
        shown["secret"] = new
    emit(shown, as_json=as_json, human=lambda: fields(shown))


async def _rotate(here: World, account: str, source: str, new: str, overlap: timedelta) -> None:
    held = await _held(here, account)
    secrets = rotated(held, source, new, now_ms=here.now_ms(), overlap=overlap)
    if secrets == held:
        return  # told again after an interruption
    await here.accounts.record_change(
        account,
        at_ms=here.now_ms(),
        who=here.who,
        what=f"secret.{source}",
        before=of_secrets(held, source),
        after=f"rotated: {of_secrets(secrets, source)}",
    )
    await here.accounts.set_webhook_secrets(account, secrets)


async def _held(here: World, account: str) -> AccountSecrets:
    held = await here.accounts.webhook_secrets(account)
    if held is None:
        await here.account(account)
        return AccountSecrets(account=account, secrets={}, bindings={})
    return held


@app.command()
def show(
    ctx: typer.Context,
    *,
    account: AccountId,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    reveal: Annotated[bool, typer.Option(help="Print the secrets themselves.")] = False,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """The valid secrets of an account, newest first, and when each ends; themselves only with --reveal."""
    inputs.account_id(account)
    if source:
        inputs.source_name(source)
    here = world(ctx, local=local, stack=stack)
    held = asyncio.run(here.accounts.webhook_secrets(account))
    if held is None:
        raise NotFound("account_unknown", detail=f"no account {account}; see `relay account list`")
    rows = [
        {
            "source": name,
            "position": at,
            "valid_until": utc(held.expires_ms.get(secret, 0)),
            **({"secret": secret} if reveal else {}),
        }
        for name, ours in sorted(held.secrets.items())
        if source in (None, name)
        for at, secret in enumerate(ours, start=1)
    ]
    columns = ["source", "position", "valid_until", *(["secret"] if reveal else [])]
    emit(rows, as_json=as_json, human=lambda: table_of(f"secrets of {account}", columns, rows))
