"""Bodies as exact JSON and back."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import BadInput
from relay.holded.encoding import decode, encode, number_text
from relay.holded.protocol import Request
from relay.holded.replies import done

numbers = st.decimals(
    min_value=Decimal("-1e15"), max_value=Decimal("1e15"), allow_nan=False, allow_infinity=False
).filter(lambda number: abs(number.adjusted()) < 28)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


def put(body: dict) -> Request:
    return Request(method="PUT", path="/x", json=body, reads=done, writes=True)


@given(values)
def test_what_is_encoded_reads_back_exactly(value):
    assert decode(encode(put({"value": value}))) == {"value": value}


def test_a_decimal_is_a_json_number_without_float_noise():
    body = put({"price": Decimal("0.1") + Decimal("0.2"), "units": Decimal("3.000"), "rate": Decimal("1E+2")})

    assert encode(body) == b'{"price":0.3,"units":3,"rate":100}'


def test_numbers_of_more_than_double_precision_arrive_whole():
    exact = Decimal("82.644628099173553719008264")

    assert json.loads(encode(put({"price": exact})), parse_float=Decimal)["price"] == exact


@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("Infinity"), Decimal("1E+40"), 0.1])
def test_what_json_cannot_say_exactly_is_refused_with_its_place(number):
    with pytest.raises(BadInput) as refused:
        encode(put({"items": [{"price": number}]}))

    assert "items[0].price" in str(refused.value)


def test_no_body_is_no_bytes_and_a_lone_surrogate_does_not_stop_a_document():
    assert encode(Request(method="POST", path="/x", reads=done)) == b""
    assert encode(put({"name": "a\ud800b"})) == b'{"name":"a?b"}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"id":"1"',
        b"[1,2",
        b"NaN",
        b'{"a":Infinity}',
        b"[" * 100_000,
        b"\xff\xfe{",
        b"",
        b"1" * 5000,
        b"{} {}",
        b"1e7777777777777777777",
    ],
)
def test_a_reply_that_is_not_one_whole_json_value_is_refused(body):
    with pytest.raises(ValueError):  # noqa: PT011  # the parser's own words, of which there are many
        decode(body)


def test_minus_zero_and_trailing_zeros_are_written_plainly():
    assert [number_text(Decimal(text)) for text in ("-0.00", "10", "1.500", "0.000001")] == [
        "0",
        "10",
        "1.5",
        "0.000001",
    ]
