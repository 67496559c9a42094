"""Key parts: reversible, never ambiguous, never too long."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay.adapters._keys import PART_BYTES, SHARDS, is_hashed, join, millis, part, shard, unpart

anything = st.text(st.characters(), max_size=60)


@given(anything)
@example("#%~%23 \ud800\U0010ffff")
@example("%~")
@example("%u0023")
def test_a_part_is_reversible(text):
    encoded = part(text)

    assert unpart(encoded) == text
    assert "#" not in encoded
    assert not is_hashed(encoded)
    encoded.encode()


@pytest.mark.row("E01")
@given(st.lists(anything, min_size=1, max_size=4), st.lists(anything, min_size=1, max_size=4))
def test_different_parts_never_make_the_same_key(one, other):
    assert (join(*one) == join(*other)) == (one == other)


@given(st.text(min_size=PART_BYTES + 1, max_size=2000), st.text(min_size=PART_BYTES + 1, max_size=2000))
def test_a_long_part_is_cut_to_a_hash_of_its_own(one, other):
    assert len(part(one).encode()) <= PART_BYTES
    assert is_hashed(part(one))
    assert (part(one) == part(other)) == (one == other)


def test_the_order_of_millis_is_the_order_of_time():
    times = [0, 9, 10, 1_772_452_800_000, 9_999_999_999_999]

    assert sorted(map(millis, times)) == [millis(at) for at in times]


def test_accounts_spread_over_all_shards():
    assert {shard(f"shop-{n}") for n in range(500)} == set(range(SHARDS))


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_a_lone_surrogate_has_a_shard_too(text):
    assert 0 <= shard(text) < SHARDS
