"""Requests of v2: paths, queries and bodies."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import get_args

import pytest

from relay.domain.documents import ContactDraft, DocType, DocumentDraft, LineDraft, PaymentDraft, ProductDraft
from relay.domain.models import Address
from relay.errors import BadInput, Rejected
from relay.holded import listings, replies, requests, requests_products
from relay.holded.encoding import encode

ID = "5f0000000000000000000001"
MARKER = "hrabcdefgh234567"
KINDS = get_args(DocType)


def draft(doc_type="invoice", **changes):
    line = LineDraft(
        name="Shirt",
        units=Decimal("1.500"),
        price=Decimal("82.644628"),
        net=Decimal("111.57"),
        tax=Decimal("23.43"),
        taxes=("s_iva_21",),
        discount_percent=Decimal(10),
        sku="SH-1",
    )
    whole = DocumentDraft(
        doc_type=doc_type,
        date=date(2026, 10, 25),
        due_date=date(2026, 11, 25),
        lines=(line,),
        subtotal=Decimal("111.57"),
        tax=Decimal("23.43"),
        total=Decimal("135.00"),
        currency="USD",
        currency_change=Decimal("1.0850"),
        tags=("web",),
        custom_fields=(("order", "1001"),),
        sales_channel_id=ID,
        payment_method_id=ID,
    )
    return replace(whole, **changes)


def test_an_invoice_goes_out_as_v2_wants_it_with_the_marker_among_its_tags():
    request = requests.create_document(draft(), contact_id=ID, marker=MARKER)

    assert (request.method, request.path, request.writes) == ("POST", "/api/v2/invoices", True)
    assert json.loads(encode(request), parse_float=str) == {
        "contact_id": ID,
        "date": "2026-10-25",
        "due_date": "2026-11-25",
        "currency": "USD",
        "currency_change": "1.085",
        "items": [
            {
                "name": "Shirt",
                "type": "product",
                "sku": "SH-1",
                "taxes": ["s_iva_21"],
                "units": "1.5",
                "price": "82.644628",
                "discount": 10,
            }
        ],
        "tags": ["web", MARKER],
        "custom_fields": [{"field": "order", "value": "1001"}],
        "sales_channel_id": ID,
        "payment_method_id": ID,
    }


@pytest.mark.parametrize("doc_type", KINDS)
def test_every_kind_has_its_path_and_takes_only_what_its_operation_takes(doc_type):
    body = requests.create_document(draft(doc_type), contact_id=ID, marker=MARKER).json

    assert ("payment_method_id" in body) == (doc_type not in {"salesorder", "proform", "waybill"})
    assert ("sales_channel_id" in body) == (doc_type != "purchase")


def test_a_purchase_is_written_with_number_and_no_other_kind_takes_one():
    request = requests.create_document(draft("purchase"), contact_id=ID, marker=MARKER, number="A-77")

    assert request.json["number"] == "A-77"
    assert "document_number" not in request.json
    with pytest.raises(BadInput, match="number"):
        requests.create_document(draft(), contact_id=ID, marker=MARKER, number="A-77")


def test_a_free_line_keeps_its_price_of_zero():
    free = replace(draft().lines[0], price=Decimal(0), units=Decimal(0))

    (item,) = requests.create_document(draft(lines=(free,)), contact_id=ID, marker=MARKER).json["items"]

    assert (item["price"], item["units"]) == (0, 0)


@pytest.mark.parametrize("marker", ["", " hr", "hr "])
def test_no_document_goes_out_without_the_mark_by_which_it_is_found_again(marker):
    with pytest.raises(BadInput, match="marker"):
        requests.create_document(draft(), contact_id=ID, marker=marker)


@pytest.mark.parametrize("hostile", ["", "../contacts", "a/b", "a?b=c", "a#b", "a b", "é", "x" * 65, "%2e%2e", "a\n"])
def test_an_id_can_never_lead_to_another_path(hostile):
    for build in (
        lambda: requests.get_document("invoice", hostile),
        lambda: requests.approve("invoice", hostile),
        lambda: requests.get_contact(hostile),
        lambda: requests.create_document(draft(), contact_id=hostile, marker=MARKER),
    ):
        with pytest.raises(BadInput, match="malformed_id"):
            build()


def test_a_preview_may_name_an_id_it_does_not_have_yet():
    assert requests.approve("invoice", "<document_id>").path == "/api/v2/invoices/<document_id>/approve"


@pytest.mark.parametrize(
    ("build", "kinds"),
    [
        (lambda kind: requests.approve(kind, ID), set(KINDS) - {"estimate"}),
        (
            lambda kind: requests.pay(kind, ID, PaymentDraft(amount=Decimal(1), date=date(2026, 1, 1))),
            {"invoice", "creditnote", "salesreceipt", "purchase"},
        ),
    ],
)
def test_what_holded_does_not_offer_for_a_kind_is_refused_before_it_is_sent(build, kinds):
    for kind in KINDS:
        if kind in kinds:
            assert build(kind).path.startswith("/api/v2/")
        else:
            with pytest.raises(BadInput, match="not_offered"):
                build(kind)


def document(**raw):
    return replies.document({"id": ID, "contact_id": ID, "draft": True} | raw)


def test_an_update_keeps_what_a_person_added_and_replaces_the_lines():
    current = document(
        tags=["vip", MARKER],
        notes="call first",
        custom_fields=[{"field": "order", "value": "old"}, {"field": "seller", "value": "Ana"}],
        lines=[{"name": "Old", "price": "1,00", "units": 1}],
        discount="5,00",
        total="121,00",
        document_number=None,
        warehouse_id=ID,
    )

    request = requests.update_document("invoice", ID, draft(), contact_id=ID, marker=MARKER, current=current)

    assert (request.method, request.path) == ("PUT", f"/api/v2/invoices/{ID}")
    body = request.json
    assert body["tags"] == ["vip", MARKER, "web"]
    assert body["custom_fields"] == [{"field": "order", "value": "1001"}, {"field": "seller", "value": "Ana"}]
    assert (body["notes"], body["discount"], body["warehouse_id"]) == ("call first", Decimal(5), ID)
    assert [item["name"] for item in body["items"]] == ["Shirt"]
    assert not {"id", "total", "lines", "document_number", "draft"} & set(body)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"invoice", "estimate", "purchase"}))
def test_where_holded_would_ignore_the_lines_of_an_update_it_is_refused_before_it_is_sent(kind):
    with pytest.raises(Rejected, match="update_not_offered"):
        requests.update_document(kind, ID, draft(kind), contact_id=ID, marker=MARKER, current=document())


def test_a_contact_goes_out_with_its_addresses_and_terms():
    address = Address(
        line1="Gran Via 1", line2="2 B", city="Madrid", postal_code="28013", province="Madrid", country="ES"
    )
    contact = ContactDraft(
        name="Acme SL",
        code="B12345674",
        is_person=False,
        bill_address=address,
        shipping_address=address,
        due_days=30,
        tags=("web",),
    )

    assert requests.create_contact(contact).json == {
        "name": "Acme SL",
        "code": "B12345674",
        "is_person": False,
        "type": "client",
        "bill_address": {
            "address": "Gran Via 1, 2 B",
            "city": "Madrid",
            "postal_code": "28013",
            "province": "Madrid",
            "country_code": "ES",
        },
        "shipping_addresses": [
            {
                "address": "Gran Via 1, 2 B",
                "city": "Madrid",
                "postal_code": "28013",
                "province": "Madrid",
                "country_code": "ES",
            }
        ],
        "defaults": {"due_days": 30},
        "tags": ["web"],
    }


def test_a_contact_s_update_gives_back_all_that_was_read_with_records_as_numbers():
    current = replies.contact(
        {
            "id": ID,
            "custom_id": "crm-7",
            "name": "Acme",
            "email": "old@example.test",
            "created_at": "2026-01-01",
            "updated_at": "2026-01-01T00:00:00Z",
            "client_record": {"num": 43000001, "name": "Acme"},
            "supplier_record": None,
            "defaults": {"due_days": 60, "payment_method": ID, "discount": None},
            "bill_address": {"address": "Old 1", "info": "2nd door"},
            "tags": ["vip"],
        }
    )
    wanted = ContactDraft(
        name="Acme SL", email="new@example.test", due_days=30, bill_address=Address(line1="New 1"), tags=("web",)
    )

    body = requests.update_contact(ID, wanted, current=current).json

    assert body == {
        "custom_id": "crm-7",
        "name": "Acme SL",
        "email": "new@example.test",
        "is_person": True,
        "type": "client",
        "client_record": 43000001,
        "defaults": {"due_days": 30, "payment_method": ID},
        "bill_address": {"address": "New 1", "info": "2nd door"},
        "tags": ["vip", "web"],
    }


@pytest.mark.parametrize("wrong", [{}, {"code": ""}, {"code": "B1", "email": "a@b.test"}])
def test_contacts_are_never_asked_for_without_a_filter(wrong):
    with pytest.raises(BadInput, match="exactly one"):
        requests.find_contacts(**wrong)


def test_lists_always_say_their_size_and_never_send_an_empty_cursor():
    assert requests.list_contacts().query == (("limit", "200"),)
    assert requests.find_contacts(code="B1", cursor=ID).query == (("code", "B1"), ("limit", "200"), ("cursor", ID))
    with pytest.raises(BadInput, match="cursor"):
        requests.list_contacts("")
    with pytest.raises(BadInput, match="contact_id"):
        requests.list_documents("invoice", contact_id="")
    with pytest.raises(BadInput, match="limit"):
        requests.list_documents("invoice", limit=201)
    with pytest.raises(BadInput, match="document_id"):
        requests.list_payments(document_id="", document_type="invoice")


def test_documents_are_listed_by_contact_and_days():
    request = requests.list_documents(
        "invoice",
        contact_id=ID,
        start=date(2026, 10, 1),
        end=date(2026, 10, 31),
        limit=50,
    )

    assert dict(request.query) == {
        "contact_id": ID,
        "start_date": "2026-10-01",
        "end_date": "2026-10-31",
        "limit": "50",
    }


def test_a_product_is_found_on_the_pages_because_holded_has_no_filter():
    request = requests_products.find_products(sku="SH-1")
    page = {
        "items": [
            {"id": "a", "sku": "SH-1"},
            {"id": "b", "sku": 0},
            {"id": "c", "sku": "X", "variants": [{"id": "v", "sku": "SH-1"}]},
            {"id": "d", "sku": "sh-1"},
        ],
        "cursor": ID,
        "has_more": True,
    }

    found = request.reads(page)

    assert request.query == (("limit", "200"),)
    assert [item.id for item in found.items] == ["a", "c"]
    assert found.cursor == ID


def test_a_product_s_update_keeps_what_the_draft_does_not_say():
    current = replies.product(
        {"id": ID, "name": "Shirt", "price": "9.95", "for_sale": False, "for_purchase": True, "archived": False, "stock": 7,
         "variants": [{"id": "v1"}], "taxes": ["s_iva_21"]}
    )  # fmt: skip

    body = requests_products.update_product(ID, ProductDraft(name="Shirt 2", sku="SH-1"), current=current).json

    assert body == {
        "name": "Shirt 2",
        "sku": "SH-1",
        "price": "9.95",
        "for_sale": False,
        "for_purchase": True,
        "archived": False,
        "variants": [{"id": "v1"}],
        "taxes": ["s_iva_21"],
    }


def test_a_product_s_amounts_and_a_payment_s_are_strings_with_a_dot():
    product = requests_products.create_product(ProductDraft(name="Shirt", price=Decimal("9.90"), cost=Decimal("1E+1")))
    payment = requests.pay(
        "invoice", ID, PaymentDraft(amount=Decimal("1234.50"), date=date(2026, 3, 1), treasury_id=ID)
    )

    assert (product.json["price"], product.json["cost"]) == ("9.9", "10")
    assert payment.json == {"amount": "1234.5", "date": "2026-03-01", "treasury_id": ID}


def test_every_list_of_the_account_is_asked_for_under_its_own_path():
    paths = [
        listings.list_taxes().path,
        listings.list_numbering_series("creditnote").path,
        listings.list_payment_methods().path,
        listings.list_sales_channels().path,
        listings.list_warehouses().path,
        listings.list_treasury_accounts().path,
        listings.usage().path,
    ]

    assert paths == [
        "/api/v2/taxes",
        "/api/v2/numbering-series/creditnote",
        "/api/v2/payment-methods",
        "/api/v2/sales-channels",
        "/api/v2/warehouses",
        "/api/v2/treasury/accounts",
        "/api/v2/usage",
    ]
