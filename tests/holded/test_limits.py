"""Retry-After and the rate-limit headers as signals."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.holded.limits import month_retry, retry_after, signals

NOW = datetime(2026, 10, 15, 12, tzinfo=UTC)
instants = st.integers(1704067200, 1893456000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def test_the_headers_name_the_window_its_limit_and_its_reset():
    reset = int((NOW + timedelta(seconds=40)).timestamp())
    headers = {
        "x-ratelimit-limit": "60",
        "x-ratelimit-remaining": "12",
        "x-ratelimit-reset": str(reset),
        "x-ratelimit-window": "minute",
    }

    (signal,) = signals(headers, NOW)

    assert (signal.window, signal.limit, signal.remaining, signal.reset_ms) == ("minute", 60, 12, reset * 1000)


@pytest.mark.parametrize(("ahead", "window"), [(30, "minute"), (9 * 86400, "month")])
def test_a_window_without_a_name_is_known_by_its_reset(ahead, window):
    headers = {"x-ratelimit-remaining": "3", "x-ratelimit-reset": str(int(NOW.timestamp()) + ahead)}

    assert signals(headers, NOW)[0].window == window


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-remaining": "3"},
        {"x-ratelimit-limit": "many", "x-ratelimit-window": "minute"},
        {"x-ratelimit-limit": "-5", "x-ratelimit-window": "minute"},
        {"x-ratelimit-limit": "٣", "x-ratelimit-window": "minute"},
    ],
)
def test_headers_that_say_too_little_say_nothing(headers):
    assert signals(headers, NOW) == ()


@pytest.mark.parametrize(
    ("text", "seconds"), [("17", 17), ("Thu, 15 Oct 2026 12:00:45 GMT", 45), ("0", 0), ("99999999999", 32 * 86400)]
)
def test_retry_after_is_seconds_or_a_date_and_bounded(text, seconds):
    assert retry_after({"retry-after": text}, NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["Mon, 01 Jan 99999999999999 00:00:00 GMT", "", "soon", "-3", "1.5", "Thu, 99 Foo 2026"]
)
def test_a_retry_after_nobody_can_read_falls_back_to_the_reset(text):
    reset = int(NOW.timestamp()) + 20

    assert retry_after({"retry-after": text, "x-ratelimit-reset": str(reset)}, NOW) == NOW + timedelta(seconds=20)
    assert retry_after({"retry-after": text}, NOW) is None


@given(instants)
def test_a_month_without_retry_after_ends_within_a_month_and_never_passes_a_first_of_it(now):
    until = month_retry(None, now)

    assert timedelta(0) < until - now <= timedelta(days=31, hours=1)
    utc_first = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    assert until <= utc_first


def test_between_the_midnight_of_madrid_and_of_utc_an_hour_is_waited_and_no_month():
    just_after_madrid = datetime(2026, 10, 31, 23, 0, 5, tzinfo=UTC)

    assert month_retry(None, just_after_madrid) == datetime(2026, 11, 1, tzinfo=UTC)
    assert month_retry(None, just_after_madrid - timedelta(minutes=1)) == datetime(2026, 10, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "asked", "wait"),
    [
        (datetime(2026, 11, 1, 0, 0, 20, tzinfo=UTC), None, timedelta(hours=1)),
        (datetime(2026, 11, 1, 5, 59, tzinfo=UTC), None, timedelta(hours=1)),
        (datetime(2026, 11, 1, 6, 1, tzinfo=UTC), None, datetime(2026, 11, 30, 23, tzinfo=UTC)),
        (datetime(2026, 11, 1, 0, 0, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC), timedelta(hours=1)),
        (NOW, NOW, timedelta(hours=1)),
        (NOW, NOW + timedelta(days=3), timedelta(days=3)),
    ],
)
def test_a_late_word_of_the_month_before_does_not_close_the_month_that_began(now, asked, wait):
    until = now + wait if isinstance(wait, timedelta) else wait

    assert month_retry(asked, now) == until
