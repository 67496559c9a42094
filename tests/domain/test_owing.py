"""How much of a payment is still to be registered, as a table of cases."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from relay.domain.documents import PaymentDraft
from relay.domain.owing import Standing, owed

PAID = Decimal("121.00")


def standing(**fields):
    there = {"total": PAID, "paid": Decimal(0), "pending": PAID, "currency": "EUR", "draft": False}
    return Standing(**(there | fields))


def judged(ours="0", amount=PAID, currency="EUR", **fields):
    payment = PaymentDraft(amount=amount, date=date(2026, 3, 2), currency=currency)
    return owed(payment, standing(**fields), ours=Decimal(ours))


@pytest.mark.parametrize(
    ("left", "amount"),
    [
        (judged(), "121.00"),
        (judged(currency=""), "121.00"),
        (judged(ours="50", paid=Decimal(50), pending=Decimal(71)), "71.00"),
        (judged(pending=None), "121.00"),
        (judged(pending=None, paid=None), "121.00"),
        (judged(pending=None, total=None), "121.00"),
        (judged(pending=Decimal(0), draft=True), "121.00"),
        (judged(ours="121"), "0"),
    ],
)
def test_what_is_owed_is_registered(left, amount):
    assert (left.amount, left.settled, left.reason) == (Decimal(amount), False, "")


@pytest.mark.parametrize("shown", [{"pending": Decimal(0)}, {"pending": None, "paid": PAID}])
def test_nothing_is_registered_where_nothing_is_due(shown):
    left = judged(**shown)

    assert (left.amount, left.settled, left.reason) == (0, True, "")


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (judged(pending=Decimal(71)), "payment_exceeds_due"),
        (judged(amount=Decimal("121.01")), "payment_exceeds_due"),
        (judged(currency="JPY"), "payment_currency_differs"),
        (judged(currency="JPY", pending=Decimal(0)), "payment_currency_differs"),
    ],
)
def test_a_person_judges_what_does_not_fit(left, reason):
    assert (left.amount, left.reason) == (0, reason)
    assert left.detail
