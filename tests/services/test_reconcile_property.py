"""Random books, and a person who does one thing to each of some documents: what was done is told, once, and nothing else."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.services.books import Books, order_on

D = Decimal
DEEDS = ("nothing", "amount", "rate", "lines", "day", "month", "delete", "copy", "unpay", "overpay", "cancel", "number")
amounts = st.decimals(min_value=D("1.00"), max_value=D("900.00"), places=2)
sales = st.lists(st.tuples(st.integers(1, 20), amounts, st.sampled_from(DEEDS)), min_size=1, max_size=5)


def do(books, deed, document, others):
    """Returns the class that it makes, None where it cannot be done or changes nothing."""
    line = {"name": "Silla", "units": 1, "taxes": ["s_iva_21"]}
    match deed:
        case "amount":
            books.edits(document, items=[{**line, "price": str(D(document["subtotal"]) + 7)}])
            return "amount_differs"
        case "rate":
            books.edits(document, items=[{**line, "price": document["total"], "taxes": []}])
            return "amount_differs"
        case "lines":
            net, tax, total = (D(document[name]) for name in ("subtotal", "tax", "total"))
            books.edits(
                document,
                items=[
                    {**line, "price": str(net - D("0.01"))},
                    {**line, "price": "0.01", "taxes": [], "name": "Redondeo"},  # what the relay calls such a line
                ],
            )
            now = books.company.get("documents", document["id"])
            same = (D(now["subtotal"]), D(now["tax"]), D(now["total"])) == (net, tax, total)
            return "amount_differs" if not same or _taxed(document) != _taxed(now) else None
        case "day":
            books.edits(document, date="2026-03-27")
            return "edited_by_hand"
        case "month":
            books.edits(document, date="2026-02-27")
            return "wrong_period"
        case "delete":
            books.deletes(document)
            return "deleted_by_hand"
        case "copy":
            books.copies(document)
            return "extra_in_holded"
        case "unpay" if D(document["payments_total"]):
            books.unpays(document)
            return "payment_missing"
        case "overpay" if D(document["payments_total"]):
            books.pays(document, "1.00")
            return "paid_twice"
        case "cancel" if not document["draft"]:
            books.cancels(document)
            return "edited_by_hand"
        case "number" if document["document_number"] and others:
            books.renumbers(document, others[0])
            return "duplicate_number"
    return None


def _taxed(document):
    return sorted((line["taxes"], line["_net"]) for line in document["lines"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sales=sales, finish=st.sampled_from(["draft", "approve", "approve_and_pay"]), forgotten=st.booleans())
def test_each_deed_is_told_once_with_its_class_and_nothing_is_where_none_was_done(sales, finish, forgotten):
    books = Books(settings={"policy": {"finish": finish}})
    for number, (day, total, _) in enumerate(sales, 1):
        books.order(order_on(day, number, total=str(total)))
    assert books.found() == []

    if forgotten:  # 35 days later the inbox holds none of it, and each of these deeds is seen all the same
        books.inbox.items.clear()
    spared = [document["document_number"] for document in books.documents() if document["document_number"]]
    untouched = [
        document["document_number"]
        for document, (_, _, deed) in zip(books.documents(), sales, strict=True)
        if deed == "nothing" and document["document_number"]
    ]
    assert len(spared) in {0, len(sales)}
    expected = Counter()
    twice = False
    for document, (_, _, deed) in list(zip(books.documents(), sales, strict=True)):
        if deed == "number" and twice:
            continue
        made = do(books, deed, document, untouched)
        twice = twice or made == "duplicate_number"
        if made:
            expected[made] += 1

    assert Counter(books.found()) == expected
