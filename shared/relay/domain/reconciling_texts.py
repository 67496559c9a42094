"""The words and the due day of a document: what was written beside what Holded shows.

Holded may store a text with other blanks or as HTML, and may fill in what was left open (a contact's due days, a product's
description). So texts are compared without either, and only where the relay wrote one.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from relay.domain.documents import DocumentDraft

_TAG = re.compile(r"</?[a-zA-Z][^>]*>")
_CORRECTS = " - Rectifica "
"""What a credit note's description goes on with (`mapping.corrections.name_original`), known only while it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """As `plain_text` leaves them, of the lines that count. `lines`: (name, description); None where they are not known."""

    lines: tuple[tuple[str, str], ...] | None
    description: str
    due: date | None


def plain_text(text: str | None) -> str:
    """Without markup and entities, each run of blanks one blank."""
    return " ".join(_TAG.sub(" ", html.unescape(text or "")).split())


def texts_of(draft: DocumentDraft) -> Texts:
    """What was meant to be written."""
    return Texts(
        lines=tuple((plain_text(line.name), plain_text(line.description)) for line in draft.lines if line.net),
        description=plain_text(draft.description),
        due=draft.due_date,
    )


def other_texts(shown: Texts, said: Sequence[Texts], *, due: bool) -> Iterator[tuple[str, str]]:
    """(reason, sentence) of what fits none of the versions that may have been written. The words themselves stay out of it."""
    if not any(_same_lines(shown, one) for one in said):
        yield "line_text_differs", "Holded shows other names or descriptions of lines than were written"
    if not any(_same_description(shown.description, one.description) for one in said):
        yield "description_differs", "Holded shows another description than was written"
    if due and shown.due is not None and all(one.due is not None and one.due != shown.due for one in said):
        yield "due_differs", f"Holded shows the due day {shown.due}, written was {said[0].due}"


def _same_lines(shown: Texts, meant: Texts) -> bool:
    """In any order. Another number of lines is told of as such."""
    if shown.lines is None or meant.lines is None or len(shown.lines) != len(meant.lines):
        return True
    names, there = (Counter(name for name, _ in each.lines or ()) for each in (meant, shown))
    told, held = (Counter(text for _, text in each.lines or () if text) for each in (meant, shown))
    return names == there and told <= held


def _same_description(shown: str, meant: str) -> bool:
    return not shown or not meant or shown == meant or shown.startswith(meant + _CORRECTS)
