"""A company's books for reconciliation: what the relay wrote, and a person who works in Holded's own screens beside it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

from holded_sandbox import documents
from holded_sandbox.control_call import ControlCall
from holded_sandbox.control_people import approve, cancel, delete, edit
from holded_sandbox.kinds import KINDS
from holded_sandbox.v2_documents import apply
from relay.domain.reconciling import Window
from relay.holded import listings
from relay.ports.accounts import Credential
from relay.services.paid_calls import PaidCalls
from relay.services.reconcile import Reconcile
from relay.services.reconcile_deliveries import delivered
from tests.services.world import ACCOUNT, TOKEN, World, shopify_order

MARCH = Window(start=date(2026, 3, 1), end=date(2026, 3, 31))
PAID = {"policy": {"finish": "approve_and_pay"}}


def order_on(day, number, *, total="121.00"):
    at = f"2026-03-{day:02d}T12:00:00+01:00"
    return shopify_order(number, total=total, created_at=at, updated_at=at, processed_at=at)


class Books(World):
    """`days` of the orders are 2026-03-02 without another; the account knows the formats of its series."""

    def __init__(self, *, settings=None, orders=0, **company):
        super().__init__(settings=PAID if settings is None else settings, **company)
        asyncio.run(self._series())
        for number in range(1, orders + 1):
            self.order(shopify_order(number))

    async def _series(self):
        found = {}
        for doc_type in ("invoice", "salesreceipt", "creditnote"):
            request = listings.list_numbering_series(doc_type)
            reply = await self.holded.call(request, Credential(token=TOKEN), timeout_ms=1000)
            found[doc_type] = [dict(item.raw) for item in reply.value.items]
        self.holded.calls.clear()
        self.clock.advance(120)
        account = self.accounts.accounts[ACCOUNT]
        catalogue = {**account.catalogue, "numbering_series": found}
        self.accounts.accounts[ACCOUNT] = replace(account, catalogue=catalogue)

    # -- a person ------------------------------------------------------------------------------------------------------

    def call(self, holded_id="", **body):
        params = {"company": self.company.id, "id": holded_id}
        return ControlCall(sandbox=self.sandbox, now=self.clock.now().timestamp(), params=params, body=body)

    def edits(self, document, **body):
        return edit(self.call(document["id"], **body))

    def deletes(self, document):
        delete(self.call(document["id"]))

    def approves(self, document):
        approve(self.call(document["id"]))

    def cancels(self, document):
        cancel(self.call(document["id"]))

    def unpays(self, document):
        desk = self.call().desk()
        for detail in list(document["payments_detail"]):
            documents.forget_payment(desk, self.company.get("payments", detail["id"]))

    def pays(self, document, amount):
        desk = self.call().desk()
        documents.pay(desk, document, amount=Decimal(amount), day="2026-03-03", bank_id=None, note="by hand")

    def renumbers(self, document, number):
        self.company.put("documents", dict(document, document_number=number), self.clock.now().timestamp())

    def garbles(self, document, **fields):
        """Holded shows a field of the document in a form that nobody has seen: without a word, a tag that is null."""
        odd = {**self.company.get("documents", document["id"]), **(fields or {"tags": [None]})}
        self.company.put("documents", odd, self.clock.now().timestamp())

    def copies(self, document, *, kind="invoice", **changes):
        """A copy keeps everything, the tags too, and is a draft of its own; so is what a document is converted into."""
        desk = self.call().desk()
        body = {
            "contact_id": document["contact_id"], "date": document["date"], "tags": document["tags"],
            "items": [
                {"name": line["name"], "price": line["price"], "units": line["units"], "taxes": line["taxes"]}
                for line in document["lines"]
            ],
        }  # fmt: skip
        return self._new(desk, {**body, **changes}, kind)

    def books(self, *, day="2026-03-02", price="50", approved=True, taxes=("s_iva_21",), tags=(), series=None):
        """A document of the person's own."""
        contact = self.company.get("contacts", next(iter(self.company.tables["contacts"])))
        body = {
            "contact_id": contact["id"], "date": day, "tags": list(tags), "number_line_id": series,
            "items": [{"name": "Service", "price": price, "units": 1, "taxes": list(taxes)}],
        }  # fmt: skip
        document = self._new(self.call().desk(), body)
        if approved:
            self.approves(document)
        return self.company.get("documents", document["id"])

    def _new(self, desk, body, kind="invoice"):
        document = documents.blank(KINDS[kind], desk.now)
        apply(desk.company, KINDS[kind], document, body)
        return documents.create(desk, KINDS[kind], document)

    # -- reconciliation ------------------------------------------------------------------------------------------------

    def paid_calls(self, *, wait=False):
        return PaidCalls(
            account=ACCOUNT,
            credential=Credential(token=TOKEN),
            gates=self.gates,
            holded=self.holded,
            clock=self.clock,
            wait=wait,
        )

    def reconciled(self, window=MARCH, *, look_through=True, call=None, listed=()):
        async def run():
            service = Reconcile(inbox=self.inbox, ledger=self.ledger)
            account = await self.accounts.get(ACCOUNT)
            now = self.clock.now()
            found = await delivered(self.inbox, ACCOUNT, window, now=now) if look_through else ()
            read = await service.read(account, window, now=now, deliveries=found, listed=listed)
            return await service.compare(read, call or self.paid_calls())

        return asyncio.run(run())

    def found(self, window=MARCH, **how):
        """The classes of the differences, in order."""
        return [one.kind for one in self.reconciled(window, **how).differences]
