"""One request to a provider and what becomes of it: over the sandbox in process, and against replies nobody wants."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from relay.adapters.provider_http import LARGEST_REPLY, ProviderHttp, checked
from relay.errors import BadInput, NotAllowed, NotFound, OutcomeUnknown, Rejected, RetryAt
from relay.ports.providers import ProviderCredential
from relay.providers import registry, shopify, stripe, woocommerce
from relay.providers.protocol import Window
from shop_sandbox.app import create_app
from shop_sandbox.core import Shops

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WINDOW = Window(since=NOW - timedelta(days=1), until=NOW)
TOKENS = {"shopify": "shpat_secret", "woocommerce": "ck_secret:cs_secret", "stripe": "rk_secret"}
READ = shopify.page("orders", WINDOW, "")
WRITE = shopify.create(("orders/paid",), url="https://relay.example/v1/acme/shopify", secret="s")


class FixedClock:
    def now(self):
        return NOW

    async def sleep(self, seconds):
        raise AssertionError("the adapter never sleeps")


def credential(kind="shopify", **values):
    base = {"source": kind, "base_url": f"https://shops.test/{kind}/acme", "token": TOKENS[kind]}
    return ProviderCredential(**base | values)


def call(transport, request, held=None, timeout_ms=5000):
    async def run():
        api = ProviderHttp(clock=FixedClock(), transport=transport)
        try:
            return await api.call(request, held or credential(), timeout_ms=timeout_ms)
        finally:
            await api.aclose()

    return asyncio.run(run())


def replying(status=200, content=b"{}", **headers):
    def handler(request):
        handler.seen = request
        return httpx.Response(status, content=content, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return handler


@pytest.mark.parametrize("kind", sorted(TOKENS))
def test_lists_and_webhooks_over_http_are_what_the_sandbox_holds(kind):
    shops = Shops()
    shops.open(kind, "acme", token=TOKENS[kind], secret="s")
    transport = httpx.ASGITransport(create_app(shops, now=NOW.timestamp, deliver=False))
    provider = registry.get(kind)
    topics = provider.TOPICS[:1] if provider.SINGLE else provider.TOPICS

    for part in provider.PARTS:
        assert call(transport, provider.page(part, WINDOW, ""), credential(kind)).value.items == ()
    made = call(transport, provider.create(topics, url="https://relay.example/x", secret="s"), credential(kind)).value
    (found,) = call(transport, provider.subscriptions(), credential(kind)).value.items
    assert (found.id, found.url, found.topics) == (made.id, "https://relay.example/x", frozenset(topics))
    call(transport, provider.activate(made.id, secret="s"), credential(kind)) if kind != "shopify" else None
    settled = provider.settled(made.id)
    if settled is not None:
        call(transport, settled, credential(kind))
    (again,) = call(transport, provider.subscriptions(), credential(kind)).value.items
    assert again.active
    assert not again.orphan
    call(transport, provider.delete(made.id), credential(kind))
    assert call(transport, provider.subscriptions(), credential(kind)).value.items == ()


@pytest.mark.parametrize("kind", sorted(TOKENS))
def test_a_wrong_token_is_not_allowed_and_not_repeated(kind):
    shops = Shops()
    shops.open(kind, "acme", token=TOKENS[kind])
    transport = httpx.ASGITransport(create_app(shops, now=NOW.timestamp, deliver=False))

    with pytest.raises(NotAllowed) as caught:
        call(transport, registry.get(kind).subscriptions(), credential(kind, token="another-token"))
    assert "another" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (302, Rejected, Rejected),
        (400, Rejected, Rejected),
        (401, NotAllowed, NotAllowed),
        (402, NotAllowed, NotAllowed),
        (403, NotAllowed, NotAllowed),
        (404, NotFound, NotFound),
        (408, RetryAt, OutcomeUnknown),
        (422, Rejected, Rejected),
        (423, RetryAt, RetryAt),
        (429, RetryAt, RetryAt),
        (500, RetryAt, OutcomeUnknown),
        (503, RetryAt, OutcomeUnknown),
    ],
)
def test_each_status_means_what_the_table_says(status, read, write):
    body = b'{"errors": "the buyer is ana@example.com"}'
    for request, kind in ((READ, read), (WRITE, write)):
        with pytest.raises(kind) as caught:
            call(httpx.MockTransport(replying(status, body, location="https://evil.test/")), request)
        assert "ana@example.com" not in str(caught.value)
        assert "shpat" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"orders": [', b'{"orders": 1}', b"[" * 100_000, b'{"x": NaN}'])
def test_a_reply_that_cannot_be_read_is_asked_again_or_looked_for(content):
    with pytest.raises(RetryAt):
        call(httpx.MockTransport(replying(200, content)), READ)
    with pytest.raises(OutcomeUnknown):
        call(httpx.MockTransport(replying(200, content)), WRITE)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("2.0", 2),
        ("0", 1),
        ("7200", 3600),
        ("soon", 30),
        ("Mon, 02 Mar 2026 09:00:20 GMT", 20),
        ("", 30),
        ("9" * 40, 30),
    ],
)
def test_retry_after_is_read_and_bounded(told, seconds):
    with pytest.raises(RetryAt) as caught:
        call(httpx.MockTransport(replying(429, b"", retry_after=told)), READ)

    assert caught.value.retry_at == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("told", "pause"), [("1/40", 0), ("20/40", 0), ("32/40", 6), ("40/40", 10), ("380/400", 9), ("x/y", 0), ("1/0", 0)]
)
def test_half_of_the_bucket_is_left_to_the_shops_other_programs(told, pause):
    headers = {"x_shopify_shop_api_call_limit": told}

    assert call(httpx.MockTransport(replying(200, b'{"orders": []}', **headers)), READ).pause_s == pause


@pytest.mark.row("C01")
def test_a_link_leads_to_no_other_host_or_path():
    link = '<https://evil.test/steal?page_info=abc&limit=9>; rel="next"'
    handler = replying(200, b'{"orders": [{"id": 7}]}', link=link)
    page = call(httpx.MockTransport(handler), READ).value
    call(httpx.MockTransport(handler), shopify.page("orders", WINDOW, page.mark))

    assert (page.mark, page.resume) == ("next:abc", "since:7")
    assert (handler.seen.url.host, handler.seen.url.path) == (
        "shops.test",
        f"/shopify/acme/admin/api/{shopify.API_VERSION}/orders.json",
    )


def test_a_previous_page_is_not_followed():
    link = '<https://a.test/x?page_info=back>; rel="previous"'

    assert call(httpx.MockTransport(replying(200, b'{"orders": [{"id": 7}]}', link=link)), READ).value.mark == ""


@pytest.mark.row("C08")
def test_each_provider_gets_its_token_where_it_takes_it():
    seen = {}
    for kind, token in TOKENS.items():
        handler = replying(200, b'{"webhooks": [], "data": []}' if kind != "woocommerce" else b"[]")
        call(httpx.MockTransport(handler), registry.get(kind).subscriptions(), credential(kind))
        seen[kind] = handler.seen.headers
        assert token not in str(handler.seen.url)

    assert seen["shopify"]["x-shopify-access-token"] == "shpat_secret"
    assert seen["woocommerce"]["authorization"].startswith("Basic ")
    assert seen["stripe"]["authorization"] == "Bearer rk_secret"
    assert not any("cookie" in headers for headers in seen.values())


def test_stripe_is_told_by_a_form_and_woocommerce_by_json():
    handler = replying(200, b'{"id": "we_1", "secret": "whsec_1"}')
    made = call(
        httpx.MockTransport(handler),
        stripe.create(("invoice.paid",), url="https://x.test", secret=""),
        credential("stripe"),
    ).value

    assert (made.id, made.secret) == ("we_1", "whsec_1")
    assert "whsec" not in repr(made)
    assert b"enabled_events%5B%5D=invoice.paid" in handler.seen.content
    call(
        httpx.MockTransport(handler),
        woocommerce.create(("order.created",), url="https://x.test", secret="s3"),
        credential("woocommerce"),
    )
    assert handler.seen.headers["content-type"] == "application/json"


@pytest.mark.row("C08")
def test_a_token_that_no_header_may_hold_is_not_sent():
    with pytest.raises(NotAllowed) as caught:
        call(httpx.MockTransport(replying()), READ, credential(token="shpat_\nx: y"))
    assert "shpat" not in str(caught.value)


@pytest.mark.row("E04")
def test_a_connection_that_fails_says_nothing_of_its_url():
    def handler(request):
        raise httpx.ConnectError(f"cannot reach {request.url}?token=shpat_secret")

    with pytest.raises(RetryAt, match="not_sent") as caught:
        call(httpx.MockTransport(handler), READ)
    assert "shpat" not in str(caught.value)
    assert caught.value.__cause__ is None

    def lost(request):
        raise httpx.ReadError("gone")

    with pytest.raises(OutcomeUnknown):
        call(httpx.MockTransport(lost), WRITE)


@pytest.mark.row("C07")
def test_a_reply_larger_than_any_providers_is_not_read_to_its_end():
    class Endless(httpx.AsyncByteStream):
        read = 0

        async def __aiter__(self):
            while True:
                self.read += 1
                yield b" " * 1024 * 1024

    for request, error in ((READ, Rejected), (WRITE, OutcomeUnknown)):
        stream = Endless()
        with pytest.raises(error, match="reply_too_large"):
            call(httpx.MockTransport(lambda _, stream=stream: httpx.Response(200, stream=stream)), request)
        assert stream.read == LARGEST_REPLY // (1024 * 1024) + 1


@pytest.mark.row("C07")
def test_a_provider_that_drips_is_left_at_the_calls_end():
    class Dripping(httpx.AsyncByteStream):
        async def __aiter__(self):
            while True:
                await asyncio.sleep(0.01)
                yield b" "

    for request, error in ((READ, RetryAt), (WRITE, OutcomeUnknown)):
        transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Dripping()))
        with pytest.raises(error, match="reply_lost"):
            call(transport, request, timeout_ms=100)


def test_nothing_is_logged_of_a_call(caplog):
    with caplog.at_level(logging.DEBUG):
        call(httpx.MockTransport(replying(200, b'{"orders": []}')), READ)

    assert [one for one in caplog.records if one.name != "asyncio"] == []


@pytest.mark.row("C01")
@pytest.mark.parametrize(
    "base",
    [
        "http://shop.example",
        "http://127.0.0.1:80",
        "ftp://x",
        "https://",
        "https://u@x",
        "https://x/?a=1",
        "https://x/#a",
        "//x",
        "\x00",
    ],
)
def test_only_https_is_asked(base):
    with pytest.raises(BadInput) as caught:
        checked(base, local=False)
    assert base not in str(caught.value) or base in {"//x", "https://"}


@pytest.mark.row("C01")
def test_on_this_machine_alone_http_is_asked_in_local_mode():
    assert checked("http://127.0.0.1:8788/shopify/demo/", local=True) == "http://127.0.0.1:8788/shopify/demo"
    for base in ("http://localhost:1", "http://10.0.0.1", "http://169.254.169.254"):
        with pytest.raises(BadInput):
            checked(base, local=True)
