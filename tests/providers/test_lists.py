"""Where a page's list goes on and where it ends, in replies that are not like the samples: pure, one reply each."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from relay.errors import RetryAt
from relay.providers import shopify, stripe
from relay.providers.protocol import Window, decipher

NOW = datetime(2026, 3, 10, tzinfo=UTC)
WINDOW = Window(since=NOW - timedelta(days=2), until=NOW)


def replied(request, body, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return decipher(request, 200, named, json.dumps(body).encode(), NOW).value


def orders(*ids, mark="", **headers):
    return replied(shopify.page("orders", WINDOW, mark), {"orders": [{"id": one} for one in ids]}, **headers)


@pytest.mark.parametrize(
    "link",
    [
        "<https://x.test/a?page_info=N>; rel=next",
        '<https://x.test/a?page_info=P>; rel="previous", <https://x.test/a?page_info=N>; title="y"; REL="last Next"',
    ],
)
def test_shopifys_next_page_is_followed_however_it_is_written(link):
    page = orders(7, 8, link=link)

    assert (page.mark, page.resume) == ("next:N", "since:8")


@pytest.mark.parametrize("link", ["<https://x.test/a?limit=250>; rel=next", "<http://[>; rel=next", "garbage"])
def test_shopifys_list_goes_on_by_id_where_the_next_page_cannot_be_read(link):
    page = orders(7, 8, link=link)

    assert (page.mark, page.resume) == ("since:8", "since:8")


def test_a_full_page_of_shopify_without_a_next_one_is_not_taken_for_the_last():
    full, short = range(1, shopify.PAGE + 1), range(1, shopify.PAGE)

    assert orders(*full).mark == f"since:{shopify.PAGE}"
    assert orders(*map(str, full)).mark == f"since:{shopify.PAGE}"
    assert orders(*short).mark == ""
    assert orders(mark="since:250").mark == ""
    assert orders(mark="since:250", link="garbage").mark == ""


@pytest.mark.parametrize(
    ("ids", "mark", "link"),
    [
        ([], "", "<https://x.test/a?page_info=N>; rel=next"),
        ([None], "", "garbage"),
        ([True], "", "garbage"),
        (["gid://shopify/Order/7"], "", "<https://x.test/a>; rel=next"),
        ([8, 7], "", "garbage"),
        ([7, 8], "since:8", "garbage"),
        ([9] * shopify.PAGE, "", ""),
        ([10**30], "", "garbage"),
    ],
)
def test_what_shopify_has_more_of_without_a_readable_place_is_an_error_and_no_end(ids, mark, link):
    with pytest.raises(RetryAt, match="reply_unexpected"):
        orders(*ids, mark=mark, link=link)


def test_shopifys_webhooks_are_listed_by_the_same_rules():
    webhooks = {"webhooks": [{"id": one} for one in range(1, 251)]}

    assert replied(shopify.subscriptions(), webhooks).mark == "since:250"
    assert replied(shopify.subscriptions(), webhooks, link="<https://x.test/?page_info=N>; rel=next").mark == "next:N"
    assert ("since_id", "250") in shopify.subscriptions("since:250").query
    assert ("page_info", "N") in shopify.subscriptions("next:N").query
    with pytest.raises(RetryAt):
        replied(shopify.subscriptions(), {"webhooks": [{"id": "a"}]}, link="garbage")


FULL = [{"id": f"evt_{number}"} for number in range(stripe.PAGE)]


@pytest.mark.parametrize("request_", [stripe.page("events", WINDOW, ""), stripe.subscriptions()])
@pytest.mark.parametrize(
    ("reply", "mark"),
    [
        ({"data": [{"id": "evt_1"}], "has_more": True}, "evt_1"),
        ({"data": FULL, "has_more": False}, ""),
        ({"data": FULL}, "evt_99"),
        ({"data": FULL, "has_more": None}, "evt_99"),
        ({"data": [{"id": "evt_1"}]}, ""),
        ({"data": []}, ""),
        (FULL, "evt_99"),
    ],
)
def test_stripes_list_goes_on_behind_its_last_id(request_, reply, mark):
    assert replied(request_, reply).mark == mark


@pytest.mark.parametrize("request_", [stripe.page("events", WINDOW, ""), stripe.subscriptions()])
@pytest.mark.parametrize(
    "reply",
    [
        {"data": [{"id": "evt_1"}], "has_more": "true"},
        {"data": [{"id": "evt_1"}], "has_more": 2},
        {"data": [{"id": "evt_1"}], "has_more": []},
        {"data": [{"id": ""}], "has_more": True},
        {"data": [{"id": 7}], "has_more": True},
        {"data": [{}], "has_more": True},
        {"data": [], "has_more": True},
    ],
)
def test_what_stripe_has_more_of_without_a_readable_place_is_an_error_and_no_end(request_, reply):
    with pytest.raises(RetryAt, match="reply_unexpected"):
        replied(request_, reply)
