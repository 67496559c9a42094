"""Holded's own error sentences are told without what was sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.holded.protocol import Request
from relay.holded.replies import done
from relay.holded.texts import safe_text


def request(**body: object) -> Request:
    return Request(
        method="POST", path="/api/v2/contacts", json=body, query=(("cursor", "abcd"),), reads=done, writes=True
    )


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("contactId needed", "contactId needed"),
        ("This date has been locked", "This date has been locked"),
        ("number_line_id is not valid", "number_line_id is not valid"),
        ('Invalid date format: "03-04-2026".', "Invalid date format: …."),
        ("Error parsing string: abcd", "Error parsing string: …"),
        ("Contact maria already exists", "Contact … already exists"),
        ("Contact Juan Pérez already exists", "Contact … already exists"),
        ("email juan@example.test is taken", "email … is taken"),
        ("code B12345678 is taken", "code … is taken"),
    ],
)
def test_the_sentence_stays_and_the_data_goes(message, told):
    assert safe_text(message, request(name="Maria")) == told.replace("… …", "…")


@given(st.lists(st.text(st.characters(categories=["Ll", "Lu"]), min_size=5, max_size=12), min_size=1, max_size=4))
def test_no_word_that_was_sent_is_ever_told(words):
    sent = " ".join(words)

    told = safe_text(f"the contact {sent} was refused", request(name=sent)).split()

    assert not {word.casefold() for word in words} & {word.casefold() for word in told} - {"contact", "refused"}


def test_a_message_of_any_length_is_one_short_line():
    assert len(safe_text("word " * 10_000 + "\n", request())) <= 200
    assert "\n" not in safe_text("a\nb", request())
