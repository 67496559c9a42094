"""Hypothesis as a fuzzer of bytes: mutated seeds, changed JSON, and bytes from nothing, until time or examples end."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.domain.sources.test_fuzz import JUNK, places, put

if TYPE_CHECKING:
    from tests.fuzz.target import Target

A_ROUND = 400
TOKENS = [
    b"",
    b"\0",
    b"null",
    b"-1",
    b"1e999",
    b"NaN",
    b'"',
    b"{",
    b"[",
    b"\\ud800",
    b"\xff",
    b"9" * 400,
    "٣".encode(),
    b"=",
    b"#0",
]


@st.composite
def mutated(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A seed with up to four pieces replaced, or its JSON with junk in one place."""
    data = draw(st.sampled_from(seeds))
    head, zero, body = data.rpartition(b"\0")
    if draw(st.booleans()):
        try:
            value: Any = json.loads(body)
        except ValueError:
            value = None
        where = places(value)
        if where:
            changed = put(value, draw(st.sampled_from(where)), draw(JUNK))
            return head + zero + json.dumps(changed).encode()
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 12)))
        data = data[:start] + draw(st.sampled_from(TOKENS) | st.binary(max_size=6)) + data[end:]
    return data


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    seeds = list(target.seeds())
    return mutated(seeds) | st.binary(max_size=200) | JUNK.map(lambda value: json.dumps(value).encode())


def fuzz(target: Target, *, seconds: float = 0, examples: int = A_ROUND, start: int = 0) -> int:
    """Run whole rounds of `examples` until `seconds` are over, at least one; returns how many inputs were tried. Raises what the target raises, with
    the smallest input that Hypothesis finds."""
    tried = 0
    strategy = inputs(target)
    end = time.monotonic() + seconds
    number = start
    while True:

        @seed(number)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(data=strategy)
        def one_round(data: bytes) -> None:
            nonlocal tried
            tried += 1
            target(data)

        one_round()
        number += 1
        if time.monotonic() >= end:
            return tried
