"""What may be told of a refusal: Holded's own sentence, without anything that could be a buyer's.

Holded's messages repeat what was sent (`Invalid date format: "03-04-2026"`). Error texts end in logs and in the review list,
so every word that could carry data is masked: what stands in quotes, words with a digit, an `@` or a capital inside the
sentence, and every word that occurs in the values of the request. What is left still says what was wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from relay.holded.protocol import Request

MASK = "…"
_LONGEST = 200
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|«[^»]*»|“[^”]*”|<[^>]*>|`[^`]*`")
_WORD = re.compile(r"[^\s.,:;()\[\]{}!?…]+(?:[._:][^\s.,:;()\[\]{}!?…]+)*")
_FIELD = re.compile(r"[a-z]+(?:[A-Z][a-z]+)+|[a-z]+(?:_[a-z]+)+")  # contactId, contact_id: a name of the API
_COMMON = 3  # words this short are grammar


def safe_text(message: str, request: Request[Any]) -> str:
    """The message in one line of at most 200 characters, masked."""
    sent = {word.casefold() for text in _values((request.query, request.json)) for word in _WORD.findall(text)}
    line = " ".join(_QUOTED.sub(MASK, message[:1000]).split())
    masked = _WORD.sub(lambda found: _masked(found, line, sent), line)
    return re.sub(rf"{MASK}(?:[\s.:]*{MASK})+", MASK, masked)[:_LONGEST]


def _masked(found: re.Match[str], line: str, sent: set[str]) -> str:
    word = found[0]
    if word == MASK:
        return word
    if word.casefold() in sent and len(word) > _COMMON:
        return MASK
    if _FIELD.fullmatch(word):
        return word
    starts = not line[: found.start()].strip() or line[: found.start()].rstrip()[-1] in ".!?:"
    plain = word[:1] + word[1:].lower() if starts else word.lower()
    return word if word.isalpha() and word == plain else MASK


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _values(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _values(item)
