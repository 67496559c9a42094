"""Gzipped JSON of items: what was packed comes back, all else is an error of ours."""

from __future__ import annotations

import gzip
from decimal import Decimal

import pytest

from relay.adapters import _json
from relay.errors import BadInput


def test_amounts_come_back_as_amounts():
    value = {"a": [Decimal("12.10"), None, "x"], "$decimal": 1, "b": {"c": Decimal("1E+3")}}

    assert _json.unpack(_json.pack(value, field="x")) == value


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"no gzip",
        gzip.compress(b"{}", mtime=0)[:-9],
        gzip.compress(b"{", mtime=0),
        gzip.compress(b"[" * 200_000, mtime=0),
        gzip.compress(b'{"$decimal": "twelve"}', mtime=0),
        gzip.compress(b'{"$decimal": {"a": 1}}', mtime=0),
    ],
)
def test_what_was_not_packed_is_told_in_one_way(kept):
    with pytest.raises(BadInput, match="item_unreadable"):
        _json.unpack(kept)
