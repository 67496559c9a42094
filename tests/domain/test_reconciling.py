"""The pure parts of reconciliation by hand: rates, numbers, gaps, summaries, and what is not told."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.domain.ledger import Key, Row
from relay.domain.mapping.catalogue import Catalogue
from relay.domain.reconciled import reconciled
from relay.domain.reconciled_summary import MOST_KEPT, pack, summary, unpack
from relay.domain.reconciling import Books, Difference, Meant, Repair, Series, Shown, Window
from relay.domain.reconciling_edits import period_of
from relay.domain.reconciling_series import Number, gaps, read, series_of
from relay.domain.reconciling_split import Part, kept, net_of, of_row, rates_of, split_of
from relay.domain.reconciling_totals import totals
from relay.domain.remedies import Found, adopted, adopted_newer
from relay.domain.transitions import left_standing
from relay.errors import BadInput

D = Decimal
MARCH = Window(start=date(2026, 3, 1), end=date(2026, 3, 31))
KEY = Key(account="acme", source="shopify", object_id="1", purpose="invoice")
ROW = Row(
    key=KEY, state="confirmed", created_ms=1, updated_ms=1, holded_id="a", doc_type="invoice", total=D("121.00"),
    currency="EUR", document_date="2026-03-02", digest="d", marker="hraaaaaaaaaaaaaa", event_id="e#0", contact_id="c",
)  # fmt: skip
SHOWN = Shown(
    id="a", doc_type="invoice", day=date(2026, 3, 2), number="F260001", currency="EUR", contact_id="c", net=D("100.00"),
    tax=D("21.00"), total=D("121.00"), split=None, paid=D(0), status="pending", tags=("hraaaaaaaaaaaaaa",),
)  # fmt: skip
SERIES = (Series(doc_type="invoice", format="F[YY]%%%%"), Series(doc_type="invoice", format="W[YYYY]-%%%%%/A"))


def books(*shown, rows=(ROW,), **others):
    values = {"series": SERIES, "meant": {}} | others
    return Books(
        account="acme", window=MARCH, rows={row.key: row for row in rows}, shown={s.id: s for s in shown}, **values
    )


def told(made):
    return [(one.kind, one.detail) for one in reconciled(made).differences]


# -- by rate -----------------------------------------------------------------------------------------------------------


def test_each_tax_of_a_line_is_rounded_on_its_own_and_has_the_lines_net_as_base():
    split = split_of([Part(D(1), D("9.99"), (D(21), D("5.2"))), Part(D(2), D("10.00"), (D(21),)), Part(D(1), D(3), ())])

    assert (split.net, split.tax) == (D("22.99"), D("4.72"))  # 2.10 (2.0979) + 0.52 (0.51948) + 2.10
    assert split.by_rate == {
        D(0): (D(3), D(0)),
        D("5.2"): (D("9.99"), D("0.52")),
        D(21): (D("19.99"), D("4.20")),
    }
    assert split.total == D("27.71")


def test_a_line_that_comes_to_nothing_counts_nowhere():
    assert split_of([Part(D(1), D(0), (D(21),))]).by_rate == {}


def test_a_key_that_the_account_does_not_know_makes_the_rate_unknown():
    catalogue = Catalogue.from_json({"taxes": [{"key": "s_iva_21", "name": "IVA 21%", "amount": "21", "group": "iva"}]})

    assert rates_of(["s_iva_21"], catalogue.rates_of) == (D(21),)
    assert rates_of(["s_iva_21", "s_gone"], catalogue.rates_of) is None


def test_the_documents_discount_comes_on_top_of_the_lines():
    assert net_of(units=D(2), price=D(50), discount=D(10), whole_discount=D(0)) == D("90.00")
    assert net_of(units=D(2), price=D(50), discount=D(10), whole_discount=D(5)) == D("85.50")


# -- as the ledger keeps it ---------------------------------------------------------------------------------------------


PARTS = st.lists(
    st.builds(
        Part,
        st.just(D(1)),
        st.decimals(-99_999, 99_999, places=2),
        st.lists(st.sampled_from([D(21), D(10), D("5.2"), D("0.5"), D(-15)]), max_size=3, unique=True).map(tuple),
    ),
    max_size=8,
)


@given(PARTS)
def test_what_a_row_keeps_is_its_sums_to_the_cent(parts):
    split = split_of(parts)

    assert of_row(replace(ROW, total=split.total, split=kept(split))) == replace(split, lines=None)


def test_a_row_keeps_it_in_few_characters():
    assert kept(split_of([Part(D(1), D("100.00"), (D(21),))])) == "100.00;21:100.00:21.00"
    assert (kept(None), kept(split_of([]))) == ("", "0.00")


@pytest.mark.parametrize(
    "text", ["", "100.00", "100.00;21:100.00:21", "100.00;21:100.00", "x;21:100.00:21.00", "1;;", "NaN;1:1:1"]
)
def test_what_a_row_keeps_counts_where_it_comes_to_the_rows_total(text):
    split = of_row(replace(ROW, split=text))

    assert (split is not None) is (text == "100.00;21:100.00:21")


def test_a_document_that_was_left_standing_or_adopted_with_another_total_has_no_split_on_record():
    written = replace(ROW, split="100.00;21:100.00:21.00")
    found = Found(id="a", doc_type="invoice", number="", contact_id="", total=D("121.00"), currency="EUR", date="")

    assert of_row(left_standing(written, now_ms=2, total=D("121.00"))) is None
    assert of_row(adopted(written, found, now_ms=2)) is not None
    assert of_row(adopted(written, replace(found, total=D("110.00")), now_ms=2)) is None


def test_a_newer_version_that_a_person_wrote_is_on_record_with_its_own_split():
    aside = replace(ROW, split="200.00;21:200.00:42.00", total=D("242.00"))
    found = Found(id="a", doc_type="invoice", number="", contact_id="", total=D("242.00"), currency="EUR", date="")

    assert of_row(adopted_newer(ROW, aside, found, now_ms=2)).net == D("200.00")


# -- numbers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "beginning", "counter", "sure"),
    [
        ("F260007", "F26", 7, True),
        ("F2610007", "F26", 10007, True),
        ("W2026-00012/A", "W2026-", 12, True),
        ("X-9", "X-", 9, False),
        ("2026/3", "2026/", 3, False),
    ],
)
def test_a_number_is_a_beginning_and_a_counter(number, beginning, counter, sure):
    found = read(number, SERIES, "invoice")

    assert (found.beginning, found.counter, found.sure) == (beginning, counter, sure)
    assert series_of(number, SERIES, "invoice") == beginning


def test_a_format_without_a_place_for_the_counter_has_it_at_the_end():
    assert read("AB12", [Series(doc_type="invoice", format="AB")], "invoice") == Number("AB", 12, 2, sure=True)


def test_what_has_no_counter_is_a_series_of_its_own():
    assert read("none", SERIES, "invoice") is None
    assert (series_of("none", SERIES, "invoice"), series_of("", SERIES, "invoice")) == ("none", "")


def test_another_scripts_digits_are_no_counter():
    assert read("F26٣٣٣٣", SERIES, "invoice") is None
    assert read("F26٣7", [Series(doc_type="invoice", format="F[YY]%")], "invoice") == Number("F26٣", 7, 1, sure=False)


def test_another_types_format_does_not_count():
    assert read("F260007", SERIES, "creditnote").sure is False


@given(st.sets(st.integers(0, 300), min_size=1, max_size=40))
def test_a_gap_is_what_lacks_between_two_that_were_seen(counters):
    found = list(gaps([Number("F26", counter, 4, sure=True) for counter in counters]))
    lacking = [counter for first, last in found for counter in range(first.counter + 1, last.counter)]

    assert set(lacking) | counters == set(range(min(counters), max(counters) + 1))
    assert len(lacking) == len(set(lacking))
    assert len(found) == sum(b - a > 1 for a, b in pairwise(sorted(counters)))


def test_a_wide_gap_of_an_unknown_format_is_another_way_of_counting():
    assert list(gaps([Number("X", 1, 1, sure=False), Number("X", 23, 1, sure=False)])) == []
    assert len(list(gaps([Number("X", 1, 1, sure=False), Number("X", 22, 1, sure=False)]))) == 1


def test_a_gap_of_several_names_the_first_and_the_last():
    first, last = replace(SHOWN, number="F260001"), replace(SHOWN, id="b", number="F260005", tags=())

    assert told(books(first, last)) == [("series_gap", "3 missing between F260001 and F260005: F260002 to F260004")]


@pytest.mark.parametrize(
    ("far", "detail"),
    [
        ("F26900001", "899999 missing between F260001 and F26900001: F260002 to F26900000"),
        ("F2620260315", "20260313 missing between F260001 and F2620260315: F260002 to F2620260314"),
        ("F26" + "9" * 18, f"{10**18 - 3} missing between F260001 and F26{'9' * 18}: F260002 to F26{'9' * 17}8"),
    ],
)
def test_a_number_far_away_is_one_gap_and_costs_no_more_than_a_near_one(far, detail):
    first, last = replace(SHOWN, number="F260001"), replace(SHOWN, id="b", number=far, tags=())

    assert told(books(first, last)) == [("series_gap", detail)]


def test_a_barcode_for_a_number_is_no_counter():
    assert read("F26" + "1" * 5000, SERIES, "invoice") is None
    assert told(books(SHOWN, replace(SHOWN, id="b", number="1" * 5000, tags=()))) == []


def test_a_renumbered_document_explains_its_old_number():
    rows = (replace(ROW, number="F260002"),)
    shown = [replace(SHOWN, number="F260009"), replace(SHOWN, id="b", number="F260001", tags=())]
    shown += [replace(SHOWN, id=f"x{n}", number=f"F26000{n}", tags=()) for n in (3, 4, 5, 6, 7, 8)]

    assert told(books(*shown, rows=rows)) == [("edited_by_hand", "Holded shows the number F260009, it was F260002")]


def test_a_deleted_document_whose_number_nobody_noted_explains_one_missing_number():
    gone = replace(ROW, key=replace(KEY, object_id="2"), holded_id="z", last_step="approve")
    shown = [replace(SHOWN, number="F260001"), replace(SHOWN, id="b", number="F260003", tags=())]
    further = replace(SHOWN, id="c", number="F260005", tags=())

    assert [kind for kind, _ in told(books(*shown, rows=(ROW, gone), gone=frozenset({"z"})))] == ["deleted_by_hand"]
    kinds = [kind for kind, _ in told(books(*shown, further, rows=(ROW, gone), gone=frozenset({"z"})))]
    assert kinds == ["deleted_by_hand", "series_gap"]


def test_a_numbered_document_that_was_deleted_explains_its_number():
    gone = replace(ROW, key=replace(KEY, object_id="2"), holded_id="z", number="F260002")
    shown = [replace(SHOWN, number="F260001"), replace(SHOWN, id="b", number="F260003", tags=())]

    assert [kind for kind, _ in told(books(*shown, rows=(ROW, gone), gone=frozenset({"z"})))] == ["deleted_by_hand"]


def test_a_total_that_the_list_does_not_tell_is_no_other_amount():
    """Nobody may be asked for a credit note over it."""
    assert told(books(replace(SHOWN, total=None, net=None, tax=None))) == []


def test_what_a_person_made_of_a_document_of_ours_is_no_twin_of_it():
    """Holded copies the tags: an invoice of a sales order, a credit note of an invoice."""
    order = replace(ROW, key=replace(KEY, purpose="salesorder"), doc_type="salesorder", holded_id="so")
    shown = replace(SHOWN, id="so", doc_type="salesorder", number="P1")
    made = books(shown, replace(SHOWN, id="made"), rows=(order,), made_of={order.marker: {"salesorder"}})
    line = {one.group.doc_type: one for one in totals(made)}["invoice"]

    assert told(made) == []
    assert (line.holded.count, line.others.count) == (0, 1)  # whoever made it answers for it
    assert told(books(SHOWN, replace(SHOWN, id="made", doc_type="creditnote"))) == []


def test_what_was_made_of_a_document_of_another_day_is_no_extra():
    made = books(
        SHOWN,
        replace(SHOWN, id="made", number="", tags=("hrbbbbbbbbbbbbbb",)),
        made_of={"hrbbbbbbbbbbbbbb": {"salesorder"}},
    )

    assert told(made) == []


def test_an_invoice_and_a_simplified_one_of_one_sale_are_twins():
    ((kind, detail),) = told(books(SHOWN, replace(SHOWN, id="b", doc_type="salesreceipt", number="T1")))

    assert (kind, detail) == (
        "extra_in_holded",
        "documents a, b carry the one marker hraaaaaaaaaaaaaa; delete all but a",
    )


def test_an_amount_that_was_changed_takes_the_edits_with_it():
    changed = replace(SHOWN, total=D("108.90"), contact_id="other", day=date(2026, 3, 9))

    assert told(books(changed)) == [("amount_differs", "Holded shows 108.90, written was 121.00")]


def test_series_without_a_document_of_ours_are_nobodys_business():
    others = [
        replace(SHOWN, id=name, number=number, tags=())
        for name, number in (("b", "W2026-00001/A"), ("c", "W2026-00009/A"))
    ]

    assert told(books(SHOWN, *others)) == []


def test_duplicates_on_days_outside_the_window_are_told_there():
    twins = [
        replace(SHOWN, number="F260001", day=date(2026, 4, 1)),
        replace(SHOWN, id="b", day=date(2026, 4, 2), tags=()),
    ]

    assert [kind for kind, _ in told(books(*twins))] == ["wrong_period"]


# -- what is and is not told -------------------------------------------------------------------------------------------


def test_of_a_type_that_was_not_read_nothing_is_told():
    made = books(rows=(ROW,), gone=frozenset({"a"}), unread={"invoice": "not read"})

    assert (told(made), reconciled(made).lines, reconciled(made).documents) == ([], [], 0)


def test_a_document_that_was_neither_seen_nor_looked_for_is_not_gone():
    assert told(books(rows=(ROW,))) == []


@pytest.mark.parametrize(
    ("there", "by_source", "expected"),
    [
        ("2026-03-31", True, "day to 2026-04-01 by hand"),  # the source moved its day: the digest covers none
        ("2026-05-02", True, "day back to 2026-04-01 by hand"),
        ("2026-05-02", False, "day back to 2026-03-31 by hand"),
    ],
)
def test_the_day_to_set_is_the_one_that_the_document_should_bear(there, by_source, expected):
    row = replace(ROW, document_date="2026-03-31")
    meant = Meant(
        key=KEY, event_id="e#0", version=1, doc_type="invoice", day=date(2026, 4, 1), currency="EUR", total=D("121.00"),
        split=None, digest="d",
    )  # fmt: skip
    shown = replace(SHOWN, day=date.fromisoformat(there))
    made = books(shown, rows=(row,), meant={KEY: meant}, dated_by_source=by_source)
    (found,) = reconciled(made).differences

    assert found.kind == "wrong_period"
    assert expected in found.repair.words


def test_a_document_without_a_day_in_holded_is_in_no_wrong_period():
    assert told(books(replace(SHOWN, day=None))) == []


def test_a_person_who_was_asked_once_is_not_asked_again_but_of_news_is():
    moved = replace(SHOWN, day=date(2026, 3, 9))
    detail = "Holded shows the day 2026-03-09, written was 2026-03-02"
    item = replace(ROW, state="review", detail=f"something; {detail}")

    assert [one.told for one in reconciled(books(moved, findings={KEY: item})).differences] == ["in_review"]
    settled = replace(item, state="ignored")
    assert [one.told for one in reconciled(books(moved, findings={KEY: settled})).differences] == ["settled"]
    news = replace(moved, day=date(2026, 3, 10))
    assert [one.told for one in reconciled(books(news, findings={KEY: settled})).differences] == [""]


def meant(**changes):
    values = {
        "key": KEY, "event_id": "n#0", "version": 5, "doc_type": "invoice", "day": date(2026, 3, 2), "currency": "EUR",
        "total": D("242.00"), "split": None, "digest": "other",
    }  # fmt: skip
    return Meant(**values | changes)


def test_a_newer_version_that_nothing_holds_is_replayed():
    (one,) = reconciled(books(SHOWN, meant={KEY: meant()})).differences

    assert (one.kind, one.repair.ref) == ("amount_differs", "n#0")
    assert one.detail == "the source now says 242.00, written was 121.00"


def test_a_newer_version_that_is_under_way_or_was_ended_is_not_told():
    """Nobody is asked about it yet: there is no item to look at."""
    for state in ("waiting", "sent", "unknown", "ignored"):
        aside = replace(ROW, key=replace(KEY, purpose="invoice.update"), state=state)

        assert told(books(SHOWN, meant={KEY: meant()}, aside={KEY: aside})) == []

    assert told(books(SHOWN, meant={KEY: meant(ended="ignored:stale")})) == []
    assert told(books(SHOWN, meant={KEY: meant(version=-1)})) == []


def test_a_newer_version_of_what_was_deleted_is_told_beside_the_deletion():
    """Two deeds: the deletion's repair names the old amount, and the source's word would be lost with the document."""
    asks = replace(ROW, key=replace(KEY, purpose="invoice.update"), state="review")
    made = books(meant={KEY: meant()}, aside={KEY: asks}, gone=frozenset({"a"}))
    deleted, newer = reconciled(made).differences

    assert (deleted.kind, newer.kind) == ("deleted_by_hand", "amount_differs")
    assert newer.detail == "the source now says 242.00, written was 121.00"
    assert newer.repair.command == f"relay review show {KEY}.update --account acme"


def test_settings_that_changed_since_are_told_of_the_same_version():
    (one,) = reconciled(books(SHOWN, meant={KEY: meant(version=0)})).differences

    assert one.detail == "by today's settings the source's event comes to 242.00, written was 121.00"
    assert one.repair.kind == "review"


def test_a_quarter_is_named():
    assert period_of(date(2026, 12, 31)) == "2026-12, quarter 4"


# -- what is kept of it ------------------------------------------------------------------------------------------------


def test_a_result_is_kept_without_sums_and_with_the_first_differences():
    repair = Repair(kind="review", words="look")
    many = [
        Difference(kind="series_gap", doc_type="invoice", day="", repair=repair, findings=(("a", "b"),), number=str(n))
        for n in range(MOST_KEPT + 5)
    ]
    done = replace(reconciled(books(SHOWN)), differences=many)
    kept = unpack(pack(summary(done)))

    assert "totals" not in kept
    assert len(kept["differences"]) == MOST_KEPT
    assert (kept["open"], kept["drift"]) == (MOST_KEPT + 5, "105.0000")
    assert many[0].name == "series_gap:invoice-0"


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"nonsense",
        gzip.compress(b"[]", mtime=0),
        gzip.compress(b"{", mtime=0),
        gzip.compress(b"{}" * 40, mtime=0)[:12] + b"\xff" * 9,
        gzip.compress(b"[" * 200_000, mtime=0),
    ],
)
def test_what_is_no_result_is_refused(kept):
    with pytest.raises(BadInput, match="result_unreadable"):
        unpack(kept)
