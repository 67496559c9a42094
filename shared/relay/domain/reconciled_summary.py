"""A reconciliation's result as plain JSON values (amounts as text): what is stored of a night's, and printed for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from relay.domain.money import plain
from relay.domain.packed import gzipped, unpacked
from relay.domain.reconciling_repairs import proposed
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from relay.domain.reconciled import Reconciled
    from relay.domain.reconciling import Difference
    from relay.domain.reconciling_totals import Line, Sums

MOST_KEPT = 100
"""Differences that a night's row keeps; the count tells of all."""


def summary(done: Reconciled) -> dict[str, Any]:
    return {
        "account": done.account,
        "from": done.window.start.isoformat(),
        "to": done.window.end.isoformat(),
        "complete": not done.incomplete,
        "incomplete": dict(done.incomplete),
        "documents": done.documents,
        "under_way": done.under_way,
        "calls": done.calls,
        "open": len(done.open),
        "drift": f"{done.drift:.4f}",
        "totals": [_line(line) for line in done.lines],
        "differences": [_difference(one, *proposed(one, done.account, done.window)) for one in done.differences],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "day": line.group.day,
        "type": line.group.doc_type,
        "series": line.group.series,
        "currency": line.group.currency,
        "agrees": line.agrees,
        "source": _sums(line.source),
        "ledger": _sums(line.ledger),
        "holded": _sums(line.holded),
        "not_of_the_relay": _sums(line.others),
    }


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "count": sums.count,
        "net": f"{sums.net:.2f}",
        "tax": f"{sums.tax:.2f}",
        "total": f"{sums.total:.2f}",
        "split_unknown": sums.unsplit,
        "as_the_ledger": sums.as_ledger,
        "by_rate": [
            {"rate": plain(rate), "base": f"{base:.2f}", "tax": f"{tax:.2f}"}
            for rate, (base, tax) in sorted(sums.by_rate.items())
        ],
    }


def _difference(one: Difference, repair: str, command: str) -> dict[str, Any]:
    return {
        "class": one.kind,
        "day": one.day,
        "type": one.doc_type,
        "number": one.number,
        "sold_as": _sold_as(one),
        "source": one.source,
        "ledger": one.ledger,
        "holded": one.holded,
        "detail": one.detail,
        "told": one.told,
        "repair": repair,
        "command": command,
        "row": one.key,
        "event": one.event_id,
        "holded_id": one.holded_id,
    }


def _sold_as(one: Difference) -> str:
    """The source and its own id of what it sold, as its row's key has them (a text of the source, printed: nothing raw)."""
    return " ".join(one.key.split("/")[1:3])


def pack(told: Mapping[str, Any]) -> bytes:
    """What a night's row keeps: without sums, and of many differences the first."""
    kept = {name: value for name, value in told.items() if name != "totals"}
    kept["differences"] = list(told["differences"])[:MOST_KEPT]
    return gzipped(json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode())


def unpack(kept: bytes) -> dict[str, Any]:
    """Raises `BadInput` for what `pack` did not make."""
    try:
        read = unpacked(kept)
        return {**read, "differences": list(read["differences"])}
    except (ValueError, KeyError, TypeError):
        detail = f"{len(kept)} bytes, expected a night's result"
        raise BadInput("result_unreadable", field="event", detail=detail) from None
