"""What a ledger row keeps of its document's tax, and what is made of a row that keeps something else."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from relay.domain.ledger import Key, Row
from relay.domain.reconciling_split import Part, kept, of_row, split_of

ROW = Row(
    key=Key.parse("acme/shopify/1001/invoice"), state="confirmed", created_ms=1, updated_ms=1, total=Decimal("121.00")
)


def test_what_is_kept_is_read_again():
    split = split_of([Part(Decimal(1), Decimal("100.00"), (Decimal(21),))])
    read = of_row(replace(ROW, split=kept(split)))

    assert read == replace(split, lines=None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "100.00;21:100.00",
        "hundred;21:100.00:21.00",
        "100.00;21:100.00:20.00",  # comes to another total
        "1e999999;21:100.00:9e999999",  # overflows where it is added up
        "0;21:9e999999:9e999999;10:9e999999:9e999999",
        "1112e12112121",
    ],
)
def test_of_a_row_that_keeps_nothing_that_can_be_read_nothing_is_known(text):
    assert of_row(replace(ROW, split=text)) is None
