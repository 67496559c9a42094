"""The client against the sandbox, in process: every builder, in both decimal styles, and faults over a real socket."""

import asyncio
import inspect
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import uvicorn

from holded_sandbox.app import create_app
from holded_sandbox.seeds import DEFAULT_COMPANY_ID, DEFAULT_TOKEN, DEFAULT_V1_KEY
from relay.adapters.holded_http import HoldedHttp
from relay.domain.documents import ContactDraft, DocumentDraft, LineDraft, PaymentDraft, ProductDraft
from relay.domain.models import Address
from relay.errors import NotAllowed, NotFound, OutcomeUnknown, Rejected, RetryAt, WaitUntil
from relay.holded import listings, replies, requests, requests_products, requests_v1
from relay.holded.protocol import Request
from relay.ports.accounts import Credential

BOTH = Credential(token=DEFAULT_TOKEN, v1_key=DEFAULT_V1_KEY)
COMPANY = f"/_sandbox/companies/{DEFAULT_COMPANY_ID}"
MARKER = "hrabcdefgh234567"
DAY = date(2026, 10, 25)


class MachineClock:
    def now(self):
        return datetime.now(UTC)

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)


class Client:
    def __init__(self, transport, base_url="http://127.0.0.1"):
        self.api = HoldedHttp(base_url=base_url, clock=MachineClock(), transport=transport)
        self.control = httpx.AsyncClient(transport=transport, base_url=base_url, trust_env=False)
        self.credential = BOTH

    async def __call__(self, request):
        return (await self.api.call(request, self.credential, timeout_ms=5000)).value

    async def tell(self, verb, path, /, **body):
        reply = await self.control.request(verb, path, json=body or None)
        assert reply.status_code < 300, reply.text
        return reply.json()


def story(run, **settings):
    async def whole():
        client = Client(httpx.ASGITransport(create_app(deliver=False)))
        await client.tell("PATCH", COMPANY, **({"minute_limit": 10_000, "month_limit": 1_000_000} | settings))
        try:
            return await run(client)
        finally:
            await client.control.aclose()
            await client.api.aclose()

    return asyncio.run(whole())


ADDRESS = Address(line1="Gran Vía 1", line2="2 B", city="Madrid", postal_code="28013", province="Madrid", country="ES")
ACME = ContactDraft(
    name="Acme SL",
    code="B12345674",
    email="buy@example.test",
    is_person=False,
    bill_address=ADDRESS,
    shipping_address=ADDRESS,
    due_days=30,
    tags=("web",),
    custom_fields=(("shop", "shopify"),),
)


def draft(doc_type="invoice", **changes):
    shirt = LineDraft(
        name="Camiseta <b>",
        units=Decimal(3),
        price=Decimal("1020.661157"),
        net=Decimal("2755.79"),
        tax=Decimal("578.72"),
        taxes=("s_iva_21",),
        discount_percent=Decimal(10),
        sku="SH-1",
    )
    ship = replace(shirt, name="Envío", units=Decimal(1), price=Decimal("4.95"), net=Decimal("4.95"), tax=Decimal("1.04"),
                   discount_percent=Decimal(0), type="shipping", sku=None)  # fmt: skip
    whole = DocumentDraft(
        doc_type=doc_type,
        date=DAY,
        lines=(shirt, ship),
        subtotal=Decimal("2760.74"),
        tax=Decimal("579.76"),
        total=Decimal("3340.50"),
        tags=("web",),
        notes="hand over",
        custom_fields=(("order", "1001"),),
    )
    return replace(whole, **changes)


async def with_taxes(client):
    """The account's own sales key of 21 %."""
    taxes = (await client(listings.list_taxes())).items
    (key,) = [tax.key for tax in taxes if (tax.scope, tax.group, tax.amount) == ("sales", "iva", Decimal(21))][:1]
    return key


def keyed(whole, key):
    return replace(whole, lines=tuple(replace(line, taxes=(key,)) for line in whole.lines))


@pytest.mark.parametrize("style", ["es", "es_plain", "dot"])
@pytest.mark.parametrize(
    "kind", ["invoice", "salesreceipt", "creditnote", "salesorder", "estimate", "proform", "waybill", "purchase"]
)
def test_a_document_of_every_kind_is_written_and_read_back_to_the_cent(kind, style):
    async def run(client):
        key = await with_taxes(client)
        contact = (await client(requests.create_contact(ACME))).id
        wanted = keyed(draft(kind), key)
        number = "A-77" if kind == "purchase" else None
        made = await client(requests.create_document(wanted, contact_id=contact, marker=MARKER, number=number))
        read = await client(requests.get_document(kind, made.id))
        listed = await client(requests.list_documents(kind, contact_id=contact, start=DAY, end=DAY, limit=1))

        assert (read.total, read.subtotal, read.tax) == (wanted.total, wanted.subtotal, wanted.tax)
        assert (read.date, read.contact_id, read.currency) == (DAY, contact, "EUR")
        assert read.approved is False
        assert {MARKER, "web"} <= set(read.tags)
        assert ("order", "1001") in read.custom_fields
        assert [(line.name, line.units, line.price) for line in read.lines] == [
            (line.name, line.units, line.price) for line in wanted.lines
        ]
        (item,) = listed.items
        assert (item.id, item.total, item.approved) == (made.id, wanted.total, None)
        assert MARKER in item.tags
        if kind == "purchase":
            await client(requests.approve(kind, made.id))
            assert (await client(requests.get_document(kind, made.id))).number == number

    story(run, decimal_style=style)


def test_an_invoice_is_approved_paid_listed_and_its_payment_found_by_our_reference():
    async def run(client):
        key = await with_taxes(client)
        contact = (await client(requests.create_contact(ACME))).id
        made = await client(requests.create_document(keyed(draft(), key), contact_id=contact, marker=MARKER))
        await client(requests.approve("invoice", made.id))
        (bank,) = (await client(listings.list_treasury_accounts())).items
        half = PaymentDraft(
            amount=Decimal("1000.25"), date=DAY, treasury_id=bank.id, description=f"order 1001 {MARKER}"
        )
        paid = await client(requests.pay("invoice", made.id, half))
        payments = (await client(requests.list_payments(document_id=made.id, document_type="invoice"))).items
        read = await client(requests.get_document("invoice", made.id))

        assert read.approved is True
        assert read.number
        assert (read.payments_total, read.payments_pending) == (Decimal("1000.25"), Decimal("2340.25"))
        assert [(payment.id, payment.amount, payment.date) for payment in payments] == [(paid.id, half.amount, DAY)]
        assert MARKER in payments[0].description

    story(run)


@pytest.mark.parametrize("put", ["replace", "merge"])
def test_a_changed_draft_keeps_what_a_person_added(put):
    async def run(client):
        key = await with_taxes(client)
        contact = (await client(requests.create_contact(ACME))).id
        for kind in ("invoice", "estimate", "purchase"):
            made = await client(requests.create_document(keyed(draft(kind), key), contact_id=contact, marker=MARKER))
            await client.tell("PUT", f"{COMPANY}/documents/{made.id}", tags=["vip", MARKER], notes="call first")
            current = await client(requests.get_document(kind, made.id))
            changed = keyed(draft(kind, lines=draft().lines[:1], notes=None), key)
            await client(
                requests.update_document(kind, made.id, changed, contact_id=contact, marker=MARKER, current=current)
            )
            read = await client(requests.get_document(kind, made.id))

            assert read.total == Decimal("3334.51")
            assert {"vip", MARKER, "web"} <= set(read.tags)
            assert read.raw["notes"] == "call first"
            path = requests.get_document(kind, made.id).path
            await client(Request(method="DELETE", path=path, reads=replies.done, writes=True, names_object=True))
            with pytest.raises(NotFound):
                await client(requests.get_document(kind, made.id))

    story(run, put=put, put_fields="all")


def test_a_contact_is_found_updated_without_loss_and_given_our_reference():
    async def run(client):
        made = (await client(requests.create_contact(ACME))).id
        await client(requests.create_contact(replace(ACME, name="Other", code="B00000000", email="o@example.test")))
        by_code = (await client(requests.find_contacts(code="B12345674"))).items
        by_email = (await client(requests.find_contacts(email="buy@example.test"))).items
        assert [found.id for found in (*by_code, *by_email)] == [made, made]

        current = await client(requests.get_contact(made))
        await client(requests.update_contact(made, replace(ACME, name="Acme Sociedad", tags=("b2b",)), current=current))
        read = await client(requests.get_contact(made))
        assert (read.name, read.code, read.email) == ("Acme Sociedad", "B12345674", "buy@example.test")
        assert set(read.tags) == {"web", "b2b"}
        assert read.raw["bill_address"]["postal_code"] == "28013"

    story(run)


def test_the_pages_show_all_contacts_once():
    async def run(client):
        made = {
            (await client(requests.create_contact(replace(ACME, code=f"B{n}", email=f"{n}@example.test")))).id
            for n in range(7)
        }

        seen, cursor = [], None
        while True:
            page = await client(requests.list_contacts(cursor, limit=3))
            seen += [contact.id for contact in page.items]
            cursor = page.cursor
            if cursor is None:
                break

        assert sorted(seen) == sorted(made)

    story(run)


def test_products_are_written_found_by_sku_and_updated():
    async def run(client):
        made = await client(
            requests_products.create_product(
                ProductDraft(name="Shirt", sku="SH-1", price=Decimal("1234.5"), taxes=("s_iva_21",))
            )
        )
        (found,) = (await client(requests_products.find_products(sku="SH-1"))).items
        assert (found.id, found.price) == (made.id, Decimal("1234.5"))
        await client(
            requests_products.update_product(
                made.id, ProductDraft(name="Shirt 2", sku="SH-1", archived=True), current=found
            )
        )
        read = await client(requests_products.get_product(made.id))

        assert (read.name, read.price, read.archived) == ("Shirt 2", Decimal("1234.5"), True)

    story(run)


def test_every_list_of_the_account_is_read():
    async def run(client):
        for request in (
            listings.list_taxes(),
            listings.list_numbering_series("invoice"),
            listings.list_payment_methods(),
            listings.list_sales_channels(),
            listings.list_warehouses(),
            listings.list_treasury_accounts(),
        ):
            page = await client(request)
            assert page.items
            assert page.cursor is None
            assert all(record.name for record in page.items)
        before = await client(listings.usage())
        assert before.used > 6
        assert await client(requests_v1.v1_ping())

    story(run)


def test_what_a_credential_may_not_is_told_by_name():
    async def run(client):
        token = (await client.tell("POST", f"{COMPANY}/tokens", scopes=["contacts:contacts.read"]))["token"]
        client.credential = Credential(token=token, v1_key="f" * 32)
        assert (await client(requests.list_contacts())).items == ()
        with pytest.raises(NotAllowed, match=r"sales:invoices\.read"):
            await client(requests.list_documents("invoice"))
        with pytest.raises(NotAllowed, match="credential_invalid"):
            await client(requests_v1.v1_ping())
        client.credential = Credential(token="pat_revoked", v1_key="pat_not_a_key")
        with pytest.raises(NotAllowed, match="credential_invalid"):
            await client(requests.list_contacts())
        with pytest.raises(NotAllowed, match="credential_invalid"):
            await client(requests_v1.v1_ping())

    story(run)


@pytest.mark.parametrize("can_write", [True, False])
def test_a_read_only_v1_key_is_told_by_a_write_that_changes_nothing(can_write):
    async def run(client):
        key = (await client.tell("POST", f"{COMPANY}/v1-keys", can_write=can_write))["key"]
        client.credential = Credential(token=DEFAULT_TOKEN, v1_key=key)
        await client(requests_v1.v1_ping())
        with pytest.raises(Rejected) as answer:
            await client(requests_v1.v1_ping_write())
        assert isinstance(answer.value, NotFound) is not can_write

    story(run)


@pytest.mark.parametrize("header", ["seconds", "date"])
def test_both_windows_refuse_in_their_own_way(header):
    async def run(client):
        await client.tell("POST", "/_sandbox/faults", kind="limit_minute", seconds=20)
        with pytest.raises(RetryAt, match="rate_limited_minute") as minute:
            await client(requests.create_contact(ACME))
        await client.tell("POST", "/_sandbox/faults", kind="limit_month", seconds=9 * 86400)
        with pytest.raises(WaitUntil, match="rate_limited_month") as month:
            await client(requests.create_contact(ACME))

        now = datetime.now(UTC)
        assert 0 < (minute.value.retry_at - now).total_seconds() <= 21
        assert 8 < (month.value.retry_at - now).days + 1 <= 9
        assert (await client(requests.list_contacts())).items == ()

    story(run, retry_after=header)


def test_the_limits_of_the_account_come_with_each_reply():
    async def run(client):
        reply = await client.api.call(requests.list_contacts(), BOTH, timeout_ms=5000)
        assert {(signal.window, signal.limit) for signal in reply.limits} <= {("minute", 77), ("month", 1_000_000)}
        assert reply.limits

    story(run, minute_limit=77)


@pytest.mark.parametrize(
    ("kind", "written"), [("truncate", True), ("error_after", True), ("error_before", False), ("html", False)]
)
def test_a_create_whose_reply_settles_nothing_is_unknown_whether_it_was_written_or_not(kind, written):
    async def run(client):
        await client.tell("POST", "/_sandbox/faults", kind=kind, method="POST")
        with pytest.raises(OutcomeUnknown):
            await client(requests.create_contact(ACME))
        assert len((await client(requests.find_contacts(code="B12345674"))).items) == int(written)

        await client.tell("POST", "/_sandbox/faults", kind=kind, method="GET")
        with pytest.raises(RetryAt):
            await client(requests.list_contacts())

    story(run)


def over_a_socket(run):
    """The same over real sockets, where a connection can be cut and a reply can stay away."""

    async def whole():
        server = uvicorn.Server(
            uvicorn.Config(create_app(deliver=False), host="127.0.0.1", port=0, log_level="critical", lifespan="off")
        )
        listener = server.config.bind_socket()
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        client = Client(None, base_url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        try:
            return await run(client)
        finally:
            await client.control.aclose()
            await client.api.aclose()
            server.force_exit = server.should_exit = True
            await serving

    return asyncio.run(whole())


@pytest.mark.parametrize(("kind", "written"), [("lose_reply", 1), ("hang", 1), ("reset", 0), ("slow", 1)])
def test_a_write_that_left_is_unknown_and_the_marker_tells_whether_it_was_written(kind, written):
    async def run(client):
        key = await with_taxes(client)
        contact = (await client(requests.create_contact(ACME))).id
        request = requests.create_document(keyed(draft(), key), contact_id=contact, marker=MARKER)
        await client.tell("POST", "/_sandbox/faults", kind=kind, method="POST", path="/invoices$", seconds=3)
        with pytest.raises(OutcomeUnknown, match="reply_lost"):
            await client.api.call(request, BOTH, timeout_ms=300)
        window = requests.list_documents("invoice", contact_id=contact, start=DAY, end=DAY)

        assert sum(MARKER in document.tags for document in (await client(window)).items) == written

    over_a_socket(run)


def test_every_builder_has_been_tried_against_the_sandbox():
    story_lines = Path(__file__).read_text("utf-8")
    builders = [
        f"{module.__name__.rpartition('.')[2]}.{name}("
        for module in (requests, requests_products, listings, requests_v1)
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
        and str(function.__annotations__.get("return", "")).startswith("Request[") and name != "listed"
    ]  # fmt: skip

    assert len(builders) > 20
    assert [builder for builder in builders if builder not in story_lines] == []
