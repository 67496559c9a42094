"""Builders of v1 requests: what v2 has no way for. They need the account's v1 key.

Its bodies have traps that cost real accounts documents (Holded facts 3.2, 3.3 and the recorded drifts): a line's unit price
is `subtotal` (a `price` is ignored: 0 €), custom fields round-trip only as `[{name: value}]` on create, contact defaults
overrule lines unless told not to, days are Madrid midnights, unsupported fields are ignored with a success reply. Read back
what counts. Documents are not changed over v1: its PUT knows one tax percent a line and no tax keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.errors import BadInput
from relay.holded import paths, replies_v1
from relay.holded.bodies import address_body, present
from relay.holded.formats import madrid_midnight, shape
from relay.holded.protocol import Request

if TYPE_CHECKING:
    from relay.domain.documents import ContactDraft, DocType, DocumentDraft, LineDraft
    from relay.domain.models import Address
    from relay.holded.catalogue import TaxRecord
    from relay.holded.replies import ContactRecord, Created, Document, Page


def v1_list_contacts(page: int = 1) -> Request[Page[ContactRecord]]:
    """Page `page`, from 1. Go on until a page is empty: its cursor is None."""
    if page < 1:
        raise BadInput("out_of_range", field="page", detail="expected 1 or more")
    return Request(
        method="GET",
        path=paths.V1_CONTACTS,
        query=(("page", str(page)),),
        reads=replies_v1.page(replies_v1.contact, number=page),
        version="v1",
    )


def v1_get_document(doc_type: DocType, document_id: str) -> Request[Document]:
    return Request(
        method="GET", path=_one(doc_type, document_id), reads=replies_v1.document, version="v1", names_object=True
    )


def v1_create_document(
    draft: DocumentDraft, *, contact_id: str, marker: str, number: str | None = None
) -> Request[Created]:
    """A draft. `number` is the supplier's number of a purchase; sales documents are numbered by their series."""
    paths.resource(draft.doc_type)
    if number is not None and draft.doc_type != "purchase":
        raise BadInput("not_offered", field="number", detail="only a purchase brings its own number")
    body = present(
        {
            "contactId": paths.segment(contact_id, "contact_id"),
            "date": madrid_midnight(draft.date),
            "dueDate": madrid_midnight(draft.due_date) if draft.due_date else None,
            "invoiceNum": number,
            "desc": draft.description,
            "notes": draft.notes,
            "language": draft.language,
            "currency": draft.currency.lower(),
            "currencyChange": draft.currency_change,
            "items": [_item(line) for line in draft.lines],
            "tags": list(dict.fromkeys((*draft.tags, marker))),
            "customFields": [{name: value} for name, value in draft.custom_fields],
            "numSerieId": draft.number_line_id,
            "warehouseId": draft.warehouse_id,
            "salesChannelId": draft.sales_channel_id,
            "paymentMethodId": draft.payment_method_id,
        }
    )
    return Request(
        method="POST",
        path=f"{paths.V1_DOCUMENTS}/{draft.doc_type}",
        json=body | {"applyContactDefaults": False, "approveDoc": False},
        reads=replies_v1.created,
        version="v1",
        writes=True,
    )


def v1_create_contact(draft: ContactDraft, *, custom_id: str) -> Request[Created]:
    """A contact with our reference, which only v1 writes and only on create (Holded facts 4.3). It has no VAT number field:
    one without `code` keeps its VAT number there. Look it up with `requests.find_contacts(custom_id=...)`.
    """
    if not custom_id:
        raise BadInput("unreadable", field="custom_id", detail=f"is {shape(custom_id)}, expected a reference")
    body = {
        "CustomId": custom_id,  # read back as `customId`
        "name": draft.name,
        "code": draft.code or draft.vat_number,
        "tradeName": draft.trade_name,
        "email": draft.email,
        "phone": draft.phone,
        "type": draft.type,
        "isperson": draft.is_person,
        "iban": draft.iban,
        "billAddress": _address(draft.bill_address),
        "shippingAddresses": [_address(draft.shipping_address)] if draft.shipping_address else None,
        "defaults": present({"dueDays": draft.due_days, "language": draft.language}),
        "tags": list(draft.tags),
        "customFields": [{name: value} for name, value in draft.custom_fields],
    }
    return Request(
        method="POST",
        path=paths.V1_CONTACTS,
        json=present(body),
        reads=replies_v1.created,
        version="v1",
        writes=True,
    )


def v1_ping() -> Request[tuple[TaxRecord, ...]]:
    """A cheap read: `NotAllowed` `credential_invalid` tells a wrong key."""
    return Request(method="GET", path="/api/invoicing/v1/taxes", reads=replies_v1.taxes, version="v1")


def v1_ping_write() -> Request[Created]:
    """A write that cannot create anything: it names a kind of document that is none (`proforma`, Holded facts 3.1).

    The answers: `Rejected` (its 400): the key may write. `NotFound` (the HTML page): it may only read, or the plan lacks
    invoicing. `NotAllowed`: the key is wrong. `NotFound` is a `Rejected`: look for it first.
    """
    return Request(
        method="POST",
        path=f"{paths.V1_DOCUMENTS}/proforma",
        json={},
        reads=replies_v1.created,
        version="v1",
        writes=True,
        names_object=True,  # so that the page means "not there" and not "perhaps written"
    )


def _item(line: LineDraft) -> dict[str, Any]:
    body = present(
        {
            "name": line.name,
            "desc": line.description,
            "taxes": list(line.taxes),
            "sku": line.sku,
            "tags": list(line.tags),
            "accountingAccountId": line.account,
        }
    )
    body |= {"units": line.units, "subtotal": line.price}
    if line.discount_percent:
        body["discount"] = line.discount_percent
    return body


def _address(address: Address | None) -> dict[str, Any] | None:
    """The same places as v2's under v1's names."""
    names = {"postal_code": "postalCode", "country_code": "countryCode"}
    v2 = address_body(address)
    return None if v2 is None else {names.get(name, name): value for name, value in v2.items()}


def _one(doc_type: DocType, document_id: str) -> str:
    paths.resource(doc_type)
    return f"{paths.V1_DOCUMENTS}/{doc_type}/{paths.segment(document_id, 'document_id')}"
