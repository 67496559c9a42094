"""What is said of an object that is no longer in Holded: its id, and what its id tells."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from relay.domain import models, models_company

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from relay.holded.polled import Resource

_ZERO: Final = Decimal(0)
_BARE: Final[Mapping[str, Any]] = {
    "contact": models.Contact,
    "lead": models_company.Lead,
    "funnel": models_company.Funnel,
    "project": models_company.Project,
    "bank_movement": models_company.BankMovement,
}
_DOCUMENTS: Final[Mapping[str, Any]] = {
    "invoice": models.Invoice,
    "credit_note": models.CreditNote,
    "order": models.Order,
}


def gone(resource: Resource, holded_id: str, *, seen_at: datetime) -> models.Model:
    """The data of a `deleted` event."""
    found: models.Model
    if resource.model in _DOCUMENTS:
        found = _DOCUMENTS[resource.model](
            id=holded_id, currency="EUR", issued_at=seen_at, total=_ZERO, channel=resource.name
        )
    elif resource.model in _BARE:
        found = _BARE[resource.model](id=holded_id)
    elif resource.model == "product":
        kind: Any = "service" if resource.name == "service" else "simple"
        found = models.Product(id=holded_id, name="", kind=kind, active=False)
    elif resource.model == "payment":
        found = models.Payment(id=holded_id, amount=_ZERO, currency="EUR")
    elif resource.model == "ledger_entry":
        _, number, line = holded_id.split("-")
        found = models_company.LedgerEntry(id=holded_id, entry_number=int(number), line=int(line))
    elif resource.model == "stock":
        warehouse, product, *variant = holded_id.split("-")
        found = models_company.Stock(
            id=holded_id, product_id=product, variant_id=variant[0] if variant else None, warehouse_id=warehouse
        )
    else:
        found = models_company.Record(id=holded_id, kind=resource.model)
    return found
