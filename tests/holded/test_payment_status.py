"""What the amounts of a document say of its payment, what of it an event shows, and in which currency a payment is."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.holded.polled_samples import ID
from tests.polled import BY_NAME


def seen(name="invoice", **fields):
    return BY_NAME[name].observe({"id": ID, "document_number": "F1", "date": "2026-03-02", "currency": "eur"} | fields)


@pytest.mark.parametrize(
    ("fields", "payment"),
    [
        ({"total": "121.00", "payments_total": "0.00", "payments_pending": "121.00"}, "unpaid"),
        ({"total": "121.00", "payments_total": "0.01", "payments_pending": "120.99"}, "partially_paid"),
        ({"total": "121,00", "payments_pending": "0,00"}, "paid"),
        ({"total": "121.00", "payments_pending": "0.01"}, "partially_paid"),
        ({"total": "121.00", "payments_total": "130.00", "payments_pending": "-9.00"}, "paid"),
        ({"total": "100.00", "payments_total": "200.00", "payments_pending": "-100.00"}, "paid"),
        ({"total": "121.00", "payments_total": "121.00"}, "paid"),
        ({"total": "121.00", "payments_total": "121.00", "payments_pending": None}, "paid"),
        ({"total": "121.00", "payments_total": "120.99", "payments_pending": ""}, "partially_paid"),
        ({"total": "121.00", "payments_total": "130.00", "payments_pending": None}, "paid"),
        ({"total": "121.00", "payments_total": "0.00"}, "unpaid"),
        ({"total": "121.00"}, "unpaid"),
        ({"payments_pending": "0.00"}, "unpaid"),
        ({"total": "0.30", "payments_total": "0.1", "payments_pending": "0.20"}, "partially_paid"),
        ({"total": "9999999999999.99", "payments_pending": "0.0000000000000000000001"}, "partially_paid"),
        # A refund of what was paid: it is still to be paid again.
        ({"total": "100.00", "payments_total": "-50.00", "payments_pending": "150.00"}, "unpaid"),
        ({"total": "0.00", "payments_total": "0.00", "payments_pending": "0.00", "status": "completed"}, "paid"),
        ({"total": "0.00", "payments_total": "0.00", "payments_pending": "0.00", "status": "pending"}, "unpaid"),
        ({"total": "0.00", "payments_pending": "0.00"}, "unpaid"),
        # Should a credit note have a negative total, it is paid by negative amounts.
        ({"total": "-121.00", "payments_total": "0.00", "payments_pending": "-121.00"}, "unpaid"),
        ({"total": "-121.00", "payments_total": "-21.00", "payments_pending": "-100.00"}, "partially_paid"),
        ({"total": "-121.00", "payments_total": "-121.00", "payments_pending": "0.00"}, "paid"),
        ({"total": "-121.00", "payments_total": "-130.00", "payments_pending": "9.00"}, "paid"),
        ({"total": "-121.00", "payments_total": "-130.00"}, "paid"),
    ],
)
@pytest.mark.parametrize("name", ["invoice", "creditnote", "salesreceipt", "purchase", "purchaserefund", "receiptnote"])
def test_a_document_is_paid_when_nothing_is_left_to_be_paid(name, fields, payment):
    found = seen(name, **fields)

    assert (found.payment, found.data.payment_status) == (payment, payment)


@pytest.mark.parametrize(
    ("fields", "due"),
    [
        ({"total": "121.00", "payments_total": "130.00", "payments_pending": "-9.00"}, "-9.00"),
        ({"total": "121.00", "payments_total": "130.00"}, "-9.00"),
        ({"total": "121.00", "payments_total": "21.00"}, "100.00"),
        ({"total": "121.00"}, None),
    ],
)
def test_what_was_paid_too_much_is_a_negative_amount_due(fields, due):
    assert seen(**fields).data.amount_due == (None if due is None else Decimal(due))


def payment(**fields):
    return BY_NAME["payment"].observe({"id": ID, "amount": "10.00"} | fields)


def test_a_payment_is_in_the_currency_it_says_else_in_the_companys_own():
    assert payment(currency="usd").data.currency == "USD"
    assert payment(document_id=ID, document_type="invoice").data.currency == "EUR"
    assert payment(currency="").data.currency == "EUR"
