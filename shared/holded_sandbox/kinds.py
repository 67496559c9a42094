"""The document families: their v1 name, v2 path, scope, numbering series and what can be done to them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`v1` is also the webhook's object name; `series` the type of its numbering series (Holded facts 2.2, 3.1)."""

    v1: str
    v2: str
    scope: str
    series: str
    side: str = "sales"
    payable: bool = False
    approvable: bool = True
    approval_listed: bool = False  # whether its list knows `approval_status`; elsewhere it is ignored
    replaceable: bool = (
        False  # whether PUT takes the whole document (September 2026), or the dates only (Holded facts 3.4)
    )
    suppliers_number: bool = False  # whether it bears the number that its supplier gave it
    approve_event: bool = False  # whether `<object>.approve` is one of the 58 events
    bare: bool = False  # no webhook is of it, nobody mails or prints it, and its list shows nothing of payment


_SALES = (
    Kind(
        v1="invoice", v2="invoices", scope="sales:invoices", series="invoice", payable=True, approval_listed=True,
        replaceable=True, approve_event=True,
    ),
    Kind(
        v1="creditnote", v2="credit-notes", scope="sales:invoices", series="creditnote", payable=True, approval_listed=True,
        approve_event=True,
    ),
    Kind(
        v1="salesreceipt", v2="sales-receipts", scope="sales:receipts", series="salesreceipt", payable=True,
        approval_listed=True, approve_event=True,
    ),
    Kind(
        v1="receiptnote", v2="receipt-notes", scope="sales:receipts", series="receiptnote", payable=True,
        approval_listed=True, approve_event=True,
    ),
    Kind(
        v1="estimate", v2="estimates", scope="sales:estimates", series="estimate", approvable=False, approval_listed=True,
        replaceable=True,
    ),
    Kind(v1="proform", v2="proformas", scope="sales:proforms", series="proform"),
    Kind(v1="salesorder", v2="sales-orders", scope="inventory:sales-orders", series="salesorder"),
    Kind(v1="waybill", v2="waybills", scope="inventory:shipments", series="waybill"),
)  # fmt: skip
_PURCHASES = (
    Kind(
        v1="purchase", v2="purchases", scope="accounting:purchases", series="purchase", side="purchases", payable=True,
        approval_listed=True, replaceable=True, approve_event=True, suppliers_number=True,
    ),
    Kind(
        v1="purchaserefund", v2="purchase-refunds", scope="accounting:purchases", series="purchaserefund",
        side="purchases", payable=True, approval_listed=True, approve_event=True, suppliers_number=True,
    ),
    Kind(
        v1="purchaseorder", v2="purchase-orders", scope="inventory:purchase-orders", series="order", side="purchases",
    ),
    Kind(
        v1="purchaseshipment", v2="purchase-shipments", scope="inventory:purchase-shipments", series="purchaseshipment",
        side="purchases", bare=True,
    ),
)  # fmt: skip

KINDS: dict[str, Kind] = {kind.v1: kind for kind in (*_SALES, *_PURCHASES)}
SERIES_TYPES = (*(kind.series for kind in KINDS.values()), "productionorder")
