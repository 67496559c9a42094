"""WooCommerce's lists walked to their end against shops that tell dates, ids and totals as they should not: every row is seen."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.errors import RetryAt
from relay.providers import woocommerce
from relay.providers.protocol import Window, decipher

NOW = datetime(2026, 3, 10, tzinfo=UTC)
WINDOW = Window(since=NOW - timedelta(days=2), until=NOW)
BEGUN = NOW - timedelta(days=1)
UNREADABLE = [None, "", "soon", "0000-00-00T00:00:00", 17, []]
GARBAGE = [*UNREADABLE, "0001-01-01T00:00:00", "2999-01-01T00:00:00+14:00"]


def gmt(at):
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Server:
    """Rows as (id, when changed, date told), in the order of `key`. `undated` rows pass any filter, as a plugin's do."""

    def __init__(self, rows, *, cap=100, totals="right", exclude=True, key=lambda row: row[1], undated="filtered"):
        self.rows, self.cap, self.totals, self.exclude, self.undated = rows, cap, totals, exclude, undated
        self.key = key
        self.asked = 0

    def answer(self, request):
        self.asked += 1
        query = dict(request.query)
        after = datetime.fromisoformat(query["modified_after"]).replace(tzinfo=UTC)
        gone = query.get("exclude", "").split(",") if self.exclude else ()
        rows = [row for row in sorted(self.rows, key=self.key) if self._listed(row, after) and str(row[0]) not in gone]
        size = min(int(query["per_page"]), self.cap)
        start = (int(query["page"]) - 1) * size
        headers = {"x-wp-total": str(len(rows)), "x-wp-totalpages": str(-(-len(rows) // size))}
        headers = {"right": headers, "missing": {}, "garbage": dict.fromkeys(headers, "many")}.get(
            self.totals, dict.fromkeys(headers, self.totals)
        )
        return [{"id": id_, "date_modified_gmt": told} for id_, _, told in rows[start : start + size]], headers

    def _listed(self, row, after):
        return row[1] > after or (self.undated == "passes" and row[2] in GARBAGE)


def walked(server, *, most=400):
    seen, mark = [], ""
    while True:
        request = woocommerce.page("orders", WINDOW, mark)
        body, headers = server.answer(request)
        page = decipher(request, 200, headers, json.dumps(body).encode(), NOW).value
        seen += [one["id"] for one in page.items]
        assert server.asked < most, "the list never ends"
        if not page.mark:
            return seen
        mark = page.resume


def rows_of(changes):
    """(seconds after the one before, what its date reads instead)."""
    at, rows = BEGUN, []
    for number, (gap, told) in enumerate(changes, start=1):
        at += timedelta(seconds=gap)
        rows.append((number, at, gmt(at) if told is ... else told))
    return rows


@pytest.mark.parametrize("told", GARBAGE)
@pytest.mark.parametrize("place", [0, 4, 8])
@pytest.mark.parametrize("gap", [0, 60])
def test_a_row_without_a_readable_date_holds_up_no_list(told, place, gap):
    rows = rows_of([(gap, told if number == place else ...) for number in range(9)])

    assert set(walked(Server(rows, cap=3))) == set(range(1, 10))


@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.sampled_from([0, 1, 2, 60]), st.one_of(st.just(...), st.just(...), st.sampled_from(GARBAGE))),
        min_size=1,
        max_size=25,
    ),
    cap=st.integers(1, 6),
    totals=st.sampled_from(["right", "missing", "garbage"]),
    exclude=st.booleans(),
    undated=st.sampled_from(["filtered", "passes"]),
    first=st.booleans(),
)
def test_every_row_is_seen_whatever_the_shop_tells_of_it(changes, cap, totals, exclude, undated, first):
    def key(row):
        return ((row[2] in GARBAGE) is not first, row[1]) if undated == "passes" else row[1]

    rows = rows_of(changes)
    server = Server(rows, cap=cap, totals=totals, exclude=exclude, undated=undated, key=key)

    assert set(walked(server)) == {row[0] for row in rows}


def test_a_shop_that_heeds_no_exclusion_is_read_in_as_many_calls_as_it_has_pages():
    server = Server(rows_of([(0, ...)] * 60), cap=1, totals="missing", exclude=False)

    assert set(walked(server, most=65)) == set(range(1, 61))


@pytest.mark.parametrize("totals", ["0", "1", "7", "999999999", "right", "missing", "garbage"])
def test_a_full_page_is_not_the_last_on_the_word_of_a_header(totals):
    rows = rows_of([(1, ...)] * 230)

    assert set(walked(Server(rows, totals=totals))) == {row[0] for row in rows}


@pytest.mark.parametrize("ids", [None, "gid", "１２", 10**30, True])
def test_rows_without_a_usable_id_hold_up_no_list(ids):
    rows = [(ids, BEGUN, None) for _ in range(7)]

    assert len(walked(Server(rows, cap=2))) == 7


def test_rows_in_the_order_of_the_shops_clock_are_all_seen_in_the_hour_that_comes_twice():
    """Products stand in the order of the local time, and are filtered by the one of Greenwich."""
    begins = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    window = Window(since=begins - timedelta(hours=1), until=begins + timedelta(hours=4))
    clock = ZoneInfo("Europe/Madrid")
    rows = [(number, begins + timedelta(minutes=7 * number), ...) for number in range(1, 26)]
    rows = [(number, at, gmt(at)) for number, at, _ in rows]
    server = Server(rows, cap=2, key=lambda row: row[1].astimezone(clock).replace(tzinfo=None))
    seen, mark = set(), ""
    while True:
        request = woocommerce.page("products", window, mark)
        body, headers = server.answer(request)
        page = decipher(request, 200, headers, json.dumps(body).encode(), NOW).value
        seen |= {one["id"] for one in page.items}
        mark = page.mark
        if not mark:
            break

    assert seen == {row[0] for row in rows}


def test_a_list_that_is_empty_against_its_own_totals_is_no_empty_list():
    for part in ("orders", "customers"):
        with pytest.raises(RetryAt, match="rows are announced"):
            decipher(woocommerce.page(part, WINDOW, ""), 200, {"X-WP-Total": "7", "X-WP-TotalPages": "1"}, b"[]", NOW)


def customers_walked(ids, *, cap=100, total="right", heeds=True, most=200):
    """Customers changed within the window, by their place in the list; returns those seen."""
    seen, mark, asked = [], "", 0
    while True:
        request = woocommerce.page("customers", WINDOW, mark)
        query, asked = dict(request.query), asked + 1
        assert asked < most, "the list never ends"
        offset = int(query["offset"]) if heeds else 0
        rows = [{"id": one, "date_modified_gmt": gmt(BEGUN), "email": ""} for one in ids[offset : offset + cap]]
        headers = {"missing": {}, "right": {"X-WP-Total": str(len(ids))}}.get(total, {"X-WP-Total": total})
        page = decipher(request, 200, headers, json.dumps(rows).encode(), NOW).value
        seen += [one["id"] for one in page.items]
        mark = page.resume
        if not mark:
            return seen


@pytest.mark.parametrize("total", ["right", "missing", "many", "1000"])
@pytest.mark.parametrize("cap", [1, 2, 7, 100])
def test_all_customers_are_seen_whatever_the_total(total, cap):
    ids = list(range(1, 151 if cap > 2 else 31))

    assert set(customers_walked(ids, cap=cap, total=total)) == set(ids)


@pytest.mark.parametrize("total", ["0", "1", "100"])
def test_a_full_page_of_customers_is_not_the_last_on_the_word_of_a_header(total):
    ids = list(range(1, 231))

    assert set(customers_walked(ids, total=total)) == set(ids)


@pytest.mark.parametrize("total", ["right", "missing"])
def test_a_shop_that_shows_the_same_customers_for_ever_is_refused(total):
    with pytest.raises(RetryAt, match="not heeded"):
        customers_walked(list(range(1, 120)), cap=50, total=total, heeds=False)


def test_customers_without_ids_are_all_seen():
    assert customers_walked([None] * 5, cap=2, total="missing").count(None) >= 5


@pytest.mark.parametrize("told", [*UNREADABLE, gmt(BEGUN)])
def test_a_customer_whose_change_cannot_be_read_is_not_left_out(told):
    body = json.dumps([{"id": 1, "date_modified_gmt": told, "date_created_gmt": None}]).encode()
    page = decipher(woocommerce.page("customers", WINDOW, ""), 200, {"X-WP-Total": "1"}, body, NOW).value

    assert len(page.items) == 1


def test_places_that_an_older_import_kept_are_gone_on_from():
    assert ("offset", "30") in woocommerce.page("customers", WINDOW, "offset:30").query
    assert ("page", "2") in woocommerce.page("orders", WINDOW, "since:2026-03-09T10:00:00|7,8|2").query


@pytest.mark.parametrize("headers", [{}, {"X-WP-TotalPages": "1"}, {"X-WP-TotalPages": "2"}, {"X-WP-TotalPages": "x"}])
def test_a_full_page_of_webhooks_is_not_taken_for_the_last(headers):
    body = json.dumps([{"id": one, "topic": "order.created"} for one in range(100)]).encode()

    assert decipher(woocommerce.subscriptions(), 200, headers, body, NOW).value.mark == "2"
