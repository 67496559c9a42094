"""How much of a document its corrections give back, as its row keeps it. Pure.

The row of the original holds `<object id>=<total>` of each correction, noted before that is written. Noted twice it is
noted once, so a crash in between costs nothing.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from relay.domain.money import ZERO

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from relay.domain.ledger import Key, Row


def credited(original: Row) -> Mapping[str, Decimal]:
    """The totals of its corrections, by their object ids."""
    noted = (each.partition("=") for each in original.credited.split(";") if each)
    return {unquote(name, errors="surrogatepass"): Decimal(total) for name, _, total in noted}


def left_of(original: Row, correction: Key) -> Decimal | None:
    """What this correction may give back at most; None where the ledger does not know the original's total."""
    if original.total is None:
        return None
    others = (total for name, total in credited(original).items() if name != correction.object_id)
    return original.total - sum(others, ZERO)


def noted(original: Row, correction: Key, total: Decimal, *, without: Collection[str] = ()) -> Row:
    """The original's row with one more correction, and `without` those that were never written. Nothing else of it
    changes, not its instant either: the sweep has no reason to look at it again.
    """
    kept = {name: known for name, known in credited(original).items() if name not in without}
    kept[correction.object_id] = total
    text = ";".join(f"{quote(name, safe='', errors='surrogatepass')}={known}" for name, known in kept.items())
    return replace(original, rev=original.rev + 1, credited=text)
