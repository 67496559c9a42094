"""How far polling has come: passes that go on, end, wait or are given up, and what a month counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from relay.domain.budget_month import month_end, month_start
from relay.domain.polling import (
    ANY,
    COVERED_MS,
    DAY_MS,
    Course,
    Pass,
    Polling,
    from_json,
    next_month_ms,
    rolled,
    spent,
    to_json,
    with_course,
)
from relay.domain.polling_steps import (
    HEARD_EVERY_MS,
    HELD_MS,
    MOST_JOINED,
    NAMELESS,
    Page,
    begun,
    finished,
    heard,
    held,
    joined,
    looked,
    paged,
    stopped,
    waits_for_another,
)
from relay.errors import BadInput

NOW_MS = 1_772_442_000_000
FRESH = Course(due_ms=NOW_MS, full_due_ms=NOW_MS)
KNOWN = replace(FRESH, full_ms=NOW_MS - DAY_MS, full_due_ms=NOW_MS + DAY_MS)


@pytest.mark.parametrize(
    ("course", "recent", "kind", "baseline"),
    [
        (FRESH, True, "full", True),
        (KNOWN, True, "recent", False),
        (KNOWN, False, "full", False),
        (replace(KNOWN, full_due_ms=NOW_MS), True, "full", False),
    ],
)
def test_the_pass_that_begins(course, recent, kind, baseline):
    running = begun(course, now_ms=NOW_MS, recent=recent).running

    assert (running.kind, running.baseline, running.id) == (kind, baseline, f"{NOW_MS}")


def test_a_pass_walks_its_lists_and_then_asks_for_the_absent():
    course = begun(KNOWN, now_ms=NOW_MS, recent=True)
    steps = []
    for cursor in ("a", None, "b", None):
        course = paged(course, Page(cursor=cursor, lists=2, changes=1), now_ms=NOW_MS)
        steps.append((course.running.place, course.running.cursor, course.running.absent))

    assert steps == [(0, "a", False), (1, "", False), (1, "b", False), (2, "", True)]
    assert (course.running.page, course.running.changes, course.changes) == (4, 4, 4)


def test_the_lists_of_one_parent_are_followed_by_those_of_the_next():
    course = begun(KNOWN, now_ms=NOW_MS, recent=False)
    course = paged(course, Page(cursor=None, lists=1, parent="a", following="b"), now_ms=NOW_MS)
    assert (course.running.parent, course.running.place, course.running.absent) == ("b", 0, False)
    course = paged(course, Page(cursor=None, lists=1, parent="b"), now_ms=NOW_MS)

    assert course.running.absent


def test_items_that_cannot_be_read_are_counted_and_nameless_ones_end_all_conclusions():
    course = begun(replace(KNOWN, unreadable=9), now_ms=NOW_MS, recent=False)
    course = paged(course, Page(cursor="a", lists=1, unread=2), now_ms=NOW_MS)
    assert (course.unreadable, course.running.whole) == (9, True)  # of the pass before, until this one is through
    course = paged(course, Page(cursor=None, lists=1, nameless=1), now_ms=NOW_MS)
    assert not course.running.whole
    course = finished(course)

    assert (course.unreadable, course.unsure) == (3, NAMELESS)


def test_a_recent_pass_sees_more_that_cannot_be_read_and_never_fewer():
    course = begun(replace(KNOWN, unreadable=2, full_due_ms=NOW_MS + 1), now_ms=NOW_MS, recent=True)
    course = paged(course, Page(cursor="a", lists=2, unread=1), now_ms=NOW_MS)
    assert course.unreadable == 2
    course = paged(course, Page(cursor=None, lists=2, unread=2), now_ms=NOW_MS)
    course = paged(course, Page(cursor=None, lists=2, unread=2), now_ms=NOW_MS)  # what the window showed already

    assert finished(course).unreadable == 3


def test_a_pass_that_ends_leaves_its_cost_and_the_rate_of_changes():
    running = Pass(kind="full", started_ms=NOW_MS, page=7, changes=70)
    full = finished(replace(KNOWN, full_ms=NOW_MS - 7 * DAY_MS, running=running))
    recent = finished(replace(KNOWN, running=replace(running, kind="recent", changes=0), a_day=10.0))
    first = finished(replace(FRESH, running=running))

    assert (full.running, full.full_ms, full.full_calls) == (None, NOW_MS, 7)
    assert full.a_day == pytest.approx(6.3, abs=0.1)
    assert (recent.recent_ms, recent.recent_calls, recent.full_ms) == (NOW_MS, 7, KNOWN.full_ms)
    assert recent.a_day == pytest.approx(8.7, abs=0.1)
    assert first.a_day == 0


def test_trouble_of_holdeds_makes_it_wait_ever_longer_and_at_last_gives_the_pass_up():
    course = begun(KNOWN, now_ms=NOW_MS, recent=True)
    waits = []
    while course.running is not None:
        course = held(course, now_ms=NOW_MS, trouble="server_error")
        waits.append(course.wait_ms)
        assert course.next_ms >= NOW_MS + course.wait_ms

    assert waits[0] == HELD_MS
    assert waits[-1] == DAY_MS
    assert len(waits) == 9
    again = paged(begun(course, now_ms=NOW_MS, recent=True), Page(cursor=None, lists=1), now_ms=NOW_MS)
    assert (again.wait_ms, again.held_ms, again.trouble) == (0, 0, "")


def test_what_happens_to_a_pass_that_is_not_there_changes_nothing():
    assert paged(KNOWN, Page(cursor=None, lists=1), now_ms=NOW_MS) is KNOWN
    assert finished(KNOWN) is KNOWN
    assert looked(KNOWN, told=True, gone=True) is KNOWN
    assert stopped(KNOWN, trouble="not_found") == replace(KNOWN, trouble="not_found")


def test_an_absent_object_that_was_asked_for_counts():
    course = looked(begun(KNOWN, now_ms=NOW_MS, recent=False), told=True, gone=True)

    assert (course.changes, course.running.changes, course.running.page) == (1, 1, 1)


def test_webhooks_cover_a_resource_until_something_was_seen_that_none_had_told():
    told = heard(KNOWN, NOW_MS)
    assert told.covered(NOW_MS)
    assert not told.covered(NOW_MS + COVERED_MS)
    assert heard(told, NOW_MS + HEARD_EVERY_MS - 1) is None
    assert heard(told, NOW_MS + HEARD_EVERY_MS).heard_ms == NOW_MS + HEARD_EVERY_MS
    seen = paged(begun(told, now_ms=NOW_MS, recent=True), Page(cursor=None, lists=1, changes=1), now_ms=NOW_MS + 1)

    assert not seen.covered(NOW_MS + 2)
    assert heard(seen, NOW_MS + 2).covered(NOW_MS + 3)


def test_what_a_first_pass_sees_is_no_sign_that_webhooks_fail():
    course = begun(replace(FRESH, heard_ms=NOW_MS), now_ms=NOW_MS, recent=True)
    course = paged(course, Page(cursor=None, lists=1, changes=5), now_ms=NOW_MS + 1)

    assert course.covered(NOW_MS + 2)


def test_counts_are_of_the_month_and_the_next_one_begins_at_a_time_of_the_accounts_own():
    state = with_course(rolled(Polling(account="acme"), NOW_MS), "invoice", KNOWN)
    state = spent(state, "invoice", 3)
    assert (state.calls, state.courses["invoice"].calls, state.month_ms) == (3, 3, month_start(NOW_MS))
    assert rolled(state, NOW_MS + DAY_MS) is state
    following = next_month_ms(state)
    assert 0 <= following - month_end(state.month_ms) < DAY_MS
    turned = rolled(state, following)

    assert (turned.calls, turned.courses["invoice"].calls) == (0, 0)
    assert next_month_ms(replace(state, account="bolt")) != following


def test_the_state_survives_being_stored():
    running = Pass(kind="recent", started_ms=NOW_MS, parent="a", place=2, cursor="c", page=3, whole=False, absent=True)
    state = Polling(
        account="acme", rev=4, month_ms=1, calls=2, courses={"a": replace(KNOWN, running=running), "b": FRESH}
    )

    assert from_json("acme", 4, to_json(state)) == state


def test_absent_objects_that_were_asked_for_do_not_make_the_next_full_pass_dearer():
    course = begun(replace(KNOWN, full_due_ms=NOW_MS), now_ms=NOW_MS, recent=True)
    course = paged(course, Page(cursor=None, lists=1), now_ms=NOW_MS)
    for _ in range(15):
        course = looked(course, told=True, gone=True)

    assert course.running.page == 16
    assert finished(course).full_calls == 1


def test_absent_objects_that_are_there_are_what_the_next_full_pass_costs_too():
    course = begun(replace(KNOWN, full_due_ms=NOW_MS), now_ms=NOW_MS, recent=True)
    course = paged(course, Page(cursor=None, lists=1), now_ms=NOW_MS)
    course = looked(looked(looked(course), told=True), told=True, gone=True)

    assert finished(course).full_calls == 3


def test_brief_passes_are_counted_until_one_looks_at_all():
    course = replace(KNOWN, recent_calls=5)
    kinds = []
    for at in range(5):
        course = begun(course, now_ms=NOW_MS + at, recent=True, briefs=3)
        kinds.append(course.running.brief)
        pages = 1 if course.running.brief else 4
        for _ in range(pages):
            course = paged(course, Page(cursor=None, lists=pages), now_ms=NOW_MS)
        course = finished(course)

    assert kinds == [True, True, True, False, True]
    assert (course.briefs, course.recent_calls, course.recent_ms) == (1, 4, NOW_MS + 4)


def test_a_full_pass_is_never_brief_and_makes_the_brief_ones_begin_anew():
    course = begun(replace(KNOWN, full_due_ms=NOW_MS, briefs=2), now_ms=NOW_MS, recent=True, briefs=3)

    assert not course.running.brief
    assert finished(course).briefs == 0


def test_who_joins_is_answered_by_a_page_or_was_among_those_a_pass_could_have_shown():
    course = joined(joined(KNOWN, "a", now_ms=NOW_MS - 1, hurry_ms=NOW_MS), "b", now_ms=NOW_MS - 1)
    assert (course.hurried_ms, course.next_ms, course.own_ms) == (NOW_MS, NOW_MS, KNOWN.due_ms)

    course = begun(course, now_ms=NOW_MS, recent=True, briefs=1, hurried=True)
    course = joined(course, "late", now_ms=NOW_MS + 5, hurry_ms=NOW_MS + 60)
    course = paged(course, Page(cursor=None, lists=1, answered=["a"]), now_ms=NOW_MS + 9)
    assert set(course.joined) == {"b", "late"}
    assert course.hurried_ms == 0

    course = finished(course)
    assert course.joined == {"late": NOW_MS + 5}
    assert (course.hurried_ms, course.briefs, course.recent_ms) == (NOW_MS + 60, 0, NOW_MS)


def test_nobody_hurries_where_nobody_is_left_and_another_pass_goes_first():
    course = joined(KNOWN, "a", now_ms=NOW_MS, hurry_ms=NOW_MS)

    assert replace(course, joined={}).hurried_ms is None
    assert joined(KNOWN, "a", now_ms=NOW_MS).hurried_ms is None
    assert replace(begun(course, now_ms=NOW_MS, recent=True), hurry_ms=NOW_MS).hurried_ms is None
    assert held(course, now_ms=NOW_MS, trouble="server_error").hurried_ms == NOW_MS + HELD_MS


def test_a_hurried_pass_is_the_shortest_there_is_whatever_else_is_due():
    due = replace(KNOWN, due_ms=0, full_due_ms=0, briefs=3)

    assert begun(due, now_ms=NOW_MS, recent=True, briefs=4, hurried=True).running.brief
    assert begun(due, now_ms=NOW_MS, recent=True, briefs=3).running.kind == "full"


def test_no_more_than_a_page_of_objects_join():
    course = replace(KNOWN, joined={str(number): 1 for number in range(MOST_JOINED)})

    assert joined(course, "one more", now_ms=NOW_MS).joined == course.joined
    assert joined(course, "7", now_ms=NOW_MS).joined == course.joined


def test_a_webhook_of_no_object_waits_for_a_pass_that_begins_after_it():
    course = joined(KNOWN, ANY, now_ms=NOW_MS)
    running = begun(course, now_ms=NOW_MS + 1, recent=False)

    assert not waits_for_another(course, ANY)
    assert joined(course, ANY, now_ms=NOW_MS + 1).joined == {ANY: NOW_MS}
    assert joined(running, ANY, now_ms=NOW_MS + 2).joined == {ANY: NOW_MS + 2}
    again = joined(running, ANY, now_ms=NOW_MS + 2)
    assert not waits_for_another(again, ANY)
    assert not waits_for_another(joined(running, "a", now_ms=NOW_MS + 2), "a")


def test_hurried_calls_are_the_resources_and_none_of_pollings_share():
    state = spent(Polling(account="acme", month_ms=1, courses={"x": KNOWN}), "x", 3, hurried=True)

    assert (state.calls, state.hurried, state.courses["x"].calls) == (0, 3, 3)
    assert rolled(state, NOW_MS).hurried == 0


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {},
        {"courses": []},
        {"courses": {"x": {}}, "month_ms": 1, "calls": 0},
        {"courses": {"x": {"running": None, "from_tomorrow": 1}}, "month_ms": 1, "calls": 0},
        {"courses": {"x": {"running": "now", "due_ms": 1, "full_due_ms": 1}}, "month_ms": 1, "calls": 0},
    ],
)
def test_a_state_that_cannot_be_read_is_told_as_one(stored):
    with pytest.raises(BadInput, match="polling_unreadable"):
        from_json("acme", 1, stored)


def test_a_state_of_an_earlier_release_has_nobody_who_joined():
    stored = to_json(Polling(account="acme", month_ms=1, courses={"x": KNOWN}))
    del stored["hurried"]
    for name in ("joined", "hurry_ms"):
        del stored["courses"]["x"][name]

    assert from_json("acme", 2, stored) == Polling(account="acme", rev=2, month_ms=1, courses={"x": KNOWN})
