"""Business keys as text and back, and the marker made of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.domain.ledger import Key, marker_of
from relay.errors import BadInput

ANY = st.text(alphabet=st.characters(exclude_categories=()), max_size=20)


@given(key=st.builds(Key, account=ANY, source=ANY, object_id=ANY, purpose=ANY))
def test_a_key_of_any_text_has_a_name_that_leads_back_and_a_marker(key):
    assert Key.parse(str(key)) == key
    assert str(key).isascii()
    assert len(marker_of(key)) == 16


@pytest.mark.parametrize("text", ["", "acme", "a/b/c", "a/b/c/d/e", "a/b/c/%FF"])
def test_what_is_no_key_is_bad_input(text):
    with pytest.raises(BadInput, match="key_malformed"):
        Key.parse(text)
