"""One field of a reply, in the spellings that are on record and those that are only likely."""

from __future__ import annotations

from decimal import Decimal

import pytest

from relay.errors import BadInput
from relay.holded import fields
from tests.holded.polled_samples import SAMPLES
from tests.polled import BY_NAME


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (2064, 2064),
        ("2064", 2064),
        (" 12 ", 12),
        (Decimal("7.0"), 7),
        ("7,0", 7),
        ("1.064", 1064),
        ("1,064", 1064),
        ("1.064.000", 1_064_000),
        ("1.064,000", 1064),
        ("-1.064", -1064),
        ("", None),
        (None, None),
    ],
)
def test_a_whole_number_is_whole_in_every_style(value, number):
    assert fields.whole({"n": value}, "n") == number


@pytest.mark.parametrize("value", [Decimal("1.064"), "1.5", "1,50", "1.0640", "1.06", "1.064,5", "x", True])
def test_a_fraction_is_refused_and_never_cut_off(value):
    with pytest.raises(BadInput, match="unreadable: n: is"):
        fields.whole({"n": value}, "n")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        *((value, True) for value in (True, 1, "1", "Yes", "Sí", "SI", " true ")),
        *((value, False) for value in (False, 0, "0", "No", "false")),
        *((value, None) for value in ("", None)),
    ],
)
def test_yes_and_no_are_read_in_numbers_and_words(value, told):
    assert fields.flag({"f": value}, "f") is told


@pytest.mark.parametrize("value", ["perhaps", 2, [], {}])
def test_anything_else_is_neither_yes_nor_no(value):
    with pytest.raises(BadInput):
        fields.flag({"f": value}, "f")


def test_a_text_that_should_be_a_list_is_a_list_of_one():
    assert fields.texts({"t": "s_iva_21"}, "t") == ("s_iva_21",)
    assert fields.texts({"t": ["a", "b"]}, "t") == ("a", "b")
    assert [fields.texts({"t": empty}, "t") for empty in ("", None, [])] == [(), (), ()]


def test_an_entry_is_never_merged_with_another():
    item = SAMPLES["ledger_entry"].item
    observe = BY_NAME["ledger_entry"].observe

    assert observe(item | {"entry_number": "1.064", "line": 2}).id == "2026-1064-2"
    assert observe(item | {"entry_number": "1.064", "checked": "Sí"}).data.checked is True
    with pytest.raises(BadInput):
        observe(item | {"entry_number": Decimal("1.064")})


@pytest.mark.parametrize("name", ["product", "service"])
def test_one_bare_tax_costs_no_item(name):
    item = {"id": "a", "name": "A", "price": "1"}

    assert (
        BY_NAME[name].observe(item | {"taxes": "s_iva_21"}).matters
        == BY_NAME[name].observe(item | {"taxes": ["s_iva_21"]}).matters
    )


def test_one_bare_tax_on_a_line_costs_no_document():
    line = {"name": "A", "units": 1, "price": "1,00", "taxes": "s_iva_21", "tags": "web"}
    (read,) = BY_NAME["invoice"].observe({"id": "a", "lines": [line]}).matters["lines"]

    assert ["s_iva_21"] in read
    assert ["web"] in read
