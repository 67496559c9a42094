"""One state, one fingerprint: however a list or a read spells what is empty, and whatever rule a snapshot was made by."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal

import pytest

from relay.errors import BadInput
from relay.holded import unified
from relay.holded.polled_table import OWN
from tests.holded.polled_samples import SAMPLES
from tests.polled import BY_NAME

ITEMS = {name: sample.item for name, sample in SAMPLES.items()}
_ADDRESS = ITEMS["contact"]["bill_address"]
EMPTY = (None, "", {}, [])
MISSING = object()


def prints(name, item):
    return unified.fingerprint(BY_NAME[name].observe(item).matters)


def test_every_row_has_an_item_here():
    assert set(ITEMS) == set(BY_NAME)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_what_is_empty_is_empty_however_it_is_spelt(name):
    for field in ITEMS[name]:
        seen = set()
        for empty in (*EMPTY, MISSING):
            item = {key: value for key, value in ITEMS[name].items() if key != field}
            try:
                seen.add(prints(name, item if empty is MISSING else item | {field: empty}))
            except BadInput:
                continue  # a kind that this field never has
        assert len(seen) <= 1, field


def contact(**fields):
    return prints("contact", ITEMS["contact"] | fields)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"mobile": "", "bill_address": None}, {"mobile": None, "bill_address": {}}),
        ({"bill_address": {}}, {"bill_address": {"address": "", "city": None}}),
        ({"bill_address": _ADDRESS}, {"bill_address": _ADDRESS | {"postal_code": 28001, "province": ""}}),
        ({"mobile": "600123123"}, {"mobile": 600123123}),
        ({"mobile": "600000000"}, {"mobile": Decimal("600000000.0")}),
        ({"phone": 10**30}, {"phone": str(10**30)}),
    ],
)
def test_two_spellings_of_a_contact_are_no_change(one, other):
    assert contact(**one) == contact(**other)


@pytest.mark.parametrize(
    "change",
    [{"mobile": "600123124"}, {"iban": None}, {"bill_address": _ADDRESS | {"city": "Vigo"}}, {"bill_address": None}],
)
def test_a_change_of_a_contact_is_one(change):
    assert contact(**change) != contact()


def test_a_list_keeps_its_places():
    """A line is a list without names: what moves from one place to another is a change."""
    item = deepcopy(ITEMS["invoice"])
    line = item["lines"][0]
    line["name"], line["description"] = "Shirt", None
    other = deepcopy(item)
    other["lines"][0] |= {"name": None, "description": "Shirt"}

    assert prints("invoice", item) != prints("invoice", other)


@pytest.mark.parametrize("resource", OWN, ids=lambda resource: resource.name)
def test_the_first_rows_mend_half_characters_and_keep_to_the_bounds_as_the_others_do(resource):
    text = "description" if resource.name == "payment" else "name"
    item = deepcopy(ITEMS[resource.name])
    if "lines" in item:
        item["lines"][0]["name"] = "A\ud83d"
    else:
        item[text] = "A\ud83d"
    str(resource.observe(item).data).encode()
    amount = next((field for field in ("total", "price", "amount") if field in item), "")
    if amount:
        with pytest.raises(BadInput, match="number_out_of_range"):
            resource.observe(ITEMS[resource.name] | {amount: "1" + "0" * 14})
