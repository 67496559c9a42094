"""What must stand in Holded in the end, worked out from the plan alone: no service, no ledger and no mapping is asked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from relay.domain.ledger import Key

if TYPE_CHECKING:
    from tests.simulation.plan import Company, Delivery, Plan

SIMPLIFIED_LIMIT = Decimal(400)
SPANISH_RATES = {0.21, 0.10, 0.04}


@dataclass(slots=True, kw_only=True)
class Expected:
    """One business key. `totals` by version; the last is the newest. `least` is 0 where it depends on what came first."""

    key: Key
    kinds: frozenset[str]
    totals: list[Decimal] = field(default_factory=list)
    least: int = 1
    finish: str = "draft"
    parent: Key | None = None
    reasons: frozenset[str] = frozenset()  # reviews that its own story explains

    @property
    def newest(self) -> Decimal:
        return self.totals[-1]


def expected(plan: Plan) -> dict[Key, Expected]:
    """Every document that the plan's facts ask for."""
    found: dict[Key, Expected] = {}
    for company in plan.companies:
        mine = [delivery for delivery in plan.deliveries if delivery.account == company.account]
        found |= {each.key: each for each in _orders(company, mine)}
        found |= {each.key: each for each in _refunds(company, mine, found)}
        found |= {each.key: each for each in _standard(company, mine)}
    return found


def _orders(company: Company, deliveries: list[Delivery]) -> list[Expected]:
    stories: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for delivery in deliveries:
        if delivery.source == "shopify" and delivery.topic.startswith("orders/") and "line_items" in delivery.body:
            stories[str(delivery.body["id"])].append(delivery.body)
    found = []
    for object_id, versions in stories.items():
        versions.sort(key=lambda body: body["updated_at"])
        cancelled = any(body["cancelled_at"] for body in versions)
        sold = [body for body in versions if body["financial_status"] == "paid" and _mappable(body)]
        asked = [body for body in versions if body["financial_status"] == "pending" and not body["cancelled_at"]]
        if sold:
            found.append(_expect(company, "shopify", object_id, "invoice", sold, least=1))
        if asked:
            found.append(_expect(company, "shopify", object_id, "salesorder", asked, least=0 if cancelled else 1))
    return found


def _mappable(body: dict[str, Any]) -> bool:
    return all(tax["rate"] in SPANISH_RATES for line in body["line_items"] for tax in line["tax_lines"])


def _expect(
    company: Company, source: str, object_id: str, purpose: str, versions: list[dict[str, Any]], *, least: int
) -> Expected:
    totals = [Decimal(body["total_price"] if "total_price" in body else body["total"]) for body in versions]
    simplified = company.policy.get("simplified", False) and purpose == "invoice"
    kinds = {purpose}
    if simplified:
        kinds = {"salesreceipt" if total <= SIMPLIFIED_LIMIT else "invoice" for total in totals}
    finish = company.policy.get("finish", "draft")
    if purpose == "salesorder" and finish == "approve_and_pay":
        finish = "approve"
    reasons = set()
    if len(set(totals)) > 1:
        reasons |= {"newer_version_of_approved"} if finish != "draft" else set()
        reasons |= {"newer_version_of_another_kind"} if len(kinds) > 1 else set()
        reasons |= {"update_not_offered"} if simplified else set()
    if least == 0:
        reasons.add("called_off_after_writing")
    return Expected(
        key=Key(account=company.account, source=source, object_id=object_id, purpose=purpose),
        kinds=frozenset(kinds),
        totals=totals,
        least=least,
        finish=finish,
        reasons=frozenset(reasons),
    )


def _refunds(company: Company, deliveries: list[Delivery], sales: dict[Key, Expected]) -> list[Expected]:
    found = []
    for delivery in deliveries:
        if delivery.topic != "refunds/create":
            continue
        body = delivery.body
        key = Key(account=company.account, source="shopify", object_id=str(body["id"]), purpose="creditnote")
        parent = Key(account=company.account, source="shopify", object_id=str(body["order_id"]), purpose="invoice")
        if parent in sales:
            finish = company.policy.get("finish", "draft")
            found.append(
                Expected(
                    key=key,
                    kinds=frozenset({"creditnote"}),
                    totals=[Decimal(body["transactions"][0]["amount"])],
                    finish=finish,
                    parent=parent,
                )
            )
    return found


def _standard(company: Company, deliveries: list[Delivery]) -> list[Expected]:
    return [
        _expect(company, "standard", delivery.body["data"]["id"], "invoice", [delivery.body["data"]], least=1)
        for delivery in deliveries
        if delivery.source == "standard" and delivery.body["data"]["payment_status"] == "paid"
    ]


def for_a_person(plan: Plan) -> set[tuple[str, str, str]]:
    """(account, source, object id) of what nobody can map with certainty: it must end in review."""
    found = set()
    for delivery in plan.deliveries:
        if delivery.topic.startswith("orders/") and "line_items" in delivery.body and not _mappable(delivery.body):
            found.add((delivery.account, "shopify", str(delivery.body["id"])))
    return found
