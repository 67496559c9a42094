"""Every polled resource: a sample, a path on record, and what of an item is a change and what is none."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holded_sandbox.webhooks import EVENTS
from relay.domain import wire
from relay.domain.models import Event
from relay.errors import BadInput
from relay.holded import (
    polled_accounting,
    polled_catalogue,
    polled_crm,
    polled_documents,
    polled_table,
    polled_team,
    unified,
)
from tests.holded.polled_samples import ID, SAMPLES
from tests.holded_facts import stands
from tests.polled import BY_NAME

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
MODULES = (polled_table, polled_documents, polled_catalogue, polled_accounting, polled_crm, polled_team)
ROWS = BY_NAME
CITED = {name: text for module in MODULES for name, text in module.FACTS.items()}
INDEX = Path(__file__).resolve().parents[3] / "shared/holded-api/v2-operations-index.json"
# Newer than the index, and what it leaves out (Holded facts 2.2).
ELSEWHERE = {
    f"/api/v2/{name}{one}": taken
    for name, taken in (
        ("purchase-refunds", ["status"]),
        ("contacts", ["phone", "mobile", "email", "custom_id", "code"]),
    )
    for one in ("", "/{}")
}
EACH = pytest.mark.parametrize("name", sorted(ROWS))

odd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_categories=()), max_size=8)
    | st.decimals(allow_nan=False, allow_infinity=False)  # as JSON has them
    | st.sampled_from(["0", "", "1e999", "31/02/2026", "12345678901", "\ud83d", "2026-03-09T10:00:00"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def event(row, data):
    return Event(
        id="x#0", account="acme", source="holded", type=f"{row.model}.updated", subject=ID, time=NOW, version=1,
        monotone=False, data=data, raw_ref="x",
    )  # fmt: skip


def tried(row, item):
    """What is observed, else the field that was refused."""
    try:
        return row.observe(item), ""
    except BadInput as error:
        return None, error.field


def prints(row, item):
    return unified.fingerprint(row.observe(item).matters)


def test_every_row_has_a_sample_and_every_sample_a_row():
    assert set(SAMPLES) == set(ROWS) == set(CITED)


@EACH
def test_a_row_says_what_the_poller_needs(name):
    row = ROWS[name]

    assert row.model in wire.MODEL_OF
    assert row.path.startswith("/api/v2/")
    assert row.read in {"", f"{row.path}/{{id}}"}
    assert bool(row.parent) == ("{parent}" in row.path)
    assert row.parent in {"", *ROWS}
    assert re.fullmatch(r"[a-z]+:[a-z-]+\.read", row.scope)
    assert row.cadence_ms >= 60_000
    assert row.weight >= 1


def test_a_row_is_hinted_where_holded_has_webhooks_of_it():
    told = {event.partition(".")[0] for event in EVENTS}

    assert {name for name, row in ROWS.items() if row.hint} == told & set(ROWS)
    assert all(row.read for row in ROWS.values() if row.hint == "read")


@EACH
def test_a_row_s_path_is_on_record(name):
    assert stands(CITED[name]), f"{CITED[name]!r} is not written in its section of the Holded facts"
    word = ROWS[name].path.rsplit("/", maxsplit=1)[-1]
    assert f"/{word}" in CITED[name]


@EACH
def test_a_row_s_calls_are_among_the_operations_of_v2(name):
    if not INDEX.is_file():
        pytest.skip(f"{INDEX.name} is not beside the repository")
    known = {
        re.sub(r"\{[^}]*\}", "{}", one["path"]): one["query"]
        for one in json.loads(INDEX.read_text("utf-8"))["operations"]
        if one["method"] == "GET"
    }
    row = ROWS[name]
    for path in filter(None, (row.path, row.read)):
        assert re.sub(r"\{[^}]*\}", "{}", path) in known | ELSEWHERE
    taken = (ELSEWHERE | known)[re.sub(r"\{[^}]*\}", "{}", row.path)]
    asked = {key for query in (row.query, *row.parts, *row.again) for key, _ in query}
    assert asked | (set(row.days) if row.listing == "window" else set()) <= set(taken)


@EACH
def test_a_list_item_and_a_read_show_the_same(name):
    row, sample = ROWS[name], SAMPLES[name]
    listed, read = row.observe(sample.item), row.observe(sample.item | sample.more)

    assert listed.matters == read.matters
    assert (listed.id, listed.payment) == (read.id, read.payment)
    # A supplier's number tells nothing of approval, and a list item has nothing else.
    assert listed.approved == (None if name in {"purchase", "purchaserefund"} else read.approved)
    assert json.loads(json.dumps(listed.matters)) == listed.matters


@EACH
def test_every_field_of_a_sample_is_either_a_change_or_none(name):
    sample = SAMPLES[name]
    told = {path.partition(".")[0] for path in (*sample.changes, *sample.idle)}

    assert set(sample.item) - told <= {"id", "product_id", "variant_id", "_parent", "entry_number", "line"}


@EACH
def test_a_change_that_matters_changes_the_fingerprint_and_no_other_does(name):
    row, sample = ROWS[name], SAMPLES[name]
    before = prints(row, sample.item)

    assert [path for path, item in sample.variants(sample.changes) if prints(row, item) == before] == []
    assert [path for path, item in sample.variants(sample.idle) if prints(row, item) != before] == []


@EACH
def test_amounts_read_the_same_in_every_style(name):
    row, sample = ROWS[name], SAMPLES[name]
    for path in sample.money:
        whole, _, cents = sample.item[path].partition(".")
        for other in (
            f"{int(whole):,}".replace(",", ".") + f",{cents}",
            f"{whole}{'.' + cents.rstrip('0')}".rstrip("."),
        ):
            assert row.observe(sample.changed(path, other)).matters == row.observe(sample.item).matters


@EACH
def test_an_absent_field_is_borne_unless_the_item_is_nothing_without_it(name):
    row, sample = ROWS[name], SAMPLES[name]
    without = {
        missing: tried(row, {field: value for field, value in sample.item.items() if field != missing})
        for missing in sample.item
    }

    assert {missing for missing, (seen, _) in without.items() if seen is None} == set(sample.required)
    assert all(field for seen, field in without.values() if seen is None)


@given(data=st.data())
@EACH
def test_odd_fields_give_bad_input_that_names_the_field_or_data_that_travel(name, data):
    row, sample = ROWS[name], SAMPLES[name]
    whole = sample.item | sample.more | {"unheard_of": data.draw(odd)}
    fields = data.draw(st.lists(st.sampled_from(sorted(whole)), min_size=1, max_size=3))
    item = whole | {field: data.draw(odd) for field in fields}
    seen, refused = tried(row, item)
    if seen is None:
        assert refused
        return

    sent = event(row, seen.data)
    assert wire.loads(wire.dumps(sent)) == sent
    json.dumps(seen.matters).encode()
    json.dumps(seen.matters, ensure_ascii=False).encode()
    assert seen.id


@EACH
@pytest.mark.parametrize("item", [None, 1, "x", [], [[]]])
def test_an_item_that_is_no_object_is_bad_input(name, item):
    with pytest.raises(BadInput):
        ROWS[name].observe(item)


@EACH
def test_what_is_seen_and_what_is_gone_travel_over_the_bus(name):
    row, sample = ROWS[name], SAMPLES[name]
    seen = row.observe(sample.item | sample.more)
    gone = [unified.gone(name, seen.id, seen_at=NOW)] if name in unified.NAMES else []
    for model in (seen.data, *gone):
        sent = event(row, model)
        assert wire.loads(wire.dumps(sent)) == sent
        assert model.id == seen.id


OF_HOLDEDS_NUMBER = (
    "salesorder",
    "purchaseorder",
    "purchaseshipment",
    "proform",
    "waybill",
    "receiptnote",
    "invoice",
    "creditnote",
)
OF_SUPPLIERS_NUMBER = ("purchase", "purchaserefund")


@pytest.mark.parametrize("name", [*OF_HOLDEDS_NUMBER, *OF_SUPPLIERS_NUMBER])
@pytest.mark.parametrize(
    ("fields", "approved"),
    [
        ({"document_number": "PROV-77", "draft": True, "approved_at": None}, False),
        ({"document_number": None, "draft": False, "approved_at": "2026-03-02T10:00:00"}, True),
        ({"document_number": None, "draft": None, "approved_at": "2026-03-02T10:00:00"}, True),
        ({"document_number": None, "draft": False}, True),
        ({"document_number": None, "draft": True}, False),
        ({"document_number": "F1"}, "numbered"),
        ({"document_number": None}, "unnumbered"),
        ({"document_number": "F1", "draft": None, "approved_at": None}, "numbered"),
    ],
)
def test_approval_is_what_the_document_says_and_its_number_only_where_holded_gives_it(name, fields, approved):
    if approved in {"numbered", "unnumbered"}:
        approved = None if name in OF_SUPPLIERS_NUMBER else approved == "numbered"

    assert BY_NAME[name].observe({"id": ID, "total": "1"} | fields).approved is approved


def test_the_payments_are_the_sign_of_payment():
    purchase, estimate = ROWS["purchase"], ROWS["estimate"]
    item = SAMPLES["purchase"].item
    paid = item | {"payments_total": "1493.75", "payments_pending": "0.00"}

    assert [purchase.observe(one).payment for one in (item, item | {"payments_total": "1.00"}, paid)] == [
        "unpaid",
        "partially_paid",
        "paid",
    ]
    assert (estimate.observe(item).approved, estimate.observe(item).payment) == (None, None)


def test_a_document_without_a_day_has_that_of_its_id():
    seen = ROWS["purchase"].observe(SAMPLES["purchase"].item | {"id": "69ae9f00" + "0" * 16, "date": None})

    assert seen.data.issued_at == datetime(2026, 3, 9, 10, 20, 48, tzinfo=UTC)
    assert ROWS["purchase"].observe({"id": "x"}).data.issued_at.year == 1970


def test_half_a_character_is_mended():
    seen = ROWS["lead"].observe(SAMPLES["lead"].item | {"name": "A\ud83d", "value": "48000.00"})

    assert seen.data.name == "A?"


def test_an_address_that_is_nested_beyond_reason_is_bad_input():
    nested: object = "1"
    for _ in range(700):
        nested = [nested]

    with pytest.raises(BadInput, match="bill_address"):
        ROWS["contact"].observe(SAMPLES["contact"].item | {"bill_address": nested})


def test_an_amount_beyond_every_ledger_is_bad_input():
    with pytest.raises(BadInput, match=r"data\.amount"):
        ROWS["bank_movement"].observe(SAMPLES["bank_movement"].item | {"amount": "1" + "0" * 14})
