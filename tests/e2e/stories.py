"""What shops tell in a storm, and what Holded must hold afterwards: an oracle that knows nothing of the relay.

Every sale has a total of its own, so a document is known by its kind and total: one that is missing, doubled or wrong by
a cent shows in the difference of two multisets.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import cycle
from typing import TYPE_CHECKING, Any

from demo import payloads
from demo.payloads import Buyer, Item

if TYPE_CHECKING:
    from random import Random

Document = tuple[str, Decimal]
"""(kind, total)."""
BUYERS = 40
FIRST = 10_000  # stories are numbered from here: no other test of the house uses these numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    account: str
    source: str
    topic: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One sale. `webhooks` in the order they are sent, which need not be the order they happened in."""

    account: str
    webhooks: tuple[Webhook, ...]
    documents: tuple[Document, ...]
    email: str


def stories(accounts: list[str], *, webhooks: int, first: int = FIRST) -> list[Story]:
    """As many as tell `webhooks` things, or one more; spread over the accounts."""
    tellers = cycle((_paid, _woocommerce, _created_and_paid, _stripe, _refund_first, _issued, _changed, _paid))
    found: list[Story] = []
    told, number = 0, first
    for tell, account in zip(tellers, cycle(_turns(accounts)), strict=False):
        if told >= webhooks:
            return found
        story = tell(account, number)
        found.append(story)
        told += len(story.webhooks)
        number += 1
    raise AssertionError("cycles have no end")


def shuffled(told: list[Story], random: Random) -> list[Webhook]:
    """All webhooks, stories interleaved; those of one story keep their order, with others in between."""
    places: list[tuple[float, int, Webhook]] = []
    for at, story in enumerate(told):
        start = at + random.random() * 12
        places += [(start + 4 * step, len(places) + step, webhook) for step, webhook in enumerate(story.webhooks)]
    return [webhook for _, _, webhook in sorted(places, key=lambda place: place[:2])]


def expected(told: list[Story], account: str) -> Counter[Document]:
    return Counter(document for story in told if story.account == account for document in story.documents)


def held(documents: list[dict[str, Any]]) -> Counter[Document]:
    """The same of what the sandbox holds."""
    return Counter((one["_kind"], Decimal(one["total"]).quantize(Decimal("0.01"))) for one in documents)


def _turns(accounts: list[str]) -> list[str]:
    """Eight stories with one account, then with the next: each account hears every kind."""
    return [account for account in accounts for _ in range(8)]


def _buyer(number: int) -> Buyer:
    one = number % BUYERS
    return Buyer(name=f"Ana Compradora {one}", email=f"buyer-{one}@example.com")


def _gross(number: int, *, more: int = 0) -> Decimal:
    """A total no other story has, that 21 % reach to the cent from a net amount."""
    net = Decimal(number * 2 + more) / 100
    return net + (net * 21 / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _story(account: str, number: int, told: list[tuple[str, str, Any]], *documents: Document) -> Story:
    webhooks = tuple(
        Webhook(account=account, source=source, topic=topic, body=json.dumps(body).encode())
        for source, topic, body in told
    )
    return Story(account=account, webhooks=webhooks, documents=documents, email=_buyer(number).email)


def _shopify(number: int, *, more: int = 0, **extra: Any) -> dict[str, Any]:
    return payloads.shopify_order(number, _buyer(number), [Item("Lamp", _gross(number, more=more))], **extra)


def _paid(account: str, number: int) -> Story:
    return _story(account, number, [("shopify", "orders/paid", _shopify(number))], ("invoice", _gross(number)))


def _created_and_paid(account: str, number: int) -> Story:
    """Shopify tells of one sale twice, under two topics."""
    order = _shopify(number)
    told = [("shopify", "orders/create", order), ("shopify", "orders/paid", order)]
    return _story(account, number, told, ("invoice", _gross(number)))


def _changed(account: str, number: int) -> Story:
    """A sale, and its correction by the shop a minute later: the draft follows."""
    later = _shopify(number, more=1, updated_at="2026-03-02T09:01:00+01:00")
    told = [("shopify", "orders/paid", _shopify(number)), ("shopify", "orders/updated", later)]
    return _story(account, number, told, ("invoice", _gross(number, more=1)))


def _refund_first(account: str, number: int) -> Story:
    order = _shopify(number)
    told = [("shopify", "refunds/create", payloads.shopify_refund(number, order)), ("shopify", "orders/paid", order)]
    return _story(account, number, told, ("invoice", _gross(number)), ("creditnote", _gross(number)))


def _woocommerce(account: str, number: int) -> Story:
    order = payloads.woocommerce_order(number, _buyer(number), [Item("Scarf", _gross(number))])
    return _story(account, number, [("woocommerce", "order.created", order)], ("invoice", _gross(number)))


def _stripe(account: str, number: int) -> Story:
    event = payloads.stripe_invoice(number, _buyer(number), [Item("Licence", _gross(number))])
    return _story(account, number, [("stripe", "", event)], ("invoice", _gross(number)))


def _issued(account: str, number: int) -> Story:
    buyer, item = _buyer(number), Item("Advice", _gross(number))
    contact = {
        "name": buyer.name,
        "email": buyer.email,
        "billing_address": {"country": buyer.country, "city": buyer.city, "postal_code": buyer.postal_code},
    }
    tax = item.total - item.net
    line = {
        "name": item.title,
        "quantity": "1",
        "unit_price": str(item.net),
        "taxes": [{"name": "IVA", "rate": "21", "amount": str(tax), "country": "ES"}],
    }
    event = payloads.standard_invoice(number, contact=contact, lines=[line], total=str(item.total), tax_total=str(tax))
    return _story(account, number, [("standard", "invoice.issued", event)], ("invoice", item.total))
