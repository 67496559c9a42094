"""Names of the EU countries in Spanish and English: how people name their one-stop-shop taxes."""

from __future__ import annotations

import re
import unicodedata

_NAMES = {
    "AT": "austria", "BE": "belgica belgium", "BG": "bulgaria", "CY": "chipre cyprus", "CZ": "chequia checa czechia czech",
    "DE": "alemania germany", "DK": "dinamarca denmark", "EE": "estonia", "FI": "finlandia finland",
    "FR": "francia france", "GR": "grecia greece", "HR": "croacia croatia", "HU": "hungria hungary",
    "IE": "irlanda ireland", "IT": "italia italy", "LT": "lituania lithuania", "LU": "luxemburgo luxembourg",
    "LV": "letonia latvia", "MT": "malta", "NL": "holanda netherlands paises", "PL": "polonia poland",
    "PT": "portugal", "RO": "rumania romania", "SE": "suecia sweden", "SI": "eslovenia slovenia",
    "SK": "eslovaquia slovakia",
}  # fmt: skip
_BY_WORD = {word: code for code, words in _NAMES.items() for word in (*words.split(), code.lower())}


def country_named(text: str) -> str:
    """The one EU country a text names (name or ISO code as a word of its own), or `""` where it names none or several.

    Full names win over two-letter words, because `de`, `se` or `es` are also Spanish words.
    """
    decomposed = unicodedata.normalize("NFKD", text.lower())
    words = re.findall(r"[a-z]+", "".join(letter for letter in decomposed if not unicodedata.combining(letter)))
    full = {_BY_WORD[word] for word in words if len(word) > 2 and word in _BY_WORD}
    codes = {_BY_WORD[word] for word in words if len(word) == 2 and word in _BY_WORD}
    found = full or codes
    return found.pop() if len(found) == 1 else ""
