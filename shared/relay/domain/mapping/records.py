"""Contacts, products and payments that come as events of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.domain.documents import PaymentDraft, Plan, ProductDraft
from relay.domain.mapping import choices, digest
from relay.domain.mapping.contacts import buyer_of
from relay.domain.mapping.sale import MADRID
from relay.domain.mapping.sales import ignored
from relay.domain.mapping.taxes import select
from relay.domain.mapping.undecided import Undecided
from relay.domain.money import HUNDRED, plain
from relay.domain.settings import Selector
from relay.domain.text import clip

if TYPE_CHECKING:
    from decimal import Decimal

    from relay.domain.mapping.catalogue import Catalogue
    from relay.domain.models import Contact, Event, Payment, Product
    from relay.domain.settings import Settings

_PRICE_DECIMALS = 4
_GRAMS_A_KILO = 1000


def plan_contact(event: Event, contact: Contact, settings: Settings) -> Plan:
    """A customer becomes a contact. One without name, e-mail and tax id would be nobody."""
    if not settings.policy.contacts:
        return ignored(event, "contact", "policy_contacts")
    if event.type.endswith(".deleted"):
        return ignored(event, "contact", "contact_deleted", "A contact with documents stays in Holded.")
    buyer = buyer_of(contact, billing=None, shipping=None, settings=settings)
    if buyer.anonymous:
        return ignored(event, "contact", "contact_anonymous", "The customer has neither name nor e-mail nor tax id.")
    return Plan(
        outcome="document",
        purpose="contact",
        subject=event.subject,
        contact=buyer.draft,
        digest=digest.of_contact(buyer.draft),
    )


def plan_product(event: Event, product: Product, settings: Settings, catalogue: Catalogue) -> Plan:
    """A product without variants, or with one, becomes a product. Raises `Undecided` for several variants."""
    if not settings.policy.products:
        return ignored(event, "product", "policy_products")
    if event.type.endswith(".deleted"):
        return ignored(event, "product", "product_deleted", "A product with documents stays in Holded.")
    if len(product.variants) > 1:
        raise Undecided(
            "product_variants",
            f"The product has {len(product.variants)} variants, each with its own price and stock: create it by hand.",
        )
    one = product.variants[0] if product.variants else product
    draft = ProductDraft(
        name=clip(product.name, 250),
        sku=one.sku or product.sku,
        barcode=one.barcode or product.barcode,
        description=clip(product.description, 1000) or None,
        price=_net_price(one, product, settings),
        cost=one.cost if one.cost is not None else product.cost,
        taxes=(select(Selector(kind="vat", rate=settings.policy.product_tax_rate), catalogue).key,),
        weight=_kilos(one.weight_grams if one.weight_grams is not None else product.weight_grams),
        has_stock=product.kind != "service" and (one.stock is not None or product.stock is not None),
        archived=not product.active,
        tags=product.tags,
    )
    return Plan(
        outcome="document",
        purpose="product",
        subject=event.subject,
        product=draft,
        digest=digest.of_product(draft),
    )


def plan_payment(event: Event, payment: Payment, settings: Settings, catalogue: Catalogue) -> Plan:
    """By policy, money that came in is registered on the document it pays. Raises `Undecided` where none is named."""
    if settings.policy.payments == "ignore":
        return ignored(event, "payment", "policy_payments", "Payments come with the order or invoice they pay.")
    if payment.document_id is None:
        raise Undecided("payment_without_document", "The source does not say which order or invoice this payment pays.")
    if payment.amount <= 0:
        raise Undecided("payment_not_positive", f"The amount is {plain(payment.amount)}.")
    about = choices.Circumstances(
        doc_type="invoice", source=event.source, currency=payment.currency, payment_method=payment.method or ""
    )
    draft = PaymentDraft(
        amount=payment.amount,
        date=(payment.at or event.time).astimezone(MADRID).date(),
        treasury_id=choices.choose_listed(
            settings.tables.treasury_accounts, about, catalogue=catalogue, of="treasury_accounts"
        ),
        description=clip(payment.reference or event.subject, 200),
        currency=payment.currency,
    )
    return Plan(
        outcome="document",
        purpose="payment",
        subject=event.subject,
        payment=draft,
        parent=(payment.document_id, "invoice"),
        digest=digest.of_payment(amount=plain(payment.amount), currency=payment.currency, document=payment.document_id),
    )


def _net_price(one: Product, product: Product, settings: Settings) -> Decimal | None:
    price = one.price if one.price is not None else product.price
    if price is None:
        return None
    includes = one.price_includes_tax if one.price_includes_tax is not None else product.price_includes_tax
    if includes is None:
        includes = settings.policy.product_prices_include_tax
    if not includes:
        return price
    return round(price * HUNDRED / (HUNDRED + settings.policy.product_tax_rate), _PRICE_DECIMALS)


def _kilos(grams: Decimal | None) -> Decimal | None:
    return grams / _GRAMS_A_KILO if grams is not None else None
