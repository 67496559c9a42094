"""A draft's lines as the ledger keeps them, beside what Holded shows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from relay.domain.documents import DocumentDraft, LineDraft
from relay.domain.written_lines import WrittenLine, are_other, kept


def draft(*lines):
    made = tuple(
        LineDraft(name=name, description=text, units=Decimal(1), price=Decimal(net), net=Decimal(net), tax=Decimal(0))
        for name, text, net in lines
    )
    total = sum((line.net for line in made), Decimal(0))
    return DocumentDraft(
        doc_type="invoice", date=date(2026, 3, 2), lines=made, subtotal=total, tax=Decimal(0), total=total
    )


def there(*lines):
    return [WrittenLine(name, text, Decimal("1.00"), Decimal(net)) for name, text, net in lines]


PLAIN = kept(draft(("Silla", None, "10"), ("Mesa", None, "20.00"), ("A note", None, "0")))
TOLD = kept(draft(("Silla", "roja", "10")))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (PLAIN, there(("Mesa", "", "20"), ("Silla", "", "10.00"))),
        (PLAIN, there(("<b>Mesa</b>", "", "20"), ("Silla ", "filled in by Holded", "10"))),
        (TOLD, there(("Silla", "roja", "10"))),
        (PLAIN, None),
        ("", there(("Banco", "", "1"))),
    ],
)
def test_what_stands_as_it_was_written_is_not_other(written, shown):
    assert not are_other(written, shown)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (PLAIN, there(("Mesa de roble", "", "20"), ("Silla", "", "10"))),
        (PLAIN, there(("Mesa", "", "10"), ("Silla", "", "20"))),
        (PLAIN, there(("Mesa", "", "30"))),
        (TOLD, there(("Silla", "azul", "10"))),
        (TOLD, there(("Silla", "", "10"))),
    ],
)
def test_what_a_person_changed_is(written, shown):
    assert are_other(written, shown)
