"""What a bookkeeper would read in a shop's JSON, without any of the relay's code: the sales in it and whether they are plain.

Plain is a sale that is Spanish-domestic or carries no tax, and whose lines come to its total.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NO_CENTS = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"}
)
NOT_SOLD = frozenset({"cancelled", "failed", "trash", "auto-draft", "checkout-draft"})
ISSUED = frozenset({"open", "paid", "uncollectible"})


@dataclass(frozen=True, kw_only=True)
class Sale:
    """`near`: Spanish-domestic, or without tax."""

    id: str
    total: Decimal
    near: bool
    adds_up: bool


def sales(source: str, body: Any) -> list[Sale]:
    """The orders and issued invoices in a webhook's body; what was called off, or is not yet issued, is none."""
    reader = {"shopify": _shopify, "woocommerce": _woocommerce, "stripe": _stripe}[source]
    return [found for one in _objects(body) if (found := reader(one)) is not None]


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object that may be a whole sale: the body, the elements of lists, and what an envelope holds."""
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict):
            continue
        yield one
        for name in ("order", "orders", "create", "update", "data", "object"):
            if name in one:
                yield from _objects(one[name])


def _money(value: Any) -> Decimal:
    return Decimal(str(value or 0))


def _sum(items: Any, *names: str) -> Decimal:
    return sum((_money(item[name]) for item in items or () for name in names if name in item), Decimal(0))


def _sale(*, id: object, total: Decimal, lines: Decimal, tax: Decimal, countries: set[Any]) -> Sale:  # noqa: A002  # as it is called there
    near = tax == 0 or countries - {None, ""} == {"ES"}
    return Sale(id=str(id), total=total, near=near, adds_up=lines == total)


def _shopify(one: Mapping[str, Any]) -> Sale | None:
    if not {"line_items", "financial_status", "total_price"} <= set(one) or one.get("cancelled_at"):
        return None
    lines = sum((_money(line["price"]) * line["quantity"] for line in one["line_items"]), Decimal(0))
    tax = _money(one.get("total_tax"))
    lines += _sum(one.get("shipping_lines"), "price") + _money(one.get("total_tip_received"))
    lines += Decimal(0) if one.get("taxes_included") else tax
    countries = {(one.get(name) or {}).get("country_code") for name in ("billing_address", "shipping_address")}
    return _sale(
        id=one["id"],
        total=_money(one["total_price"]),
        lines=lines - _money(one.get("total_discounts")),
        tax=tax,
        countries=countries,
    )


def _woocommerce(one: Mapping[str, Any]) -> Sale | None:
    if not {"line_items", "billing", "total"} <= set(one) or one.get("status") in NOT_SOLD:
        return None
    lines = _sum([*one["line_items"], *one.get("fee_lines", ()), *one.get("shipping_lines", ())], "total")
    tax = _money(one.get("total_tax"))
    countries = {(one.get(name) or {}).get("country") for name in ("billing", "shipping")}
    return _sale(id=one["id"], total=_money(one["total"]), lines=lines + tax, tax=tax, countries=countries)


def _stripe(one: Mapping[str, Any]) -> Sale | None:
    if one.get("object") != "invoice" or one.get("status") not in ISSUED:
        return None
    cent = Decimal(1) if one["currency"] in NO_CENTS else Decimal("0.01")
    taxes = one.get("total_taxes") or one.get("total_tax_amounts") or []
    on_top = [tax for tax in taxes if not (tax.get("inclusive") or tax.get("tax_behavior") == "inclusive")]
    lines = _sum(one["lines"]["data"], "amount") - _sum(one.get("total_discount_amounts"), "amount")
    lines += _sum(on_top, "amount") + _money((one.get("shipping_cost") or {}).get("amount_subtotal"))
    holders = [one.get("customer_address"), (one.get("customer_shipping") or {}).get("address")]
    return _sale(
        id=one["id"],
        total=one["total"] * cent,
        lines=lines * cent,
        tax=_sum(taxes, "amount"),
        countries={(holder or {}).get("country") for holder in holders},
    )
