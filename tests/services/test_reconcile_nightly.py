"""By night: one turn an account, spread over four hours; within its calls; told once; tried again, never concluded from."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from holded_sandbox.faults import Fault
from relay.domain.mapping.sale import MADRID
from relay.domain.nights import most_calls, next_days, next_night_ms, nights_between, offset_s, reconcile_key
from relay.domain.packed import gzipped
from relay.domain.reconciled_summary import unpack
from relay.domain.settings import Reconcile
from relay.services.settlement import settle_key
from relay.services.times import at_ms
from tests.services.books import PAID, Books, order_on
from tests.services.world import ACCOUNT, shopify_order


@pytest.fixture
def books():
    """Three documents of yesterday, and the nightly row in the waiting room."""
    made = Books(orders=3)
    made.settle(hours=8, step_s=1800)
    return made


def row(books):
    return books.ledger.rows[reconcile_key(ACCOUNT)]


def told(books):
    return unpack(row(books).event)


def pass_the_night(books):
    books.settle(hours=24, step_s=600)


def reviewed(books):
    return sorted((one.key.purpose, one.reason) for one in books.rows() if one.key.purpose.endswith(".settlement"))


# -- when --------------------------------------------------------------------------------------------------------------


def test_ten_thousand_accounts_are_spread_evenly_over_four_hours_after_two_in_madrid():
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    turns = [datetime.fromtimestamp(next_night_ms(f"company-{n}", now) / 1000, MADRID) for n in range(10_000)]
    minutes = Counter((turn.hour, turn.minute) for turn in turns)

    assert min(turns) >= datetime(2026, 3, 3, 2, 0, tzinfo=MADRID)
    assert max(turns) < datetime(2026, 3, 3, 6, 0, tzinfo=MADRID)
    assert len(minutes) == 240
    assert max(minutes.values()) <= 80  # 42 on average


@pytest.mark.parametrize("day", [datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)])
def test_where_the_clock_is_set_the_night_still_comes_once(day):
    first = next_night_ms(ACCOUNT, day)
    second = next_night_ms(ACCOUNT, datetime.fromtimestamp(first / 1000, UTC))

    assert first - at_ms(day) >= offset_s(ACCOUNT) * 1000
    assert 22 * 3600_000 < second - first < 26 * 3600_000


def test_the_turn_itself_is_over_once_it_has_begun():
    first = next_night_ms(ACCOUNT, datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    at = datetime.fromtimestamp(first / 1000, UTC)

    assert next_night_ms(ACCOUNT, at - timedelta(seconds=1)) == first
    assert next_night_ms(ACCOUNT, at) == first + 24 * 3600_000


def test_a_nights_calls_are_one_in_a_hundred_of_the_month_and_at_least_three():
    assert [most_calls(Reconcile(), per_month=n) for n in (100, 500, 2_000, 7_500, 100_000)] == [3, 5, 20, 60, 60]
    assert most_calls(Reconcile(calls=2), per_month=500) == 2


def test_a_small_plan_comes_every_third_night_and_looks_at_every_day_all_the_same():
    assert nights_between(2, per_month=500, days=7) == 3
    assert nights_between(2, per_month=2_000, days=7) == 1
    assert nights_between(60, per_month=500, days=7) == 7
    assert nights_between(0, per_month=500, days=7) == 1


@pytest.mark.parametrize(
    ("looked", "calls", "cut_short", "expected"),
    [
        (7, 5, True, 3),
        (3, 5, True, 1),
        (1, 5, True, 1),  # at least the newest day
        (1, 2, False, 2),  # it fits with room: twice as many
        (3, 4, False, 4),  # two thirds of a page a day
        (4, 5, False, 4),
        (4, 2, False, 7),
        (7, 2, False, 7),
    ],
)
def test_days_that_do_not_fit_into_a_nights_calls_are_halved_and_come_back(looked, calls, cut_short, expected):
    assert next_days(looked, wanted=7, calls=calls, types=2, most=5, cut_short=cut_short) == expected


# -- what --------------------------------------------------------------------------------------------------------------


def test_the_row_stands_beside_the_settlement_sweep(books):
    assert (row(books).state, row(books).priority, row(books).reason) == ("waiting", "background", "next_night")
    assert row(books).due_ms == next_night_ms(ACCOUNT, books.clock.now())


def test_a_quiet_night_costs_a_page_a_type_and_its_result_is_kept(books):
    before = len(books.holded.calls)
    pass_the_night(books)
    listed = [call for call in books.holded.calls[before:] if call.endswith(("/invoices", "/credit-notes"))]
    found = told(books)

    assert sorted(listed).count("GET /api/v2/credit-notes") == 1
    assert (found["complete"], found["documents"], found["open"], found["calls"]) == (True, 3, 0, 2)
    assert (found["from"], found["to"]) == ("2026-02-24", "2026-03-02")
    assert row(books).detail == "last: 2026-02-24 to 2026-03-02, 3 documents, 0 differences, 2 calls"
    assert reviewed(books) == []


def test_differences_become_review_items_once(books):
    first, second, _ = books.documents()
    books.edits(first, date="2026-02-26")
    books.books(tags=["hraaaaaaaaaaaaaa"], day="2026-03-01")
    books.renumbers(second, books.documents()[2]["document_number"])
    pass_the_night(books)
    found = reviewed(books)
    pass_the_night(books)

    assert found == [
        ("duplicate_number.settlement", "duplicate_number"),
        ("extra_in_holded.settlement", "extra"),
        ("invoice.settlement", "wrong_period"),
    ]
    assert reviewed(books) == found
    assert [one["told"] for one in told(books)["differences"]] == ["in_review"] * 3


def test_what_bears_our_marker_and_was_made_yesterday_is_told_of_the_night_after(books):
    """Its writer may have died before it could say so: then its own message brings it meanwhile."""
    books.books(tags=["hraaaaaaaaaaaaaa"])
    pass_the_night(books)
    first = (reviewed(books), told(books)["open"])
    pass_the_night(books)

    assert first == ([], 0)
    assert reviewed(books) == [("extra_in_holded.settlement", "extra")]


def test_what_the_sweep_tells_is_not_told_again(books):
    books.deletes(books.documents()[0])
    sweep = books.ledger.rows[settle_key(ACCOUNT)]
    books.ledger.rows[sweep.key] = replace(sweep, rev=sweep.rev + 1, version=0)  # it looks at these once more
    pass_the_night(books)
    pass_the_night(books)
    (item,) = books.rows("invoice.settlement")

    assert item.reason == "missing_in_holded"
    assert item.detail.count("is not in Holded's list") == 1


def test_the_drift_is_told_by_the_drain_that_reconciled(books):
    books.deletes(books.documents()[0])
    books.clock.at = datetime.fromtimestamp(row(books).due_ms / 1000, UTC)

    assert books.run().drift == pytest.approx(1 / 3)
    assert books.run().drift is None


def test_it_is_switched_off_by_a_setting(books):
    account = books.accounts.accounts[ACCOUNT]
    books.accounts.accounts[ACCOUNT] = replace(account, settings={**account.settings, "reconcile": {"nightly": False}})
    before = len(books.holded.calls)
    books.clock.at = datetime.fromtimestamp(row(books).due_ms / 1000, UTC)
    books.run()

    assert (row(books).detail, row(books).event, books.holded.calls[before:]) == ("switched off", b"", [])


def test_a_list_that_fails_is_tried_again_the_same_night_and_nothing_is_concluded(books):
    books.deletes(books.documents()[0])
    books.sandbox.faults.faults.append(Fault(kind="error_before", method="GET", path="/invoices$"))
    books.clock.at = datetime.fromtimestamp(row(books).due_ms / 1000, UTC)
    drained = books.run()

    assert (drained.drift, row(books).reason, row(books).attempts, row(books).event) == (None, "nightly", 1, b"")
    assert reviewed(books) == []

    books.settle(hours=1, step_s=300)

    assert reviewed(books) == [("invoice.settlement", "missing_in_holded")]
    assert (row(books).reason, row(books).attempts) == ("next_night", 0)


def test_a_document_that_cannot_be_read_is_told_and_not_tried_again_the_same_night(books):
    """It looks the same a quarter of an hour later; the rest was compared."""
    books.garbles(books.books())
    books.deletes(books.documents()[0])
    books.clock.at = datetime.fromtimestamp(row(books).due_ms / 1000, UTC)
    drained = books.run()

    assert (row(books).reason, row(books).attempts) == ("next_night", 0)
    assert row(books).detail.endswith(", incomplete")
    assert list(told(books)["incomplete"]) == ["unreadable"]
    assert drained.drift == pytest.approx(1 / 3)


def test_a_night_that_fails_throughout_says_so_and_waits_for_the_next(books):
    books.deletes(books.documents()[0])
    fault = Fault(kind="error_before", method="GET", path="/invoices$", times=50)
    books.sandbox.faults.faults.append(fault)
    books.clock.at = datetime.fromtimestamp(row(books).due_ms / 1000, UTC)
    books.settle(hours=3, step_s=300)

    assert told(books)["complete"] is False
    assert (told(books)["differences"], row(books).reason) == ([], "next_night")
    assert row(books).detail.endswith(", incomplete")


def test_fewer_days_are_looked_at_where_the_calls_do_not_suffice():
    books = Books(orders=1)
    account = books.accounts.accounts[ACCOUNT]
    settings = {**account.settings, "reconcile": {"calls": 2}}
    books.accounts.accounts[ACCOUNT] = replace(account, settings=settings)
    (own,) = books.rows("invoice")
    for number in range(250):
        day = 1 + number // 125
        key = replace(own.key, object_id=f"other-{number}")
        books.ledger.rows[key] = replace(
            own, key=key, holded_id=f"{number:024x}", marker="", document_date=f"2026-03-0{day}"
        )
    books.settle(hours=8, step_s=1800)
    books.clock.at = datetime.fromtimestamp(row(books).due_ms / 1000, UTC)
    books.run()

    assert told(books)["from"] == "2026-03-02"
    assert told(books)["calls"] == 2


def test_beside_many_documents_of_others_a_night_is_followed_by_one_of_fewer_days():
    """The ledger knows three documents, a till made 1,200 in the week: five calls do not list them."""
    books = Books(orders=3, plan="plus", settings={**PAID, "polling": {"enabled": False}})
    for number in range(1200):
        books.books(day=f"2026-03-0{3 + number % 6}", approved=False)
    books.settle(hours=4 * 24)
    books.clock.at = datetime(2026, 3, 9, 1, tzinfo=UTC)
    books.order(order_on(8, 9))
    books.ledger.rows[row(books).key] = replace(row(books), due_ms=next_night_ms(ACCOUNT, books.clock.now()), event=b"")
    nights = []
    for _ in range(3):
        books.clock.at = datetime.fromtimestamp(row(books).due_ms / 1000, UTC)
        books.run()
        nights.append((told(books)["from"], told(books)["complete"], told(books)["documents"], told(books)["calls"]))

    assert nights[0] == ("2026-03-02", False, 0, 5)
    assert nights[1] == ("2026-03-07", True, 1, 4)  # the night after, and not as many nights later as five calls cost
    assert nights[2][1] is True
    assert row(books).detail.endswith("calls")


def test_a_result_that_cannot_be_read_narrows_nothing(books):
    for event in (b"damaged", gzipped(b'{"differences": [], "next_days": "two"}')):
        books.ledger.rows[row(books).key] = replace(row(books), event=event)
        pass_the_night(books)

        assert told(books)["complete"]
        assert told(books)["next_days"] == 7


def test_a_night_never_spends_more_than_its_calls(books):
    account = books.accounts.accounts[ACCOUNT]
    settings = {**account.settings, "reconcile": {"calls": 3}}
    books.accounts.accounts[ACCOUNT] = replace(account, settings=settings)
    for document in books.documents():
        books.edits(document, date="2026-06-01")
    before = len(books.holded.calls)
    books.clock.at = datetime.fromtimestamp(row(books).due_ms / 1000, UTC)
    drained = books.run()

    assert len(books.holded.calls) - before == 3
    assert (drained.drift, told(books)["complete"], row(books).reason) == (None, False, "next_night")


def test_a_row_that_was_given_up_stands_up_with_the_next_sweep(books):
    books.ledger.rows[row(books).key] = replace(row(books), state="dead", reason="trouble_KeyError", due_ms=0)
    books.order(shopify_order(9))
    books.settle(hours=14, step_s=1800)

    assert row(books).state == "waiting"
