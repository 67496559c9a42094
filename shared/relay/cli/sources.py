"""`relay source`: how a shop or a payment provider is asked, so that what its webhooks missed can be brought."""

import asyncio
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from relay.cli import inputs
from relay.cli.change_words import of_provider
from relay.cli.console import AsJson, RelayGroup, emit, fields, table
from relay.cli.context import AccountName, Local, StackName, World, world
from relay.domain.sources import woocommerce
from relay.errors import BadInput, NotFound
from relay.ports.providers import ProviderCredential

API = ("shopify", "stripe", "woocommerce")
VARIABLE = "RELAY_PROVIDER_TOKEN"
COLUMNS = ("source", "api", "registers")
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,60}\.myshopify\.com")

app = typer.Typer(
    cls=RelayGroup,
    no_args_is_help=True,
    help="Shops and payment providers: how their API is asked for what was missed.",
)
Source = Annotated[str, typer.Argument(metavar="SOURCE", help="shopify, stripe or woocommerce.")]


def api_source(value: str, field: str = "SOURCE") -> str:
    if value not in API:
        raise BadInput("source_without_api", field=field, detail=f"expected one of {', '.join(API)}")
    return value


@app.command("set")
def set_(
    ctx: typer.Context,
    account: AccountName,
    source: Source,
    *,
    shop_domain: Annotated[str | None, typer.Option(help="Shopify: your-shop.myshopify.com.")] = None,
    base_url: Annotated[str | None, typer.Option(help="WooCommerce: the shop's address, https://shop.example.")] = None,
    token_file: Annotated[Path | None, typer.Option(help=f"The token; - is standard input. Else {VARIABLE}.")] = None,
    register: Annotated[
        bool, typer.Option("--register/--no-register", help="Whether the relay may make and mend webhooks there.")
    ] = True,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Store the credential of a provider's API. It is sealed under a purpose of its own and never shown."""
    inputs.account_id(account)
    base = base_of(api_source(source), shop_domain=shop_domain, base_url=base_url)
    token = inputs.secret(file=token_file, variable=VARIABLE, prompt="token")
    if source == "woocommerce" and ":" not in token:
        raise BadInput("secret_malformed", field="token", detail="expected <consumer key>:<consumer secret>")
    here = world(ctx, local=local, stack=stack, changes=True)
    credential = ProviderCredential(source=source, base_url=base, token=token, register=register)
    base_of(source, shop_domain=shop_domain, base_url=base_url, local=here.is_local)
    unbound = asyncio.run(_set(here, account, credential))
    shown = {"account": account, **_row(credential), "webhook_url": here.url(account, source)}
    if unbound:
        shown["bind"] = f"relay account set {account} --bind woocommerce.site={unbound}"
    emit(shown, as_json=as_json, human=lambda: fields(shown))


def base_of(source: str, *, shop_domain: str | None, base_url: str | None, local: bool = True) -> str:
    """The API's base URL; `local` for a stack on this machine. Raises `BadInput` for one that would send a token in the clear or
    somewhere else.
    """
    from relay.adapters.provider_http import checked

    if base_url is None and source == "shopify":
        domain = (shop_domain or "").strip().lower()
        if not _SHOP.fullmatch(domain):
            raise BadInput("shop_malformed", field="--shop-domain", detail="expected your-shop.myshopify.com")
        return f"https://{domain}"
    if base_url is None and source == "stripe":
        return "https://api.stripe.com"
    if base_url is None:
        raise BadInput("base_url_missing", field="--base-url", detail="expected the shop's address")
    return checked(base_url, local=local)


async def _set(here: World, account: str, credential: ProviderCredential) -> str:
    """The shop that the account's webhooks are not bound to yet; empty where they are, or where ids need no shop."""
    from relay.services.silences import forgotten, was_looked_at

    await here.account(account)
    old = {one.source: one for one in await here.providers.known(account)}.get(credential.source)
    await here.accounts.record_change(
        account,
        at_ms=here.now_ms(),
        who=here.who,
        what=f"provider.{credential.source}",
        before=of_provider(old),
        after=f"{of_provider(credential)}, token given",
    )
    if old.base_url != credential.base_url if old else await was_looked_at(here.notes, account, credential.source):
        # Before the new shop can be asked: what it sold until now is not missing from anywhere.
        await forgotten(here.notes, account, credential.source, now=here.clock.now())
    await here.providers.put(account, credential)
    held = await here.accounts.webhook_secrets(account)
    bound = credential.source != "woocommerce" or (held is not None and held.bindings.get("woocommerce"))
    return "" if bound else woocommerce.site(credential.base_url)


@app.command()
def show(
    ctx: typer.Context,
    account: AccountName,
    *,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """The providers an account can ask, without their tokens."""
    here = world(ctx, local=local, stack=stack)
    rows = asyncio.run(_shown(here, account))
    none = f"providers of {account}: none; see `relay source set`"
    emit(
        rows,
        as_json=as_json,
        human=lambda: table(
            f"providers of {account}", COLUMNS, ([row[name] for name in COLUMNS] for row in rows), none=none
        ),
    )


async def _shown(here: World, account: str) -> list[dict[str, Any]]:
    await here.account(account)
    return [_row(one) for one in await here.providers.known(account)]


def _row(credential: ProviderCredential) -> dict[str, Any]:
    return {"source": credential.source, "api": credential.base_url, "registers": credential.register}


@app.command()
def remove(
    ctx: typer.Context,
    account: AccountName,
    source: Source,
    *,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Forget the credential of a provider's API and what was known of it: set again, it begins then. Its webhooks stay."""
    inputs.account_id(account)
    api_source(source)
    here = world(ctx, local=local, stack=stack, changes=True)
    asyncio.run(_remove(here, account, source))
    shown = {"account": account, "source": source, "removed": True}
    emit(shown, as_json=as_json, human=lambda: fields(shown))


async def _remove(here: World, account: str, source: str) -> None:
    from relay.services.silences import forgotten

    await here.account(account)
    old = {one.source: one for one in await here.providers.known(account)}.get(source)
    if old is None:
        raise NotFound("provider_unknown", detail=f"{account} has no credential for {source}; see `relay source show`")
    await here.accounts.record_change(
        account, at_ms=here.now_ms(), who=here.who, what=f"provider.{source}", before=of_provider(old), after="removed"
    )
    await forgotten(here.notes, account, source, now=here.clock.now())
    await here.providers.forget(account, source)
