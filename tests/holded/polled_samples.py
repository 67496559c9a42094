"""One sample a polled resource, made up in the shapes of the Holded facts: what its list shows, what a read adds, what matters."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ID = "5f0000000000000000000001"
OTHER = "5f0000000000000000000002"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """`changes` and `idle` give another value for each field of `item`: one that is an event, one that is none.

    A path such as `lines.0.price` reaches inside. `required`: what an item cannot be read without. `money`: dotted amounts.
    """

    item: dict[str, Any]
    changes: dict[str, Any]
    idle: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ("id",)
    money: tuple[str, ...] = ()

    def changed(self, path: str, value: Any) -> dict[str, Any]:
        item = deepcopy(self.item)
        *way, last = path.split(".")
        at: Any = item
        for step in way:
            at = at[int(step) if step.isdigit() else step]
        at[int(last) if last.isdigit() else last] = value
        return item

    def variants(self, of: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        return ((path, self.changed(path, value)) for path, value in of.items())


_LINE = {
    "line_id": OTHER, "name": "Shirt", "description": "blue", "price": "50.00", "units": 2, "discount": 0, "tax": 21,
    "taxes": ["s_iva_21"], "tags": ["web"], "product_id": OTHER, "variant_id": None, "service_id": None, "sku": "S-1",
    "weight": 0, "cost_price": "20.00", "account": OTHER, "project_id": None, "retention": 0, "unit_type": None,
}  # fmt: skip
_DOCUMENT = {
    "id": ID, "document_number": "F260001", "contact_id": OTHER, "contact_name": "Acme SL", "description": "first",
    "date": "2026-03-09", "due_date": "2026-04-09", "subtotal": "1234.50", "discount": "0.00", "total": "1493.75",
    "tax": "259.25", "currency": "EUR", "status": "pending", "tags": ["a", "b"], "lines": [_LINE],
    "payment_method_id": OTHER, "payments_total": "0.00", "payments_pending": "1493.75",
}  # fmt: skip
_DOCUMENT_CHANGES: dict[str, Any] = {
    "document_number": None, "contact_id": ID, "description": "second", "date": "2026-03-10", "due_date": None,
    "subtotal": "1.00", "discount": "5.00", "total": "1.00", "tax": "1.00", "currency": "USD", "status": "cancelled",
    "tags": ["a"], "lines": [], "payment_method_id": None, "lines.0.price": "50.01", "lines.0.units": 3,
    "lines.0.name": "Coat", "lines.0.description": None, "lines.0.discount": 1, "lines.0.taxes": [], "lines.0.sku": 0,
    "lines.0.tags": [], "lines.0.product_id": None, "lines.0.account": ID,
}  # fmt: skip
_PAYMENTS = {"payments_total": "1.00", "payments_pending": "1492.75"}
_DOCUMENT_MORE: dict[str, Any] = {
    "notes": "n", "language": "es", "currency_change": "1.00", "accounting_date": "2026-03-09",
    "approved_at": "2026-03-09T10:00:00", "draft": False, "custom_fields": [{"field": "order", "value": "1001"}],
    "project_id": None, "pipeline_id": None, "warehouse_id": OTHER, "shipping": None, "shipping_data": None,
    "payments_refunds": "0.00", "payments_detail": [{"id": OTHER, "amount": "1,00", "date": 1773010800, "bank_id": None}],
    "body": None, "multiple_due_dates": [], "forecast_date": None, "from": {"id": OTHER, "doc_type": "estimate"},
}  # fmt: skip


_ADDRESS = {
    "address": "Mayor 1", "city": "Madrid", "postal_code": "28001", "province": None, "country": "España",
    "country_code": "ES", "info": None,
}  # fmt: skip


def _document(*, payable: bool) -> Sample:
    idle = {"contact_name": "Acme", "status": "overdue", "lines.0.line_id": ID, "tags": ["b", "a"], "currency": "eur"}
    return Sample(
        item=_DOCUMENT,
        more=_DOCUMENT_MORE,
        changes=_DOCUMENT_CHANGES | (_PAYMENTS if payable else {}),
        idle=idle | ({} if payable else _PAYMENTS),
        money=("subtotal", "total", "tax", "payments_pending"),
    )


def _shipment() -> Sample:
    """Its list ends with the lines, and nothing that only a read shows may matter."""
    told = _document(payable=False)
    of_payment = {name: value for name, value in _DOCUMENT.items() if name.startswith("payment")}
    return Sample(
        item={name: value for name, value in told.item.items() if name not in of_payment},
        more=told.more | of_payment,
        changes={path: value for path, value in told.changes.items() if path not in of_payment},
        idle={path: value for path, value in told.idle.items() if path not in of_payment},
        money=("subtotal", "total", "tax"),
    )


SAMPLES: dict[str, Sample] = {
    **{
        name: _document(payable=True)
        for name in ("invoice", "creditnote", "salesreceipt", "purchase", "purchaserefund", "receiptnote")
    },
    **{
        name: _document(payable=False)
        for name in ("purchaseorder", "salesorder", "estimate", "proform", "waybill")
    },
    "purchaseshipment": _shipment(),
    "contact": Sample(  # a list shows the very fields of a read, by page (the specification of `GET /contacts/{id}`)
        item={
            "id": ID, "custom_id": "7", "name": "Acme SL", "code": "B12345674", "vat_number": "ESB12345674",
            "trade_name": "Acme", "is_person": False, "email": "a@example.test", "extra_emails": ["b@example.test"],
            "mobile": "600123123", "phone": "910000000", "type": "client", "iban": "ES91", "swift": "CAIXESBB",
            "group_id": OTHER, "tags": ["a", "b"], "created_at": "2026-03-01T10:00:00Z",
            "updated_at": "2026-03-02T10:00:00Z", "bill_address": _ADDRESS,
            "client_record": {"num": 43000001, "name": "Acme SL"}, "supplier_record": None,
            "defaults": {"sales_channel": None, "due_days": 30, "discount": 0, "language": "es", "sales_tax": ["s_iva_21"]},
            "shipping_addresses": [{"shipping_id": OTHER, "name": "Store", "private_notes": "", **_ADDRESS}],
            "notes": [{"note_id": OTHER, "name": "n", "description": "d", "updated_at": 1773010800}],
            "contact_persons": [{"person_id": OTHER, "name": "Ana", "job": None, "phone": None, "email": "c@example.test"}],
            "custom_fields": [{"field": "size", "value": "L"}], "website": "https://example.test",
            "social_networks": {"website": "https://example.test"}, "rate": {"id": OTHER, "name": "Trade", "description": ""},
        },
        changes={
            "custom_id": "8", "name": "Acme", "code": None, "vat_number": None, "trade_name": None, "is_person": True,
            "email": None, "extra_emails": [], "mobile": None, "phone": None, "type": "supplier", "iban": None,
            "swift": None, "group_id": None, "tags": [], "bill_address": None, "bill_address.city": "Vigo",
            "client_record": None, "client_record.num": 43000002, "supplier_record": {"num": 40000001, "name": "Acme SL"},
            "defaults": {}, "defaults.due_days": 60, "defaults.sales_tax": [], "shipping_addresses": [],
            "shipping_addresses.0.city": "Vigo", "contact_persons": [], "contact_persons.0.email": None,
            "custom_fields": [], "custom_fields.0.value": "M", "website": None, "social_networks": {}, "rate": None,
            "rate.id": ID,
        },
        idle={
            "tags": ["b", "a"], "created_at": None, "updated_at": "2026-03-03T10:00:00Z", "notes": [],
            "client_record": 43000001, "client_record.name": "Other", "supplier_record": 0, "rate.name": "Retail",
            "defaults.due_days": "30", "bill_address.postal_code": 28001,
        },
    ),
    "product": Sample(
        item={
            "id": ID, "kind": "variants", "name": "Shirt", "description": "blue", "sku": "S-1", "barcode": "841",
            "price": "1234.50", "cost": "9.75", "stock": 7, "tags": ["a", "b"], "taxes": ["s_iva_21"], "has_stock": True,
            "for_sale": True, "for_purchase": False, "weight": 0, "archived": False,
            "variants": [{"id": OTHER, "sku": "V-1", "price": "12.00", "stock": 3}],
        },
        changes={
            "kind": "simple", "name": "Coat", "description": None, "sku": None, "barcode": None, "price": "1.00",
            "cost": None, "tags": ["a"], "taxes": [], "has_stock": False, "for_sale": False, "for_purchase": True,
            "archived": True, "variants": [], "variants.0.sku": "V-2",
        },
        idle={"tags": ["b", "a"], "stock": 6, "variants.0.stock": 2, "weight": 1},
        money=("price", "cost"),
    ),
    "payment": Sample(
        item={
            "id": ID, "bank_account_id": OTHER, "contact_id": OTHER, "contact_name": "Acme SL", "amount": "1234.50",
            "description": "transfer", "date": "2026-03-09", "status": "paid", "reconciliation_status": "pending",
            "total_documents": "1234.50", "total_transactions": "0.00", "total_advance": "0.00",
            "document_type": "invoice", "document_id": OTHER,
        },
        changes={
            "bank_account_id": None, "contact_id": ID, "amount": "1234.51", "description": None, "date": "2026-03-10",
            "status": "partial_paid", "reconciliation_status": "reconciled", "document_type": None, "document_id": None,
        },
        # What the two words say.
        idle={
            "contact_name": "Acme", "total_documents": "0.00", "total_transactions": "1234.50", "total_advance": "1.00",
        },
        required=("id", "amount"),
        money=("amount",),
    ),
    "service": Sample(
        item={
            "id": ID, "name": "Consulting", "description": "an hour", "price": "100.00", "cost": "50.00", "tags": ["x"],
            "taxes": ["s_iva_21"], "archived": False,
        },
        more={"code": "SRV-001", "sales_channel_id": OTHER, "color": "#FF5733", "duration": 60},
        changes={
            "name": "Advice", "description": None, "price": "101.00", "cost": None, "tags": [], "taxes": ["s_iva_10"],
            "archived": True,
        },
        money=("price", "cost"),
    ),
    "warehouse": Sample(
        item={
            "id": ID, "name": "Main", "email": "w@example.test", "phone": "600000000", "mobile": None, "default": True,
            "address": {"city": "Madrid"},
        },
        changes={"name": "Second", "email": None, "phone": None, "default": False},
        idle={"mobile": "1", "address": None},
    ),
    "stock": Sample(
        item={"product_id": ID, "variant_id": OTHER, "stock": 7, "_parent": OTHER},
        changes={"stock": 6.5},
        required=("product_id", "_parent"),
    ),
    "tax": Sample(
        item={
            "id": ID, "name": "IVA 21%", "amount": "21", "scope": "sales", "key": "s_iva_21", "group": "iva",
            "type": "percentage", "items": [], "status": True, "visible": True,
        },
        changes={
            "name": "IVA", "amount": "22", "scope": "purchases", "key": "s_iva_22", "group": "igic", "type": "fixed",
            "items": ["a"], "status": False, "visible": False,
        },
        required=(),
    ),
    "treasury": Sample(
        item={
            "id": ID, "name": "Bank", "type": "bank", "currency": "EUR", "balance": "15230.50", "iban": "ES91",
            "bic": "CAIX", "account_number": "57200000", "creditor_id": None, "issuer_id": None, "archived": False,
            "synced_at": "2026-03-09T10:00:00+00:00", "transactions_pending_to_reconcile": 3,
        },
        changes={
            "name": "Box", "type": "cash", "currency": "USD", "balance": "0.00", "iban": None, "bic": None,
            "account_number": None, "archived": True,
        },
        idle={
            "creditor_id": "c", "issuer_id": "i", "synced_at": None, "transactions_pending_to_reconcile": 0,
        },
        money=("balance",),
    ),
    "bank_movement": Sample(
        item={
            "id": ID, "banking_account_id": OTHER, "description": "transfer", "note": None, "amount": "-1500.00",
            "currency": "EUR", "balance": "100.00", "accounting_amount": "-1500.00", "accounting_currency": "EUR",
            "booking_date": "2026-03-09", "value_date": "2026-03-10", "status": "pending", "reconciled_amount": "0.00",
            "origin": "bank", "flagged_at": None,
        },
        changes={
            "banking_account_id": ID, "description": "t", "note": "n", "amount": "1500.00", "currency": "USD",
            "booking_date": "2026-03-10", "value_date": "2026-03-11", "status": "partial", "reconciled_amount": "1.00",
            "origin": "manual", "flagged_at": "2026-03-11T10:00:00Z",
        },
        idle={"balance": "101.00", "accounting_amount": "1.00", "accounting_currency": "USD"},
        money=("amount", "reconciled_amount"),
    ),
    "ledger_entry": Sample(
        item={
            "entry_number": 2064, "line": 2, "date": "09/02/2026", "type": "payment", "description": "F260001",
            "doc_description": "Acme", "account": 40000004, "debit": "0.00", "credit": "1200.00", "tags": ["a"],
            "checked": "No",
        },
        changes={
            "date": "10/02/2026", "type": "entry", "description": None, "doc_description": None, "account": 40000005,
            "debit": "1.00", "credit": "1200.01", "tags": [], "checked": "Yes",
        },
        required=("entry_number", "line", "date", "account"),
        money=("debit", "credit"),
    ),
    "account": Sample(
        item={
            "id": ID, "color": "#FF5733", "number": 10000000, "name": "Capital social", "description": None,
            "group": "1000", "debit": "10.00", "credit": "3000.00", "balance": "-2990.00", "archived": False,
            "non_deductible": False,
        },
        changes={
            "number": 10000001, "name": "Capital", "description": "d", "group": "1001", "debit": "11.00",
            "credit": "3001.00", "balance": "-2991.00", "archived": True, "non_deductible": True,
        },
        idle={"color": "#000000"},
        money=("credit", "balance"),
    ),
    "lead": Sample(
        item={
            "id": ID, "user_id": OTHER, "funnel_id": OTHER, "contact_id": OTHER, "contact_name": "Acme SL", "name": "Big",
            "person": 0, "person_name": "", "value": "48000.00", "potential": 100, "due_date": "2026-06-01",
            "stage_id": OTHER, "created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-03-02T10:00:00Z",
            "custom_fields": [{"field": "size", "value": "L"}], "status": 0,
            "events": [
                {"event_id": OTHER, "type": "note", "title": "Lunch", "description": "at two", "created_at": 1521649212,
                 "user_id": ""},
            ],
            "tasks": [{"task_id": OTHER, "name": "call", "status": 0}], "files": [],
        },
        changes={
            "user_id": ID, "funnel_id": ID, "contact_id": ID, "name": "Bigger", "value": 48001, "potential": 50,
            "due_date": None, "stage_id": ID, "custom_fields": [], "status": 1, "events": [], "tasks": [],
            "events.0.title": "Dinner", "events.0.description": "", "tasks.0.name": "write", "tasks.0.status": 1,
        },
        idle={
            "contact_name": "Acme", "person": 1, "person_name": "x", "created_at": None, "files": ["a"],
            "updated_at": "2026-03-03T10:00:00Z", "events.0.user_id": "u",
        },
        money=("value",),
    ),
    "funnel": Sample(
        item={
            "id": ID, "name": "Sales",
            "stages": [{"stage_id": OTHER, "key": "leadin", "name": "Lead in", "description": ""}],
            "won": {"num": 2, "value": 34}, "lost": {"num": 0, "value": 0}, "labels": [], "preferences": {"emails": []},
            "custom_fields": [],
        },
        changes={"name": "More", "stages": [], "stages.0.name": "In", "stages.0.key": "in", "stages.0.stage_id": ID},
        idle={"won": {"num": 3}, "lost": None, "labels": ["x"], "preferences": {}, "custom_fields": ["x"]},
    ),
    "calendar_event": Sample(
        item={
            "id": ID, "name": "Coffee", "user_id": OTHER, "contact_id": OTHER, "contact_name": "Acme SL",
            "kind": "meeting", "description": "d", "start_date": "2026-03-09T10:00:00+01:00",
            "end_date": "2026-03-09T11:00:00+01:00", "duration": 3600, "status": 0, "tags": ["x"], "location": "here",
            "lead_id": OTHER, "funnel_id": None,
        },
        changes={
            "name": "Tea", "user_id": None, "contact_id": None, "kind": "call", "description": None,
            "start_date": "2026-03-09T10:30:00+01:00", "end_date": 1773055800, "duration": 1, "status": 1, "tags": [],
            "location": None, "lead_id": None,
        },
        idle={"contact_name": "A", "funnel_id": OTHER, "start_date": "2026-03-09T09:00:00Z"},
    ),
    "project": Sample(
        item={
            "id": ID, "name": "Building", "description": "big", "tags": ["x"], "category": 0, "contact_id": OTHER,
            "contact_name": "Acme SL", "date": None, "start_date": "01/03/2026", "due_date": "31/12/2026", "status": 2,
            "lists": [{"id": OTHER, "key": "pending", "name": "Pending", "description": ""}], "billable": True,
            "allow_notifications": False,
        },
        changes={
            "name": "House", "description": None, "tags": [], "contact_id": None, "start_date": "02/03/2026",
            "due_date": "30/12/2026", "status": 1, "lists": [], "billable": 0, "lists.0.name": "Next",
        },
        idle={
            "category": 1, "contact_name": "A", "date": "05/03/2026", "allow_notifications": True,
            "due_date": "2026-12-31", "billable": 1,
        },
    ),
    "task": Sample(
        item={
            "id": ID, "project_id": OTHER, "list_id": OTHER, "name": "Plan", "description": "d", "labels": ["l"],
            "comments": [], "due_date": "2026-03-09", "user_id": OTHER, "assigned_to": [OTHER], "priority": "high",
            "created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-03-02T10:00:00Z", "status": 0, "billable": False,
            "featured": True,
        },
        changes={
            "project_id": ID, "list_id": ID, "name": "P", "description": None, "labels": [], "due_date": None,
            "user_id": ID, "assigned_to": [], "priority": None, "status": 1, "billable": True,
        },
        idle={"comments": ["c"], "created_at": None, "updated_at": "2026-03-03T10:00:00Z", "featured": False},
    ),
    "project_time": Sample(
        item={
            "id": ID, "project_id": OTHER, "duration": 5400, "user_id": OTHER, "description": "d", "date": "09/03/2026",
            "task_id": OTHER, "cost_per_hour": "30.00", "category": "c", "total": "45.00",
        },
        changes={
            "project_id": ID, "duration": 1, "user_id": ID, "description": None, "date": "10/03/2026", "task_id": None,
            "cost_per_hour": "31.00", "category": None, "total": "46.50",
        },
        money=("cost_per_hour", "total"),
    ),
    "employee": Sample(
        item={
            "id": ID, "name": "Ana", "last_name": "Gil", "email": "ana@example.test", "workplace_id": OTHER,
            "phone": "600000000", "mobile": None, "date_of_birth": "1990-01-01", "gender": None, "main_language": "es",
            "nationality": "ES", "code": "E1", "social_security_number": "1", "iban": "ES91", "reporting_to": OTHER,
            "team_ids": [OTHER],
        },
        changes={
            "name": "Eva", "last_name": "Ruiz", "email": "eva@example.test", "workplace_id": None, "code": "E2",
            "reporting_to": None, "team_ids": [],
        },
        idle={
            "phone": "1", "mobile": "1", "date_of_birth": None, "gender": "f", "main_language": "ca", "nationality": "FR",
            "social_security_number": "2", "iban": "ES92",
        },
    ),
    "employee_time": Sample(
        item={
            "id": ID, "employee_id": OTHER, "start_at": "2026-03-09T09:00:00Z", "end_at": "2026-03-09T17:00:00Z",
            "pauses": [], "approved": False,
        },
        changes={"employee_id": ID, "start_at": "2026-03-09T09:01:00Z", "end_at": None, "approved": True},
        idle={"pauses": [{}]},
    ),
}  # fmt: skip
