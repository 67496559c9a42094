"""The lines of a draft of ours as they were written, in a few bytes: whether a person changed one that its total does not show."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from relay.domain.money import plain
from relay.domain.reconciling_texts import plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from relay.domain.documents import DocumentDraft


class WrittenLine(NamedTuple):
    """A line that counts: one without an amount is no part of it."""

    name: str
    description: str
    units: Decimal
    net: Decimal


def kept(draft: DocumentDraft) -> str:
    """What the ledger keeps. Descriptions are part of it where each line has one: Holded may fill in what was left open."""
    lines = [WrittenLine(line.name, line.description or "", line.units, line.net) for line in draft.lines if line.net]
    return _digest(lines, described=all(line.description for line in lines))


def are_other(written: str, there: Sequence[WrittenLine] | None) -> bool:
    """Whether what stands is other than what was `written`; not where either is not known."""
    if not written or there is None:
        return False
    return written not in {_digest(there, described=True), _digest(there, described=False)}


def _digest(lines: Sequence[WrittenLine], *, described: bool) -> str:
    """In any order, texts as `plain_text` leaves them."""
    told = sorted(
        [plain_text(line.name), plain_text(line.description) if described else "", plain(line.units), plain(line.net)]
        for line in lines
    )
    return hashlib.sha256(repr(told).encode(errors="surrogatepass")).hexdigest()[:16]
