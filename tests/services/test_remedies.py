"""Each remedy to its end; said twice, and by a process that dies at any call of a port."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from holded_sandbox.faults import Fault
from relay.errors import BadInput, NotFound, Rejected
from relay.ports.accounts import Credential
from relay.services.nudge import Nudge
from relay.services.paid_calls import PaidCalls
from relay.services.remedies import Remedies
from relay.services.review import Items
from relay.services.times import at_ms
from tests.services.killing import Aftermath, send, troubles
from tests.services.test_road import refund_of
from tests.services.test_verify import verified
from tests.services.wire import MODES, Killed, Wire, ports_of
from tests.services.world import ACCOUNT, TOKEN, World, shopify_order

LATER = "2026-03-02T10:00:00+01:00"
BY_HAND = "a" * 24


class Person:
    """An operator at the command line, whose process may die of `wire`."""

    def __init__(self, world, wire=None):
        ports = wire.ports() if wire else ports_of(world)
        self.world, self.ports = world, ports
        nudge = Nudge(gates=ports["gates"], wakes=ports["wakes"])

        async def wake(account):
            await nudge(account, now_ms=at_ms(world.clock.now()))

        self.remedies = Remedies(
            ledger=ports["ledger"],
            inbox=ports["inbox"],
            accounts=ports["accounts"],
            nudge=wake,
            now_ms=lambda: at_ms(world.clock.now()),
            who="cli:ana",
        )
        self.items = Items(ledger=ports["ledger"], inbox=ports["inbox"])

    async def study(self, name):
        account = await self.ports["accounts"].get(ACCOUNT)
        return await self.items.study(account, await self.items.find(ACCOUNT, name), now=self.world.clock.now())

    async def adopt(self, name, holded_id, doc_type=""):
        study, found = await self.look(name, holded_id, doc_type)
        return await self.remedies.adopt(study, found)

    async def look(self, name, holded_id, doc_type=""):
        study = await self.study(name)
        calls = PaidCalls(
            account=ACCOUNT,
            credential=Credential(token=TOKEN),
            gates=self.ports["gates"],
            holded=self.ports["holded"],
            clock=self.world.clock,
            wait=False,
            priority="normal",
        )
        return study, await self.remedies.look(study, holded_id, doc_type=doc_type, call=calls)

    async def retry(self, name, *, many=False):
        return await self.remedies.retry(await self.study(name), many=many)

    async def create(self, name):
        return await self.remedies.create(await self.study(name))

    async def ignore(self, name, note="seen"):
        return await self.remedies.ignore(await self.study(name), note=note)


def said(world, remedy, name, *args, wire=None, **more):
    return asyncio.run(getattr(Person(world, wire), remedy)(name, *args, **more))


def studied(world, name):
    return asyncio.run(Person(world).study(name))


def item(world, purpose="invoice"):
    """The key's text of the one row in review with this purpose."""
    (row,) = [row for row in world.rows(purpose) if row.state == "review"]
    return str(row.key)


def now_of(world, name):
    (row,) = [row for row in world.ledger.rows.values() if str(row.key) == name]
    return row


def put(world, document, **changes):
    world.company.put("documents", {**document, **changes}, world.clock.now().timestamp())


def look_alike():
    """Holded failed before it wrote order 2, and a person booked the like of it by hand before the relay looked."""
    world = World()
    world.order(shopify_order(1))
    world.sandbox.faults.faults.append(Fault(kind="error_before", method="POST", path="/invoices$"))
    world.order(shopify_order(2))
    put(world, world.documents()[0], id=BY_HAND, tags=[])
    Aftermath(world).live(hours=1)
    assert now_of(world, item(world)).reason == "outcome_unknown_similar"
    return world


def ours(world):
    """Documents of the row's marker: how many of each."""
    return Counter(tag for document in world.documents() for tag in document["tags"])


def test_create_anyway_writes_the_one_that_looks_alike_was_none_of():
    world = look_alike()
    name = item(world)
    said(world, "create", name)
    Aftermath(world).live(hours=1)
    row = now_of(world, name)

    assert row.state == "confirmed"
    assert len(world.documents()) == 3
    assert ours(world)[row.marker] == 1


def test_create_anyway_adopts_our_own_marker_where_it_stands_after_all():
    world = look_alike()
    name = item(world)
    put(world, world.documents()[0], id="b" * 24, tags=[now_of(world, name).marker])
    said(world, "create", name)
    Aftermath(world).live(hours=1)

    assert now_of(world, name).holded_id == "b" * 24
    assert len(world.documents()) == 3


def test_create_anyway_survives_a_wait_for_tokens_with_its_meaning():
    world = look_alike()
    name = item(world)
    said(world, "create", name)
    gate = world.gates.gates[ACCOUNT]
    now_ms = at_ms(world.clock.now())
    world.gates.gates[ACCOUNT] = replace(
        gate, budget=replace(gate.budget, minute_left=0, minute_until_ms=now_ms + 50_000)
    )
    world.run()
    waiting = now_of(world, name)
    Aftermath(world).live(hours=1)

    assert (waiting.state, waiting.reason) == ("unknown", "outcome_unknown_create_anyway")
    assert now_of(world, name).state == "confirmed"


def test_create_anyway_is_said_once_a_lost_reply_asks_again():
    world = look_alike()
    name = item(world)
    said(world, "create", name)
    world.sandbox.faults.faults.append(Fault(kind="error_before", method="POST", path="/invoices$"))
    Aftermath(world).live(hours=1)

    assert now_of(world, name).reason == "outcome_unknown_similar"
    assert len(world.documents()) == 2


@pytest.mark.parametrize("mode", MODES)
def test_create_anyway_writes_one_whenever_the_drain_that_does_it_dies(mode):
    """Either it stands once, under our marker, or a person is asked again; never twice."""

    def drained(at):
        world = look_alike()
        name = item(world)
        said(world, "create", name)
        wire = Wire(world, at=at, mode=mode)
        aftermath = Aftermath(world)
        aftermath.again(send(world, [{"account": ACCOUNT}], wire))
        aftermath.live(hours=2)
        row = now_of(world, name)
        return (row.state, ours(world)[row.marker], len(world.documents())), wire.names

    _, calls = drained(None)
    deaths = [at for at, call in enumerate(calls) if mode != "late" or call == "holded.call"]
    ends = {drained(at)[0] for at in deaths}
    print(f"{len(deaths)} crash points of the drain, {mode}: {sorted(ends)}")

    assert calls.count("holded.call") == 2
    assert ends <= {("confirmed", 1, 3), ("review", 0, 2)}
    assert ("confirmed", 1, 3) in ends


def test_retry_of_a_doubt_looks_again_and_never_sends():
    world = look_alike()
    name = item(world)
    world.holded.calls.clear()
    said(world, "retry", name)
    assert now_of(world, name).state == "unknown"
    Aftermath(world).live(hours=1)

    assert now_of(world, name).reason == "outcome_unknown_similar"
    assert not [call for call in world.holded.calls if call.startswith("POST")]


def test_retry_of_a_doubt_writes_once_what_stood_in_its_way_is_gone():
    world = look_alike()
    name = item(world)
    del world.company.tables["documents"][BY_HAND]
    said(world, "retry", name)
    Aftermath(world).live(hours=1)

    assert now_of(world, name).state == "confirmed"
    assert len(world.documents()) == 2


def test_an_adopted_document_is_the_facts_own_and_verify_is_content():
    world = look_alike()
    name = item(world)
    said(world, "adopt", name, BY_HAND)
    Aftermath(world).live(hours=1)
    row = now_of(world, name)
    again = world.deliver(shopify_order(2), topic="orders/create")
    world.run(again)

    assert (row.state, row.holded_id, row.step, row.total) == ("confirmed", BY_HAND, "done", Decimal("121.00"))
    assert len(world.documents()) == 2
    assert verified(world)[1] == []


def test_nothing_takes_an_adopted_document_further():
    world = look_alike()
    world.accounts.accounts[ACCOUNT] = replace(
        world.accounts.accounts[ACCOUNT], settings={"policy": {"finish": "approve_and_pay"}}
    )
    said(world, "adopt", item(world), BY_HAND)
    world.order(shopify_order(2, updated_at=LATER), topic="orders/updated")

    assert world.company.tables["documents"][BY_HAND]["approved_at"] is None


def test_a_document_of_another_fact_cannot_be_adopted():
    world = look_alike()
    taken = next(row.holded_id for row in world.rows("invoice") if row.state == "confirmed")
    with pytest.raises(Rejected, match="document_taken"):
        said(world, "adopt", item(world), taken)
    put(world, world.documents()[0], id="b" * 24, tags=["hr" + "a" * 14])

    with pytest.raises(Rejected, match="document_taken"):
        said(world, "adopt", item(world), "b" * 24)


def test_a_document_that_was_adopted_for_another_fact_while_a_person_thought_it_over_is_refused():
    world = look_alike()
    world.order(shopify_order(5, total_price="100.00"))
    names = [str(row.key) for row in world.rows("invoice") if row.state == "review"]
    person = Person(world)
    looked_at = [asyncio.run(person.look(name, BY_HAND)) for name in names]
    asyncio.run(person.remedies.adopt(*looked_at[0]))

    with pytest.raises(Rejected, match="document_taken: it is the document of"):
        asyncio.run(person.remedies.adopt(*looked_at[1]))
    assert sorted(row.state for row in world.rows("invoice")) == ["confirmed", "confirmed", "review"]


def test_a_document_that_a_person_adopted_for_one_fact_is_not_there_for_another():
    world = look_alike()
    said(world, "adopt", item(world), BY_HAND)
    world.order(shopify_order(5, total_price="100.00"))
    with pytest.raises(Rejected, match=f"document_taken: it is the document of {ACCOUNT}/shopify"):
        said(world, "adopt", item(world), BY_HAND)


def test_a_document_that_is_not_there_or_of_another_type_cannot_be_adopted():
    world = look_alike()
    with pytest.raises(NotFound, match="document_unknown"):
        said(world, "adopt", item(world), "f" * 24)
    with pytest.raises(Rejected, match="document_type"):
        said(world, "adopt", item(world), BY_HAND, doc_type="creditnote")

    assert now_of(world, item(world)).state == "review"


def test_a_cancelled_document_cannot_be_adopted():
    world = look_alike()
    put(world, world.company.tables["documents"][BY_HAND], cancelled=True)
    with pytest.raises(Rejected, match="document_cancelled"):
        said(world, "adopt", item(world), BY_HAND)

    assert now_of(world, item(world)).state == "review"


def test_an_adopted_parent_lets_its_children_go():
    world = look_alike()
    world.order(refund_of(shopify_order(2)), topic="refunds/create")
    refund = str(world.row("creditnote").key)
    before = now_of(world, refund)
    world.ledger.rows[before.key] = replace(
        before, state="waiting", reason="parent", due_ms=at_ms(world.clock.now()) + 10**9
    )
    world.ledger.pointers.setdefault(
        next(row.key for row in world.rows("invoice") if row.state == "review"), []
    ).append(before.key)
    said(world, "adopt", item(world), BY_HAND)
    world.run()

    assert now_of(world, refund).state == "confirmed"


def test_what_is_ignored_never_comes_back_with_the_same_version():
    world = look_alike()
    name = item(world)
    said(world, "ignore", name, "booked by the accountant")
    for topic in ("orders/paid", "orders/create", "orders/updated"):
        world.order(shopify_order(2), topic=topic)
    Aftermath(world).live(hours=1)
    row = now_of(world, name)

    assert (row.state, row.reason) == ("ignored", "by_hand_outcome_unknown")
    assert row.detail.startswith("booked by the accountant (was outcome_unknown_similar")
    assert len(world.documents()) == 2


def test_an_ignored_doubt_keeps_newer_versions_away_too():
    world = look_alike()
    name = item(world)
    said(world, "ignore", name)
    world.order(shopify_order(2, total="242.00", updated_at=LATER), topic="orders/updated")
    Aftermath(world).live(hours=1)

    assert now_of(world, name).state == "ignored"
    assert len(world.documents()) == 2


def unsettled(**extra):
    """An order whose lines do not come to its total."""
    return shopify_order(2, total_price="100.00", **extra)


def test_what_was_booked_by_hand_is_not_written_when_it_is_shipped_though_settings_were_mended():
    world = World()
    world.order(unsettled())
    name = item(world)
    said(world, "ignore", name, "booked by the accountant")
    world.order(shopify_order(2, updated_at=LATER, fulfillment_status="fulfilled", note="x"), topic="orders/fulfilled")
    Aftermath(world).live(hours=1)

    assert (now_of(world, name).state, world.documents()) == ("review", [])


def test_another_version_of_what_a_person_ignored_is_put_before_a_person_and_written_when_it_is_wanted():
    world = World()
    world.order(unsettled())
    name = item(world)
    said(world, "ignore", name)
    world.order(unsettled(), topic="orders/create")
    same = now_of(world, name).state
    world.order(shopify_order(2, updated_at=LATER), topic="orders/updated")
    put = now_of(world, name)

    assert same == "ignored"
    assert (put.state, put.reason, world.documents()) == ("review", "ignored_before", [])

    said(world, "retry", name)
    Aftermath(world).live(hours=1)
    assert (now_of(world, name).state, len(world.documents())) == ("confirmed", 1)


def draft_refund():
    """A refund of our own draft, where policy asks a person."""
    world = World(settings={"policy": {"refund_of_draft": "review"}})
    world.order(shopify_order())
    world.order(refund_of(shopify_order()), topic="refunds/create")
    return world


def mend(world):
    world.accounts.accounts[ACCOUNT] = replace(world.accounts.accounts[ACCOUNT], settings={})


def test_retry_after_the_settings_were_mended_writes_it():
    world = draft_refund()
    name = item(world, "creditnote")
    mend(world)
    said(world, "retry", name)
    assert now_of(world, name).priority == "fiscal"
    Aftermath(world).live(hours=1)

    assert len(world.documents("creditnote")) == 1
    assert verified(world)[1] == []


def test_many_are_put_back_in_the_background_and_stay_there():
    world = draft_refund()
    name = item(world, "creditnote")
    mend(world)
    used = world.gates.gates[ACCOUNT].budget.used
    said(world, "retry", name, many=True)
    assert now_of(world, name).priority == "background"
    world.run()

    assert now_of(world, name).state == "confirmed"
    assert world.gates.gates[ACCOUNT].budget.used[2] == used[2] + 1


def test_retry_without_a_mend_comes_back_to_the_same_review():
    world = draft_refund()
    name = item(world, "creditnote")
    said(world, "retry", name)
    Aftermath(world).live(hours=1)

    assert (now_of(world, name).state, now_of(world, name).reason) == ("review", "original_is_a_draft")


def approved_and_changed():
    """The source changed after a person approved our draft."""
    world = World()
    world.order(shopify_order(1))
    put(world, world.documents()[0], approved_at="2026-03-02T09:00:00Z", draft=False, document_number="F260001")
    world.order(shopify_order(1, total="242.00", updated_at=LATER), topic="orders/updated")
    return world


def test_retry_of_a_newer_version_that_still_needs_a_person_stays_in_review():
    """A waiting aside must not be taken for judged: it would be closed, and nobody would hear of it again."""
    world = approved_and_changed()
    name = item(world, "invoice.update")
    said(world, "retry", name)
    Aftermath(world).live(hours=1)

    assert now_of(world, name).state == "review"


def test_an_ignored_newer_version_stays_ignored_when_its_event_comes_again():
    world = approved_and_changed()
    name = item(world, "invoice.update")
    said(world, "ignore", name)
    world.holded.calls.clear()
    world.order(shopify_order(1, total="242.00", updated_at=LATER), topic="orders/create")

    assert now_of(world, name).state == "ignored"
    assert world.holded.calls == []


def test_the_document_that_a_person_wrote_for_the_newer_version_takes_the_place_of_the_old():
    world = approved_and_changed()
    name = item(world, "invoice.update")
    put(world, world.documents()[0], id=BY_HAND, tags=[], total="242.00", document_number="F260002")
    said(world, "adopt", name, BY_HAND)
    own = world.row("invoice")
    world.order(shopify_order(1, total="242.00", updated_at=LATER), topic="orders/create")

    assert (own.holded_id, own.number, own.total) == (BY_HAND, "F260002", Decimal("242.00"))
    assert (now_of(world, name).state, now_of(world, name).reason) == ("superseded", f"adopted:{BY_HAND}")
    assert troubles(world) == []


def test_a_finding_of_the_settlement_sweep_is_settled_by_ignoring_it_and_stays_settled():
    world = World()
    for number in range(12):
        world.order(shopify_order(number))
    put(world, world.documents()[0], id=BY_HAND)
    Aftermath(world).live(hours=7)
    name = item(world, "invoice.settlement")
    assert studied(world, name).open_remedies == ("ignore",)
    said(world, "ignore", name, "both were kept on purpose")
    for number in range(20, 32):
        world.order(shopify_order(number))
    Aftermath(world).live(hours=7)

    assert now_of(world, name).state == "ignored"


def deleted_draft():
    """Somebody deletes the draft between its create and its approval."""
    world = World(settings={"policy": {"finish": "approve"}})
    world.sandbox.faults.faults.append(Fault(kind="reset", method="GET", path="/invoices/"))
    world.order(shopify_order())
    world.company.tables["documents"].clear()
    Aftermath(world).live(hours=1)
    return world


def test_a_draft_that_somebody_deleted_is_created_again_on_request():
    world = deleted_draft()
    name = item(world)
    assert now_of(world, name).reason == "deleted_in_holded"
    said(world, "create", name)
    Aftermath(world).live(hours=1)

    assert now_of(world, name).state == "confirmed"
    assert len(world.documents()) == 1


def test_create_is_not_open_where_retry_writes_or_a_document_stands():
    refund, changed = draft_refund(), approved_and_changed()

    assert studied(refund, item(refund, "creditnote")).open_remedies == ("retry", "adopt", "ignore")
    assert studied(changed, item(changed, "invoice.update")).open_remedies == ("retry", "adopt", "ignore")
    with pytest.raises(Rejected, match="remedy_not_open"):
        said(changed, "create", item(changed, "invoice.update"))


def unreadable():
    """A delivery that could not be read, and (as if a release had mended its normaliser) now can."""
    world = World()
    world.order({"id": 1})
    (at,) = world.inbox.items
    readable = World()
    readable.deliver(shopify_order(1), topic="orders/paid")
    (other,) = readable.inbox.items.values()
    stored = world.inbox.items[at]
    delivery = replace(stored.delivery, body=other.delivery.body)
    world.inbox.items[at] = replace(stored, delivery=delivery)
    return world


def test_a_delivery_that_can_be_read_by_now_is_unfolded_again_to_its_end():
    world = unreadable()
    name = item(world, "delivery")
    said(world, "retry", name)
    Aftermath(world).live(hours=0.5)
    (stored,) = world.inbox.items.values()

    assert stored.ends["0"].startswith("document:")
    assert now_of(world, name).state == "superseded"
    assert len(world.documents()) == 1
    assert verified(world)[1] == []


def test_a_delivery_that_still_cannot_be_read_is_in_review_again():
    world = World()
    world.order({"id": 1})
    name = item(world, "delivery")
    said(world, "retry", name)
    Aftermath(world).live(hours=0.5)

    assert now_of(world, name).state == "review"
    assert verified(world)[0].ends == {("review", now_of(world, name).reason): 1}


def test_an_ignored_delivery_is_not_judged_again():
    world = World()
    refs = world.deliver({"id": 1}, topic="orders/paid")
    world.run(refs)
    name = item(world, "delivery")
    said(world, "ignore", name)
    (at,) = world.inbox.items
    world.inbox.items[at] = replace(world.inbox.items[at], open=True, ends={})
    world.run(refs)

    assert now_of(world, name).state == "ignored"
    assert world.inbox.items[at].ends["0"] == "ignored:by_hand"


def test_an_item_is_found_by_its_event_too_and_only_in_its_own_account():
    world = look_alike()
    name = item(world)
    event_id = now_of(world, name).event_id

    assert str(studied(world, event_id).row.key) == name
    for stranger in (name.replace("acme", "bolt", 1), "no such thing", "a/b", "acme/x/y/z"):
        with pytest.raises(NotFound, match="item_unknown"):
            studied(world, stranger)


def test_an_event_that_several_items_hold_must_be_named_by_key():
    world = look_alike()
    row = now_of(world, item(world))
    twin = replace(row, key=replace(row.key, purpose="invoice.settlement"))
    world.ledger.rows[twin.key] = twin

    with pytest.raises(BadInput, match="item_ambiguous"):
        studied(world, row.event_id)


def test_what_was_meant_is_shown_as_the_exact_requests():
    world = look_alike()
    meant = studied(world, item(world)).meant

    assert [request["path"] for request in meant["requests"]] == ["/api/v2/contacts", "/api/v2/invoices"]
    assert meant["total"] == "121.00"


def test_the_difference_to_what_was_written_is_told_field_by_field():
    world = approved_and_changed()

    assert studied(world, item(world, "invoice.update")).differences == [("total", "242.00", "121.00", "ledger")]


def test_an_event_whose_copy_is_gone_is_read_from_the_inbox():
    world = draft_refund()
    name = item(world, "creditnote")
    row = now_of(world, name)
    world.ledger.rows[row.key] = replace(row, event=b"", reason="event_lost")
    mend(world)
    said(world, "retry", name)
    Aftermath(world).live(hours=1)

    assert now_of(world, name).state == "confirmed"


def test_without_its_event_only_adopt_and_ignore_are_left():
    world = draft_refund()
    row = now_of(world, item(world, "creditnote"))
    world.ledger.rows[row.key] = replace(row, event=b"")
    world.inbox.items.clear()

    assert studied(world, str(row.key)).open_remedies == ("adopt", "ignore")


def test_every_remedy_is_in_the_change_log_without_its_note():
    world = look_alike()
    name = item(world)
    said(world, "ignore", name, "Ana Ejemplo paid in cash")
    (change,) = world.accounts.log

    assert (change.who, change.what) == ("cli:ana", "review ignore")
    assert (change.before, change.after) == (
        f"{name} review outcome_unknown_similar",
        f"{name} ignored by_hand_outcome_unknown",
    )


def test_a_delivery_is_unfolded_again_only_after_the_change_log_tells_it():
    world = unreadable()
    inner, told = world.inbox.reopen, []

    async def reopen(account, inbox_id, **given):
        told.extend(change.what for change in world.accounts.log)
        return await inner(account, inbox_id, **given)

    world.inbox.reopen = reopen
    said(world, "retry", item(world, "delivery"))

    assert told == ["review retry"]
    assert len(world.accounts.log) == 1


def test_a_row_that_moves_meanwhile_is_left_alone_and_the_log_says_so():
    world = look_alike()
    person = Person(world)
    study = asyncio.run(person.study(item(world)))
    moved = replace(study.row, rev=study.row.rev + 1, detail="moved")
    world.ledger.rows[study.row.key] = moved
    with pytest.raises(Rejected, match="item_moved"):
        asyncio.run(person.remedies.create(study))

    assert world.ledger.rows[study.row.key] == moved
    assert [change.after for change in world.accounts.log][-1].startswith("not done")


REMEDIES = {
    "create": (look_alike, "invoice", ("create",)),
    "adopt": (look_alike, "invoice", ("adopt", BY_HAND)),
    "retry of a doubt": (look_alike, "invoice", ("retry",)),
    "retry after a mend": (draft_refund, "creditnote", ("retry",)),
    "retry of a delivery": (unreadable, "delivery", ("retry",)),
    "adopt a newer version": (approved_and_changed, "invoice.update", ("adopt", BY_HAND)),
    "ignore": (look_alike, "invoice", ("ignore",)),
}


def told(name, *, at=None, mode="before"):
    """Say a remedy, dying at the `at`-th call, and say it again; (what became of it, the calls' names)."""
    start, purpose, (remedy, *args) = REMEDIES[name]
    world = start()
    item_name = item(world, purpose)
    if purpose == "invoice.update":
        put(world, world.documents()[0], id=BY_HAND, tags=[], total="242.00")
    if purpose == "creditnote":
        mend(world)
    wire = Wire(world, at=at, mode=mode)
    for each in (wire, None):
        with contextlib.suppress(Killed, Rejected):
            said(world, remedy, item_name, *args, wire=each)
    logged = len(world.accounts.log)
    Aftermath(world).live(hours=1)
    row = now_of(world, item_name)
    rows = sorted((one.key.purpose, one.state, one.reason, bool(one.holded_id)) for one in world.rows())
    documents = sorted((d["_kind"], d["total"], len(d["tags"])) for d in world.company.tables["documents"].values())
    return (row.state, row.reason, rows, documents, logged > 0), wire.names


@pytest.mark.parametrize("mode", ["before", "after"])
@pytest.mark.parametrize("name", REMEDIES)
def test_whenever_the_person_s_process_dies_the_remedy_works_once(name, mode):
    expected, calls = told(name)
    wrong = []
    for at, call in enumerate(calls):
        got, _ = told(name, at=at, mode=mode)
        if got != expected:
            wrong.append(f"{mode} call {at} ({call}): {got}")
    print(f"{name}: {len(calls)} crash points, each {mode}")

    assert len(calls) >= 4
    assert not wrong, f"{len(wrong)} of {len(calls)}, expected {expected}\n" + "\n".join(wrong)
