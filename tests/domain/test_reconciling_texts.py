"""Words of a document beside what Holded shows: what is the same in spite of markup, and what nobody may conclude."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from relay.domain.documents import DocumentDraft, LineDraft
from relay.domain.mapping.corrections import name_original
from relay.domain.reconciling_texts import Texts, other_texts, plain_text, texts_of

D = Decimal
LINE = LineDraft(name="Silla", description="Roble\nclaro", units=D(1), price=D(10), net=D(10), tax=D(0))
FREE = LineDraft(name="Regalo", units=D(1), price=D(0), net=D(0), tax=D(0))
DRAFT = DocumentDraft(
    doc_type="invoice", date=date(2026, 3, 2), lines=(LINE, FREE), subtotal=D(10), tax=D(0), total=D(10),
    description="Shopify #1", due_date=date(2026, 4, 1),
)  # fmt: skip
MEANT = texts_of(DRAFT)


def reasons(shown: Texts, *said: Texts, due: bool = True) -> list[str]:
    return [reason for reason, _ in other_texts(shown, said or (MEANT,), due=due)]


@pytest.mark.parametrize(
    ("stored", "plain"),
    [
        (" Silla \t de\n roble ", "Silla de roble"),
        ("<p>Silla<br/>de&nbsp;roble</p>", "Silla de roble"),
        ("Tom &amp; Co, 3 < 4 > 2", "Tom & Co, 3 < 4 > 2"),
        (None, ""),
    ],
)
def test_markup_and_blanks_are_no_words(stored: str | None, plain: str) -> None:
    assert plain_text(stored) == plain


def test_a_line_that_comes_to_nothing_says_nothing() -> None:
    assert MEANT.lines == (("Silla", "Roble claro"),)


def test_what_is_as_written_is_no_difference() -> None:
    assert reasons(MEANT) == []
    assert reasons(texts_of(name_original(DRAFT, number="F260001"))) == []


def test_each_edit_has_its_reason() -> None:
    edited = Texts(lines=(("Mesa", "Roble claro"),), description="Otra", due=date(2026, 5, 1))

    assert reasons(edited) == ["line_text_differs", "description_differs", "due_differs"]
    assert reasons(replace(MEANT, lines=(("Silla", ""),))) == ["line_text_differs"]
    assert reasons(edited, MEANT, edited) == []
    assert reasons(replace(MEANT, due=date(2026, 5, 1)), due=False) == []


def test_what_was_left_open_or_is_not_shown_is_not_compared() -> None:
    bare = Texts(lines=(("Silla", ""),), description="", due=None)

    assert reasons(MEANT, bare) == []
    assert reasons(Texts(lines=None, description="", due=None)) == []
    assert reasons(replace(MEANT, lines=(("Silla", "Roble claro"), ("Mesa", "")))) == []
    assert reasons(MEANT, replace(MEANT, lines=None)) == []


def test_the_words_themselves_are_not_repeated() -> None:
    edited = Texts(lines=(("Ana Ejemplo", ""),), description="Ana Ejemplo", due=None)

    assert "Ana" not in str(list(other_texts(edited, (MEANT,), due=True)))
