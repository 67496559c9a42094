"""What people do in Holded's screens: edit, approve and delete documents of ours, and write their own for our facts."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from holded_sandbox import contacts, documents
from holded_sandbox.documents import RefusedError
from holded_sandbox.kinds import KINDS
from tests.simulation.payloads import CENT

if TYPE_CHECKING:
    from tests.simulation.world import Universe


def _one_of(universe: Universe, account: str, number: int) -> Any:
    found = list(universe.companies[account].tables["documents"].values())
    return found[number % len(found)] if found else None


async def person_edits(universe: Universe, account: str, number: int) -> None:
    document = _one_of(universe, account, number)
    if document is None or document["approved_at"]:
        return
    _touch(universe, account, document, "edited")
    document["lines"][0]["price"] = str(7 + CENT * number)
    documents.changed(desk_of(universe, account), document)


async def person_approves(universe: Universe, account: str, number: int) -> None:
    document = _one_of(universe, account, number)
    if document is None or document["approved_at"]:
        return
    _touch(universe, account, document, "approved")
    try:
        documents.approve(desk_of(universe, account), document)
    except RefusedError:
        return


async def person_deletes(universe: Universe, account: str, number: int) -> None:
    document = _one_of(universe, account, number)
    if document is None or document["approved_at"]:
        return
    _touch(universe, account, document, "deleted")
    universe.gone.append((account, dict(document)))
    documents.delete(desk_of(universe, account), document, by_person=True)


def written_by_hand(universe: Universe, account: str, kind: str, total: Decimal, day: str) -> str:
    """A person enters the sale herself, without a marker of ours. Returns the document's id."""
    desk = desk_of(universe, account)
    document = documents.blank(KINDS[kind], desk.now)
    line = {**documents.blank_line(), "name": "Venta", "price": str(total)}
    document |= {"lines": [line], "date": day or document["date"], "contact_name": "Mostrador"}
    made = documents.create(desk, KINDS[kind], document)
    universe.touched[account, made["id"]] = "by hand"
    return str(made["id"])


async def person_pays(universe: Universe, account: str, number: int) -> None:
    """Half of what is due, or all of it. A draft is approved by it."""
    document = _one_of(universe, account, number)
    if document is None or KINDS[document["_kind"]].side != "sales" or document["_kind"] in _UNPAYABLE:
        return
    due = Decimal(document["payments_pending"])
    amount = (due / 2).quantize(CENT) if number % 2 else due
    if amount <= 0:
        return
    _touch(universe, account, document, "paid")
    desk = desk_of(universe, account)
    day = universe.now().date().isoformat()
    with contextlib.suppress(RefusedError):
        documents.pay(desk, document, amount=amount, day=day, bank_id=None, note="by hand")


async def person_creates(universe: Universe, account: str, number: int) -> None:
    """A document of no fact of ours."""
    kind = ("invoice", "invoice", "creditnote")[number % 3]
    written_by_hand(universe, account, kind, Decimal(10 + number), "")


async def person_enters_contact(universe: Universe, account: str, number: int) -> None:
    record = contacts.blank(universe.epoch()) | {"name": f"Mostrador {number}"}
    made = contacts.create(desk_of(universe, account), record)
    universe.by_hand.add((account, made["id"]))


async def person_renames_contact(universe: Universe, account: str, number: int) -> None:
    there = _contacts(universe, account)
    if there:
        one = there[number % len(there)]
        contacts.change(desk_of(universe, account), one | {"name": f"{one['name']} {number}"})


async def person_deletes_contact(universe: Universe, account: str, number: int) -> None:
    there = _contacts(universe, account)
    if there:
        contacts.delete(desk_of(universe, account), there[number % len(there)])


def _contacts(universe: Universe, account: str) -> list[Any]:
    table = universe.companies[account].tables["contacts"]
    return [each for each in table.values() if (account, each["id"]) in universe.by_hand]


def _touch(universe: Universe, account: str, document: Any, how: str) -> None:
    universe.touched[account, document["id"]] = how
    universe.touched_markers.update(document["tags"])


def desk_of(universe: Universe, account: str) -> Any:
    universe.courier.news.set()
    return universe.sandbox.desk(universe.companies[account], universe.epoch())


_UNPAYABLE = frozenset({"salesorder", "creditnote"})
HANDS = (person_creates, person_pays, person_enters_contact, person_renames_contact, person_deletes_contact)
"""What is done in a company that is polled, besides the rest."""
PEOPLE = (person_edits, person_approves, person_deletes, *HANDS)
