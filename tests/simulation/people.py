"""What people do in Holded's screens: edit, approve and delete documents of ours, and write their own for our facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holded_sandbox import documents
from holded_sandbox.documents import RefusedError
from holded_sandbox.kinds import KINDS
from tests.simulation.payloads import CENT

if TYPE_CHECKING:
    from decimal import Decimal

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


def _touch(universe: Universe, account: str, document: Any, how: str) -> None:
    universe.touched[account, document["id"]] = how
    universe.touched_markers.update(document["tags"])


def desk_of(universe: Universe, account: str) -> Any:
    universe.courier.news.set()
    return universe.sandbox.desk(universe.companies[account], universe.epoch())


PEOPLE = (person_edits, person_approves, person_deletes)
