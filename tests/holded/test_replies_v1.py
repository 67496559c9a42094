"""Replies of v1 as records, on the official examples where they are at hand."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from relay.domain.documents import ContactDraft
from relay.errors import BadInput
from relay.holded import catalogue, replies_v1, requests_v1
from relay.holded.encoding import decode
from relay.holded.protocol import decipher

ID = "5f0000000000000000000001"
EXAMPLES = Path(__file__).resolve().parents[3] / "shared/realdata/holded/official_v1/official_examples.json"


def official(method, path):
    """The official example reply of an operation, as bytes of a reply."""
    if not EXAMPLES.is_file():
        pytest.skip(f"the official v1 examples are not at {EXAMPLES.parent.name}/{EXAMPLES.name} beside the repository")
    found = [
        entry["example"]
        for entry in json.loads(EXAMPLES.read_text("utf-8"))
        if (entry["method"], entry["path"]) == (method, f"/api/invoicing/v1{path}")
    ]
    assert len(found) == 1
    return json.dumps(found[0]).encode()


def v1_document(**changes):
    """A v1 document with the quirks on record (Holded facts 3.3)."""
    return {
        "id": ID,
        "contact": ID,
        "contactName": "Acme",
        "desc": "",
        "date": 1792879200,  # 2026-10-24T22:00Z, in Madrid the 25th begins
        "dueDate": None,
        "multipledueDate": {"date": 1792879200, "amount": 12.1},
        "forecastDate": None,
        "notes": "",
        "tags": None,
        "products": [
            {
                "name": "Shirt", "desc": "", "price": 9.7200000000000006, "units": 1.5, "tax": 21, "taxes": ["s_iva12"], "tags": [],
                "discount": 0, "retention": 0, "weight": 0, "costPrice": "", "sku": 0, "account": ID, "projectid": None,
            }
        ],
        "tax": 203.4,
        "subtotal": 925.24,
        "discount": 0,
        "total": 1128.6399999999999,
        "language": "es",
        "status": 0,
        "customFields": [{"field": "order", "value": "1001"}],
        "docNumber": "F2026-1",
        "currency": "eur",
        "currencyChange": 1,
    } | changes  # fmt: skip


def read(document):
    return replies_v1.document(decode(json.dumps(document).encode()))


def test_a_v1_document_is_read_back_under_its_other_names_without_float_noise():
    document = read(v1_document())

    assert (document.number, document.contact_id, document.currency) == ("F2026-1", ID, "EUR")
    assert (document.total, document.subtotal, document.tax) == (
        Decimal("1128.64"),
        Decimal("925.24"),
        Decimal("203.4"),
    )
    assert (document.lines[0].price, document.lines[0].units, document.lines[0].sku) == (
        Decimal("9.72"),
        Decimal("1.5"),
        None,
    )
    assert (document.tags, document.date, document.due_date) == ((), date(2026, 10, 25), None)
    assert document.custom_fields == (("order", "1001"),)


@pytest.mark.parametrize(
    ("seconds", "day"),
    [
        (1782856800, date(2026, 7, 1)),
        (1767222000, date(2026, 1, 1)),
        (1774738800, date(2026, 3, 29)),
        (1792879200, date(2026, 10, 25)),
    ],
)
def test_a_v1_day_is_the_madrid_day_and_not_the_day_before(seconds, day):
    assert read(v1_document(date=seconds)).date == day


@pytest.mark.parametrize(
    ("changes", "approved"),
    [
        ({}, None),
        ({"draft": None, "approvedAt": None}, None),
        ({"draft": 1}, False),
        ({"draft": True, "approvedAt": 0}, False),
        ({"draft": None, "approvedAt": 1792879200}, True),
        ({"approvedAt": ""}, None),
    ],
)
def test_absence_of_draft_is_not_approval(changes, approved):
    assert read(v1_document(**changes)).approved is approved


def test_payments_fields_are_optional_and_multiple_due_dates_come_as_list_or_object():
    assert read(v1_document(multipledueDate=[])).payments_pending is None
    assert read(v1_document(paymentsPending=0.30000000000000004, paymentsTotal="")).payments_pending == Decimal("0.3")


def test_the_official_contacts_are_read_with_their_reference():
    page = requests_v1.v1_list_contacts().reads(decode(official("GET", "/contacts")))
    one = replies_v1.contact(decode(official("GET", "/contacts/{contactId}")))

    assert (page.items[0].custom_id, page.items[0].code, page.items[0].client_record) == (
        "myReferenceId",
        "B3737387",
        None,
    )
    assert one == page.items[0]
    assert page.cursor == "2"


def test_the_official_taxes_are_read_by_their_keys():
    taxes = requests_v1.v1_ping().reads(decode(official("GET", "/taxes")))

    assert [(tax.id, tax.key, tax.amount) for tax in taxes] == [
        ("s_iva_21", "s_iva_21", Decimal(21)),
        ("s_iva_10", "s_iva_10", Decimal(10)),
    ]


@pytest.mark.parametrize(
    ("path", "decoder"),
    [
        ("/numberingseries/{type}", catalogue.series),
        ("/saleschannels", catalogue.named),
        ("/warehouses", catalogue.named),
        ("/treasury", catalogue.treasury),
    ],
)
def test_the_official_lists_of_an_account_are_read(path, decoder):
    records = [decoder(item) for item in decode(official("GET", path))]

    assert records
    assert all(record.name for record in records)


def test_the_official_replies_to_writes_give_id_and_number():
    created = replies_v1.created(decode(official("POST", "/documents/{docType}")))

    assert (created.id, created.number) == ("5acce41e12d56e005e0e62d3", "F170009")
    again = requests_v1.v1_create_contact(ContactDraft(name="Acme"), custom_id="crm-7")
    body = official("POST", "/contacts")
    assert decipher(again, 201, {"content-type": "application/json"}, body, datetime(2026, 10, 15, tzinfo=UTC)).value.id


def test_the_official_list_of_documents_that_is_no_list_is_refused():
    with pytest.raises(BadInput, match="a list"):
        replies_v1.page(replies_v1.document, number=1)(decode(official("GET", "/documents/{docType}")))
