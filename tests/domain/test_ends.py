"""Every event has exactly one end, read from the inbox or from the rows that hold it now."""

from __future__ import annotations

import pytest

from relay.domain.ends import DONE, KINDS, Ending, Told, followed, of_row, recorded
from relay.domain.ledger import Key, Row

KEY = Key(account="acme", source="shopify", object_id="1001", purpose="invoice")


def a_row(state, *, event_id="one#0", version=5, **values):
    return Row(
        key=values.pop("key", KEY),
        state=state,
        created_ms=1,
        updated_ms=1,
        event_id=event_id,
        version=version,
        reason=values.pop("reason", "why"),
        doc_type="invoice",
        **values,
    )


def told(event_id="one#0", version=5, **values):
    return Told(event_id=event_id, version=version, **values)


@pytest.mark.parametrize("word", sorted(DONE))
def test_what_was_written_is_done(word):
    assert recorded(f"{word}:x") == Ending(kind="done", reason=word)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("superseded", Ending(kind="superseded")),
        ("ignored:not_paid", Ending(kind="ignored", reason="not_paid")),
        ("duplicate", Ending(kind="done", reason="duplicate")),
        ("waiting:parent", None),
        ("waiting", None),
        ("review:no_lines", None),
        ("dead:trouble", None),
        ("something", Ending(kind="open", reason="something", problem="end_unknown")),
        ("", Ending(kind="open", reason="", problem="end_unknown")),
    ],
)
def test_an_end_of_the_inbox_is_an_end_or_leads_to_the_ledger(end, expected):
    assert recorded(end) == expected


@pytest.mark.parametrize(
    ("state", "kind", "reason"),
    [
        ("confirmed", "done", "invoice"),
        ("waiting", "waiting", "why"),
        ("sent", "waiting", "why"),
        ("unknown", "waiting", "why"),
        ("review", "review", "why"),
        ("dead", "dead", "why"),
        ("ignored", "ignored", "why"),
        ("superseded", "superseded", "why"),
    ],
)
def test_the_row_that_holds_an_event_says_its_end(state, kind, reason):
    ending = followed(told(), [a_row(state)])

    assert (ending.kind, ending.reason, ending.problem) == (kind, reason, "")
    assert ending.kind in KINDS


def test_a_row_without_a_reason_is_named_by_its_state():
    assert of_row(a_row("sent", reason="", lease_until_ms=9)) == Ending(kind="waiting", reason="sent", until_ms=9)


def test_a_waiting_one_says_until_when():
    assert of_row(a_row("waiting", due_ms=7, lease_until_ms=9)).until_ms == 7


def test_what_is_unfinished_in_one_row_is_not_done_by_another():
    rows = [a_row("superseded"), a_row("confirmed"), a_row("review")]

    assert followed(told(), rows).kind == "review"
    assert followed(told(), rows[:2]).kind == "done"


def test_a_version_noted_on_a_row_under_way_is_pending():
    row = a_row("sent", event_id="other#0", pending_event_id="one#0", lease_until_ms=9)

    assert followed(told(), [row]) == Ending(kind="waiting", reason="pending", until_ms=9)


def test_an_event_whose_place_a_newer_one_took_is_superseded_and_a_duplicate_where_its_version_was_written():
    assert followed(told(), [a_row("review", event_id="other#0", version=6)]).kind == "superseded"
    assert followed(told(), [a_row("confirmed", event_id="other#0", version=6)]).kind == "superseded"
    assert followed(told(), [a_row("confirmed", event_id="other#0")]) == Ending(kind="done", reason="duplicate")


def test_an_event_behind_an_older_version_was_passed_over_unless_it_has_no_order():
    older = [a_row("confirmed", event_id="other#0", version=4)]

    assert followed(told(), older).problem == "passed_over"
    assert followed(told(monotone=True), older).problem == ""


def test_an_event_that_no_row_knows_is_lost():
    assert followed(told(), []) == Ending(kind="open", reason="handed_over", problem="lost")


def test_a_row_that_stands_for_all_events_of_its_object_is_the_end_of_each():
    row = a_row("waiting", event_id="other#0", version=1)

    assert followed(told(coalesced=True), [row]).kind == "waiting"
