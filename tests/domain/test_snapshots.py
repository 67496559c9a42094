"""What a look at an object tells, as a table of cases."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from relay.domain.snapshots import (
    DOUBT_MS,
    LAG_MS,
    REFRESH_MS,
    Ours,
    Shown,
    Snapshot,
    deleted,
    doubtful,
    is_as_before,
    is_news,
    is_stale,
    judge,
    missed,
)

AT_MS = 1_772_442_000_000
DRAFT = Snapshot(number=3, seen_ms=AT_MS, fingerprint="draft", approved=False, payment="unpaid")
BARE = Snapshot(number=1, seen_ms=AT_MS, fingerprint="one")


def shown(fingerprint="new", **fields):
    return Shown(fingerprint=fingerprint, sent_ms=AT_MS + 1000, **fields)


def ours(**fields):
    return Ours(**({"written_ms": AT_MS + 500, "total": Decimal(100)} | fields))


APPROVED = {"approved": True, "payment": "unpaid", "total": Decimal(100)}


@pytest.mark.parametrize(
    ("before", "look", "verbs"),
    [
        (None, shown(), ("created",)),
        (None, shown(approved=False, payment="unpaid"), ("created",)),
        (None, shown(approved=True, payment="paid"), ("created", "approved", "paid")),
        (DRAFT, shown("draft"), ()),
        (DRAFT, shown(approved=False, payment="unpaid"), ("updated",)),
        (DRAFT, shown(approved=True, payment="unpaid"), ("approved",)),
        (DRAFT, shown(approved=True, payment="partially_paid"), ("approved", "partially_paid")),
        (replace(DRAFT, approved=True), shown(approved=True, payment="paid"), ("paid",)),
        (replace(DRAFT, approved=True, payment="paid"), shown(approved=True, payment="unpaid"), ("updated",)),
        (replace(DRAFT, approved=True, payment="paid"), shown(approved=True, payment="paid"), ("updated",)),
        (BARE, shown(), ("updated",)),
        (replace(BARE, gone=True), shown(), ("created",)),
        (replace(BARE, gone=True), shown("one"), ("created",)),
        (Snapshot(number=0, seen_ms=AT_MS, doubt_ms=AT_MS), shown(), ("created",)),
        (DRAFT, shown("draft", approved=True, payment="unpaid"), ("approved",)),
        (DRAFT, shown("draft", approved=None, payment="unpaid"), ()),
        (replace(DRAFT, approved=True), shown("draft", approved=False, payment="unpaid"), ()),
        (replace(DRAFT, approved=None), shown("draft", approved=True, payment="unpaid"), ()),
        (replace(DRAFT, approved=None), shown(approved=True, payment="unpaid"), ("updated",)),
    ],
)
def test_what_is_told_of_an_object_of_others(before, look, verbs):
    told = judge(before, look, ours=None, unseen="created")

    assert told.verbs == verbs
    assert told.snapshot.number == (before.number if before else 0) + bool(verbs)
    assert told.snapshot.seen_ms == look.sent_ms
    assert not told.snapshot.gone


@pytest.mark.parametrize(
    ("before", "look", "wrote", "verbs"),
    [
        (None, shown(**APPROVED), ours(approved=True), ()),
        (None, shown(**APPROVED), ours(), ("approved",)),
        (None, shown(approved=False, payment="unpaid", total=Decimal(100)), ours(), ()),
        (None, shown(approved=False, payment="unpaid", total=Decimal(99)), ours(), ("updated",)),
        (None, shown(**APPROVED | {"payment": "paid"}), ours(approved=True), ("paid",)),
        (None, shown(**APPROVED | {"payment": "paid"}), ours(approved=True, paid=True), ()),
        (None, shown(**APPROVED | {"payment": "paid", "total": Decimal(0)}), ours(total=Decimal(0), approved=True), ()),
        (None, shown(), ours(total=None), ()),
        (DRAFT, shown(**APPROVED), ours(approved=True), ()),
        (DRAFT, shown(**APPROVED), ours(approved=True, written_ms=AT_MS - 1), ("approved",)),
        (BARE, shown(), ours(written_ms=AT_MS - 1, total=None), ("updated",)),
        (BARE, shown(), ours(total=None), ()),
    ],
)
def test_what_our_own_ledger_wrote_is_learned_silently(before, look, wrote, verbs):
    told = judge(before, look, ours=wrote, unseen="created")

    assert told.verbs == verbs
    assert told.snapshot.fingerprint == look.fingerprint
    assert told.snapshot.number == (before.number if before else 0) + 1


def test_a_webhook_that_is_no_echo_says_that_our_own_document_changed():
    look = shown(approved=False, payment="unpaid", total=Decimal(100))

    assert judge(None, look, ours=ours(), unseen="updated", asked=True).verbs == ("updated",)
    assert judge(DRAFT, look, ours=ours(), unseen="updated", asked=True).verbs == ("updated",)
    assert judge(DRAFT, look, ours=ours(), unseen="updated").verbs == ()
    assert judge(None, shown(**APPROVED), ours=None, unseen="approved", asked=True).verbs == ("approved",)


@pytest.mark.parametrize("wrote", [None, ours(), ours(approved=True)])
def test_a_first_pass_tells_nothing(wrote):
    told = judge(None, shown(**APPROVED), ours=wrote, unseen="silent")

    assert (told.verbs, told.snapshot.number, told.snapshot.approved) == ((), 1, True)


@pytest.mark.parametrize(
    ("before", "unseen", "look", "after"),
    [
        (None, "silent", None, None),
        (None, "silent", True, True),
        (None, "created", None, False),  # its approval is still to be told
        (None, "created", True, True),
        (None, "approved", None, True),
        (None, "updated", None, None),
        (False, "created", None, False),
        (False, "created", True, True),
        (True, "created", False, True),  # nothing undoes it
        (True, "created", None, True),
    ],
)
@pytest.mark.parametrize("fingerprint", ["new", "draft"])
def test_what_is_known_of_an_approval_after_a_look(before, unseen, look, after, fingerprint):
    known = None if before is None else replace(DRAFT, approved=before)
    told = judge(known, shown(fingerprint, approved=look, payment="unpaid"), ours=None, unseen=unseen)

    assert told.snapshot.approved is after


def test_an_approval_is_worth_a_look_though_all_else_is_as_it_was():
    at = {"sent_ms": AT_MS + 5}

    assert is_news(DRAFT, "draft", approved=True, **at)
    assert is_news(replace(DRAFT, approved=None), "draft", approved=False, **at)
    assert not is_news(DRAFT, "draft", approved=False, **at)
    assert not is_news(DRAFT, "draft", approved=None, **at)
    assert not is_news(replace(DRAFT, approved=True), "draft", approved=False, **at)


def test_a_deletion_is_told_once():
    told = deleted(BARE, sent_ms=AT_MS + 1)

    assert (told.verbs, told.snapshot.gone, told.snapshot.number) == (("deleted",), True, 2)
    assert deleted(told.snapshot, sent_ms=AT_MS + 2).verbs == ()
    assert deleted(None, sent_ms=AT_MS).verbs == ("deleted",)


def test_without_a_read_by_id_two_complete_passes_in_a_row_must_miss_it():
    first = missed(BARE, pass_ms=AT_MS + 10)
    again = missed(first.snapshot, pass_ms=AT_MS + 10)
    second = missed(first.snapshot, pass_ms=AT_MS + 20)
    seen = judge(first.snapshot, shown("one"), ours=None, unseen="created")

    assert (first.verbs, first.snapshot.missed_ms) == ((), AT_MS + 10)
    assert again.verbs == ()
    assert second.verbs == ("deleted",)
    assert (seen.verbs, seen.snapshot.missed_ms) == ((), 0)


def test_what_is_not_worth_a_write():
    same = judge(BARE, shown("one"), ours=None, unseen="created").snapshot

    assert is_as_before(BARE, same)
    assert not is_as_before(replace(BARE, missed_ms=AT_MS), same)
    assert not is_as_before(BARE, replace(same, seen_ms=AT_MS + REFRESH_MS + 1))
    assert not is_as_before(BARE, replace(same, number=2))


def test_a_snapshot_of_an_older_rule_is_renewed_silently():
    told = judge(BARE, shown("2-one", earlier=("one",)), ours=None, unseen="created")

    assert (told.verbs, told.snapshot.number, told.snapshot.fingerprint) == ((), 1, "2-one")
    paid = judge(BARE, shown("2-one", earlier=("one",), payment="paid"), ours=None, unseen="created")
    assert (paid.verbs, paid.snapshot.payment) == ((), "paid")
    assert not is_as_before(BARE, told.snapshot)  # worth a write
    assert judge(BARE, shown("2-two", earlier=("two",)), ours=None, unseen="created").verbs == ("updated",)


def test_what_has_to_be_judged_at_all():
    later = AT_MS + 5

    assert is_news(None, "one", sent_ms=later)
    assert not is_news(BARE, "one", sent_ms=later)
    assert is_news(BARE, "two", sent_ms=later)
    assert not is_news(BARE, "two", sent_ms=AT_MS - 1)
    assert is_news(BARE, "one", sent_ms=AT_MS + REFRESH_MS + 1)
    assert is_news(replace(BARE, missed_ms=AT_MS), "one", sent_ms=later)
    assert is_news(replace(BARE, gone=True), "one", sent_ms=AT_MS + LAG_MS)
    assert is_stale(BARE, AT_MS - 1)
    assert not is_stale(BARE, AT_MS)
    assert not is_stale(None, 0)


def test_what_holded_says_is_older_is_a_lagging_copy_for_some_minutes():
    """Only where both say when: an object whose time went back for good is seen again."""
    known = replace(BARE, updated_ms=500)
    soon, late = AT_MS + LAG_MS - 1, AT_MS + LAG_MS

    assert is_stale(known, soon, updated_ms=499)
    assert not is_news(known, "two", sent_ms=soon, updated_ms=499)
    for same_or_unknown in (500, 501, 0):
        assert not is_stale(known, soon, updated_ms=same_or_unknown)
    assert not is_stale(known, late, updated_ms=499)
    assert is_news(known, "two", sent_ms=late, updated_ms=499)
    assert not is_stale(BARE, soon, updated_ms=499)


@pytest.mark.parametrize(
    ("known", "listed", "lags"),
    [
        ("paid", "partially_paid", True),
        ("paid", "unpaid", True),
        ("partially_paid", "unpaid", True),
        ("paid", "paid", False),
        ("partially_paid", "paid", False),
        ("unpaid", "partially_paid", False),
        ("paid", None, False),
        (None, "unpaid", False),
    ],
)
def test_a_payment_that_a_list_takes_back_is_a_lagging_copy_for_some_minutes(known, listed, lags):
    """A document tells no time of its change. What a read shows is believed at once, what a list shows a little later."""
    before = replace(DRAFT, payment=known)
    soon, late = AT_MS + LAG_MS - 1, AT_MS + LAG_MS

    assert is_stale(before, soon, listed=listed) is lags
    assert is_news(before, "two", sent_ms=soon, listed=listed) is not lags
    assert not is_stale(before, soon)
    assert not is_stale(before, late, listed=listed)
    assert is_news(before, "two", sent_ms=late, listed=listed)


@pytest.mark.parametrize(
    ("known", "approved", "lags"),
    [
        (replace(BARE, gone=True), None, True),
        (replace(DRAFT, approved=True), False, True),
        (replace(DRAFT, approved=True), None, False),  # it does not tell
        (replace(DRAFT, approved=True), True, False),
        (DRAFT, False, False),
        (replace(DRAFT, approved=None), False, False),
    ],
)
def test_what_a_list_brings_back_is_a_lagging_copy_for_some_minutes(known, approved, lags):
    """What is gone, and a document without its approval. A read that shows it is believed at once."""
    soon, late = AT_MS + LAG_MS - 1, AT_MS + LAG_MS

    assert is_stale(known, soon, page=True, approved=approved) is lags
    assert is_news(known, "two", sent_ms=soon, approved=approved) is not lags
    assert not is_stale(known, soon, approved=approved)
    assert not is_stale(known, late, page=True, approved=approved)
    assert is_news(known, "two", sent_ms=late, approved=approved)


def test_a_time_of_change_alone_is_neither_told_nor_written():
    known = replace(BARE, updated_ms=500)
    told = judge(known, shown("one", updated_ms=700), ours=None, unseen="created")

    assert (told.verbs, told.snapshot.updated_ms) == ((), 700)
    assert is_as_before(known, told.snapshot)
    assert judge(known, shown("two", updated_ms=500), ours=None, unseen="created").verbs == ("updated",)


def test_a_document_of_ours_in_the_making_is_left_alone_for_an_hour():
    first = doubtful(None, sent_ms=AT_MS)

    assert first == Snapshot(number=0, seen_ms=AT_MS, doubt_ms=AT_MS)
    assert doubtful(first, sent_ms=AT_MS + DOUBT_MS - 1) is first
    assert doubtful(first, sent_ms=AT_MS + DOUBT_MS) is None
    assert doubtful(BARE, sent_ms=AT_MS) is None
