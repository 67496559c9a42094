"""What the row of an original keeps of its corrections."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from relay.domain.crediting import credited, left_of, noted
from relay.domain.ledger import Key, Row

SALE = Row(
    key=Key(account="acme", source="shopify", object_id="1", purpose="invoice"),
    state="confirmed",
    created_ms=1,
    updated_ms=1,
    total=Decimal("121.00"),
)


def of(name):
    return Key(account="acme", source="shopify", object_id=name, purpose="creditnote")


@given(st.dictionaries(st.text(), st.decimals(min_value=0, max_value=10**9, places=2)))
def test_all_that_is_noted_is_read_again(notes):
    row = SALE
    for name, total in notes.items():
        row = noted(row, of(name), total)

    assert credited(row) == notes
    assert row.rev == SALE.rev + len(notes)


def test_a_correction_that_is_noted_again_counts_once():
    row = noted(noted(SALE, of("r1"), Decimal("21.00")), of("r2"), Decimal("50.00"))

    assert left_of(row, of("r2")) == left_of(noted(row, of("r2"), Decimal("60.00")), of("r2")) == Decimal("100.00")
    assert left_of(row, of("r3")) == Decimal("50.00")


def test_what_was_never_written_is_taken_off():
    row = noted(noted(SALE, of("r1"), Decimal("21.00")), of("r2"), Decimal("50.00"), without={"r1"})

    assert credited(row) == {"r2": Decimal("50.00")}


def test_of_an_original_without_a_total_nothing_is_known():
    assert left_of(replace(SALE, total=None), of("r1")) is None
