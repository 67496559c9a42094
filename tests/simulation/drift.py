"""`relay reconcile`, held against the sandbox's own state: it tells what is so, nothing else, and all of what was planted."""

from __future__ import annotations

import asyncio
import contextlib
import io
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from relay.cli.reconcile import Format, _run
from relay.domain.ledger import UPDATE, Key
from relay.domain.mapping.sale import MADRID
from relay.domain.reconciling import Window
from relay.domain.remedies import aside_of, own_key
from tests.simulation.holdings import documents_of, is_left_behind, rows_of
from tests.simulation.operators import commanded
from tests.simulation.world import START

if TYPE_CHECKING:
    from tests.simulation.world import Universe

SHOWN_AS = {
    "missing_in_holded": "deleted_by_hand",
    "total_differs": "amount_differs",
    "doubled": "extra_in_holded",
    "another_document": "extra_in_holded",
    "paid_twice": "paid_twice",
}
"""What `verify` finds, by the class that reconciliation gives it."""
_A_MONTH_S = 31 * 86_400.0


async def compared(here: Any, account: str, *, repair: bool = False) -> Any:
    """What `relay reconcile ACCOUNT --from --to --wait --yes` tells of the whole run."""
    last = here.now().astimezone(MADRID).date() + timedelta(days=1)
    window = Window(start=max(START.date() - timedelta(days=2), last - timedelta(days=300)), end=last)
    with contextlib.redirect_stderr(io.StringIO()):
        return await _run(
            here,
            account,
            window,
            cost=False,
            repair=repair,
            ask_above=10_000,
            wait=True,
            yes=True,
            shape=Format.json,
        )


async def reconciled(universe: Universe, account: str) -> list[dict[str, Any]]:
    """The differences it shows once it could read everything."""
    told: Any = {}
    for _ in range(3):
        told = await commanded(universe, lambda here: compared(here, account))
        if told["complete"]:
            break
        await asyncio.sleep(_A_MONTH_S)  # the month's quota is used up
    return list(told["differences"])


async def reconciliation_tells_the_truth(universe: Universe) -> list[str]:
    """11: each difference is so, and is a person's doing."""
    troubles = []
    for account in universe.companies:
        found = await reconciled(universe, account)
        troubles += [
            f"11: {account} {_words(each)} was found and is not so"
            for each in found
            if not _is_so(universe, account, each)
        ]
    return troubles


def finds(found: list[dict[str, Any]], what: str, row: str) -> bool:
    """Whether it shows what `verify` calls `what`, of that row."""
    return any((each["class"], each["row"]) == (SHOWN_AS[what], row) for each in found)


def _words(each: dict[str, Any]) -> str:
    return f"{each['class']} {each['row'] or each['holded_id'] or each['number']} ({each['detail']})"


def _is_so(universe: Universe, account: str, each: dict[str, Any]) -> bool:
    documents = {one["id"]: one for one in documents_of(universe, account)}
    if not each["row"]:
        return _loose(universe, account, each, documents)
    row = universe.ledger.rows[Key.parse(each["row"])]
    own = own_key(row.key)
    document = documents.get(row.holded_id)
    by_person = (
        (own.account, own.source, own.object_id) in universe.decided
        or (account, row.holded_id) in universe.touched
        or row.marker in universe.touched_markers
    )
    match each["class"]:
        case "missing_in_holded":
            return row.state in {"review", "dead"}
        case "deleted_by_hand":
            return document is None and by_person
        case "extra_in_holded":
            return by_person and any(row.marker in one["tags"] for at, one in documents.items() if at != row.holded_id)
        case "paid_twice":
            return document is not None and _paid(document) > Decimal(document["total"])
        case "payment_missing":
            return document is not None and by_person and _paid(document) < Decimal(document["total"])
        case "amount_differs":
            asks = [one for one in rows_of(universe) if own_key(one.key) == own and one.state == "review"]
            if document is None:  # then the source alone can say another amount
                return any(aside_of(one.key) == UPDATE and one.total != row.total for one in asks)
            return by_person or bool(asks)
        case _:
            return document is not None and by_person


def _loose(universe: Universe, account: str, each: dict[str, Any], documents: dict[str, Any]) -> bool:
    numbers = [one["document_number"] for one in documents.values() if one["_kind"] == each["type"]]
    if each["class"] == "duplicate_number":
        return numbers.count(each["number"]) > 1
    if each["class"] == "series_gap":
        return each["number"] not in numbers
    document = documents.get(each["holded_id"])
    return document is not None and is_left_behind(universe, account, document)


def _paid(document: dict[str, Any]) -> Decimal:
    return sum((Decimal(each["amount"]) for each in document["payments_detail"]), Decimal(0))
