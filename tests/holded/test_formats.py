"""Amounts and dates in every form that Holded writes them."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import BadInput
from relay.holded.formats import MADRID, day_of, decimal_of, instant_of, madrid_day

amounts = st.decimals(min_value=Decimal("-1e12"), max_value=Decimal("1e12"), places=2, allow_nan=False)
days = st.dates(min_value=date(1975, 1, 1), max_value=date(2099, 12, 31))


def spanish(amount: Decimal) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


@given(amounts)
def test_an_amount_is_the_same_in_every_style_holded_writes(amount):
    styles = [f"{amount:,.2f}", f"{amount:.2f}", spanish(amount), spanish(amount).replace(".", "")]

    assert {decimal_of(style, "total") for style in styles} == {amount}


@given(st.decimals(min_value=0, max_value=Decimal("1e9"), places=4))
def test_a_price_with_more_decimals_keeps_them_all(price):
    assert decimal_of(f"{price:.4f}".replace(".", ","), "price") == price


@pytest.mark.parametrize(
    ("wire", "meant"),
    [
        ("461,82", "461.82"),
        ("1.234,56", "1234.56"),
        ("3750,00", "3750"),
        ("121.00", "121"),
        ("1,234.56", "1234.56"),
        ("-8,07", "-8.07"),
        ("21", "21"),
        (355, "355"),
        (9.7200000000000006, "9.72"),
        (" 12,50 ", "12.5"),
    ],
)
def test_recorded_numbers_are_read(wire, meant):
    assert decimal_of(wire, "total") == Decimal(meant)


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_no_number_is_none(nothing):
    assert decimal_of(nothing, "total") is None


@pytest.mark.parametrize(
    "wire", ["abc", "1,2,3", "1e400", "NaN", "٣٤", "--1", "12 €", True, [], {}, "9" * 41, "1" * 30, 1e300, float("inf")]
)
def test_what_is_no_number_is_refused_by_field_and_shape_never_by_value(wire):
    with pytest.raises(BadInput) as refused:
        decimal_of(wire, "lines[0].price")

    assert refused.value.field == "lines[0].price"
    assert str(wire) not in str(refused.value) or len(str(wire)) < 4


@given(days)
def test_a_day_is_the_same_in_every_form_holded_writes(day):
    midnight = datetime(day.year, day.month, day.day, tzinfo=MADRID)
    seconds = int(midnight.timestamp())
    forms = [
        day.isoformat(),
        f"{day.day:02}/{day.month:02}/{day.year}",
        f"{day.isoformat()}T00:00:00",
        midnight.isoformat(),
        midnight.astimezone(UTC).isoformat(),
        f"{day.isoformat()}T00:00:00+00:00",  # a date that was only formatted as an instant
        seconds,
        str(seconds) if seconds >= 10**8 else day.isoformat(),
        Decimal(seconds),
    ]

    assert {day_of(form, "date") for form in forms} == {day}


@given(days)
def test_madrid_midnight_read_in_utc_is_the_day_before(day):
    instant = datetime(day.year, day.month, day.day, tzinfo=MADRID).astimezone(UTC)

    assert instant.date() == day - timedelta(days=1)
    assert madrid_day(instant) == day


def test_an_instant_without_offset_is_madrid_time_in_both_seasons():
    assert instant_of("2026-07-01T10:00:00", "approved_at") == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert instant_of("2026-01-01T10:00:00", "approved_at") == datetime(2026, 1, 1, 9, tzinfo=UTC)
    assert instant_of("2026-01-01T10:00:00Z", "approved_at") == datetime(2026, 1, 1, 10, tzinfo=UTC)


@given(st.integers(631152000, 3786912000), st.integers(-14, 14))
def test_an_instant_with_offset_keeps_its_moment(seconds, hours):
    instant = datetime.fromtimestamp(seconds, timezone(timedelta(hours=hours)))

    assert instant_of(instant.isoformat(), "at") == instant


@pytest.mark.parametrize("nothing", [None, "", 0])
def test_no_date_is_none(nothing):
    assert day_of(nothing, "due_date") is None


@pytest.mark.parametrize("wire", ["31/02/2026", "2026-02-30", "yesterday", True, [], 10**15, "12/2026"])
def test_what_is_no_date_is_refused_without_telling_it(wire):
    with pytest.raises(BadInput) as refused:
        day_of(wire, "date")

    assert refused.value.field == "date"
    assert "yesterday" not in str(refused.value)
