"""Lines add up to the cent as Holded rounds them, or go to review."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.domain.mapping.totals import Part, solve
from relay.domain.models import Discount
from relay.domain.money import cents, line_net, line_tax, split
from tests.domain.mapping.factories import D, line, order, planned, tax

RATES = st.sampled_from([(), (D(21),), (D(10),), (D(4),), (D(21), D("5.2"))])
MONEY = st.integers(1, 200_000).map(lambda amount: D(amount).scaleb(-2))


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.tuples(MONEY, RATES), min_size=1, max_size=12))
def test_a_solution_always_comes_to_the_total_with_holdeds_arithmetic(rows):
    parts = [Part(amount, rates, gross=True) for amount, rates in rows]
    total = sum((amount for amount, _ in rows), D(0))

    # A gross amount that no net amount reaches leaves a cent a line: three alike at 26.2 % need three.
    limit = max(D("0.02"), D("0.01") * len(parts))
    found = solve(parts, total=total, rounding_limit=limit)

    assert found is not None
    reached = sum((net + line_tax(net, part.rates) for part, net in zip(parts, found.nets, strict=True)), D(0))
    assert reached + found.rounding == total
    assert abs(found.rounding) <= limit
    for part, net in zip(parts, found.nets, strict=True):
        assert abs(net + line_tax(net, part.rates) - part.amount) <= D("0.01")


@settings(deadline=None)  # the machine may be busy
@given(MONEY, st.lists(st.integers(-5, 5000).map(D), min_size=1, max_size=8))
def test_shares_add_up_to_what_was_shared(amount, weights):
    assert sum(split(amount, weights), D(0)) == amount


def gross_line(amount: Decimal, rate: str, quantity: int):
    unit = amount / quantity
    part = cents(amount * D(rate) / (100 + D(rate)))
    return line(str(unit), tax(rate, str(part)), quantity=str(quantity), total=amount)


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(st.tuples(MONEY, st.sampled_from(["21", "10", "4"]), st.integers(1, 9)), min_size=1, max_size=10),
    st.integers(-300, 300),
)
def test_a_document_has_the_sources_total_or_there_is_no_document(rows, off):
    total = sum((amount for amount, _, _ in rows), D(0)) + D(off).scaleb(-2)
    made = planned(order(*(gross_line(*row) for row in rows), total=str(total), prices_include_tax=True))

    if off == 0:
        assert made.outcome == "document", made.detail
    if made.outcome == "document":
        lines = made.document.lines
        assert made.document.total == total
        assert sum(one.net + one.tax for one in lines) == total
        for one in lines:
            assert one.net == line_net(units=one.units, price=one.price, discount_percent=one.discount_percent)
        written = [number for one in lines for number in (one.units, one.price, one.net, one.tax, one.discount_percent)]
        assert all(isinstance(number, Decimal) for number in written)
    else:
        assert made.reason in {"total_differs", "total_negative"}


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.tuples(MONEY, st.sampled_from(["21", "10", "4"])), min_size=1, max_size=12))
def test_prices_without_tax_keep_their_nets_when_tax_is_rounded_a_line(rows):
    lines = [line(str(net), tax(rate, str(cents(net * D(rate) / 100)))) for net, rate in rows]
    total = sum((net + cents(net * D(rate) / 100) for net, rate in rows), D(0))

    made = planned(order(*lines, total=str(total)))

    assert made.outcome == "document", made.detail
    assert [one.net for one in made.document.lines] == [net for net, _ in rows]
    assert made.document.total == total


@pytest.mark.parametrize("off", ["0.01", "-0.01", "1.00", "-25.50"])
def test_lines_that_do_not_add_up_are_reviewed_with_the_difference(off):
    made = planned(order(line("100", tax("21", "21")), total=str(D(121) + D(off))))

    assert (made.outcome, made.reason) == ("review", "total_differs")
    assert f"difference of {off}." in made.detail
    assert made.document is None


def test_a_total_no_tax_line_can_reach_gets_a_rounding_line_only_by_policy():
    unreachable = order(line("0.03", tax("21", "0.01")), total="0.03", prices_include_tax=True)

    made = planned(unreachable)
    strict = planned(unreachable, settings={"policy": {"rounding_limit": "0"}})

    assert [(one.type, one.net + one.tax) for one in made.document.lines] == [
        ("product", D("0.02")),
        ("rounding", D("0.01")),
    ]
    assert made.document.lines[1].taxes == ()
    assert strict.reason == "total_differs"


def test_tax_rounded_once_a_document_is_carried_by_a_cent_of_rounding():
    # 3 x 0.35 at 21 %: 0.07 a line at Holded, 0.22 once a document
    lines = [line("0.35", tax("21", "0.0735"))] * 3

    made = planned(order(*lines, total="1.27", tax_total=D("0.22")))

    assert made.document.total == D("1.27")
    assert [one.net for one in made.document.lines] == [D("0.35")] * 3 + [D("0.01")]


def test_percent_discounts_stay_percents_and_others_are_named_in_words():
    percent = line("100", tax("21", "18.90"), discounts=(Discount(amount=D(10), code="TEN"),))
    odd = line("33.33", tax("21", "4.90"), discounts=(Discount(amount=D(10), title="Vale"),))

    first = planned(order(percent, total="108.90")).document.lines[0]
    second = planned(order(odd, total="28.23")).document.lines[0]

    assert (first.price, first.discount_percent, first.net) == (D(100), D(10), D(90))
    assert (second.discount_percent, second.net) == (D(0), D("23.33"))
    assert "10.00 (Vale)" in second.description


def test_a_discount_of_the_whole_order_is_shared_in_proportion():
    lines = [
        line("60", tax("21", "11.34")),
        line("40", tax("10", "3.60")),
        line("5", tax("21", "1.05"), kind="shipping"),
    ]

    made = planned(order(*lines, total="110.99", discounts=(Discount(amount=D(10), code="X"),)))

    assert [one.net for one in made.document.lines] == [D(54), D(36), D(5)]


def test_quantities_with_decimals_and_prices_with_many_decimals_are_exact():
    made = planned(order(line("12.345", tax("21", "3.24"), quantity="1.25"), total="18.67"))

    assert (made.document.lines[0].price, made.document.lines[0].net) == (D("12.345"), D("15.43"))


def test_shipping_fees_tips_and_vouchers_each_find_their_line():
    made = planned(
        order(
            line("100", tax("21", "21")),
            line("10", tax("21", "2.10"), kind="shipping", name="Envío"),
            line("2", tax("21", "0.42"), kind="fee", name="Contra reembolso"),
            line("5", kind="tip", name="Propina"),
            line("50", kind="gift_card", name="Tarjeta regalo"),
            line("-0.02", kind="rounding", name="Redondeo de caja"),
            total="190.50",
        )
    )

    assert [(one.type, one.taxes) for one in made.document.lines] == [
        ("product", ("s_iva_21",)),
        ("shipping", ("s_iva_21",)),
        ("service", ("s_iva_21",)),
        ("service", ("s_iva_nosujeto",)),
        ("product", ("s_iva_nosujeto",)),
        ("rounding", ()),
    ]


def test_a_negative_fee_is_a_negative_line():
    made = planned(order(line("100", tax("21", "21")), line("-10", tax("21", "-2.10"), kind="fee"), total="108.90"))

    assert made.outcome == "document", made.detail
    assert [one.net for one in made.document.lines] == [D(100), D(-10)]


def test_zero_lines_are_kept_or_dropped_by_policy_but_one_always_stays():
    free = order(line("100", tax("21", "21")), line("0"), total="121")
    nothing = order(line("0"), line("0"), total="0")
    drop = {"policy": {"zero_lines": "drop"}}

    assert len(planned(free).document.lines) == 2
    assert len(planned(free, settings=drop).document.lines) == 1
    assert len(planned(nothing, settings=drop).document.lines) == 1


def test_another_tax_under_the_same_total_is_reviewed():
    made = planned(order(line("121", tax("21", "21")), total="121", prices_include_tax=True, tax_total=D(11)))

    assert made.reason == "tax_differs"


def test_units_that_were_taken_off_are_not_sold():
    made = planned(order(line("100", tax("21", "21")), line("9", quantity="0"), total="121"))

    assert len(made.document.lines) == 1


@pytest.mark.parametrize(("total", "reason"), [("-5", "total_negative"), ("1.005", "total_precision")])
def test_totals_holded_cannot_hold_are_reviewed(total, reason):
    assert planned(order(line(total), total=total)).reason == reason


@pytest.mark.parametrize("currency", ["", "EURO", "e"])
def test_an_unknown_currency_is_reviewed(currency):
    assert planned(replace(order(line("1"), total="1"), currency=currency)).reason == "currency_unknown"
