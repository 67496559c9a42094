"""The clock of the machine and the faster one of the local stack; fresh ids."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from relay.adapters.clock import SystemClock
from relay.adapters.ids import RandomIds
from relay.errors import BadInput


def test_without_a_setting_it_is_the_machines_clock():
    before = datetime.now(UTC)
    told = SystemClock.parse("").now()

    assert before <= told <= datetime.now(UTC)
    assert told.tzinfo is UTC
    assert SystemClock().real_seconds(7) == 7


def test_a_scaled_clock_agrees_with_every_process_that_has_its_setting():
    origin = time.time() - 10
    before = time.time()
    told = SystemClock.parse(f"{origin}:60").now().timestamp()
    after = time.time()

    assert origin + (before - origin) * 60 - 0.001 <= told <= origin + (after - origin) * 60 + 0.001
    assert SystemClock.parse(f"{origin}:60").real_seconds(90) == 1.5


def test_sleep_is_divided_by_the_scale():
    clock = SystemClock.parse(f"{time.time()}:1000000")
    start = clock.now()
    asyncio.run(clock.sleep(3600))

    assert clock.now() - start >= timedelta(hours=1)


@pytest.mark.parametrize("text", ["60", "x:60", "1:", ":", "1:0", "1:-1", "1:nan", "inf:1", "1:inf", "1:2:3"])
def test_a_malformed_setting_is_refused_by_name(text):
    with pytest.raises(BadInput, match="clock_malformed: RELAY_CLOCK"):
        SystemClock.parse(text)


def test_ids_are_fresh_and_plain():
    ids = {RandomIds().new() for _ in range(1000)}

    assert len(ids) == 1000
    assert all(re.fullmatch("[a-z0-9]{32}", each) for each in ids)
