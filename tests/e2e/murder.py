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
    """One order to each of four companies; as soon as Holded has the call, every writer dies."""
    return [_murder(house, number, *held) for number, held in enumerate(HELD)]


def _murder(house: House, number: int, fault: str, path: str, seconds: float) -> Victim:
    company, order = house.open_company(f"victim-{number}"), shopify_order(6000 + number)
    house.control("POST", "/faults", kind=fault, company=company.id, method="POST", path=path, seconds=seconds)
    company.send("shopify", "orders/paid", order)

    def under_way() -> list[dict[str, Any]]:
        return [one for one in house.control("GET", "/faults")["struck"] if one["company"] == company.id]

    (struck, *_) = until(under_way, f"Holded has the call of {company.account}")
    row = company.row("shopify", order["id"], "invoice")
    assert kill(workers(house.stack, "WriteHoldedFunction")) >= 1, "there was a writer to kill"
    return Victim(company=company, order=order, fault=fault, struck=struck, state=row.state if row else "")
