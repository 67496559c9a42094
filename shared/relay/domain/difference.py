"""What would be written today against what was written: a plan beside the ledger's row of it. Pure, for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relay.domain.documents import Plan
    from relay.domain.ledger import Row


def compared(row: Row | None, plan: Plan, contact_id: str) -> str:
    """Today's plan against what the ledger says was written; `contact_id` is today's contact where it is known."""
    stands = row is not None and bool(row.holded_id)
    if plan.outcome != "document":
        what = f"would {'review' if plan.outcome == 'review' else 'ignore'}: {plan.reason}"
        return what if stands else f"nothing written; {what}"
    if row is None or not stands:
        return f"nothing written; would write {_planned(plan)}"
    differs = _differences(row, plan, contact_id)
    return f"would differ: {'; '.join(differs)}" if differs else "same"


def _differences(row: Row, plan: Plan, contact_id: str) -> list[str]:
    document = plan.document
    pairs: list[tuple[str, object, object]] = []
    if document is not None:
        pairs = [
            ("type", row.doc_type, document.doc_type),
            ("total", row.total, document.total),
            ("currency", row.currency, document.currency),
            ("date", row.document_date, document.date.isoformat()),
            ("contact", row.contact_id, contact_id or (f"a new one, not {row.contact_id}" if plan.contact else "")),
        ]
    found = [f"{name} {old} -> {new}" for name, old, new in pairs if new and old and new != old]
    if row.digest != plan.digest and not any(each.startswith(("type", "total", "currency")) for each in found):
        found.append("lines, taxes or the buyer's tax id")
    return found


def _planned(plan: Plan) -> str:
    document = plan.document
    return f"{document.doc_type} {document.total:.2f} {document.currency}" if document is not None else plan.purpose
