"""Holded's webhooks are hints: an echo costs nothing, everything else is read again and becomes an event."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from holded_sandbox.faults import Fault
from relay.services.times import at_ms
from relay.services.unfold import unfold
from tests.services.world import World, shopify_order


@pytest.fixture
def world():
    return World()


def rereads(world):
    return [item.delivery for item in world.inbox.items.values() if item.delivery.topic.startswith("reread.")]


def test_an_echo_of_our_own_write_is_dropped_without_a_call(world):
    world.order(shopify_order())
    world.holded.calls.clear()
    done = world.run(world.hint(world.documents()[0]["id"]))
    world.settle(hours=1)

    assert done.ends == {}
    assert world.holded.calls == []
    assert rereads(world) == []


def test_an_echo_faster_than_our_own_record_waits_and_is_then_dropped(world):
    refs = world.hint("c" * 24)
    world.run(refs)
    world.order(shopify_order())
    row = world.row()
    world.ledger.rows[row.key] = replace(row, holded_id="c" * 24)
    world.holded.calls.clear()
    world.settle(hours=0.5)

    assert world.holded.calls == []


def test_a_document_written_by_hand_is_read_once_and_becomes_an_event(world):
    world.order(shopify_order())
    by_hand = dict(world.documents()[0], id="a" * 24, tags=[])
    world.company.put("documents", by_hand, world.clock.now().timestamp())
    world.holded.calls.clear()
    for _ in range(3):
        world.run(world.hint("a" * 24, total="121.00"))
    world.settle(hours=0.5)

    assert world.holded.calls == [f"GET /api/v2/invoices/{'a' * 24}"]
    (delivery,) = rereads(world)
    (event,) = unfold(delivery).events
    assert (event.type, event.subject, event.source) == ("invoice.created", "a" * 24, "holded")
    assert str(event.data.total) == "121.00"


def forgotten(world, **fields):
    """Our row of the document, as it was before the answer to our write was noted."""
    row = world.row()
    world.ledger.rows[row.key] = replace(row, updated_ms=at_ms(world.clock.now()), due_ms=0, indexed=False, **fields)
    return row


def test_what_a_write_without_an_answer_made_is_left_alone_until_the_ledger_names_it(world):
    world.order(shopify_order())
    row = forgotten(world, state="unknown", holded_id="")
    made = row.holded_id
    world.clock.advance(600)
    world.run(world.hint(made, total="121.00"))
    world.settle(hours=0.1)
    assert rereads(world) == []

    world.ledger.rows[row.key] = replace(row, written_ms=at_ms(world.clock.now()))
    world.settle(hours=2)

    assert rereads(world) == []


@pytest.mark.parametrize(
    ("state", "reason"),
    [("unknown", ""), ("review", "outcome_unknown_refused"), ("dead", "outcome_unknown_after_all")],
)
def test_it_is_left_alone_for_as_long_as_the_write_is_in_doubt(world, state, reason):
    """Holded is away for hours, and nobody can look what became of the write; or a person has to say."""
    world.order(shopify_order())
    row = forgotten(world, state=state, reason=reason, holded_id="")
    world.run(world.hint(row.holded_id, total="121.00"))
    world.settle(hours=3)
    assert rereads(world) == []

    world.ledger.rows[row.key] = replace(row, written_ms=at_ms(world.clock.now()))
    world.settle(hours=2)

    assert rereads(world) == []


@pytest.mark.parametrize("judged", ["adopted", "ignored"])
def test_while_a_person_has_to_judge_it_it_is_looked_at_ever_more_rarely(world, judged):
    world.order(shopify_order())
    row = forgotten(world, state="review", reason="outcome_unknown_refused", holded_id="")
    world.run(world.hint(row.holded_id, total="121.00"))
    world.holded.calls.clear()
    world.settle(hours=10 * 24)

    assert rereads(world) == []
    looks = world.holded.calls.count(f"GET /api/v2/invoices/{row.holded_id}")
    assert 10 <= looks <= 20  # from every quarter of an hour to once a day; every quarter would be 960

    now_ms = at_ms(world.clock.now())
    end = {"written_ms": now_ms} if judged == "adopted" else {"state": "ignored", "holded_id": "", "written_ms": 0}
    world.ledger.rows[row.key] = replace(row, **end)
    world.settle(hours=25)

    assert len(rereads(world)) == (judged == "ignored")
    assert [each.reason for each in world.rows("reread") if each.state == "waiting"] == []


def test_a_copy_with_our_tag_beside_a_reviewed_fact_that_wrote_nothing_is_told(world):
    world.order(shopify_order())
    row = forgotten(world, state="review", reason="tax_unknown", holded_id="")
    world.run(world.hint(row.holded_id, total="121.00"))
    world.settle(hours=3)

    assert len(rereads(world)) == 1


def test_an_approval_of_ours_without_an_answer_is_nobody_elses(world):
    world.order(shopify_order())
    row = forgotten(world, state="unknown", step="approve")
    world.clock.advance(600)
    world.run(world.hint(row.holded_id, "approve"))
    world.settle(hours=0.1)
    assert rereads(world) == []

    world.ledger.rows[row.key] = replace(row, step="approve", written_ms=at_ms(world.clock.now()))
    world.settle(hours=2)

    assert rereads(world) == []


def lost_update(world):
    """A newer version that Holded wrote, whose reply was lost, and whose look was refused for good: the id of the document."""
    world.order(shopify_order())
    made = world.documents()[0]["id"]
    world.sandbox.faults.faults += [
        Fault(kind="lose_reply", method="PUT"),
        Fault(kind="status_zero", method="GET", path=made, skip=1),
    ]
    newer = {"total": "242.00", "updated_at": "2026-03-02T10:30:00+01:00"}
    world.order(shopify_order(**newer), topic="orders/updated")
    world.settle(hours=1)
    row = world.row()
    assert (row.state, row.reason, row.holded_id) == ("review", "outcome_unknown_refused", made)
    assert str(world.documents()[0]["total"]) == "242.00"
    return row


@pytest.mark.parametrize("judged", ["adopted", "ignored"])
def test_an_update_of_ours_that_a_person_has_to_judge_is_nobody_elses_until_then(world, judged):
    row = lost_update(world)
    world.run(world.hint(row.holded_id, "update", total="242.00"))
    world.settle(hours=3 * 24)
    assert rereads(world) == []

    if judged == "adopted":
        end = replace(row, state="confirmed", reason="", written_ms=at_ms(world.clock.now()))
    else:
        end = replace(row, state="ignored", reason="by_hand")
    world.ledger.rows[row.key] = end
    world.settle(hours=25)

    assert len(rereads(world)) == (judged == "ignored")


def test_a_document_that_stands_as_it_was_while_its_update_is_refused_is_nobody_elses(world):
    """The row has the total that could not be written; what the webhook's look shows is the one that we wrote before."""
    world.order(shopify_order())
    made = world.documents()[0]["id"]
    faults = [Fault(kind="error_before", method="PUT"), Fault(kind="status_zero", method="PUT")]
    world.sandbox.faults.faults += faults
    newer = {"total": "242.00", "updated_at": "2026-03-02T10:30:00+01:00"}
    world.order(shopify_order(**newer), topic="orders/updated")
    late = world.hint(made, total="121.00")
    world.settle(hours=1)
    assert (world.row().state, str(world.row().total)) == ("review", "242.00")

    world.run(late)
    world.settle(hours=1)

    assert rereads(world) == []


def test_what_bears_our_reference_and_is_named_by_nobody_is_told_after_an_hour(world):
    world.order(shopify_order())
    by_hand = dict(world.documents()[0], id="a" * 24)
    world.company.put("documents", by_hand, world.clock.now().timestamp())
    world.run(world.hint("a" * 24, total="121.00"))
    world.settle(hours=0.5)
    assert rereads(world) == []

    world.settle(hours=2)

    assert len(rereads(world)) == 1


def test_what_a_person_changes_after_our_update_of_a_known_document_is_told_though_its_total_stays(world):
    world.order(shopify_order())
    made = world.documents()[0]["id"]
    world.clock.advance(3600)
    world.run(world.hint(made, "update"))
    world.settle(hours=0.5)
    assert len(rereads(world)) == 1  # a webhook an hour later is nobody's echo; from here on it is known

    world.order(
        shopify_order(note="newer", updated_at="2026-03-02T12:30:00+01:00", total="242.00"), topic="orders/updated"
    )
    assert str(world.documents()[0]["total"]) == "242.00"
    world.clock.advance(3600)
    world.company.put("documents", dict(world.documents()[0], notes="By hand"), world.clock.now().timestamp())
    world.run(world.hint(made, "update"))
    world.settle(hours=0.5)

    assert [unfold(each).events[0].type for each in rereads(world)] == ["invoice.updated", "invoice.updated"]


def test_a_webhook_of_what_happened_before_our_last_write_tells_nothing(world):
    world.order(shopify_order())
    refs = world.hint(world.documents()[0]["id"], "update", total="99.00")
    row = world.row()
    world.ledger.rows[row.key] = replace(row, written_ms=at_ms(world.clock.now()) + 1_000)
    world.clock.advance(400)
    world.run(refs)
    world.settle(hours=1)

    assert rereads(world) == []


def test_a_change_that_changes_nothing_makes_no_second_event(world):
    world.order(shopify_order())
    by_hand = dict(world.documents()[0], id="a" * 24, tags=[])
    world.company.put("documents", by_hand, world.clock.now().timestamp())
    for _ in range(3):
        world.run(world.hint("a" * 24, "update"))
        world.settle(hours=0.2)
        world.clock.advance(3600)

    assert len(rereads(world)) == 1


def test_a_deletion_by_hand_becomes_an_event(world):
    world.run(world.hint("b" * 24, "delete"))
    world.settle(hours=0.5)

    (delivery,) = rereads(world)
    assert unfold(delivery).events[0].type == "invoice.deleted"


def test_a_hint_of_something_we_do_not_follow_is_ignored_by_name(world):
    world.run(world.hint("b" * 24, kind="receipt"))

    (item,) = world.inbox.items.values()
    assert item.ends == {"0": "ignored:not_followed"}


def test_a_reread_reaches_the_bus_and_the_hint_itself_never_does(world):
    world.run(world.hint("b" * 24, "delete"))
    world.settle(hours=0.5)
    for account, inbox_id in list(world.inbox.items):
        asyncio.run(world.publish(account, inbox_id))

    assert [entry["type"] for entry in world.bus.published] == ["invoice.deleted"]
    assert world.bus.published[0]["source"] == "relay.holded"
    assert not any(item.open for item in world.inbox.items.values() if item.delivery.topic.startswith("reread."))


def test_what_was_read_in_holded_is_never_written_back(world):
    world.order(shopify_order())
    by_hand = dict(world.documents()[0], id="a" * 24, tags=[])
    world.company.put("documents", by_hand, world.clock.now().timestamp())
    world.run(world.hint("a" * 24))
    world.settle(hours=0.5)
    calls = len(world.holded.calls)
    (delivery,) = rereads(world)
    world.run([f"{delivery.inbox_id}#0"])

    assert len(world.holded.calls) == calls


def test_the_number_of_an_approved_document_is_learned_from_its_webhook():
    world = World(settings={"policy": {"finish": "approve"}})
    world.order(shopify_order())
    document = world.documents()[0]
    calls = len(world.holded.calls)
    world.run(world.hint(document["id"], "approve", documentNumber="F260001"))

    assert world.row().number == "F260001"
    assert len(world.holded.calls) == calls


def test_a_hint_whose_id_can_be_no_objects_is_for_a_human_at_once(world):
    world.run(world.hint("../../x", "update"))
    world.settle(hours=0.5)

    (row,) = world.rows("reread")
    assert (row.state, row.attempts) == ("review", 0)
    assert world.holded.calls == []


def test_a_change_by_hand_long_after_our_write_is_read(world):
    world.order(shopify_order())
    world.clock.advance(3600)
    document = world.documents()[0]
    document["total"] = "100.00"
    world.run(world.hint(document["id"], "update"))
    world.settle(hours=0.5)

    (delivery,) = rereads(world)
    assert unfold(delivery).events[0].type == "invoice.updated"
