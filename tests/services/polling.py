"""What happens in a company by hand, without a webhook, and what the relay told of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

from holded_sandbox import contacts, documents
from holded_sandbox.kinds import KINDS
from holded_sandbox.resources import RESOURCES
from holded_sandbox.wire import Request
from relay.holded import polled_requests
from relay.ports.accounts import Credential
from relay.services.poll_row import poll_key
from relay.services.times import at_ms
from relay.services.unfold import unfold
from tests.polled import BY_NAME
from tests.services.world import ACCOUNT, TOKEN, World

ON = {"polling": {"share": 100, "most_calls": 100_000}, "reconcile": {"nightly": False}}


def polled_world(settings=None, timing=None, **company):
    return World(settings=ON | (settings or {}), timing=timing, **company)


class Hands:
    """A person at the company's own screen."""

    def __init__(self, world):
        self.world = world

    @property
    def desk(self):
        world = self.world
        return documents.Desk(
            company=world.company,
            now=world.clock.now().timestamp(),
            ids=world.sandbox.ids,
            emitter=world.sandbox.emitter,
        )

    def contact(self, name="Ana"):
        record = contacts.blank(self.desk.now)
        record["name"] = name
        return contacts.create(self.desk, record)["id"]

    def invoice(self, price="100", *, kind="invoice", **fields):
        desk = self.desk
        document = documents.blank(KINDS[kind], desk.now) | fields
        document["lines"] = [documents.blank_line() | {"name": "Silla", "price": price}]
        return documents.create(desk, KINDS[kind], document)["id"]

    def _document(self, holded_id):
        return self.world.company.tables["documents"][holded_id]

    def edit(self, holded_id, price):
        document = self._document(holded_id)
        document["lines"][0]["price"] = price
        documents.changed(self.desk, document)

    def redate(self, holded_id, day):
        document = self._document(holded_id)
        document["date"] = day
        documents.changed(self.desk, document)

    def approve(self, holded_id):
        documents.approve(self.desk, self._document(holded_id))

    def pay(self, holded_id, amount):
        day = self.world.clock.now().date().isoformat()
        documents.pay(
            self.desk, self._document(holded_id), amount=Decimal(amount), day=day, bank_id=None, note="by hand"
        )

    def reconcile(self, payment_id):
        """Against a movement of the bank for the whole of it."""
        world, (bank,) = self.world, self.world.company.tables["treasuries"]
        movements, now = f"/api/v2/treasury/accounts/{bank}/bank-movements", world.clock.now()
        amount = world.company.tables["payments"][payment_id]["amount"]

        def post(path, body):
            headers = {"authorization": f"Bearer {TOKEN}"}
            asked = Request.make("POST", path, headers=headers, json_body=body)
            return world.sandbox.handle(asked, now.timestamp()).response.json()

        movement = post(movements, {"amount": amount, "date": now.date().isoformat()})["id"]
        matched = [{"document_id": payment_id, "document_type": "payment"}]
        post(f"{movements}/{movement}/reconcile", {"documents": matched})

    def delete(self, holded_id):
        documents.delete(self.desk, self._document(holded_id), by_person=True)

    def rename(self, holded_id, name):
        contact = self.world.company.tables["contacts"][holded_id]
        contacts.change(self.desk, contact | {"name": name})

    def change(self, holded_id, **fields):
        """Of a document or a contact."""
        document = self.world.company.tables["documents"].get(holded_id)
        if document is not None:
            document |= fields
            documents.changed(self.desk, document)
            return
        contacts.change(self.desk, self.world.company.tables["contacts"][holded_id] | fields)

    def product(self, name="Silla"):
        desk = self.desk
        (kind,) = (each for each in RESOURCES if each.table == "products")
        return self.world.company.put("products", kind.blank(desk.mint()) | {"name": name, "kind": "simple"}, desk.now)[
            "id"
        ]

    def forget(self, holded_id):
        contacts.delete(self.desk, self.world.company.tables["contacts"][holded_id])


def told(world, *, first=0):
    """(type, subject) of every event of what was seen in Holded, in the order it was stored."""
    return [(event.type, event.subject) for event in events(world)][first:]


def events(world):
    found = [item.delivery for item in world.inbox.items.values() if item.delivery.topic.startswith("reread.")]
    return [event for delivery in found for event in unfold(delivery).events]


def observed(world, name, holded_id):
    """An object as Holded shows it now."""
    call = world.holded.call(polled_requests.one(BY_NAME[name], holded_id), Credential(token=TOKEN), timeout_ms=1)
    return asyncio.run(call).value


def state(world):
    return world.polls.states[ACCOUNT]


def poll_now(world, *names, tries=60):
    """Everything (or these resources) is due, recent and full; polled until nothing is."""
    now_ms = at_ms(world.clock.now())
    if world.polls.states.get(ACCOUNT) is None:
        world.run()  # stands the row up
        make_due(world)
        world.run()
    make_all_due(world, *names)
    for _ in range(tries):
        make_due(world)
        world.run(seconds=120)
        left = [each for name, each in state(world).courses.items() if not names or name in names]
        waits = [each for each in left if each.running is not None or each.next_ms <= now_ms]
        if not waits:
            return
        world.clock.advance(max(61, max(each.held_ms for each in waits) / 1000 - world.clock.now().timestamp()))
    raise AssertionError("the poll does not come to its end")


def make_all_due(world, *names):
    now_ms = at_ms(world.clock.now())
    found = state(world)
    courses = {
        name: replace(course, due_ms=now_ms, full_due_ms=now_ms) if not names or name in names else course
        for name, course in found.courses.items()
    }
    world.polls.states[ACCOUNT] = replace(found, rev=found.rev + 1, courses=courses)


def make_due(world):
    row = asyncio.run(world.ledger.get(poll_key(ACCOUNT)))
    if row is not None:
        world.ledger.rows[row.key] = replace(row, rev=row.rev + 1, due_ms=at_ms(world.clock.now()))
