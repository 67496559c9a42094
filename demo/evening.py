"""What became of each delivery: the HTTP answer, then the ledger's row of each event, then Holded's own document."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from relay.domain.mapping.catalogue import Catalogue
from relay.domain.mapping.plan import plan
from relay.domain.settings import parse_settings
from relay.services.job import fact_of
from relay.services.unfold import unfold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from demo.companies import Company
    from demo.day import Act
    from relay.cli.context import World
    from relay.domain.ledger import Row

ENDED = frozenset({"confirmed", "review", "dead", "ignored", "superseded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    act: Act
    status: int
    reason: str
    inbox_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Became:
    """`open` while it is under way. `fault` says what is not as it must be, empty when all is right."""

    posted: Posted
    word: str
    detail: str = ""
    holded_id: str = ""
    waited: str = ""  # what for, as the inbox recorded it
    open: bool = False
    fault: str = ""


async def look(world: World, posted: Posted) -> Became:
    """Ask the relay's own tables what became of one delivery."""
    act = posted.act
    if not posted.inbox_id:
        return Became(posted=posted, word="refused", detail=posted.reason)
    item = await world.inbox.get(act.account, posted.inbox_id)
    if item is None:
        return Became(posted=posted, word="lost", fault="the inbox does not hold it")
    parts = unfold(item.delivery)
    if not parts.events:
        return Became(posted=posted, word="ignored", detail=parts.ignored or parts.review, open=item.open)
    record = await world.accounts.get(act.account)
    if record is None:
        return Became(posted=posted, word="lost", fault="the account is gone")
    event = parts.events[0]
    made = plan(event, parse_settings(record.settings), Catalogue.from_json(record.catalogue), today=None)
    row = await world.ledger.get(fact_of(event, made).key)
    if row is None:
        return Became(posted=posted, word="ignored", detail=made.reason, open=item.open)
    waited = next((end.partition(":")[2] for end in item.ends.values() if end.startswith("waiting:")), "")
    return replace(_from_row(posted, row), waited=waited)


def _from_row(posted: Posted, row: Row) -> Became:
    if row.state == "confirmed":
        return Became(posted=posted, word="document", detail=row.number, holded_id=row.holded_id)
    if row.state in ENDED:
        return Became(posted=posted, word=row.state, detail=row.detail or row.reason)
    return Became(posted=posted, word="waiting", detail=row.reason, open=True)


def judge(found: Became, documents: Mapping[str, Mapping[str, Any]]) -> str:
    """What is wrong with this fate, empty when it is as the day says, to the cent."""
    act = found.posted.act
    if found.fault:
        return found.fault
    if act.fate == "refused":
        return "" if found.word == "refused" and act.reason in found.detail else f"expected a refusal: {act.reason}"
    if found.word != act.fate:
        return f"expected {act.fate}, became {found.word}: {found.detail}"
    if act.fate != "document":
        return ""
    document = documents.get(found.holded_id)
    if document is None:
        return f"Holded has no document {found.holded_id}"
    if document["_kind"] != act.doc_type:
        return f"expected a {act.doc_type}, Holded has a {document['_kind']}"
    if Decimal(document["total"]) != act.total:
        return f"expected {act.total}, Holded shows {document['total']}"
    return ""


def books(company: Company, results: list[Became]) -> list[str]:
    """Compare one company's whole set of documents with the day: none missing, none doubled, none more."""
    written = set(company.documents())
    claimed = {found.holded_id for found in results if found.posted.act.account == company.account and found.holded_id}
    faults = [
        f"{company.account}: document {one} in Holded belongs to no delivery" for one in sorted(written - claimed)
    ]
    facts: dict[str, set[str]] = {}
    for found in results:
        if found.holded_id and found.posted.act.account == company.account:
            facts.setdefault(found.holded_id, set()).add(str(found.posted.act.total))
    faults += [
        f"{company.account}: document {one} stands for {totals}" for one, totals in facts.items() if len(totals) > 1
    ]
    return faults
