"""From a sale (order, invoice, refund, credit note) to the document Holded gets, equal to the cent or not at all."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from relay.domain.documents import DocumentDraft, LineDraft
from relay.domain.mapping import choices, sums, totals
from relay.domain.mapping.contacts import custom_fields
from relay.domain.mapping.decide import decide_retention, decide_taxes
from relay.domain.mapping.evidence import charged_lines, with_taxes
from relay.domain.mapping.lines import line_draft, rounding_draft
from relay.domain.mapping.undecided import Undecided
from relay.domain.money import CENT, ZERO, cents, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

    from relay.domain.documents import DocType
    from relay.domain.mapping.evidence import Charged, SalesModel
    from relay.domain.mapping.sale import Sale
    from relay.domain.mapping.taxes import TaxDecision

_CURRENCY = re.compile(r"[A-Z]{3}")
_AT_HOME = frozenset({"vat", "surcharge", "other"})


def assemble(sale: Sale, *, doc_type: DocType, description: str, notes: str | None = None) -> DocumentDraft:
    """The draft, with the same total as the source's. Raises `Undecided` where a person must judge."""
    document = sale.document
    _check_header(document)
    charged = charged_lines(document)
    if not charged:
        raise Undecided("no_lines", "The source's document has no lines, so nothing says what was sold.")
    sums.check_source(document, charged)
    charged = with_taxes(charged, document, candidates=_candidates(sale))
    about = circumstances(sale, doc_type)
    lines = _lines(sale, charged, decide_taxes(sale, charged), about)
    if sale.settings.policy.zero_lines == "drop":
        lines = [line for line in lines if line.net or line.tax] or lines[:1]
    subtotal, tax = sum((line.net for line in lines), ZERO), sum((line.tax for line in lines), ZERO)
    tables, catalogue = sale.settings.tables, sale.catalogue
    return DocumentDraft(
        doc_type=doc_type,
        date=sale.day,
        lines=tuple(lines),
        subtotal=subtotal,
        tax=tax,
        total=subtotal + tax,
        currency=document.currency,
        currency_change=_exchange_rate(sale),
        due_date=_due(sale),
        description=description,
        notes=notes,
        custom_fields=_extra(sale),
        number_line_id=choices.choose_series(tables.series, about, catalogue),
        warehouse_id=choices.choose_listed(tables.warehouses, about, catalogue=catalogue, of="warehouses"),
        sales_channel_id=choices.choose_listed(tables.sales_channels, about, catalogue=catalogue, of="sales_channels"),
        payment_method_id=choices.choose_listed(
            tables.payment_methods, about, catalogue=catalogue, of="payment_methods"
        ),
    )


def _candidates(sale: Sale) -> list[Decimal]:
    """What a tax told only as money may be: in Spain not another country's or the islands' percentage that is close by."""
    at_home = sale.place(goods=True).zone == "home"
    return [tax.rate for tax in sale.catalogue.taxes if not at_home or tax.kind in _AT_HOME]


def circumstances(sale: Sale, doc_type: DocType) -> choices.Circumstances:
    """What the choosing tables may look at."""
    document = sale.document
    return choices.Circumstances(
        doc_type=doc_type,
        source=sale.source,
        channel=document.channel or "",
        country=sale.place(goods=True).country,
        currency=document.currency,
        payment_method=next((payment.method for payment in document.payments if payment.method), "") or "",
        warehouse=document.warehouse or "",
    )


def _check_header(document: SalesModel) -> None:
    if not _CURRENCY.fullmatch(document.currency):
        raise Undecided("currency_unknown", "The currency is not an ISO 4217 code of three letters.")
    if document.total < 0:
        raise Undecided("total_negative", f"The total is {shown(document.total)}; a document cannot be negative.")
    if document.total != cents(document.total):
        raise Undecided("total_precision", "The total has more than two decimals, which Holded does not keep.")


def _lines(
    sale: Sale, charged: Sequence[Charged], decisions: Sequence[TaxDecision], about: choices.Circumstances
) -> list[LineDraft]:
    nets, rounding = _nets(sale, charged, decisions)
    lines = [
        line_draft(
            one,
            net=net,
            taxes=decision,
            retention=decide_retention(sale, one),
            account=choices.choose(
                sale.settings.tables.accounts, replace(about, line_kind=one.line.kind, sku=one.line.sku or "")
            ),
        )
        for one, decision, net in zip(charged, decisions, nets, strict=True)
    ]
    return [*lines, rounding_draft(rounding)] if rounding else lines


def _nets(
    sale: Sale, charged: Sequence[Charged], decisions: Sequence[TaxDecision]
) -> tuple[tuple[Decimal, ...], Decimal]:
    """Nets that come to the source's total with Holded's arithmetic, and what a rounding line must carry."""
    document = sale.document
    parts = [totals.Part(one.amount, rule.rates, one.gross) for one, rule in zip(charged, decisions, strict=True)]
    natural = totals.natural_nets(parts)
    target = document.total - sums.withheld(charged, natural)  # the source's total is after what was withheld
    difference = target - totals.total_of(parts, natural)
    # Rounding once a document instead of once a line moves half a cent a line; what is more is not rounding.
    movable = sum(1 for one, part in zip(charged, parts, strict=True) if part.rates or one.hides_cents)
    solution = (
        totals.solve(parts, total=target, rounding_limit=sale.settings.policy.rounding_limit)
        if abs(difference) <= CENT * (movable + 1 if movable else 0)
        else None
    )
    if solution is None or sums.withheld(charged, solution.nets) != sums.withheld(charged, natural):
        raise Undecided(
            "total_differs",
            f"Holded would make {shown(document.total - difference)} {document.currency} of these lines, the source's "
            f"total is {shown(document.total)}: a difference of {shown(difference)}.",
            differs=("total", shown(document.total), shown(document.total - difference)),
        )
    sums.check_tax(document, charged, decisions, solution.nets)
    return solution.nets, solution.rounding


def _exchange_rate(sale: Sale) -> Decimal | None:
    """Euros for one unit of the document's currency, None for euros and, by policy, where Holded is to apply its own."""
    document = sale.document
    if document.currency == "EUR":
        return None
    if document.exchange_rate is not None:
        return document.exchange_rate
    known = [row for row in sale.settings.exchange_rates if row.currency == document.currency and row.since <= sale.day]
    if known:
        return max(known, key=lambda row: row.since).rate
    if sale.settings.policy.exchange_rate == "review":
        raise Undecided(
            "exchange_rate_unknown",
            f"Neither the source nor the settings give a rate for {document.currency} on {sale.day.isoformat()}.",
        )
    return None


def _due(sale: Sale) -> date | None:
    document = sale.document
    if document.due_on is not None:
        return document.due_on
    return sale.day + timedelta(days=document.payment_terms_days) if document.payment_terms_days is not None else None


def _extra(sale: Sale) -> tuple[tuple[str, str], ...]:
    extra = dict(sale.document.custom_fields)
    if sale.document.note:
        extra["Note"] = sale.document.note
    return custom_fields(extra, sale.settings)
