"""Which v2 resource a kind of document is, and what its operations take.

Holded drops unknown fields and query keys without a word (Holded facts 8.3), so what an operation does not take is known
here and not sent - or refused, where its silence would change the meaning. From the index of v2 operations (facts 2.2, 3.4).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from relay.errors import BadInput
from relay.holded.formats import shape

if TYPE_CHECKING:
    from relay.domain.documents import DocType


_RESOURCES: dict[DocType, str] = {
    "invoice": "invoices",
    "salesreceipt": "sales-receipts",
    "creditnote": "credit-notes",
    "salesorder": "sales-orders",
    "estimate": "estimates",
    "proform": "proformas",
    "waybill": "waybills",
    "purchase": "purchases",
}
# An estimate is accepted or rejected instead.
APPROVABLE = frozenset(_RESOURCES) - {"estimate"}
PAYABLE = frozenset({"invoice", "creditnote", "salesreceipt", "purchase"})
# The query `approval_status` of lists; elsewhere it would be ignored and everything listed.
APPROVAL_LISTED = frozenset({"invoice", "creditnote", "salesreceipt", "estimate", "purchase"})
TAKES_PAYMENT_METHOD = frozenset({"invoice", "creditnote", "salesreceipt", "estimate", "purchase"})
TAKES_SALES_CHANNEL = frozenset(_RESOURCES) - {"purchase"}
# PUT replaces the whole document; the others' PUT takes date, due_date and project_id only (facts 3.4).
REPLACEABLE = frozenset({"invoice", "estimate", "purchase"})

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}|<[a-z_]{1,40}>")  # the second form stands for an id in a preview


def resource(doc_type: DocType) -> str:
    """The path of a kind of document's collection."""
    name = _RESOURCES.get(doc_type)
    if name is None:
        raise BadInput(
            "unknown_doc_type", field="doc_type", detail=f"is {shape(doc_type)}, expected a kind of document"
        )
    return f"/api/v2/{name}"


def offered(doc_type: DocType, kinds: frozenset[str], operation: str) -> str:
    """The collection's path, if Holded offers this operation for it. Raises `BadInput` otherwise."""
    path = resource(doc_type)
    if doc_type not in kinds:
        raise BadInput("not_offered", field="doc_type", detail=f"Holded cannot {operation} a {doc_type}")
    return path


def segment(value: str, field: str) -> str:
    """An id as part of a path: nothing that could lead to another path. Raises `BadInput`."""
    if not _ID.fullmatch(value):
        raise BadInput("malformed_id", field=field, detail=f"is {shape(value)}, expected an id of letters and digits")
    return value
