"""One giving-back told twice: Stripe tells it as a credit note and as a refund of the charge, by API versions in other shapes.

A credit note that names its refund has the refund's key, so that both are one row; the note tells more, and stays. A charge
that lists no refunds (API versions since 2022-11-15) names only the sum it reached: nothing but parent and amount says that
it is the same money. So the parent's row keeps what was credited to it, and what looks told twice goes to a person.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from relay.domain.crediting import credited

if TYPE_CHECKING:
    from relay.domain.decisions import Fact
    from relay.domain.ledger import Row

GIVEN_BACK_TWICE: Final = "given_back_twice"
_SUM_REACHED: Final = re.compile(r"-[0-9]+$")


def is_told_otherwise(row: Row | None, fact: Fact) -> bool:
    """Whether the row's credit note tells this refund already, or the row's refund divides as this note does."""
    if row is None or fact.key.source != "stripe" or fact.key.purpose != "creditnote":
        return False
    if row.event_type.startswith("credit_note.") and fact.event_type.startswith("refund."):
        return True
    came = row.event_type.startswith("refund.") and fact.event_type.startswith("credit_note.")
    return came and row.state == "confirmed" and (row.total, row.split) == (fact.total, fact.split)


def told_twice(parent: Row, fact: Fact) -> str:
    """Why a correction may be the same money as one before it under another name; empty where it is not."""
    if fact.key.source != "stripe" or fact.total is None:
        return ""
    others = {name: amount for name, amount in credited(parent).items() if name != fact.key.object_id}
    same = [
        name for name, amount in others.items() if amount == fact.total and _shape(name) != _shape(fact.key.object_id)
    ]
    if same:
        return (
            f"{same[0]} gave back {fact.total} of {parent.key.object_id} already: Stripe may tell the same money twice"
        )
    return ""


def _shape(object_id: str) -> str:
    """How it is named: two names of one shape are two givings-back."""
    if object_id.startswith("cn_"):
        return "note"
    return "sum" if _SUM_REACHED.search(object_id) else "refund"
