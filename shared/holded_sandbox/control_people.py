"""What a person does in Holded's own screens, without the API's limits: edit, approve, cancel, delete.

Each change sends the same webhooks as an API call would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox import contacts, documents
from holded_sandbox.documents import Desk, RefusedError
from holded_sandbox.kinds import KINDS
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


def _done(call: ControlCall, action: Callable[[Desk, Record], None]) -> Record:
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
