"""Shops and payment providers in a world of fakes: their APIs without a socket, and their webhooks on the relay's road."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from functions.receive_webhook.handler import handle as receive_webhook
from relay.domain import silence
from relay.errors import RetryAt
from relay.ports.accounts import AccountSecrets
from relay.ports.providers import Arrival, ProviderCredential
from relay.providers import registry
from relay.providers.protocol import decipher
from relay.services.accept import Accept
from relay.services.arrivals import CountArrivals
from relay.services.backfill import Backfill
from relay.services.subscriptions import Subscriptions
from relay.services.times import at_ms
from relay.services.watchdog import Watchdog
from shop_sandbox.wire import Request as ShopRequest

API_URL = "https://relay.example"
TOKENS = {"shopify": "shpat_secret", "woocommerce": "ck_secret:cs_secret", "stripe": "rk_secret"}
SECRET = "an-app-secret-of-the-shop"


def asked(shops, request, credential, at):
    """The answer of the sandbox's core to a request of the relay's, in the provider's own form."""
    _, kind, name = urlsplit(credential.base_url).path.split("/")
    body = json.dumps(request.json) if request.json is not None else urlencode(request.form or ())
    sent = ShopRequest(
        method=request.method,
        path=request.path,
        query=request.query,
        headers=registry.get(credential.source).headers(credential.token),
        body=body.encode(),
    )
    return shops.handle(kind, name, sent, at)


class ShopApi:
    """`ProviderApi` straight over the sandbox's core: the same protocol, no socket. `meddle(request)` runs after each call,
    `through(request, response)` is what stands between: a proxy, a plugin, another version.
    """

    def __init__(self, shops, clock):
        self.shops, self.clock = shops, clock
        self.meddle = lambda _: None
        self.through = lambda _, response: response
        self.away = False

    async def call(self, request: Any, credential: ProviderCredential, *, timeout_ms: int) -> Any:
        await asyncio.sleep(0)
        now = self.clock.now()
        if self.away:
            raise RetryAt("not_sent", retry_at=now)
        response = self.through(request, asked(self.shops, request, credential, now.timestamp()))
        reply = decipher(request, response.status, response.headers, response.body, now)
        self.meddle(request)
        return reply


def open_shop(world, kind, *, account="acme", register=True, secret=SECRET):
    """A shop of that kind, whose API and webhooks the account knows."""
    shop = world.shops.open(kind, account, token=TOKENS[kind], secret=secret)
    base = f"https://shops.example/{kind}/{account}"
    credential = ProviderCredential(source=kind, base_url=base, token=TOKENS[kind], register=register)
    asyncio.run(world.providers.put(account, credential))
    if kind != "stripe":
        held = world.accounts.secrets.get(account)
        secrets = {**(held.secrets if held else {}), kind: (secret,)}
        world.accounts.secrets[account] = AccountSecrets(account=account, secrets=secrets, bindings={})
    return shop


def credential_of(world, kind, account="acme"):
    return world.providers.held[account, kind]


def backfill(world, ports=None):
    ports = ports or {}
    return Backfill(
        inbox=ports.get("inbox", world.inbox),
        notes=ports.get("notes", world.notes),
        api=ports.get("provider_api", world.provider_api),
        clock=world.clock,
    )


def imported(world, kind, *, since, until=None, account="acme", ports=None, **options):
    credential = credential_of(world, kind, account)
    return asyncio.run(backfill(world, ports)(account, credential, since=since, until=until, **options))


def watchdog(world, ports=None):
    ports = {name: getattr(world, name) for name in ("accounts", "providers", "arrivals", "notes")} | (ports or {})
    api = ports.get("provider_api", world.provider_api)
    return Watchdog(
        accounts=ports["accounts"],
        providers=ports["providers"],
        arrivals=ports["arrivals"],
        notes=ports["notes"],
        subscriptions=Subscriptions(accounts=ports["accounts"], api=api, clock=world.clock, who="watchdog"),
        backfill=backfill(world, ports),
        clock=world.clock,
        api_url=API_URL,
    )


def watch(world, ports=None, *, seconds=250):
    deadline_ms = at_ms(world.clock.now()) + seconds * 1000
    return asyncio.run(watchdog(world, ports)(deadline_ms=deadline_ms))


def send_webhooks(world):
    """Let the shops deliver what they owe; what is accepted new is counted as the stream does. Returns the statuses."""
    statuses = []

    async def post(one):
        _, _, account, source = urlsplit(one.url).path.split("/")
        event = {
            "pathParameters": {"account": account, "source": source},
            "headers": one.headers,
            "body": one.body.decode(),
        }
        before = len(world.inbox.items)
        accept = Accept(secrets=world.accounts, inbox=_Writer(world))
        status = receive_webhook(event, accept=accept, now=world.clock.now)["statusCode"]
        if len(world.inbox.items) > before:
            now_ms = at_ms(world.clock.now())
            await CountArrivals(arrivals=world.arrivals)([Arrival(account=account, source=source, received_ms=now_ms)])
        statuses.append(status)
        return status

    asyncio.run(world.shops.deliver(world.clock.now().timestamp(), post))
    return statuses


class _Writer:
    def __init__(self, world):
        self._inbox = world.inbox

    def put(self, delivery, *, digest):
        return self._inbox.put_now(delivery, digest=digest)


def lived(world, kind, *, account="acme", weeks=4, per_hour=2):
    """So many weeks of a steady shop lie behind: one delivery after the other, the last one now."""
    now_ms = at_ms(world.clock.now())
    hour = now_ms - now_ms % silence.HOUR_MS
    first = hour - weeks * silence.HOURS * silence.HOUR_MS
    hours = dict.fromkeys(range(first, hour, silence.HOUR_MS), per_hour)
    asyncio.run(world.arrivals.add(account, kind, hours=hours, last_ms=now_ms))
