"""Builders of v2 requests for contacts, documents and payments.

Pure: a draft and ids in, a `Request` out. All raise `BadInput` for an id that is not one, for a filter Holded would ignore,
and for an operation it does not offer. Products are in `requests_products`, account lists in `listings`, v1 in
`requests_v1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.errors import BadInput, Rejected
from relay.holded import bodies, paths, replies
from relay.holded.listings import filters, listed
from relay.holded.protocol import Request

if TYPE_CHECKING:
    from datetime import date

    from relay.domain.documents import ContactDraft, DocType, DocumentDraft, PaymentDraft
    from relay.holded.replies import ContactRecord, Created, Document, Page, PaymentRecord

CONTACTS = "/api/v2/contacts"
PAYMENTS = "/api/v2/payments"

_DOCUMENT_WRITES = (
    "contact_id", "contact_name", "description", "date", "due_date", "notes", "body", "language", "currency",
    "currency_change", "tags", "custom_fields", "number_line_id", "warehouse_id", "sales_channel_id", "discount",
    "project_id", "payment_method_id",
)  # fmt: skip


def create_contact(draft: ContactDraft) -> Request[Created]:
    return Request(
        method="POST",
        path=CONTACTS,
        json=bodies.contact_body(draft),
        reads=replies.created,
        writes=True,
    )


def update_contact(contact_id: str, draft: ContactDraft, *, current: ContactRecord) -> Request[None]:
    """A full replacement: `current` is what `get_contact` just read, the draft is laid over it (Holded facts 3.4).

    All that was read goes back except ids and times of Holded's own; records are read as objects and written as numbers.
    """
    body = bodies.merged(current.raw, bodies.contact_body(draft))
    for own in ("id", "created_at", "updated_at"):
        body.pop(own, None)
    body |= {"client_record": current.client_record, "supplier_record": current.supplier_record}
    return Request(
        method="PUT",
        path=f"{CONTACTS}/{paths.segment(contact_id, 'contact_id')}",
        json=bodies.present(body),
        reads=replies.done,
        writes=True,
        names_object=True,
    )


def get_contact(contact_id: str) -> Request[ContactRecord]:
    path = f"{CONTACTS}/{paths.segment(contact_id, 'contact_id')}"
    return Request(method="GET", path=path, reads=replies.contact, names_object=True)


def find_contacts(
    *, code: str | None = None, email: str | None = None, cursor: str | None = None
) -> Request[Page[ContactRecord]]:
    """Contacts with exactly this tax id or e-mail. One of them must be given: no filter would list everybody."""
    given = {name: value for name, value in (("code", code), ("email", email)) if value}
    if len(given) != 1:
        raise BadInput("filter_missing", field="code", detail="expected exactly one of code and email")
    return listed(CONTACTS, replies.contact, cursor=cursor, query=filters(given))


def list_contacts(cursor: str | None = None, *, limit: int = 200) -> Request[Page[ContactRecord]]:
    return listed(CONTACTS, replies.contact, cursor=cursor, limit=limit)


def create_document(
    draft: DocumentDraft, *, contact_id: str, marker: str, number: str | None = None
) -> Request[Created]:
    """A draft, unless the account approves by itself (read `draft` back). `number` is a purchase's: the supplier's own.

    Sales documents are numbered by their series. A purchase is written with `number` and read with `document_number`; sent
    under the other name it would be lost without a word (Holded facts 3.4).
    """
    if number is not None and draft.doc_type != "purchase":
        raise BadInput("not_offered", field="number", detail="only a purchase brings its own number")
    return Request(
        method="POST",
        path=paths.resource(draft.doc_type),
        json=bodies.document_body(draft, contact_id=_contact(contact_id), marker=_marker(marker), number=number),
        reads=replies.created,
        writes=True,
    )


def update_document(
    doc_type: DocType, document_id: str, draft: DocumentDraft, *, contact_id: str, marker: str, current: Document
) -> Request[None]:
    """Replace a draft of our own: `current` is what `get_document` just read, the draft's content goes over it.

    Lines are the draft's; a person's tags and custom fields stay. Only invoices, estimates and purchases can be replaced.
    For the others v2's PUT ignores `items` with a success reply and v1's knows no tax keys, so this raises `Rejected`
    `update_not_offered`: a person decides. Always read back: an account's PUT may still ignore parts.
    """
    if doc_type not in paths.REPLACEABLE:
        raise Rejected("update_not_offered", detail=f"Holded's API cannot change the lines of a {doc_type}")
    kept = {name: current.raw[name] for name in _DOCUMENT_WRITES if name in current.raw}
    number = current.number if doc_type == "purchase" else None
    changes = bodies.document_body(draft, contact_id=_contact(contact_id), marker=_marker(marker), number=number)
    body = bodies.merged(kept, changes)
    # Read as Spanish or dotted text, written as a number; None where the document has no discount of its own.
    body["discount"] = replies.discount(current)
    if body.get("contact_id") != current.contact_id:
        body.pop("contact_name", None)
    return Request(
        method="PUT",
        path=_one(paths.resource(doc_type), document_id),
        json=bodies.present(body),
        reads=replies.done,
        writes=True,
        names_object=True,
    )


def get_document(doc_type: DocType, document_id: str) -> Request[Document]:
    path = _one(paths.resource(doc_type), document_id)
    return Request(method="GET", path=path, reads=replies.document, names_object=True)


def list_documents(
    doc_type: DocType,
    *,
    contact_id: str | None = None,
    start: date | None = None,
    end: date | None = None,
    cursor: str | None = None,
    limit: int = 200,
    bearing: bool = False,
) -> Request[Page[Document]]:
    """A page of documents; `start` and `end` are issue days. Items lack notes, `approved_at` and `draft` (facts 3.6).

    `bearing` is for who compares many: who looks for one document must not conclude from a page that hides some.
    """
    query = filters(
        {
            "contact_id": contact_id,
            "start_date": start.isoformat() if start else None,
            "end_date": end.isoformat() if end else None,
        }
    )
    return listed(paths.resource(doc_type), replies.document, cursor=cursor, limit=limit, query=query, bearing=bearing)


def approve(doc_type: DocType, document_id: str) -> Request[None]:
    """Irreversible: numbers the document and may report it to the tax agency."""
    return _action(paths.offered(doc_type, paths.APPROVABLE, "approve"), document_id, "approve")


def pay(doc_type: DocType, document_id: str, payment: PaymentDraft) -> Request[Created]:
    """Register a payment on a document. Its `description` is where our reference stands (see `list_payments`)."""
    path = _one(paths.offered(doc_type, paths.PAYABLE, "pay"), document_id)
    return Request(
        method="POST",
        path=f"{path}/payments",
        json=bodies.payment_body(payment),
        reads=replies.created,
        writes=True,
        names_object=True,
    )


def list_payments(
    *, document_id: str, document_type: DocType, cursor: str | None = None
) -> Request[Page[PaymentRecord]]:
    """Payments of one document."""
    query = filters({"document_id": document_id, "document_type": document_type})
    return listed(PAYMENTS, replies.payment, cursor=cursor, query=query)


def _action(path: str, document_id: str, word: str) -> Request[Any]:
    return Request(
        method="POST",
        path=f"{_one(path, document_id)}/{word}",
        reads=replies.done,
        writes=True,
        names_object=True,
    )


def _one(path: str, document_id: str) -> str:
    return f"{path}/{paths.segment(document_id, 'document_id')}"


def _contact(contact_id: str) -> str:
    return paths.segment(contact_id, "contact_id")


def _marker(marker: str) -> str:
    if not marker or marker.strip() != marker:
        raise BadInput(
            "marker_missing", field="marker", detail="expected the reference by which the document is found again"
        )
    return marker
