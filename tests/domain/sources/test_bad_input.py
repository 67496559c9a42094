"""Verified deliveries that cannot be read end in a named reason and never raise: `faults-and-attacks` section 3b."""

from __future__ import annotations

import json
from typing import Any

import pytest

from relay.domain import wire
from relay.domain.sources import _json, registry
from relay.domain.sources.base import Delivery, Normalised
from relay.errors import BadInput
from tests.domain.sources.payloads import (
    NOW,
    POSTED,
    SHOPIFY_ORDER,
    STRIPE_INVOICE,
    WOO_ORDER,
    changed,
    normalise,
    only,
)

TOPIC = {
    "holded": "invoice.update",
    "shopify": "orders/paid",
    "standard": "order.paid",
    "stripe": "",
    "woocommerce": "order.updated",
}
SOURCES = sorted(registry.SOURCES)


def ends(source: str, body: bytes) -> Normalised:
    found = normalise(source, TOPIC[source], body)
    registry.get(source).identify(body, {"x-shopify-topic": "orders/paid"})
    assert not found.events
    assert bool(found.review) != bool(found.ignored)
    assert found.detail
    return found


@pytest.mark.row("B03")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "body_empty"),
        (b" \n ", "body_empty"),
        (b"not json", "body_not_json"),
        (b"<html><body>ok</body></html>", "body_not_json"),
        (b"id=1&total=2", "body_not_json"),
        (b'--x\r\nContent-Disposition: form-data; name="f"; filename="/etc/passwd"\r\n\r\n1', "body_not_json"),
        (b'{"id": 1', "body_not_json"),
        (b'{"id": "\xff\xfe"}', "body_not_utf8"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "body_not_utf8"),
        (b"[" * 200_000, "json_too_deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "json_too_deep"),
        (b'{"id": 1, "id": 2}', "json_duplicate_key"),
        (b'{"id": 1, "lines": [{"price": 1, "price": 2}]}', "json_duplicate_key"),
        (b'{"id": NaN}', "json_not_finite"),
        (b'{"id": -Infinity}', "json_not_finite"),
        (b'{"id": 1e999999999}', "json_number_too_large"),
        (b'{"id": 1e99999999999999999999}', "json_number_too_large"),
        (b'{"id": ' + b"9" * 5000 + b"}", "json_number_too_large"),
    ],
)
def test_an_unreadable_body_goes_to_review_with_its_reason(source: str, body: bytes, reason: str) -> None:
    assert ends(source, body).review == reason


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "body", ["null", "1", '"text"', "true", "[]", "{}", "[[]]", "[null]", '[{"id": {}}]', '{"id": []}']
)
def test_json_of_another_shape_ends_with_a_reason(source: str, body: str) -> None:
    ends(source, body.encode())


@pytest.mark.parametrize("source", SOURCES)
def test_an_unknown_topic_is_ignored(source: str) -> None:
    body = {"object": "event", "type": "nothing.known", "data": {"object": {"object": "x"}}}
    assert normalise(source, "nothing/known", body).ignored == "unknown_topic"


SALES: list[tuple[str, dict[str, Any], str, str, str]] = [
    # source, body, lines' key, total's key, unit price's key
    ("shopify", SHOPIFY_ORDER, "line_items", "total_price", "price"),
    ("woocommerce", WOO_ORDER, "line_items", "total", "total"),
    ("stripe", STRIPE_INVOICE, "lines", "total", "amount"),
]
each_sale = pytest.mark.parametrize(("source", "base", "lines", "total", "price"), SALES, ids=[one[0] for one in SALES])


def first_line(body: dict[str, Any], lines: str) -> dict[str, Any]:
    rows = body[lines]["data"] if isinstance(body[lines], dict) else body[lines]
    found: dict[str, Any] = rows[0]
    return found


@each_sale
def test_a_sale_without_lines_goes_to_review(
    source: str, base: dict[str, Any], lines: str, total: str, price: str
) -> None:
    nothing: Any
    for nothing in ([], None):
        found = normalise(source, TOPIC[source], changed(base, **{lines: nothing}))
        assert found.review == "no_lines"
        assert lines in found.detail


@each_sale
def test_a_negative_total_goes_to_review(source: str, base: dict[str, Any], lines: str, total: str, price: str) -> None:
    assert normalise(source, TOPIC[source], changed(base, **{total: -1})).review == "negative_total"


@each_sale
@pytest.mark.parametrize(
    ("value", "reason"),
    [(None, "missing"), ("", "missing"), ("1,00", "not_a_number"), ([], "wrong_shape"), (True, "wrong_shape"), ("1e99", "number_out_of_range"), ("٣", "not_a_number")],
)  # fmt: skip
def test_a_total_that_is_no_amount_goes_to_review_and_the_value_is_not_told(
    source: str, base: dict[str, Any], lines: str, total: str, price: str, value: Any, reason: str
) -> None:
    found = normalise(source, TOPIC[source], changed(base, **{total: value}))

    assert found.review.startswith(reason)
    assert total in found.detail
    assert not isinstance(value, str) or not value or value not in found.detail


@each_sale
def test_an_unknown_currency_goes_to_review(
    source: str, base: dict[str, Any], lines: str, total: str, price: str
) -> None:
    assert normalise(source, TOPIC[source], changed(base, currency="QQQ")).review == "unknown_currency"
    assert normalise(source, TOPIC[source], changed(base, currency=None)).review == "missing_currency"
    assert normalise(source, TOPIC[source], changed(base, currency=978)).review == "missing_currency"


@each_sale
def test_a_line_without_price_goes_to_review(
    source: str, base: dict[str, Any], lines: str, total: str, price: str
) -> None:
    body = changed(base)
    line = first_line(body, lines)
    del line[price]
    found = normalise(source, TOPIC[source], body)

    assert found.review == "missing_price"
    assert "[0]" in found.detail


HOSTILE = [
    "<script>alert(1)</script>",
    '=HYPERLINK("http://evil.example","x")',
    "=1+1|cmd",
    "{{7*7}} ${7*7} #{7*7}",
    "emoji 🦜 and 𝕳𝖎𝖌𝖍 code points",
]


@pytest.mark.row("B05")
@pytest.mark.parametrize("name", HOSTILE)
@each_sale
def test_markup_formulas_and_templates_in_names_stay_text(
    source: str, base: dict[str, Any], lines: str, total: str, price: str, name: str
) -> None:
    body = changed(base)
    line = first_line(body, lines)
    line["name"] = line["description"] = name

    assert only(normalise(source, TOPIC[source], body)).data.lines[0].name == name


@pytest.mark.row("B05")
@each_sale
def test_control_characters_go_and_long_names_are_cut(
    source: str, base: dict[str, Any], lines: str, total: str, price: str
) -> None:
    body = changed(base)
    line = first_line(body, lines)
    line["name"] = line["description"] = "a\x00b\x1b[31m\u202e\r\nc\ud800" + "x" * 10_000
    name = only(normalise(source, TOPIC[source], body)).data.lines[0].name

    assert name.startswith("ab[31m cxx")
    assert len(name) == 250


@pytest.mark.row("B05")
def test_posted_texts_are_cleaned_as_well() -> None:
    body = changed(POSTED)
    body["data"]["lines"][0]["name"] = "a\x00b\n  c\u202e"
    assert only(normalise("standard", "order.paid", body)).data.lines[0].name == "ab c"


@pytest.mark.parametrize("source", SOURCES)
def test_a_reason_never_tells_the_payload(source: str) -> None:
    secret = "ana.ruiz.12345678Z"
    body = json.dumps({"id": secret, "object": "invoice", "status": "open", "type": "order.paid", "currency": secret, "total": secret,
                       "line_items": secret, "billing": secret, "data": {"id": secret, secret: 1}}).encode()  # fmt: skip
    delivery = Delivery("i", "acme", source, TOPIC[source], {}, body, NOW)
    found = registry.get(source).normalise(delivery)

    assert secret not in found.detail


@pytest.mark.parametrize(
    ("spelled", "read"),
    [
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'"x\ud83d"', "x\x80"),
        (r'"\uDE00\uD83Dx"', "\x80\x80x"),
        (r'"\ud83d\ud83d\ude00"', "\x80\U0001f600"),
        (r'"\\ud83d"', r"\ud83d"),
        (r'"\\\ud83d"', "\\\x80"),
        (r'{"\ud800": "\ud7ff"}', {"\x80": "\ud7ff"}),
    ],
)
def test_half_a_character_leaves_a_mark_that_no_text_keeps_and_a_whole_one_stays(spelled: str, read: object) -> None:
    assert _json.loads(spelled.encode()) == read


ODD_IDS = ["A  1", " A1", "A\u00011", "A\u202e1", "A\ud83d1", "A\n1"]


@pytest.mark.parametrize("odd", [*ODD_IDS, "x" * 2001])
@pytest.mark.parametrize("field", ["id", "refers_to", "document_id"])
def test_an_id_that_would_not_stay_as_it_is_names_nothing(odd: str, field: str) -> None:
    data = {"id": "1", "currency": "EUR", "issued_at": "2026-03-02T09:00:00Z", "total": "12.10", field: odd}
    found = normalise("standard", "refund.created", {"type": "refund.created", "data": data})

    assert (found.events, found.review) == ((), "wrong_shape")
    assert f"data.{field}: text of {len(odd)} characters" in found.detail


@pytest.mark.parametrize("odd", [*ODD_IDS, "x" * 201])
def test_nor_does_a_subject_or_an_id_of_a_shop(odd: str) -> None:
    data = {"id": "1", "currency": "EUR", "issued_at": "2026-03-02T09:00:00Z", "total": "12.10"}
    told = normalise("standard", "refund.created", {"type": "refund.created", "subject": odd, "data": data})
    sold = normalise("shopify", "orders/paid", changed(SHOPIFY_ORDER, id=odd))

    assert (told.review, sold.review) == ("wrong_shape", "wrong_shape")
    assert (told.events, sold.events) == ((), ())


def test_an_escape_cut_short_is_still_not_json() -> None:
    with pytest.raises(BadInput, match="body_not_json"):
        _json.loads(rb'["\ud8","\ud8"]')


def test_an_order_with_half_characters_can_be_written_and_read() -> None:
    body = changed(SHOPIFY_ORDER, payment_gateway_names=["\ud83d"], tags="\udfff", name="#1\ud800")
    event = only(normalise("shopify", "orders/paid", body))

    assert wire.loads(wire.dumps(event)) == event
