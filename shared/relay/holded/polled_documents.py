"""How a document is observed, and the rows of those that are neither invoice, credit note nor sales receipt: purchases,
orders, offers, delivery notes.

A list item lacks `notes`, `approved_at`, `draft` and `custom_fields`, and a draft has no number of Holded's (Holded facts
3.6): so what matters is what both forms show, and there a number is the sign of approval. Where the number is a supplier's
it is none: purchases are listed as drafts and as approved ones apart, and of their refunds only a read tells. `overdue`
comes by the passing of a day, and `pending`, `partial` and `completed` say what the payments say: of the status only the
other words matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from relay.holded import fields, replies, unified
from relay.holded.observing import HOUR_MS, approved, born, matters, observer
from relay.holded.polled import SOME_CALLS, Observed, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FACTS: Final[Mapping[str, str]] = {
    "purchase": "2.2 /purchases C L R U D",
    "purchaserefund": "2.2 /purchase-refunds",
    "purchaseorder": "2.2 /purchase-orders C L R U D",
    "purchaseshipment": "2.2 /purchase-shipments C L R U D",
    "salesorder": "2.2 /sales-orders C L R U D",
    "estimate": "2.2 /estimates C L R U D",
    "proform": "2.2 /proformas C L R U D",
    "waybill": "2.2 /waybills C L R U D",
    "receiptnote": "2.2 /receipt-notes C L R U D",
}
"""Where Holded's paths are on record: the section of the Holded facts, and what stands there."""

_DERIVED: Final = frozenset({"pending", "partial", "completed", "overdue"})
_UNPAID: Final = ((("status", "pending"),), (("status", "partial"),), (("status", "overdue"),))
_UNDONE: Final = _UNPAID[:2]
_DRAFTS: Final = ((("approval_status", "draft"),),)
_APPROVED: Final = ((("approval_status", "approved"),),)
_SUPPLIERS: Final = frozenset({"purchase", "purchaserefund"})
"""Kinds that bear another company's number."""


def document(
    doc_type: str,
    model: str,
    *,
    approvable: bool,
    payable: bool,
    methods: bool = True,
    before: Callable[[replies.Document], dict[str, Any]] | None = None,
) -> Callable[[Any], Observed]:
    """`observe` of one kind of document, a list item or a read of its own. `model` is the first word of its events;
    `methods`: its list names the method of payment; `before` is what mattered of it by the earlier rules, where that was
    something else.
    """

    def read(source: Mapping[str, Any]) -> Observed:
        found = replies.document(source)
        data = unified.document(doc_type, found, seen_at=born(found.id), name=model)
        status = None if found.status in _DERIVED else found.status
        paid: dict[str, Any] = {"paid": found.payments_total, "pending": found.payments_pending} if payable else {}
        if methods:
            paid["payment_method_id"] = fields.reference(source, "payment_method_id")
        return Observed(
            id=found.id,
            data=data,
            matters=matters(
                number=found.number,
                contact_id=found.contact_id,
                description=fields.text(source, "description"),
                date=found.date,
                due_date=found.due_date,
                subtotal=found.subtotal,
                discount=replies.discount(found),
                tax=found.tax,
                total=found.total,
                currency=found.currency,
                status=status,
                tags=sorted(found.tags),
                lines=[_line(line) for line in found.lines],
                **paid,
            ),
            before=before(found) if before is not None else None,
            approved=approved(found, numbers=doc_type not in _SUPPLIERS) if approvable else None,
            payment=unified.payment_status(found) if payable else None,
        )

    return observer(read)


def _line(line: replies.DocumentLine) -> list[Any]:
    return [
        line.name, line.description, line.units, line.price, line.discount, sorted(line.taxes), sorted(line.tags), line.sku,
        line.product_id, line.account,
    ]  # fmt: skip


def _row(
    name: str,
    path: str,
    model: str,
    scope: str,
    *,
    approvable: bool = True,
    payable: bool = False,
    methods: bool = True,
    hint: Literal["", "read"] = "read",
    again: tuple[tuple[tuple[str, str], ...], ...] = _UNPAID,
    parts: tuple[tuple[tuple[str, str], ...], ...] = ((),),
    weight: int = 1,
    standard: bool = False,
    from_calls: int = 0,
) -> Resource:
    return Resource(
        name=name,
        path=f"/api/v2/{path}",
        read=f"/api/v2/{path}/{{id}}",
        listing="full",
        model=model,
        observe=document(name, model, approvable=approvable, payable=payable, methods=methods),
        scope=f"{scope}.read",
        cadence_ms=6 * HOUR_MS,
        again=again,
        parts=parts,
        recent_days=7,
        hint=hint,
        weight=weight,
        standard=standard,
        from_calls=from_calls,
    )


# What has no query `approval_status` shows its drafts among the pending (Holded facts 2.2, 3.6).
DOCUMENTS: Final[tuple[Resource, ...]] = (
    _row(
        "purchase",
        "purchases",
        "invoice",
        "accounting:purchases",
        payable=True,
        again=(*((*unpaid, *_APPROVED[0]) for unpaid in _UNPAID), *_DRAFTS),
        parts=(*_DRAFTS, *_APPROVED),  # in this order: one that is approved meanwhile is in both, not in neither
        weight=3,
        standard=True,
    ),
    _row("purchaserefund", "purchase-refunds", "credit_note", "accounting:purchases", payable=True),
    _row("purchaseorder", "purchase-orders", "order", "inventory:purchase-orders"),
    _row(  # no webhook is of it (Holded facts 7); nobody pays it, so it is never overdue, and its list shows no payment
        "purchaseshipment",
        "purchase-shipments",
        "order",
        "inventory:purchase-shipments",
        methods=False,
        hint="",
        again=_UNDONE,
    ),
    _row(
        "salesorder", "sales-orders", "order", "inventory:sales-orders", weight=2, standard=True, from_calls=SOME_CALLS
    ),
    _row("estimate", "estimates", "order", "sales:estimates", approvable=False, again=(*_UNPAID, *_DRAFTS)),
    _row("proform", "proformas", "order", "sales:proforms"),
    _row("waybill", "waybills", "order", "inventory:shipments"),
    _row("receiptnote", "receipt-notes", "credit_note", "sales:receipts", payable=True, again=(*_UNPAID, *_DRAFTS)),
)
