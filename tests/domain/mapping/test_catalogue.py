"""The account's lists as they are read into the catalogue: a rate that no tax can have is named."""

from __future__ import annotations

import pytest

from relay.domain.mapping.catalogue import Catalogue
from relay.errors import BadInput


@pytest.mark.parametrize(
    "amount", ["1e777777777", "-1e777777777", "NaN", "100.01", "-101", "a fifth", "1e99999999999999999999"]
)
def test_a_rate_that_no_tax_has_is_bad_input(amount):
    taxes = [{"key": "s_iva_21", "amount": "21"}, {"key": "odd", "amount": amount}]

    with pytest.raises(BadInput, match=r"catalogue_invalid: taxes\[1\]\.amount"):
        Catalogue.from_json({"taxes": taxes})
