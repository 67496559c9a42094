"""The policy of what is given back: refunds and credit notes, and how they name the document they correct."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain.mapping.assemble import assemble
from relay.domain.mapping.evidence import tax_total
from relay.domain.mapping.sales import document_plan, ignored, sale_of, source_name
from relay.domain.mapping.undecided import Undecided
from relay.domain.models import CreditNote, Line, TaxLine
from relay.domain.money import HUNDRED, cents
from relay.domain.text import clip

if TYPE_CHECKING:
    from datetime import date

    from relay.domain.documents import DocumentDraft, Plan
    from relay.domain.mapping.catalogue import Catalogue
    from relay.domain.models import Event, Refund
    from relay.domain.settings import Settings


def plan_correction(
    event: Event, correction: CreditNote | Refund, settings: Settings, catalogue: Catalogue, *, today: date | None
) -> Plan:
    """Money given back becomes a credit note that waits for the document it corrects.

    The source's name of the original goes into the description; Holded's number is added by `name_original` once known.
    """
    if correction.test and settings.policy.test_data == "ignore":
        return ignored(event, "creditnote", "test_refund", "The source marks it as a test.")
    if settings.policy.refunds == "nothing":
        return ignored(event, "creditnote", "policy_refunds", "By the account's policy.")
    if correction.total == 0 and not any(line.unit_price for line in correction.lines):
        return ignored(event, "creditnote", "nothing_refunded", "No money was given back.")
    sale = sale_of(event, _with_a_line(correction, settings), settings, catalogue, today)
    original = f" de {correction.number or correction.refers_to}" if correction.number or correction.refers_to else ""
    notes = clip(correction.reason, 500) or None
    draft = assemble(sale, doc_type="creditnote", description=f"Abono{original} ({source_name(event)})", notes=notes)
    plan = document_plan(event, sale, draft, purpose="creditnote")
    has_buyer = correction.contact is not None or isinstance(correction, CreditNote)
    return replace(
        plan,
        contact=plan.contact if has_buyer and not sale.buyer.anonymous else None,
        parent=(correction.refers_to, "invoice") if correction.refers_to else None,
    )


def _with_a_line(correction: CreditNote | Refund, settings: Settings) -> CreditNote | Refund:
    """A bare amount as one line, where the source or the policy says what tax is in it. Raises `Undecided` otherwise."""
    if correction.lines:
        return correction
    rate = settings.policy.plain_refund_rate
    stated = tax_total(correction)
    if stated is not None:
        taxes = correction.taxes or ((TaxLine(amount=stated),) if stated else ())
    elif rate is not None:
        taxes = (TaxLine(rate=rate, amount=cents(correction.total * rate / (HUNDRED + rate))),) if rate else ()
    else:
        raise Undecided(
            "refund_tax_unknown",
            "The refund is a bare amount: neither lines nor taxes say what it gives back. Credit it by hand, or set "
            "policy.plain_refund_rate if everything sold bears one rate.",
        )
    line = Line(name="Reembolso", unit_price=correction.total, total=correction.total, taxes=taxes)
    return replace(correction, prices_include_tax=True, lines=(line,))


def name_original(draft: DocumentDraft, *, number: str) -> DocumentDraft:
    """A credit note that names the Holded number it corrects, in description and notes (v2 has no field for it)."""
    named = f"Rectifica {number}"
    return replace(
        draft,
        description=f"{draft.description} - {named}" if draft.description else named,
        notes=f"{draft.notes}\n{named}" if draft.notes else named,
    )
