"""Whether a payment is a reason to look at its document, as a table of cases; and when there is a call for it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from relay.domain.paid import day_of, explains, is_reason, look_from_ms
from relay.domain.polling import Polling
from relay.domain.snapshots import Snapshot

MONTH_MS = int(datetime(2026, 4, 1, tzinfo=UTC).timestamp()) * 1000
DAY_MS = 86_400_000
SEEN_MS = MONTH_MS + 5 * DAY_MS


def document(payment="unpaid", **fields):
    return Snapshot(**({"number": 1, "seen_ms": SEEN_MS - 1, "payment": payment} | fields))


@pytest.mark.parametrize(
    ("known", "verb", "explained"),
    [
        (document(), "created", False),
        (document("partially_paid"), "created", False),
        (document("paid"), "created", True),
        (document("paid"), "updated", False),
        (document("paid"), "deleted", False),
        (document(), "deleted", True),
        (document(None), "created", False),
        (document(None), "", False),
        (document(gone=True), "created", True),
        (document(number=0), "created", True),
        (document(seen_ms=SEEN_MS), "created", False),
        (document(seen_ms=SEEN_MS + 1), "created", True),
    ],
)
def test_what_is_known_of_the_document_explains_the_payment_or_not(known, verb, explained):
    assert explains(known, seen_ms=SEEN_MS, verb=verb) is explained


def test_another_text_of_a_payment_is_no_reason():
    before = {"amount": "10.00", "document_id": "a", "reference": "one"}

    assert not is_reason("updated", before, before | {"reference": "two"})
    assert is_reason("updated", before, before | {"amount": "11.00"})
    assert is_reason("updated", before, before | {"document_id": "b"})
    assert is_reason("created", {}, before)
    assert is_reason("deleted", before, before)


@pytest.mark.parametrize("told", [None, 7, "soon", ""])
def test_a_document_without_a_day_is_reached_by_no_window(told):
    assert day_of(document(data={"issued_at": told})) is None
    assert day_of(document()) is None


def test_the_window_begins_a_day_before_whatever_the_zone():
    assert day_of(document(data={"issued_at": "2026-01-20T00:00:00+01:00"})) == date(2026, 1, 19)


def test_looks_come_one_after_the_other_and_are_a_fifth_of_the_calls():
    def from_ms(now_ms=SEEN_MS, allowance=100, **fields):
        return look_from_ms(Polling(account="a", month_ms=MONTH_MS, **fields), now_ms=now_ms, allowance=allowance)

    end_ms = MONTH_MS + 30 * DAY_MS
    assert from_ms() == from_ms(looks=3) == SEEN_MS
    assert from_ms(looks=10) == MONTH_MS + 15 * DAY_MS
    assert from_ms(looks=20) == from_ms(now_ms=end_ms - 1, looks=20) == end_ms
    assert from_ms(calls=100) == end_ms
    assert from_ms(allowance=1) == SEEN_MS
    assert from_ms(allowance=1, looks=1) == end_ms
