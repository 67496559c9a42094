"""Every value of a unified model keeps to its bounds, whatever a sender writes for a number."""

from __future__ import annotations

from decimal import Decimal

import pytest

from relay.domain.bounds import LARGEST, check
from relay.errors import BadInput


@pytest.mark.parametrize(
    "number", ["1E+777777777777", "-1E+777777777777", "NaN", "-Infinity", str(LARGEST), str(-LARGEST)]
)
def test_a_number_that_nobody_can_reckon_with_is_bad_input(number):
    with pytest.raises(BadInput, match=r"number_out_of_range: lines\[1\]"):
        check((Decimal(1), Decimal(number)), "lines")


@pytest.mark.parametrize("number", ["9999999999999.99", "-9999999999999.99", "0", "1E-777777777777"])
def test_a_number_within_them_is_none(number):
    check((Decimal(number),), "lines")
