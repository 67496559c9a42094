"""What a plan polls by default, how its month is paced, and which passes are brief."""

from __future__ import annotations

from dataclasses import replace

import pytest

from relay.domain.budget_month import month_end, month_start
from relay.domain.polling import Polling as State
from relay.domain.settings import Polling
from relay.holded import polled_requests
from relay.holded.polled_table import POLLED
from relay.services.poll_plan import plan_of
from tests.polled import BY_NAME
from tests.services.polling import Hands, make_due, poll_now, polled_world, state, told

NOW_MS = 1_772_442_000_000  # the second of March
DAY_MS = 24 * 3600_000
SMALLEST = 500
ESSENTIAL = {"invoice", "creditnote", "salesreceipt", "purchase", "contact", "product", "payment", "lead"}


def names(per_month, **settings):
    return {each.name for each in plan_of(Polling(**settings), per_month).resources}


def admitted(plan, calls=0, now_ms=NOW_MS):
    return replace(plan.admitted(State(account="acme"), now_ms=now_ms), calls=calls)


def test_the_smallest_plan_polls_what_matters_most_and_larger_ones_more():
    standard = {each.name for each in POLLED if each.standard}

    assert names(SMALLEST) == ESSENTIAL
    assert names(2_000) == standard - {"ledger_entry"}
    assert names(7_500) == names(100_000) == standard


def test_what_a_plan_leaves_out_may_be_added_and_what_it_polls_left_out():
    assert names(SMALLEST, add=("bank_movement", "task"), leave_out=("lead",)) == (
        ESSENTIAL | {"bank_movement", "task"}
    ) - {"lead"}
    assert "ledger_entry" in names(2_000, share=60)
    assert names(SMALLEST, enabled=False) == set()


@pytest.mark.parametrize(
    ("days", "calls", "pace"),
    [
        (1, 0, 100),  # the whole allowance
        (1, 74, 26),  # the first passes took the most of it
        (16, 50, 100),
        (16, 75, 50),
        (29, 0, 100),  # what is left over is not spent in a rush
        (16, 100, 1),
        (16, 120, 1),
    ],
)
def test_what_is_left_of_the_allowance_lasts_until_the_months_end(days, calls, pace):
    plan = plan_of(Polling(), SMALLEST)
    now_ms = month_start(NOW_MS) + (days - 1) * DAY_MS

    found = plan.pace(admitted(plan, calls), now_ms=now_ms)

    assert found == pytest.approx(pace, abs=4)


def test_a_state_without_a_month_has_the_whole_allowance():
    plan = plan_of(Polling(), SMALLEST)

    assert plan.pace(State(account="acme"), now_ms=NOW_MS) == 100


@pytest.mark.parametrize("kind", ["recent", "full"])
def test_scarcity_ends_with_the_month(kind):
    """Ninety-nine calls of a hundred are spent on the 20th: the looks after that are due in the first days of the next month."""
    plan = plan_of(Polling(), SMALLEST)
    now_ms = month_start(NOW_MS) + 20 * DAY_MS
    found = admitted(plan, 99, now_ms)
    resource = BY_NAME["payment"]
    scheduled = plan.scheduled(found, resource, kind=kind, now_ms=now_ms, jitter=0.5).courses["payment"]
    ends_ms = month_end(month_start(NOW_MS))

    assert ends_ms <= scheduled.due_ms < ends_ms + 4 * DAY_MS


def test_where_calls_are_few_most_recent_passes_are_brief():
    few, many = plan_of(Polling(), SMALLEST), plan_of(Polling(), 30_000)

    assert (few.briefs(BY_NAME["invoice"]), many.briefs(BY_NAME["invoice"])) == (3, 0)
    assert few.briefs(BY_NAME["payment"]) == few.briefs(BY_NAME["contact"]) == 0
    briefly, wholly = (
        next(each for each in plan.subjects(admitted(plan), now_ms=NOW_MS) if each.name == "invoice")
        for plan in (few, many)
    )
    assert (briefly.recent_calls, wholly.recent_calls) == (2, 5)


def test_a_brief_pass_lists_the_window_alone():
    invoice = BY_NAME["invoice"]
    whole = polled_requests.lists_of(invoice, full=False, started_ms=NOW_MS, last_ms=0)

    assert polled_requests.lists_of(invoice, full=False, started_ms=NOW_MS, last_ms=0, brief=True) == whole[:1]
    assert len(whole) == 5


def test_the_fourth_recent_pass_sees_what_the_brief_ones_cannot():
    """An old draft that is edited is in no window of the last days."""
    world = polled_world(settings={"polling": {"share": 1, "most_calls": 1_000}})
    hands = Hands(world)
    old = hands.invoice(date="2025-06-01")
    poll_now(world, "invoice")
    hands.edit(old, "250")
    calls = []
    for _ in range(4):
        world.holded.calls.clear()
        _recent(world)
        calls.append(len(world.holded.calls))

    assert calls == [1, 1, 1, 5]
    assert told(world) == [("invoice.updated", old)]


def _recent(world):
    """A recent pass of the invoices is due; a full one is far away."""
    world.clock.advance(3600)
    now_ms = round(world.clock.now().timestamp() * 1000)
    found = state(world)
    far = {
        name: replace(course, due_ms=now_ms + 90 * DAY_MS, full_due_ms=now_ms + 90 * DAY_MS)
        for name, course in found.courses.items()
    }
    far["invoice"] = replace(far["invoice"], due_ms=now_ms)
    world.polls.states["acme"] = replace(found, rev=found.rev + 1, courses=far)
    make_due(world)
    world.run(seconds=120)


def hurried(plan, name, *, at_ms, since_ms, count=1, calls=0, running=None):
    """A state in which webhooks want a pass of one resource, and nothing else is due before the next day."""
    found = admitted(plan, calls=calls)
    later = {
        each: replace(course, due_ms=NOW_MS + DAY_MS, full_due_ms=NOW_MS + 2 * DAY_MS, full_ms=NOW_MS - DAY_MS)
        for each, course in found.courses.items()
    }
    joined = {str(number): since_ms for number in range(count)}
    later[name] = replace(later[name], joined=joined, hurry_ms=at_ms, running=running)
    return replace(found, courses=later)


def test_a_pass_that_webhooks_want_is_due_when_they_may_have_it():
    plan = plan_of(Polling(), SMALLEST)
    state = hurried(plan, "invoice", at_ms=NOW_MS + 10, since_ms=NOW_MS - 5)

    assert plan.due(state, now_ms=NOW_MS + 9) is None
    assert plan.next_ms(state, now_ms=NOW_MS) == NOW_MS + 10
    assert plan.due(state, now_ms=NOW_MS + 10) == (BY_NAME["invoice"], True)


def test_where_pollings_own_share_is_used_up_only_webhooks_passes_are_due():
    plan = plan_of(Polling(), SMALLEST)
    state = hurried(plan, "invoice", at_ms=NOW_MS + 2 * DAY_MS, since_ms=NOW_MS, calls=plan.allowance)
    after_ms = NOW_MS + 3 * DAY_MS

    assert plan.due(replace(state, calls=0), now_ms=after_ms) is not None
    assert plan.due(state, now_ms=after_ms) == (BY_NAME["invoice"], True)
    assert plan.due(state, now_ms=NOW_MS + 2 * DAY_MS - 1) is None
    # Otherwise somebody looks once a day, as the settings may give more by then.
    assert plan.next_ms(state, now_ms=NOW_MS + DAY_MS) == NOW_MS + 2 * DAY_MS


def test_those_who_wait_for_one_call_longest_all_together_go_first():
    plan = plan_of(Polling(), SMALLEST)
    state = hurried(plan, "invoice", at_ms=NOW_MS, since_ms=NOW_MS - 10_000, count=4)
    contact = replace(state.courses["contact"], full_calls=3, joined=dict.fromkeys("abc", NOW_MS - 9_000), hurry_ms=1)
    state = replace(state, courses={**state.courses, "contact": contact})

    assert plan.hurried_calls(BY_NAME["contact"], contact) == 3
    assert plan.waited_ms(BY_NAME["invoice"], state.courses["invoice"], now_ms=NOW_MS) == 40_000
    assert plan.waited_ms(BY_NAME["contact"], contact, now_ms=NOW_MS) == 9_000
    assert [plan.calls_before(state, waited_ms=each, now_ms=NOW_MS) for each in (40_000, 9_000, 8_999)] == [0, 1, 4]


def test_passes_that_webhooks_hurry_keep_a_distance_of_a_quarter_of_the_cadence():
    plan = plan_of(Polling(every_minutes={"contact": 20}), SMALLEST)
    state = hurried(plan, "invoice", at_ms=NOW_MS, since_ms=NOW_MS)

    assert plan.hurried_after_ms(BY_NAME["invoice"], state.courses["invoice"]) == NOW_MS - DAY_MS + 15 * 60_000
    assert plan.hurried_after_ms(BY_NAME["contact"], state.courses["contact"]) == NOW_MS - DAY_MS + 5 * 60_000


def test_webhooks_may_ask_for_two_fifths_of_the_month_and_leave_polling_its_share():
    assert [(plan_of(Polling(), calls).rereads, plan_of(Polling(), calls).kept) for calls in (500, 100_000)] == [
        (200, 100),
        (40_000, 6_000),
    ]
    assert (plan_of(Polling(rereads=10, share=30), 500).rereads, plan_of(Polling(share=30), 500).kept) == (50, 150)
    assert plan_of(Polling(enabled=False), 500).kept == 0
