"""What the sources' own lists show and no event came of: told as missing, with the import that brings it, and nothing else."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from relay.domain.reconciling import Window
from relay.errors import NotFound
from relay.providers import registry
from relay.services.reconcile_asking import AskSources
from relay.services.reconcile_repairs import to_import
from relay.services.silences import silences
from relay.services.times import at_ms
from tests.domain.sources import payloads
from tests.services.books import MARCH, Books, order_on
from tests.services.shops import backfill, imported, lived, open_shop, watch
from tests.services.test_backfill import bring
from tests.services.world import ACCOUNT, shopify_order

D = Decimal
LATER = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)


class Asking(Books):
    """Books beside a shop that lists all that was sold, whether a webhook told of it or not."""

    def __init__(self, kind="shopify", **how):
        super().__init__(**how)
        self.shop = open_shop(self, kind)
        self.clock.at = LATER

    def sells(self, body, *, told=True):
        """At the instant the order names; `told` by a webhook that the relay heard."""
        at = datetime.fromisoformat(body["updated_at"])
        self.shops.change(self.shop, "orders", dict(body), at.timestamp())
        if told:
            self.order(body)

    def asked(self, window=MARCH, **ports):
        api = ports.get("provider_api", self.provider_api)
        service = AskSources(providers=self.providers, backfill=backfill(self, {"provider_api": api}), clock=self.clock)
        return asyncio.run(service(ACCOUNT, window))


@pytest.fixture
def books():
    return Asking()


def test_an_order_that_no_webhook_told_of_is_missing_and_its_repair_is_the_import(books):
    books.sells(order_on(2, 1))
    books.sells(order_on(5, 2, total="60.50"), told=False)
    calls = len(books.holded.calls)
    asked = books.asked()

    assert len(books.holded.calls) == calls
    assert books.found() == []  # unless its source is asked nobody knows of it

    done = books.reconciled(listed=asked.listed)
    (found,) = done.differences

    assert (found.kind, found.day, found.source, found.ledger) == ("missing_in_holded", "2026-03-05", "60.50", "no row")
    assert (found.detail, found.event_id) == ("shopify lists it, and no event of it came", "")
    assert found.repair.kind == "import"
    assert found.repair.command == "relay import --account acme --source shopify --from 2026-03-05 --to 2026-03-06"
    assert [(line.group.day, line.source.count, line.ledger.count) for line in done.lines] == [
        ("2026-03-02", 1, 1),
        ("2026-03-05", 1, 0),
    ]


def test_the_proposed_import_brings_it_and_then_nothing_differs(books):
    books.sells(order_on(2, 1))
    for day in (5, 9):
        books.sells(order_on(day, day), told=False)
    done = books.reconciled(listed=books.asked().listed)
    (command,) = to_import(done)
    words = command.split()
    since, until = (
        datetime.fromisoformat(words[words.index(option) + 1]).replace(tzinfo=UTC) for option in ("--from", "--to")
    )
    imported(books, "shopify", since=since, until=until)
    bring(books)

    assert len(books.documents()) == 3
    assert books.reconciled(listed=books.asked().listed).differences == []


def test_nothing_is_stored_by_asking(books):
    books.sells(order_on(5, 2), told=False)
    books.asked()

    assert (books.inbox.items, books.notes.held) == ({}, {})


def test_what_came_by_another_topic_or_was_sold_on_another_day_is_not_missing(books):
    books.sells(order_on(2, 1))  # its webhook said orders/create, the list says orders/paid
    books.sells(order_on(5, 2), told=False)
    april = Window(start=date(2026, 4, 1), end=date(2026, 4, 30))

    assert books.reconciled(april, listed=books.asked(april).listed).differences == []


def test_what_was_written_long_ago_is_not_missing_and_the_source_says_what_it_sold(books):
    """The inbox has forgotten it, the ledger has not."""
    books.sells(order_on(2, 1))
    books.inbox.items.clear()
    done = books.reconciled(listed=books.asked().listed)
    (line,) = done.lines

    assert done.differences == []
    assert (line.source.total, line.source.as_ledger) == (D("121.00"), 0)


def test_what_a_person_ended_or_judges_is_not_missing(books):
    for number, state in ((1, "ignored"), (2, "review")):
        books.sells(order_on(2, number))
        (row,) = [row for row in books.rows("invoice") if row.key.object_id == str(450000000 + number)]
        books.deletes(books.company.get("documents", row.holded_id))
        books.ledger.rows[row.key] = replace(row, state=state, reason="by_hand", holded_id="", indexed=True)
    books.inbox.items.clear()
    done = books.reconciled(listed=books.asked().listed)

    assert [(one.ledger, one.repair.kind) for one in done.differences] == [("review", "review")]


def test_what_leads_to_no_document_is_not_missing(books):
    called_off = {"financial_status": "pending", "cancelled_at": "2026-03-05T13:00:00+01:00"}
    books.sells(order_on(5, 2) | called_off, told=False)

    assert books.reconciled(listed=books.asked().listed).differences == []


def test_what_was_sold_a_moment_ago_is_under_way(books):
    at = (LATER - timedelta(minutes=5)).isoformat()
    books.sells(shopify_order(3, created_at=at, updated_at=at, processed_at=at), told=False)

    assert books.reconciled(listed=books.asked().listed).differences == []


def test_a_newer_version_that_never_came_is_imported_too(books):
    books.sells(order_on(2, 1))
    books.sells(order_on(2, 1, total="242.00") | {"updated_at": "2026-03-07T09:00:00+01:00"}, told=False)
    (found,) = books.reconciled(listed=books.asked().listed).differences

    assert (found.kind, found.source, found.holded) == ("amount_differs", "242.00", "121.00")
    assert found.repair.command == "relay import --account acme --source shopify --from 2026-03-07 --to 2026-03-08"


def test_what_cannot_be_mapped_is_missing_all_the_same(books):
    books.sells(order_on(5, 2, total="100.00") | {"total_price": "120.00"}, told=False)
    (found,) = books.reconciled(listed=books.asked().listed).differences

    assert (found.kind, found.source, found.repair.kind) == ("missing_in_holded", "120.00", "import")


def test_a_shop_of_woocommerce_and_an_account_of_stripe_are_asked_in_their_own_way():
    for kind, body in (("woocommerce", payloads.WOO_ORDER), ("stripe", payloads.STRIPE_INVOICE)):
        books = Asking(kind)
        books.clock.at = datetime(2026, 3, 20, tzinfo=UTC)
        now = datetime(2026, 3, 7, 12, tzinfo=UTC).timestamp()
        if kind == "stripe":
            books.shops.event(books.shop, "invoice.paid", copy.deepcopy(body), now)
        else:
            books.shops.change(books.shop, "orders", copy.deepcopy(body) | {"refunds": []}, now)
        asked = books.asked(Window(start=date(2026, 3, 1), end=date(2026, 3, 20)))

        assert [each.received_at for each in asked.listed] == [datetime.fromtimestamp(now, UTC)]
        assert (asked.pages, asked.incomplete) == ({kind: 1}, {})


def test_only_lists_of_what_was_sold_are_read(books):
    books.shops.change(books.shop, "products", {"id": 1, "title": "x"}, LATER.timestamp() - 86_400)
    asked = books.asked()

    assert (asked.listed, asked.pages) == ([], {"shopify": 1})


@pytest.mark.parametrize("source", sorted(registry.PROVIDERS))
@pytest.mark.parametrize(
    "value", [{}, {"updated_at": 1, "date_modified_gmt": [], "created": "x"}, {"created": 1 << 40}]
)
def test_a_row_that_does_not_say_when_it_was_changed_is_no_error(source, value):
    assert registry.get(source).changed(value) is None


# -- what could not be asked -------------------------------------------------------------------------------------------


def test_an_account_without_such_a_source_is_told_so():
    books = Books()
    service = AskSources(providers=books.providers, backfill=backfill(books), clock=books.clock)

    with pytest.raises(NotFound, match="provider_unknown"):
        asyncio.run(service(ACCOUNT, MARCH))


def test_a_list_that_is_not_read_whole_is_named(books):
    books.sells(order_on(5, 2), told=False)
    books.provider_api.away = True

    assert books.asked().incomplete == {"source shopify": "its list was not read whole: not_sent"}


def test_a_credential_that_may_not_read_is_named(books):
    books.shop.token = "another"

    assert books.asked().incomplete == {"source shopify": "it could not be asked: credential_refused"}


def test_stripe_is_not_taken_to_tell_of_what_it_has_forgotten():
    books = Asking("stripe")
    books.clock.at = datetime(2026, 5, 1, tzinfo=UTC)

    assert books.asked().incomplete == {"source stripe": "Stripe keeps its events 30 days"}


# -- a silent source ---------------------------------------------------------------------------------------------------


def silent(books):
    return asyncio.run(silences(books.notes, books.providers, ACCOUNT, now=books.clock.now()))


def test_a_source_that_is_silent_and_cannot_be_healed_is_known(books):
    lived(books, "shopify")
    last = books.clock.now()
    assert silent(books) == []

    books.clock.advance(3 * 86_400)
    books.provider_api.away = True
    watch(books)
    (found,) = silent(books)

    assert (found.source, found.since, found.api) == ("shopify", last, True)


def test_while_the_watchdog_brings_what_a_silent_source_sold_nothing_is_missing(books):
    lived(books, "shopify")
    books.clock.advance(3 * 86_400)
    watch(books)

    assert silent(books) == []


def test_of_a_source_without_an_api_its_silence_is_known():
    books = Books()
    lived(books, "standard")
    last_ms = at_ms(books.clock.now())
    books.clock.advance(3 * 86_400)
    watch(books)
    (found,) = silent(books)

    assert (found.source, at_ms(found.since), found.api) == ("standard", last_ms, False)
