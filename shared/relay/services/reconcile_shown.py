"""Holded's documents and numbering series as reconciliation compares them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from relay.domain.money import ZERO, cents
from relay.domain.reconciling import Series, Shown
from relay.domain.reconciling_split import Part, net_of, rates_of, split_of
from relay.domain.reconciling_texts import Texts, plain_text
from relay.domain.written_lines import WrittenLine
from relay.holded import replies

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from relay.domain.mapping.catalogue import Catalogue
    from relay.domain.reconciling_split import Split
    from relay.holded.replies import Document, DocumentLine
    from relay.ports.accounts import Account


def shown_of(doc_type: str, document: Document, catalogue: Catalogue) -> Shown:
    net = _cents(document.subtotal)
    tax = _cents(document.tax)
    return Shown(
        id=document.id,
        doc_type=doc_type,
        day=document.date,
        number=document.number or "",
        currency=document.currency or "",
        contact_id=document.contact_id or "",
        net=net,
        tax=tax,
        total=document.total,
        split=_split(document, catalogue, net, tax),
        paid=document.payments_total,
        status=document.status or "",
        tags=document.tags,
        texts=_texts(document),
    )


def _cents(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else cents(amount)


def _split(document: Document, catalogue: Catalogue, net: Decimal | None, tax: Decimal | None) -> Split | None:
    """By rate from its own lines. None where they do not come to the document's sums: then only those are compared."""
    parts = []
    for line in document.lines:
        rates, of_line = rates_of(line.taxes, catalogue.rates_of), _net(document, line)
        if line.units is None or of_line is None or rates is None:
            return None
        parts.append(Part(line.units, of_line, rates))
    split = split_of(parts)
    return split if (split.net, split.tax) == (net, tax) else None


def _net(document: Document, line: DocumentLine) -> Decimal | None:
    if line.units is None or line.price is None:
        return None
    whole = replies.discount(document) or ZERO
    return net_of(units=line.units, price=line.price, discount=line.discount or ZERO, whole_discount=whole)


def written_lines_of(document: Document) -> Sequence[WrittenLine] | None:
    """The lines that count. None where they do not come to the document's own net: Holded shows them otherwise than it reckons."""
    found = []
    for line in document.lines:
        net = _net(document, line)
        if line.units is None or net is None or line.name is None:
            return None
        if net:
            found.append(WrittenLine(line.name, line.description or "", line.units, net))
    return found if sum((line.net for line in found), ZERO) == _cents(document.subtotal) else None


def _texts(document: Document) -> Texts:
    nets = [_net(document, line) for line in document.lines]
    known = None not in nets and all(line.name is not None for line in document.lines)
    lines = tuple(
        (plain_text(line.name), plain_text(line.description))
        for line, net in zip(document.lines, nets, strict=True)
        if net
    )
    return Texts(
        lines=lines if known else None,
        description=plain_text(replies.description(document)),
        due=document.due_date,
    )


def series_of_account(account: Account) -> Sequence[Series]:
    """The formats that the account's catalogue holds since it was last read; what it lacks is told from the numbers."""
    held = account.catalogue.get("numbering_series")
    found = []
    for doc_type, rows in held.items() if isinstance(held, Mapping) else ():
        for row in rows.get("items", ()) if isinstance(rows, Mapping) else rows:
            text = row.get("format") if isinstance(row, Mapping) else None
            if isinstance(text, str) and text:
                found.append(Series(doc_type=str(doc_type), format=text))
    return found
