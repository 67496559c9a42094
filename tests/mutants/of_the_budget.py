"""Defects of the quota: windows, clocks, months, shares, and what Holded says."""

from __future__ import annotations

from tests.mutants.mutant import Shelf

BUDGET = "shared/relay/domain/budget.py"
MINUTE = "shared/relay/domain/budget_minute.py"
MONTH = "shared/relay/domain/budget_month.py"
SIGNALS = "shared/relay/domain/budget_signals.py"
TESTS = "domain/test_budget.py"
MONTHS = "domain/test_budget_month.py"
HEARD = "domain/test_budget_signals.py"

shelf = Shelf()
shelf.add(
    "a refill rounds up",
    MINUTE,
    "return (slot[0] + 1) * SLOT_MS + WINDOW_MS",
    "return slot[0] * SLOT_MS + WINDOW_MS",
    f"{TESTS}::test_no_window_of_any_phase_holds_more_uses_than_the_limit",
    f"{TESTS}::test_the_tightest_schedule_of_two_writers_stays_within_the_limit",
)
shelf.add(
    "a token counts from its grant, not from its latest use",
    BUDGET,
    "recent=minutes.merged([*budget.recent, (minutes.slot_at(now + USE_WITHIN_MS), cls, count)])",
    "recent=minutes.merged([*budget.recent, (minutes.slot_at(now), cls, count)])",
    f"{TESTS}::test_no_window_of_any_phase_holds_more_uses_than_the_limit",
    f"{TESTS}::test_the_tightest_schedule_of_two_writers_stays_within_the_limit",
)
shelf.add(
    "clocks are taken to agree",
    BUDGET,
    "        skew = max(skew, min(budget.last_ms - now_ms + SKEW_MS, SKEW_MAX_MS))\n",
    "        skew = 0\n",
    f"{TESTS}::test_clocks_that_differ_by_seconds_are_noticed_and_do_not_overspend",
)
shelf.add(
    "a slow clock turns the budget back",
    BUDGET,
    "now = max(now_ms, budget.last_ms)",
    "now = now_ms",
    f"{TESTS}::test_a_clock_that_is_an_hour_behind_cannot_overspend",
)
shelf.add(
    "the month's window is ignored",
    MONTH,
    "    left = month.limit - sum(month.used) - month.foreign\n    if cls == 0:",
    "    left = month.limit\n    if cls == 0:",
    f"{MONTHS}::test_no_more_than_the_month_is_granted_and_the_next_month_begins_anew",
)
shelf.add(
    "calls around midnight count in one month only",
    BUDGET,
    "used=budget.turning if follows else ZERO",
    "used=ZERO",
    f"{MONTHS}::test_calls_around_midnight_count_in_both_months",
)
shelf.add(
    "background may use what is kept for fiscal",
    MINUTE,
    "return max(free - kept, min(of_share, _free(minute, at_ms, held) - untouched))",
    "return max(free, of_share)",
    f"{TESTS}::test_background_and_normal_leave_the_reserve_to_fiscal",
)
shelf.add(
    "a lent share is not given back",
    MINUTE,
    "        if other != cls and minute.unmet_until_ms[other] > at_ms:\n",
    "        if other == 9 and minute.unmet_until_ms[other] > at_ms:\n",
    f"{TESTS}::test_idle_shares_are_lent_and_given_back_within_a_window",
)
shelf.add(
    "headers raise what the server had lowered",
    SIGNALS,
    "minute_left=min(rolled.minute_left, remaining)",
    "minute_left=max(rolled.minute_left, remaining)",
    f"{HEARD}::test_within_a_window_the_lowest_word_counts_whatever_the_order_of_answers",
)
shelf.add(
    "calls of other programs are not counted",
    SIGNALS,
    "foreign=max(budget.foreign, used - sum(budget.used))",
    "foreign=budget.foreign",
    f"{HEARD}::test_a_month_signal_counts_the_calls_of_others",
)
