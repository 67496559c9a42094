"""No remedy makes a second document possible while one may stand, except `create`, which still looks for our marker."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.domain import remedies
from relay.domain.decisions import Fact, decide, may_stand
from relay.domain.ledger import Key, Row

NOW_MS = 1_772_442_000_000
SETTLE_MS = 600_000
KEY = Key(account="acme", source="shopify", object_id="1001", purpose="invoice")
FOUND = remedies.Found(
    id="a" * 24,
    doc_type="invoice",
    number="F260007",
    contact_id="c" * 24,
    total=Decimal("121.00"),
    currency="EUR",
    date="2026-03-02",
)
REASONS = (
    "total_differs",
    "tax_ambiguous",
    "outcome_unknown",
    "outcome_unknown_similar",
    "outcome_unknown_doubled",
    "outcome_unknown_quota_minute",
    "deleted_in_holded",
    "outcome_unknown_deleted_in_holded",
    "newer_version_of_edited",
    "event_lost",
)

keys = st.sampled_from(
    [
        KEY,
        *(
            replace(KEY, purpose=purpose)
            for purpose in ("invoice.update", "invoice.settlement", "creditnote", "contact")
        ),
    ]
)


def row_in_review(**values):
    default = {
        "key": KEY,
        "state": "review",
        "rev": 4,
        "created_ms": NOW_MS - 9000,
        "updated_ms": NOW_MS - 5000,
        "event_id": "one#0",
        "version": 5,
        "digest": "d",
        "marker": "hr" + "m" * 14,
        "reason": "total_differs",
        "document_date": "2026-03-02",
        "total": Decimal("121.00"),
        "currency": "EUR",
        "doc_type": "invoice",
        "contact_id": "c" * 24,
        "event": b"packed",
        "indexed": True,
    }
    return Row(**(default | values))


rows = st.builds(
    row_in_review,
    key=keys,
    reason=st.sampled_from(REASONS),
    holded_id=st.sampled_from(["", "b" * 24]),
    step=st.sampled_from(["create", "update", "approve", "pay"]),
    version=st.integers(0, 9),
    document_date=st.sampled_from(["", "2026-03-02"]),
    seen_empty=st.integers(0, 3),
    attempts=st.integers(0, 7),
)
facts = st.builds(
    lambda event_id, version, monotone, digest: Fact(
        key=KEY,
        event_id=event_id,
        event_type="order.paid",
        version=version,
        monotone=monotone,
        digest=digest,
        priority="fiscal",
        event=b"packed",
    ),
    event_id=st.sampled_from(["one#0", "two#0"]),
    version=st.integers(0, 12),
    monotone=st.booleans(),
    digest=st.sampled_from(["d", "e"]),
)
notes = st.text(max_size=200)
later = st.integers(0, 10**9)


def creates(row, fact, at_ms):
    """Whether the writer may POST a document for this row without having looked for one first."""
    return decide(row, fact, now_ms=at_ms, settle_ms=SETTLE_MS).action == "claim" and not row.holded_id


def after_each(row, note="seen"):
    """The row after every remedy that it admits, by the remedy."""
    made = {
        "retry": lambda: remedies.retried(row, now_ms=NOW_MS, event=b"packed", many=False),
        "adopt": lambda: remedies.adopted(row, FOUND, now_ms=NOW_MS),
        "create": lambda: remedies.created_anyway(row, now_ms=NOW_MS, event=b"packed"),
        "ignore": lambda: remedies.ignored(row, now_ms=NOW_MS, note=note),
    }
    return {each: made[each]() for each in remedies.admits(row, held=True, writes=True)}


@given(rows, facts, later)
def test_no_remedy_creates_while_a_document_may_stand_unless_a_look_comes_first(row, fact, wait_ms):
    if may_stand(row):
        for after in after_each(row).values():
            assert not creates(after, fact, NOW_MS + wait_ms)


@given(rows, facts, later)
def test_create_leads_to_a_look_for_its_own_event_and_to_nothing_for_any_other(row, fact, wait_ms):
    after = after_each(row).get("create")
    if after is not None:
        action = decide(after, fact, now_ms=NOW_MS + wait_ms, settle_ms=SETTLE_MS).action

        assert action == ("doubt" if fact.event_id == row.event_id else "pending")
        assert may_stand(after)


@given(rows)
def test_every_remedy_grows_the_revision_by_one_and_keeps_the_key_and_the_marker(row):
    for after in after_each(row).values():
        assert (after.rev, after.key, after.marker) == (row.rev + 1, row.key, row.marker)
        assert after.updated_ms == NOW_MS


@given(rows)
def test_what_is_put_back_is_due_now_and_starts_its_attempts_anew(row):
    for remedy, after in after_each(row).items():
        if remedy in {"retry", "create"}:
            assert (after.due_ms, after.attempts, after.indexed, after.owner) == (NOW_MS, 0, True, "")
            assert after.event == b"packed"


@given(rows, facts, later)
def test_the_same_version_of_an_ignored_fact_never_comes_back(row, fact, wait_ms):
    after = remedies.ignored(row, now_ms=NOW_MS, note="x")
    if fact.version <= row.version:
        assert decide(after, fact, now_ms=NOW_MS + wait_ms, settle_ms=SETTLE_MS).action == "keep"


@given(rows, facts)
def test_a_newer_version_of_an_ignored_fact_is_a_persons_where_it_differs_and_no_document_may_stand(row, fact):
    after = remedies.ignored(row, now_ms=NOW_MS, note="x")
    if fact.version > row.version:
        choice = decide(after, fact, now_ms=NOW_MS, settle_ms=SETTLE_MS)

        asked = fact.digest != row.digest and not may_stand(row)
        assert (choice.action, choice.end == "ignored_before") == (("judge", True) if asked else ("keep", False))


@given(rows, notes)
def test_a_note_stays_on_the_row_with_what_it_was_about(row, note):
    detail = remedies.ignored(replace(row, detail="d" * 1000), now_ms=NOW_MS, note=note).detail

    assert detail.startswith(note)
    assert row.reason in detail
    assert len(detail) <= 1000


@given(rows, st.sampled_from(["waiting", "sent", "unknown", "confirmed", "dead", "ignored", "superseded"]))
def test_only_what_is_in_review_admits_a_remedy(row, state):
    assert remedies.admits(replace(row, state=state), held=True, writes=True) == ()


@given(rows)
def test_an_adopted_row_names_the_document_as_it_is_and_takes_no_further_step(row):
    after = remedies.adopted(row, FOUND, now_ms=NOW_MS)

    assert (after.state, after.holded_id, after.number, after.step) == ("confirmed", FOUND.id, FOUND.number, "done")
    assert (after.total, after.currency, after.contact_id) == (FOUND.total, FOUND.currency, FOUND.contact_id)
    assert after.event == b""


def test_the_newer_version_that_a_person_wrote_is_the_one_on_record():
    own = row_in_review(state="confirmed", holded_id="b" * 24, version=5)
    aside = row_in_review(key=replace(KEY, purpose="invoice.update"), event_id="two#0", version=7, digest="e")
    after = remedies.adopted_newer(own, aside, FOUND, now_ms=NOW_MS)

    assert (after.key, after.event_id, after.version, after.digest) == (KEY, "two#0", 7, "e")
    assert (after.holded_id, after.rev) == (FOUND.id, own.rev + 1)
    assert remedies.closed(aside, now_ms=NOW_MS, reason="adopted").state == "superseded"


def test_many_go_in_the_background_and_one_in_its_own_class():
    row = row_in_review(priority="normal")

    assert remedies.retried(row, now_ms=NOW_MS, event=b"", many=True).priority == "background"
    assert remedies.retried(row, now_ms=NOW_MS, event=b"", many=False).priority == "normal"


@pytest.mark.parametrize(
    ("values", "held", "writes", "expected"),
    [
        ({}, True, True, ("retry", "adopt", "ignore")),
        ({}, False, False, ("adopt", "ignore")),
        ({"reason": "outcome_unknown_similar"}, True, True, ("retry", "adopt", "create", "ignore")),
        ({"reason": "outcome_unknown_similar"}, True, False, ("retry", "adopt", "ignore")),
        ({"reason": "outcome_unknown_similar", "document_date": ""}, True, True, ("retry", "adopt", "ignore")),
        ({"reason": "outcome_unknown_similar", "holded_id": "b" * 24}, True, True, ("retry", "adopt", "ignore")),
        ({"reason": "deleted_in_holded", "holded_id": "b" * 24}, True, True, ("retry", "adopt", "create", "ignore")),
        ({"key": replace(KEY, purpose="invoice.update")}, True, True, ("retry", "adopt", "ignore")),
        ({"key": replace(KEY, purpose="invoice.settlement")}, False, False, ("ignore",)),
        ({"key": replace(KEY, purpose="invoice.cancellation")}, True, False, ("ignore",)),
        ({"key": replace(KEY, purpose="payment")}, True, False, ("retry", "ignore")),
        ({"key": replace(KEY, purpose="delivery")}, True, False, ("retry", "ignore")),
        ({"key": replace(KEY, purpose="reread"), "kind": "hint"}, True, False, ("retry", "ignore")),
    ],
)
def test_the_remedies_of_each_kind_of_item(values, held, writes, expected):
    assert remedies.admits(row_in_review(**values), held=held, writes=writes) == expected


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("outcome_unknown_similar", "outcome_unknown"),
        ("total_differs", "total_differs"),
        ("tax_ambiguous", "tax_unknown"),
        ("newer_version_of_approved", "rule"),
        ("doubled", "changed_in_holded"),
        ("period_locked", "refused"),
        ("no_lines", "data"),
    ],
)
def test_a_reason_is_told_as_one_of_few_causes(reason, cause):
    assert remedies.cause_of(row_in_review(reason=reason)) == cause


@pytest.mark.parametrize(
    ("purpose", "aside", "own"),
    [
        ("invoice", "", "invoice"),
        ("invoice.update", "update", "invoice"),
        ("creditnote.settlement", "settlement", "creditnote"),
        ("some.thing", "", "some.thing"),
    ],
)
def test_what_lies_aside_of_a_document_leads_back_to_it(purpose, aside, own):
    key = replace(KEY, purpose=purpose)

    assert remedies.aside_of(key) == aside
    assert remedies.own_key(key).purpose == own
