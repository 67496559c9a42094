"""What the mapping computes is what Holded makes of it: planned documents written into the sandbox and read back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from holded_sandbox.core import Sandbox
from holded_sandbox.seed_taxes import SPANISH_TAXES
from relay.domain.mapping.catalogue import Catalogue
from relay.domain.models import Discount
from relay.domain.money import cents
from relay.holded import protocol, requests
from tests.domain.mapping.factories import D, line, order, planned, tax
from tests.sandboxed import request_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOKEN = "pat_test"
CATALOGUE = Catalogue.from_json({"taxes": [one._asdict() for one in SPANISH_TAXES]})


class Company:
    def __init__(self) -> None:
        self.sandbox = Sandbox(Random(7))
        company = self.sandbox.add_company({"plan": "premium"}, NOW.timestamp())
        company.tokens[TOKEN] = None
        self.at = NOW.timestamp()

    def call(self, request):
        self.at += 1
        response = self.sandbox.handle(request_of(request, TOKEN), self.at).response
        assert response is not None
        return protocol.decipher(request, response.status, response.headers, response.body, NOW).value


_CENTS = st.integers(1, 20_000).map(lambda amount: D(amount).scaleb(-2))
_ROWS = st.lists(
    st.tuples(
        _CENTS,
        st.sampled_from(["21", "10", "4", None]),
        st.sampled_from(["1", "2", "3", "7", "0.5"]),
        st.sampled_from(["0", "0.1", "0.333", "1"]),
        st.sampled_from(["product", "shipping", "fee", "service"]),
    ),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=60)  # the machine may be busy
@given(_ROWS, st.booleans())
def test_the_document_read_back_has_the_planned_figures(rows, gross):
    lines, total = [], D(0)
    for price, rate, quantity, share, kind in rows:
        off = cents(price * D(quantity) * D(share))
        amount = cents(price * D(quantity)) - off
        on = cents(amount * D(rate) / ((100 + D(rate)) if gross else 100)) if rate else D(0)
        discounts = (Discount(amount=off, code="X"),) if off else ()
        taxes = (tax(rate, str(on)),) if rate else ()
        lines.append(line(str(price), *taxes, quantity=quantity, discounts=discounts, kind=kind, total=amount))
        total += amount if gross else amount + on
    made = planned(order(*lines, total=str(total), prices_include_tax=gross), catalogue=CATALOGUE)
    assert made.document is not None, made.detail
    company = Company()

    contact = company.call(requests.create_contact(made.contact))
    created = company.call(requests.create_document(made.document, contact_id=contact.id, marker="hr" + "a" * 14))
    read = company.call(requests.get_document("invoice", created.id))

    assert (read.subtotal, read.tax, read.total) == (made.document.subtotal, made.document.tax, made.document.total)
    assert read.total == total


def test_every_part_of_a_document_arrives():
    made = planned(
        order(line("100", tax("21", "21"), sku="LIB"), total="121", custom_fields={"regalo": "sí"}), catalogue=CATALOGUE
    )
    company = Company()

    contact = company.call(requests.create_contact(made.contact))
    created = company.call(requests.create_document(made.document, contact_id=contact.id, marker="hr" + "a" * 14))
    read = company.call(requests.get_document("invoice", created.id))

    assert (read.draft, read.total, read.date) == (True, Decimal(121), made.document.date)
    assert "sí" in json.dumps([list(one) for one in read.custom_fields], ensure_ascii=False, default=str)
