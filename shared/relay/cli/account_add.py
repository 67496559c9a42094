"""`relay account add`: check a Holded credential, bind it to its company, and tell which URL to paste where."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli import inputs, onboarding
from relay.cli.account_inputs import (
    BIND_HELP,
    TOKEN_VARIABLE,
    V1_VARIABLE,
    bindings_of,
    credential_from,
    first_settings,
    given_secrets,
)
from relay.cli.admission import Wanted, admit
from relay.cli.console import AsJson, emit, lines
from relay.cli.context import Local, StackName, World, world
from relay.cli.webhook_secrets import SENDER_MAKES_IT, fresh
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from relay.ports.accounts import Account

MODES = ("test", "live")


def add(
    ctx: typer.Context,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="An id of your choice: a-z, 0-9 and -.")],
    *,
    mode: Annotated[str, typer.Option(help="test or live: what this Holded company is.")],
    name: Annotated[str, typer.Option(help="A name for people.")] = "",
    source: Annotated[list[str] | None, typer.Option(help="Who posts here; all sources if none is named.")] = None,
    token_file: Annotated[
        Path | None, typer.Option(help=f"Holded API token; - is standard input. Else {TOKEN_VARIABLE}, or asked for.")
    ] = None,
    v1_key_file: Annotated[Path | None, typer.Option(help=f"Holded v1 key, optional. Else {V1_VARIABLE}.")] = None,
    secrets_file: Annotated[
        Path | None, typer.Option(help='JSON {"shopify": "..."}: webhook secrets the senders made.')
    ] = None,
    company_id: Annotated[
        str | None, typer.Option(help="Holded's own id of the company, as its webhooks tell it.")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="JSON; the Spanish defaults without it.")] = None,
    bind: Annotated[list[str] | None, typer.Option(help=BIND_HELP)] = None,
    per_minute: Annotated[int | None, typer.Option(min=1, help="If Holded does not tell.")] = None,
    per_month: Annotated[int | None, typer.Option(min=1, help="If Holded does not tell.")] = None,
    another_id: Annotated[
        bool,
        typer.Option(
            "--another-id", help="Although its company was an account that ended: orders told again are doubled."
        ),
    ] = False,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Check the credential with Holded, store it sealed, make webhook secrets, and say which URL to paste where."""
    _not_reserved(inputs.account_id(account))
    if mode not in MODES:
        raise BadInput("mode_unknown", field="--mode", detail="expected test or live")
    sources = [inputs.source_name(one) for one in source or inputs.SOURCES]
    given = given_secrets(secrets_file)
    bindings = bindings_of(bind or [])
    if company_id:
        bindings.setdefault("holded", {}).setdefault("holded_account_id", company_id)
    chosen = first_settings(settings, mode)
    credential = credential_from(token_file, v1_key_file)
    here = world(ctx, local=local, stack=stack, changes=True)
    wanted = Wanted(
        account=account, name=name or account, mode=mode, company_id=company_id, settings=chosen,
        per_minute=per_minute, per_month=per_month, another_id=another_id,
    )  # fmt: skip
    secrets = {one: given.get(one) or fresh(one) for one in sources}
    one, found = asyncio.run(admit(here, wanted, credential, secrets, bindings))
    told = _told(here, one, found, secrets, given)
    emit(told, as_json=as_json, human=lambda: lines(_lines(told)))


def _not_reserved(account: str) -> None:
    """Dead letters that cannot be read are listed under this id: they must belong to nobody."""
    from relay.services.dead_letters import NO_ACCOUNT

    if account == NO_ACCOUNT:
        detail = f"{NO_ACCOUNT} stands for dead letters that cannot be read; choose another id"
        raise BadInput("account_reserved", field="account", detail=detail)


def _told(
    here: World, one: "Account", found: onboarding.Found, secrets: "Mapping[str, str]", given: "Mapping[str, str]"
) -> dict[str, Any]:
    from relay.domain.sources import registry

    return {
        "account": one.account,
        "mode": one.mode,
        "company_id": one.company_id,
        "per_minute": one.per_minute,
        "per_month": one.per_month,
        "used_this_month": found.used,
        "missing_scopes": sorted(found.missing),
        "sources": {
            source: {
                "url": here.url(one.account, source),
                "secret": None if source in given else secret,
                "replace_by_senders": source in SENDER_MAKES_IT and source not in given,
                "where": registry.get(source).SECRET_HINT,
            }
            for source, secret in secrets.items()
        },
    }


def _lines(told: dict[str, Any]) -> list[str]:
    used = "" if told["used_this_month"] is None else f", {told['used_this_month']} used this month"
    out = [
        f"{told['account']} is ready ({told['mode']}, Holded company {told['company_id']})",
        f"quota: {told['per_minute']} calls a minute, {told['per_month']} a month{used}",
    ]
    if told["missing_scopes"]:
        out.append(f"the token lacks {', '.join(told['missing_scopes'])}: what needs them will wait")
    out.append("Paste these; each secret is shown only now:")
    for source, of in told["sources"].items():
        out += ["", f"{source}: {of['url']}"]
        if of["secret"] and source not in SENDER_MAKES_IT:
            out.append(f"  secret to enter there: {of['secret']}")
        elif of["secret"]:
            command = f"relay secret rotate --account {told['account']} --source {source} --overlap 0 --secret-file -"
            out.append(f"  it shows its own secret when you register the URL; hand it over: {command}")
        out.append(f"  {of['where']}")
    return out
