"""A snapshot keeps what fits an item, and what it keeps can be read again."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from relay.domain import wire
from relay.domain.kept import MOST_KEPT, kept_of
from relay.domain.models import Contact, Invoice, Line, Product
from relay.domain.models_company import Lead, LeadNote, Record

LONG = "x" * 500_000
ISSUED = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "model", "missing"),
    [
        ("lead", Lead(id="1", name="Ana", notes=(LeadNote(text=LONG),)), {"notes"}),
        ("contact", Contact(id="1", name="Ana", note=LONG, custom_fields={"a": LONG}), {"note", "custom_fields"}),
        (
            "invoice",
            Invoice(
                id="1",
                currency="EUR",
                total=Decimal(1),
                issued_at=ISSUED,
                lines=tuple(Line(name="Silla", unit_price=Decimal(1)) for _ in range(900)),
            ),
            {"lines"},
        ),
        ("employee", Record(id="1", kind="employee", fields={"a": LONG}), {"fields"}),
    ],
)
def test_what_is_largest_is_left_out_and_the_rest_can_be_read(kind, model, missing):
    whole = wire.dump_data(f"{kind}.updated", model)
    kept = kept_of(whole, type(model))

    assert whole.keys() - kept.keys() == missing
    assert len(str(kept)) <= MOST_KEPT
    assert wire.parse_data(f"{kind}.deleted", kept).id == "1"


def test_a_text_that_must_be_there_is_cut():
    kept = kept_of(wire.dump_data("product.updated", Product(id="1", name=LONG)), Product)

    assert wire.parse_data("product.deleted", kept).name == "x" * 1000


def test_what_fits_is_kept_as_it_is():
    whole = wire.dump_data("contact.updated", Contact(id="1", note="x" * 20_000))

    assert kept_of(whole, Contact) == whole
