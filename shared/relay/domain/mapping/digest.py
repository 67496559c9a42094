"""The fiscal digest: equal digests mean that a newer version of a fact changes nothing an accountant would see.

It covers what was sold for how much, to whom and in which currency; not names, addresses, days, tags or tax keys, so that
a corrected spelling, a replay on another day or a renamed key in the account is not a new document.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from relay.domain.money import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from relay.domain.documents import ContactDraft, DocumentDraft, ProductDraft


def of_document(draft: DocumentDraft, contact: ContactDraft | None) -> str:
    """The order of the lines does not matter, and `1.50` is `1.5`."""
    lines = sorted(
        [plain(line.units), plain(line.net), plain(line.tax)] for line in draft.lines if line.net or line.tax
    )
    return _digest(
        {
            "type": draft.doc_type,
            "currency": draft.currency,
            "lines": lines,
            "total": plain(draft.total),
            "buyer": (contact.tax_key or "") if contact else "",
        }
    )


def of_contact(draft: ContactDraft) -> str:
    """All that would be written of a contact."""
    return _digest({"contact": repr(draft)})


def of_product(draft: ProductDraft) -> str:
    """All that would be written of a product."""
    return _digest({"product": repr(draft)})


def of_payment(*, amount: str, currency: str, document: str) -> str:
    return _digest({"payment": amount, "currency": currency, "document": document})


def _digest(value: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]
