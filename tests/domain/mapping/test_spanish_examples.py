"""Published Spanish invoices with their computed totals (base, IVA, IRPF), as an oracle for taxes and sums."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from relay.domain.models import Address, Contact, Discount, Invoice, Line, TaxId, TaxLine
from relay.domain.money import cents
from tests.domain.mapping.factories import D, planned

EXAMPLES = Path(__file__).resolve().parents[3].parent / "shared/realdata/tax/gobl_es_examples"
REVIEWS = {
    "out__invoice-es-fr-tbai-foreign-vat.json": "tax_not_settled",  # French VAT charged to a French business
    "out__invoice-es-nl-b2b.json": "vies_unconfirmed",
}


def percent(tax: dict[str, Any], key: str = "percent"):
    return D(tax[key].rstrip("%")) if tax.get(key) else None


def taxes_of(row: dict[str, Any], *, amount, included: bool) -> tuple[TaxLine, ...]:
    found = []
    for tax in row.get("taxes", []):
        sign = -1 if tax["cat"] == "IRPF" else 1
        for key in ("percent", "surcharge"):
            rate = percent(tax, key)
            if rate:
                base = amount / (1 + rate / 100) if included else amount
                country = tax.get("country")
                found.append(
                    TaxLine(name=tax["cat"], rate=sign * rate, amount=sign * cents(base * rate / 100), country=country)
                )
    return tuple(found)


def invoice_of(value: dict[str, Any]) -> Invoice:
    included = bool((value.get("tax") or {}).get("prices_include"))
    totals, customer = value["totals"], value.get("customer") or {}
    rows = [(one["item"]["name"], one["quantity"], one["item"]["price"], one) for one in value.get("lines", [])]
    rows += [(one.get("reason", "Charge"), "1", one["amount"], one) for one in value.get("charges", [])]
    lines = []
    for name, quantity, price, row in rows:
        discounts = tuple(Discount(amount=D(one["amount"])) for one in row.get("discounts", []))
        amount = D(quantity) * D(price) - sum((one.amount for one in discounts), D(0))
        lines.append(
            Line(
                name=name,
                kind="service",
                quantity=D(quantity),
                unit_price=D(price),
                discounts=discounts,
                taxes=taxes_of(row, amount=amount, included=included),
            )
        )
    address = (customer.get("addresses") or [{}])[0]
    tax_id = customer.get("tax_id") or {}
    country = address.get("country") or tax_id.get("country")
    return Invoice(
        id=value["code"], currency=value["currency"], issued_at=datetime.fromisoformat(value["issue_date"]).replace(hour=12, tzinfo=UTC),
        prices_include_tax=included, lines=tuple(lines), total=D(totals["payable"]), tax_total=D(totals["tax"]),
        contact=Contact(
            name=customer.get("name"), tax_ids=(TaxId(value=tax_id["code"], country=tax_id["country"]),) if tax_id.get("code") else ()
        ),
        billing_address=Address(country=country, postal_code=address.get("code")) if country else None,
    )  # fmt: skip


def examples() -> list[Path]:
    return sorted(EXAMPLES.glob("out__invoice-*.json"))


@pytest.mark.parametrize("path", examples() or [None], ids=lambda path: path.stem if path else "missing")
def test_a_published_invoice_comes_to_its_published_totals(path):
    if path is None:
        pytest.skip("the public Spanish invoices are not beside the repository")
    value = json.loads(path.read_bytes())
    value = value.get("doc", value)
    totals = value["totals"]

    made = planned(invoice_of(value))

    if path.name in REVIEWS:
        assert (made.outcome, made.reason) == ("review", REVIEWS[path.name])
        return
    assert made.outcome == "document", (made.reason, made.detail)
    assert made.document.total == D(totals["payable"])
    assert made.document.subtotal == D(totals["total"])
    assert made.document.tax == D(totals["tax"]) - D(totals.get("retained_tax") or 0)
