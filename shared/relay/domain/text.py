"""Text on its way into a document: no control characters, no endless lines; and counts in a sentence."""

from __future__ import annotations

import unicodedata


def clip(text: str | None, longest: int) -> str:
    """`text` without control characters (line breaks stay), trimmed, cut to `longest` characters with an ellipsis."""
    kept = (text or "").strip()
    if not kept.isprintable():
        kept = "".join(each for each in kept if each == "\n" or not unicodedata.category(each).startswith("C")).strip()
    return kept if len(kept) <= longest else kept[: longest - 1].rstrip() + "…"


def counted(number: int, noun: str) -> str:
    """`1 call`, `2 calls`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
