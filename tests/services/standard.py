"""Facts as any system may post them (Standard Webhooks): sales, corrections and payments of one shape."""

from __future__ import annotations

from decimal import Decimal


def sale(number="1", *, total="121.00", **extra):
    """A domestic sale of one line at 21 %, prices with tax; as an order, an invoice, a refund or a credit note."""
    gross = Decimal(total)
    tax = gross - (gross / Decimal("1.21")).quantize(Decimal("0.01"))
    at_home = {"country": "ES", "postal_code": "28013", "city": "Madrid", "line1": "Calle Mayor 1"}
    vat = {"name": "IVA", "rate": "21", "amount": str(tax)}
    return {
        "id": number,
        "currency": "EUR",
        "issued_at": "2026-03-02T09:00:00Z",
        "prices_include_tax": True,
        "total": total,
        "payment_status": "paid",
        "contact": {"name": "Ana Ejemplo", "email": "ana@example.com"},
        "billing_address": at_home,
        "lines": [{"name": "Silla", "quantity": "1", "unit_price": total, "taxes": [vat]}],
    } | extra


def payment(number="p1", *, amount="121.00", currency="EUR", of="1"):
    return {"id": number, "amount": amount, "currency": currency, "document_id": of}


def tell(world, kind, data, **envelope):
    """Deliver and drain one event; returns its refs."""
    refs = world.deliver({"type": kind, "data": data} | envelope, topic=kind, source="standard")
    world.run(refs)
    return refs
