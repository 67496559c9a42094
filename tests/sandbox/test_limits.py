"""The sandbox's two quotas: windows, headers and 429s."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holded_sandbox.limits import PLANS, FixedWindow, Quota, SlidingWindow

STEPS = st.lists(st.floats(0, 40), min_size=1, max_size=120)


def _granted(quota: Quota, steps: list[float], start: float) -> list[float]:
    now, granted = start, []
    for step in steps:
        now += step
        if quota.take(now) is None:
            granted.append(now)
    return granted


@given(steps=STEPS, limit=st.integers(1, 6))
def test_no_sliding_minute_ever_holds_more_than_its_limit(steps, limit):
    granted = _granted(Quota(SlidingWindow(limit, 60), SlidingWindow(10_000, 1e6)), steps, 1e9)

    for index in range(len(granted) - limit):
        assert granted[index + limit] - granted[index] >= 60 - 1e-6


@given(steps=STEPS, limit=st.integers(1, 6), phase=st.floats(0, 59))
def test_no_fixed_minute_ever_holds_more_than_its_limit(steps, limit, phase):
    granted = _granted(Quota(FixedWindow("minute", limit, phase), SlidingWindow(10_000, 1e6)), steps, 1e9)
    minutes = [(moment - phase) // 60 for moment in granted]

    assert all(minutes.count(minute) <= limit for minute in minutes)


@given(steps=st.lists(st.floats(0, 86_400 * 9), min_size=1, max_size=80), limit=st.integers(1, 6))
def test_no_calendar_month_ever_holds_more_than_its_limit(steps, limit):
    granted = _granted(Quota(SlidingWindow(10_000, 60), FixedWindow("month", limit)), steps, 1.7e9)
    months = [datetime.fromtimestamp(moment, UTC).strftime("%Y-%m") for moment in granted]

    assert all(months.count(month) <= limit for month in months)


@given(steps=STEPS, limit=st.integers(1, 6))
def test_a_window_refuses_only_when_it_is_full_and_lets_through_again_at_its_reset(steps, limit):
    quota, now = Quota(SlidingWindow(limit, 60), SlidingWindow(10_000, 1e6)), 1e9
    for step in steps:
        now += step
        used = quota.minute.used(now)
        refusal = quota.take(now)
        assert (refusal is not None) == (used >= limit)
        if refusal is not None:
            assert quota.minute.used(refusal.reset + 1e-3) < limit


@pytest.mark.parametrize("path", ["/api/v2/taxes", "/api/invoicing/v1/taxes"])
def test_both_apis_spend_one_quota_and_the_refusal_says_when_to_come_back(holded, path):
    holded.company.configure({"minute_limit": 3})
    holded.v2("GET", "/taxes")
    holded.v1("GET", "/taxes")
    holded.now += 10
    holded.v2("GET", "/taxes")
    refused = holded.call("GET", path)

    assert refused.status == 429
    assert refused.headers["retry-after"] == "50"
    assert refused.headers["x-ratelimit-window"] == "minute"
    assert (refused.headers["x-ratelimit-limit"], refused.headers["x-ratelimit-remaining"]) == ("3", "0")
    assert refused.headers["x-ratelimit-reset"] == str(int(holded.now) + 50)
    assert refused.json()["title"] == "Rate limit exceeded"
    holded.now += 50
    assert holded.call("GET", path).status == 200


def test_a_full_month_is_refused_for_days(holded):
    holded.company.configure({"month_limit": 1})
    holded.v2("GET", "/taxes")
    refused = holded.call("GET", "/api/v2/taxes")

    assert refused.headers["x-ratelimit-window"] == "month"
    assert int(refused.headers["retry-after"]) == 10 * 86_400  # from the 21st to the first of December, UTC


def test_premium_has_no_hard_month(holded):
    holded.company.configure({"plan": "premium", "month_limit": 1})
    for _ in range(3):
        holded.v2("GET", "/taxes")


def test_headers_of_success_and_the_date_form_are_switches(holded):
    assert holded.call("GET", "/api/v2/taxes").headers["x-ratelimit-remaining"] == "9999"
    assert "x-ratelimit-limit" not in holded.call("GET", "/api/invoicing/v1/taxes").headers

    holded.company.configure({"quota_headers": "refusals", "minute_limit": 1, "retry_after": "date"})
    assert "x-ratelimit-limit" not in holded.call("GET", "/api/v2/taxes").headers
    assert holded.call("GET", "/api/v2/taxes").headers["retry-after"] == "Sat, 21 Nov 2026 00:01:00 GMT"


def test_another_program_spends_the_same_quota(holded):
    holded.company.configure({"minute_limit": 5, "minute_window": "fixed", "minute_phase": 30.0})
    spent = holded.control("POST", f"/companies/{holded.company.id}/spend", {"calls": 5})

    assert spent["minute"] == {"limit": 5, "used": 5, "resets_at": holded.now + 30}
    assert holded.call("GET", "/api/v2/taxes").status == 429


def test_every_plan_has_its_limits(holded):
    for plan, (minute, month) in PLANS.items():
        company = holded.sandbox.add_company({"plan": plan}, holded.now)

        assert (company.quota.minute.limit, company.quota.month.limit) == (minute, month)
