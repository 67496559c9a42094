"""`kill -9` of every writer while a call of Holded is under way: the sandbox holds the calls open, and its log shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.e2e.house import until
from tests.e2e.workers import kill, workers
from tests.services.world import shopify_order

if TYPE_CHECKING:
    from tests.e2e.house import Company, House

_INVOICES, _CONTACTS = "/api/v2/invoices$", "/api/v2/contacts$"
HELD = (
    ("hang", _INVOICES, 0.0),  # written, and no answer comes
    ("late_commit", _INVOICES, 150.0),  # written five real seconds later, when who asked for it is dead
    ("slow", _INVOICES, 300.0),  # written, and the answer comes after the death
    ("hang", _CONTACTS, 0.0),  # the buyer is written, the document not begun
)
"""(fault, path, seconds of the sandbox's clock)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """A company whose writer died. `struck` is the sandbox's log of the call; `rev` and `state` the ledger's row then."""

    company: Company
    order: dict[str, Any]
    fault: str
    struck: dict[str, Any]
    state: str


def murder(house: House) -> list[Victim]:
    """One order to each of four companies; when Holded has all four calls, every writer dies."""
    told = []
    for number, (fault, path, seconds) in enumerate(HELD):
        company = house.open_company(f"victim-{number}")
        house.control("POST", "/faults", kind=fault, company=company.id, method="POST", path=path, seconds=seconds)
        told.append((company, shopify_order(6000 + number), fault))
    for company, order, _ in told:
        company.send("shopify", "orders/paid", order)

    def under_way() -> dict[str, dict[str, Any]] | None:
        log = {one["company"]: one for one in house.control("GET", "/faults")["struck"]}
        return log if {company.id for company, _, _ in told} <= set(log) else None

    log = until(under_way, "Holded has a call of each victim") or {}
    states = [
        row.state if (row := company.row("shopify", order["id"], "invoice")) else "" for company, order, _ in told
    ]
    assert kill(workers(house.stack, "WriteHoldedFunction")) >= 1, "there was a writer to kill"
    return [
        Victim(company=company, order=order, fault=fault, struck=log[company.id], state=state)
        for (company, order, fault), state in zip(told, states, strict=True)
    ]
