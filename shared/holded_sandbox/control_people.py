"""What a person does in Holded's own screens, without the API's limits: enter, edit, approve, pay, cancel, delete.

Each change sends the same webhooks as an API call would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox import contacts, documents
from holded_sandbox.days import today
from holded_sandbox.documents import Desk, RefusedError
from holded_sandbox.kinds import KINDS
from holded_sandbox.money import number
from holded_sandbox.v2_documents import apply

if TYPE_CHECKING:
    from collections.abc import Callable

    from holded_sandbox.control_call import ControlCall
    from holded_sandbox.wire import Record


def _find(desk: Desk, call: ControlCall) -> Record:
    document = desk.company.get("documents", call.params["id"])
    if document is None:
        raise LookupError("document")
    return document


def enter(call: ControlCall) -> tuple[Record, int]:
    """A new draft of `kind` (default: invoice), with the fields of a v2 create body."""
    desk, fields = call.desk(), dict(call.body)
    kind = KINDS.get(str(fields.pop("kind", "invoice")))
    if kind is None:
        raise ValueError("kind: expected a document type of v1")
    document = documents.blank(kind, desk.now)
    apply(desk.company, kind, document, fields)
    return documents.create(desk, kind, document), 201


def enter_contact(call: ControlCall) -> tuple[Record, int]:
    desk, name = call.desk(), call.body.get("name")
    if not isinstance(name, str):
        raise ValueError("name: expected text")  # noqa: TRY004 - one refusal for every wrong field
    return contacts.create(desk, contacts.blank(desk.now) | {"name": name}), 201


def pay(call: ControlCall) -> tuple[Record, int]:
    """`amount`: today, by nobody's bank account."""
    amount, day = number(call.body.get("amount"), "amount"), today(call.now)
    done = _done(
        call, lambda desk, document: documents.pay(desk, document, amount=amount, day=day, bank_id=None, note="")
    )
    return done, 201


def edit(call: ControlCall) -> Record:
    """The fields of a v2 update body; what is not named stays."""
    desk = call.desk()
    document = dict(_find(desk, call))
    apply(desk.company, KINDS[document["_kind"]], document, call.body)
    documents.changed(desk, document)
    return document


def approve(call: ControlCall) -> Record:
    return _done(call, documents.approve)


def cancel(call: ControlCall) -> Record:
    return _done(call, documents.cancel)


def _done(call: ControlCall, action: Callable[[Desk, Record], object]) -> Record:
    desk = call.desk()
    document = _find(desk, call)
    try:
        action(desk, document)
    except RefusedError as refusal:
        raise ValueError(str(refusal)) from refusal
    return document


def delete(call: ControlCall) -> Record:
    desk = call.desk()
    document = _find(desk, call)
    documents.delete(desk, document, by_person=True)
    return {"id": document["id"]}


def delete_contact(call: ControlCall) -> Record:
    desk = call.desk()
    contact = desk.company.get("contacts", call.params["id"])
    if contact is None:
        raise LookupError("contact")
    contacts.delete(desk, contact)
    return {"id": contact["id"]}
