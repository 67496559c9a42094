"""`relay verify` after a run: it must say what the sandbox's own state says, no more and no less, and find what is planted."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from holded_sandbox import documents as desk
from holded_sandbox.kinds import KINDS
from relay.cli.verify import _verify
from relay.domain.ledger import is_marker
from relay.services.times import at_ms
from tests.simulation.drift import finds, reconciled
from tests.simulation.holdings import documents_of, is_of_decided, rows_of
from tests.simulation.operators import commanded
from tests.simulation.people import desk_of
from tests.simulation.world import START

if TYPE_CHECKING:
    from collections.abc import Iterator

    from relay.domain.ledger import Row
    from tests.simulation.plan import Plan
    from tests.simulation.world import Universe

    Findings = set[tuple[str, str]]

HIDDEN_S = 180.0
"""What is planted shows in Holded's lists by then."""
_A_MONTH_S = 31 * 86_400.0
_IN_DOUBT = frozenset({"sent", "unknown", "review", "dead"})


def reconciles(plan: Plan) -> bool:
    """It costs as much as all else that is asked in the end: of some seeds."""
    return plan.scenario != "random" or plan.seed % 5 == 0


async def verified(universe: Universe, account: str) -> Findings:
    """(what, where) of each finding of `relay verify --account A --from ... --wait`."""

    async def command(here: Any) -> Any:
        to_ms = at_ms(here.now()) + 1
        with contextlib.redirect_stderr(io.StringIO()):
            told = await _verify(
                here, [account], from_ms=at_ms(START) - 3_600_000, to_ms=to_ms, offline=False, wait=True
            )
        return told["accounts"][0]["findings"]

    found: Any = []
    for _ in range(3):
        found = await commanded(universe, command)
        if not any(each["what"] == "not_compared" for each in found):
            break
        await asyncio.sleep(_A_MONTH_S)  # the month's quota is used up
    return {(each["what"], each["where"]) for each in found}


def true_findings(universe: Universe, account: str) -> tuple[Findings, Findings]:
    """(what must be found, what may be): from the sandbox's tables and the rows that name a document."""
    documents = {each["id"]: each for each in documents_of(universe, account)}
    rows = [row for row in rows_of(universe) if row.key.account == account]
    written = [row for row in rows if row.state == "confirmed" and row.holded_id and row.document_date]
    days = {(row.doc_type, row.document_date) for row in written}
    # A document of another kind or day than all that the ledger names is in no list that verify reads.
    listed = {at: each for at, each in documents.items() if (each["_kind"], each["date"]) in days}
    must = {(what, str(row.key)) for row in written for what in _differences(row, documents, listed)}
    named = {(row.holded_id, row.marker) for row in rows if row.holded_id}
    marked = Counter(tag for each in listed.values() for tag in each["tags"])
    quiet = {row.marker for row in rows if row.state in _IN_DOUBT}
    # Ours beside another that is named is told of with its row. Where that one is gone it is the only one, and nobody names it.
    quiet |= {row.marker for row in written if row.holded_id in documents or marked[row.marker] > 1}
    may: Findings = set()
    for document in documents.values():
        markers = {tag for tag in document["tags"] if is_marker(tag)}
        if not markers or markers & quiet or any((document["id"], marker) in named for marker in markers):
            continue
        finding = ("extra", document["document_number"] or document["id"])
        may.add(finding)
        if document["id"] in listed:
            must.add(finding)
    return must, may


def _differences(row: Row, documents: dict[str, dict[str, Any]], listed: dict[str, dict[str, Any]]) -> Iterator[str]:
    marked = {each["id"] for each in listed.values() if row.marker in each["tags"]}
    document = documents.get(row.holded_id)
    if len(marked) > 1:
        yield "doubled"
    if document is None:
        yield "missing_in_holded"
        return
    if len(marked) == 1 and row.holded_id not in marked:
        yield "another_document"
    total = Decimal(document["total"])
    if total != row.total:
        yield "total_differs"
    if document["contact_id"] and row.contact_id and document["contact_id"] != row.contact_id:
        yield "contact_differs"
    if sum(Decimal(each["amount"]) for each in document["payments_detail"]) > total > 0:
        yield "paid_twice"


async def verify_tells_the_truth(universe: Universe) -> list[str]:
    """What verify finds is what is there; and what is there are people's doings, and nothing else."""
    troubles = []
    for account in universe.companies:
        must, may = true_findings(universe, account)
        found = await verified(universe, account)
        troubles += [f"verify: {account} {each} is true and was not found" for each in sorted(must - found)]
        troubles += [f"verify: {account} {each} was found and is not true" for each in sorted(found - must - may)]
        troubles += [
            f"verify: {account} {each} is nobody's doing"
            for each in sorted(must)
            if not _by_person(universe, account, each)
        ]
    return troubles


def _by_person(universe: Universe, account: str, finding: tuple[str, str]) -> bool:
    what, where = finding
    if what == "extra":
        named = [each for each in documents_of(universe, account) if where in {each["id"], each["document_number"]}]
        return any(is_of_decided(universe, account, each) for each in named)
    (row,) = [row for row in rows_of(universe) if str(row.key) == where]
    key = row.key
    gone = any(owner == account and each["id"] == row.holded_id for owner, each in universe.gone)
    decided = (key.account, key.source, key.object_id) in universe.decided
    return gone or decided or (account, row.holded_id) in universe.touched


async def verify_is_not_blind(universe: Universe) -> list[str]:
    """Somebody deletes one of our documents, alters its total or adds its twin: found, unless its row asks a person by now."""
    for account in universe.companies:
        standing = {each["id"]: each for each in documents_of(universe, account)}
        rows = [
            row for row in rows_of(universe) if row.state == "confirmed" and row.holded_id in standing and row.total
        ]
        rows = [row for row in rows if row.key.account == account and row.marker in standing[row.holded_id]["tags"]]
        if not rows:
            continue
        row = rows[universe.plan.seed % len(rows)]
        planted = _planted(universe, account, standing[row.holded_id])
        await asyncio.sleep(HIDDEN_S)
        found, (must, may) = await verified(universe, account), true_findings(universe, account)
        now = universe.ledger.rows[row.key]
        if now.state == "confirmed" and (planted, str(row.key)) not in found:
            return [f"verify: {account} {row.key} is {planted} and was not found"]
        asked = reconciles(universe.plan) and now.state == "confirmed"
        if asked and not finds(await reconciled(universe, account), planted, str(row.key)):
            return [f"11: {account} {row.key} is {planted} and reconciliation does not tell"]
        if not must <= found <= must | may:
            return [f"verify: {account} found {sorted(found)}, true is {sorted(must)}"]
    return []


def _planted(universe: Universe, account: str, document: dict[str, Any]) -> str:
    at = desk_of(universe, account)
    universe.touched[account, document["id"]] = "planted"
    match universe.plan.seed % 3:
        case 0:
            desk.delete(at, document, by_person=True)
            return "missing_in_holded"
        case 1:
            document["lines"][0]["price"] = "98765.43"
            desk.changed(at, document)
            return "total_differs"
        case _:
            twin = document | {"lines": [dict(each) for each in document["lines"]], "payments_detail": []}
            desk.create(at, KINDS[document["_kind"]], twin | {"draft": True, "document_number": None})
            return "doubled"
