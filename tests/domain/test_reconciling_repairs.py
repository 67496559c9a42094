"""The commands that repairs propose do what they are proposed for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from relay.domain.reconciling_repairs import import_of

MADRID = ZoneInfo("Europe/Madrid")
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=1000)).map(lambda since: FIRST + since)


def midnight(text: str) -> datetime:
    """What `relay import` makes of a day."""
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), MADRID)


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_a_proposed_import_covers_what_it_is_to_bring_and_no_day_more(first, longer):
    last = first + longer
    words = import_of("acme", "shopify", round(first.timestamp() * 1000), round(last.timestamp() * 1000)).split()
    since, until = midnight(words[words.index("--from") + 1]), midnight(words[words.index("--to") + 1])

    assert since <= first.replace(microsecond=0) <= last.replace(microsecond=0) < until
    assert first - since < timedelta(days=1, hours=1)
    assert until - last <= timedelta(days=1, hours=1)
