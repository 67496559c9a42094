"""Differences are told by their kind, and only where both sides know a value."""

from __future__ import annotations

from decimal import Decimal

import pytest

from relay.domain.comparison import Seen, differences, doubled, field_by_field
from relay.domain.ledger import Key, Row

ROW = Row(
    key=Key(account="acme", source="shopify", object_id="1", purpose="invoice"),
    state="confirmed",
    created_ms=1,
    updated_ms=1,
    marker="hr" + "m" * 14,
    doc_type="invoice",
    holded_id="b",
    contact_id="c",
    total=Decimal("121.00"),
    currency="EUR",
)


def seen(**values):
    default = {"id": "b", "total": Decimal("121.0"), "contact_id": "c", "currency": "EUR"}
    return Seen(**(default | values))


@pytest.mark.parametrize(
    ("shown", "marked", "expected"),
    [
        (seen(), ["b"], []),
        (seen(contact_id=None, currency=None), ["b"], []),
        (seen(total=Decimal("121.01")), ["b"], ["total_differs"]),
        (seen(total=None), ["b"], []),
        (seen(contact_id="d", currency="USD"), ["b"], ["contact_differs", "currency_differs"]),
        (seen(), ["b", "a", "b"], ["doubled"]),
        (None, ["a"], ["missing_in_holded"]),
        (None, ["a", "d"], ["doubled", "missing_in_holded"]),
    ],
)
def test_each_difference_is_told_once(shown, marked, expected):
    assert [reason for reason, _ in differences(ROW, shown, marked)] == expected


def test_doubles_are_named_in_one_order_whoever_lists_them():
    assert doubled(ROW, ["b", "a"]) == doubled(ROW, ["a", "b", "a"])
    assert "delete all but b" in doubled(ROW, ["a", "b"])


def test_fields_are_compared_where_both_are_known():
    meant = {"total": Decimal("1.00"), "currency": "EUR", "contact": "", "date": None, "type": "invoice"}
    found = {"total": Decimal("2.00"), "currency": None, "contact": "c", "date": "2026-03-02"}

    assert field_by_field(meant, found) == [("total", "1.00", "2.00")]
