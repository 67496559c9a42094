"""Webhook bodies of the demo's day, in the shapes the real senders use. Invented shops, invented buyers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Body = dict[str, Any]
CENT = Decimal("0.01")
DAY = "2026-03-02"


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """`nif` goes where each shop puts a tax id. `tags` are the shop's own words for a customer."""

    name: str
    email: str
    country: str = "ES"
    postal_code: str = "28013"
    city: str = "Madrid"
    nif: str = ""
    company: str = ""
    tags: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """`gross` holds the tax of `rate` percent; `second_rate` is a surcharge on the same net (recargo de equivalencia)."""

    title: str
    gross: Decimal
    rate: Decimal = Decimal(21)
    second_rate: Decimal = Decimal(0)
    quantity: int = 1

    @property
    def total(self) -> Decimal:
        return self.gross * self.quantity

    @property
    def net(self) -> Decimal:
        return (self.total / (1 + (self.rate + self.second_rate) / 100)).quantize(CENT)

    @property
    def taxes(self) -> list[tuple[Decimal, Decimal]]:
        """(rate, amount), the last one taking what rounding leaves."""
        rates = [rate for rate in (self.rate, self.second_rate) if rate]
        amounts = [(self.net * rate / 100).quantize(CENT) for rate in rates]
        if amounts:
            amounts[-1] = self.total - self.net - sum(amounts[:-1], Decimal(0))
        return list(zip(rates, amounts, strict=True))


def shopify_order(number: int, buyer: Buyer, items: list[Item], *, tax_title: str = "IVA", **extra: Any) -> Body:
    total = sum((item.total for item in items), Decimal(0))
    tax = sum((amount for item in items for _, amount in item.taxes), Decimal(0))
    first, _, last = buyer.name.partition(" ")
    return {
        "id": 5_500_000_000 + number,
        "name": f"#{number}",
        "currency": "EUR",
        "created_at": f"{DAY}T09:00:00+01:00",
        "updated_at": f"{DAY}T09:00:00+01:00",
        "processed_at": f"{DAY}T09:00:00+01:00",
        "financial_status": "paid",
        "taxes_included": True,
        "email": buyer.email,
        "total_price": str(total),
        "subtotal_price": str(total),
        "total_tax": str(tax),
        "total_discounts": "0.00",
        "customer": {
            "id": 900 + number,
            "email": buyer.email,
            "first_name": first,
            "last_name": last,
            "tags": buyer.tags,
        },
        "note_attributes": [{"name": "NIF", "value": buyer.nif}] if buyer.nif else [],
        "billing_address": {
            "name": buyer.name,
            "company": buyer.company or None,
            "address1": "Calle Mayor 1",
            "city": buyer.city,
            "zip": buyer.postal_code,
            "country_code": buyer.country,
        },
        "shipping_lines": [],
        "line_items": [
            {
                "id": number * 10 + at,
                "title": item.title,
                "quantity": item.quantity,
                "price": str(item.gross),
                "total_discount": "0.00",
                "taxable": bool(item.taxes),
                "tax_lines": [
                    {"title": tax_title, "rate": float(rate / 100), "price": str(amount)} for rate, amount in item.taxes
                ],
            }
            for at, item in enumerate(items)
        ],
    } | extra


def shopify_refund(number: int, order: Body) -> Body:
    """Everything of an order given back."""
    lines = order["line_items"]
    return {
        "id": 7_700_000_000 + number,
        "order_id": order["id"],
        "created_at": f"{DAY}T12:00:00+01:00",
        "note": "returned",
        "refund_line_items": [
            {
                "id": line["id"],
                "line_item_id": line["id"],
                "quantity": line["quantity"],
                "subtotal": float(Decimal(line["price"]) * line["quantity"]),
                "total_tax": float(sum(Decimal(tax["price"]) for tax in line["tax_lines"])),
                "line_item": line,
            }
            for line in lines
        ],
        "transactions": [
            {"id": 1, "kind": "refund", "status": "success", "amount": order["total_price"], "currency": "EUR"}
        ],
        "order_adjustments": [],
    }


def woocommerce_order(number: int, buyer: Buyer, items: list[Item]) -> Body:
    total = sum((item.total for item in items), Decimal(0))
    tax = sum((amount for item in items for _, amount in item.taxes), Decimal(0))
    first, _, last = buyer.name.partition(" ")
    rates = sorted({rate for item in items for rate, _ in item.taxes})
    return {
        "id": number,
        "number": str(number),
        "status": "processing",
        "currency": "EUR",
        "date_created_gmt": f"{DAY}T08:00:00",
        "date_modified_gmt": f"{DAY}T08:00:00",
        "date_paid_gmt": f"{DAY}T08:00:00",
        "discount_total": "0.00",
        "discount_tax": "0.00",
        "shipping_total": "0.00",
        "shipping_tax": "0.00",
        "cart_tax": str(tax),
        "total": str(total),
        "total_tax": str(tax),
        "prices_include_tax": True,
        "customer_id": 40 + number,
        "payment_method": "redsys",
        "payment_method_title": "Tarjeta",
        "transaction_id": f"t{number}",
        "billing": {
            "first_name": first,
            "last_name": last,
            "company": buyer.company,
            "address_1": "Calle Mayor 1",
            "city": buyer.city,
            "postcode": buyer.postal_code,
            "country": buyer.country,
            "email": buyer.email,
        },
        "shipping": {"country": buyer.country, "postcode": buyer.postal_code, "city": buyer.city},
        "meta_data": [{"id": 1, "key": "_billing_nif", "value": buyer.nif}] if buyer.nif else [],
        "line_items": [
            {
                "id": number * 10 + at,
                "name": item.title,
                "quantity": item.quantity,
                "subtotal": str(item.net),
                "subtotal_tax": str(item.total - item.net),
                "total": str(item.net),
                "total_tax": str(item.total - item.net),
                "taxes": [
                    {"id": int(rate), "total": str(amount), "subtotal": str(amount)} for rate, amount in item.taxes
                ],
                "sku": "",
                "price": float(item.net / item.quantity),
            }
            for at, item in enumerate(items)
        ],
        "tax_lines": [
            {"id": at, "rate_id": int(rate), "label": "IVA", "rate_percent": float(rate), "tax_total": str(tax)}
            for at, rate in enumerate(rates)
        ],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
    }


def stripe_invoice(number: int, buyer: Buyer, items: list[Item], *, kind: str = "invoice.paid") -> Body:
    """An event envelope around an invoice with exclusive taxes, amounts in cents."""

    def cents(amount: Decimal) -> int:
        return int(amount * 100)

    net = sum((item.net for item in items), Decimal(0))
    total = sum((item.total for item in items), Decimal(0))
    created = 1_772_438_400
    return {
        "id": f"evt_{number}",
        "object": "event",
        "api_version": "2023-10-16",
        "created": created,
        "type": kind,
        "livemode": True,
        "data": {
            "object": {
                "id": f"in_{number}",
                "object": "invoice",
                "number": f"ST-{number}",
                "status": "paid",
                "currency": "eur",
                "created": created,
                "livemode": True,
                "subtotal": cents(net),
                "subtotal_excluding_tax": cents(net),
                "total": cents(total),
                "total_excluding_tax": cents(net),
                "tax": cents(total - net),
                "amount_due": cents(total),
                "amount_paid": cents(total),
                "amount_remaining": 0,
                "paid": True,
                "status_transitions": {"finalized_at": created, "paid_at": created},
                "customer": f"cus_{number}",
                "customer_name": buyer.name,
                "customer_email": buyer.email,
                "customer_address": {
                    "country": buyer.country,
                    "postal_code": buyer.postal_code,
                    "city": buyer.city,
                    "line1": "Calle Mayor 1",
                },
                "customer_tax_exempt": "none",
                "customer_tax_ids": [{"type": "es_cif", "value": buyer.nif}] if buyer.nif else [],
                "default_tax_rates": [],
                "discounts": [],
                "total_discount_amounts": [],
                "total_tax_amounts": [],
                "lines": {
                    "object": "list",
                    "has_more": False,
                    "data": [
                        {
                            "id": f"il_{number}_{at}",
                            "object": "line_item",
                            "type": "invoiceitem",
                            "description": item.title,
                            "amount": cents(item.net),
                            "currency": "eur",
                            "quantity": item.quantity,
                            "proration": False,
                            "discount_amounts": [],
                            "discounts": [],
                            "tax_rates": [],
                            "tax_amounts": [
                                {
                                    "amount": cents(amount),
                                    "inclusive": False,
                                    "taxable_amount": cents(item.net),
                                    "tax_rate": {
                                        "id": "txr_1",
                                        "object": "tax_rate",
                                        "country": "ES",
                                        "display_name": "IVA",
                                        "inclusive": False,
                                        "percentage": float(rate),
                                    },
                                }
                                for rate, amount in item.taxes
                            ],
                        }
                        for at, item in enumerate(items)
                    ],
                },
            }
        },
    }


def standard_invoice(number: int, *, contact: Body, lines: list[Body], total: str, **extra: Any) -> Body:
    """The relay's own published event: an ERP that posts what it invoiced."""
    return {
        "type": "invoice.issued",
        "subject": f"ERP-{number}",
        "time": f"{DAY}T10:00:00Z",
        "version": number,
        "data": {
            "id": f"ERP-{number}",
            "number": f"ERP-{number}",
            "currency": "EUR",
            "issued_at": f"{DAY}T10:00:00Z",
            "prices_include_tax": False,
            "contact": contact,
            "billing_address": contact.get("billing_address"),
            "lines": lines,
            "total": total,
        }
        | extra,
    }
