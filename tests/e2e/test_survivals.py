"""What the running house survives: Holded away, a record the stream never showed, dead letters and their redrive."""

from __future__ import annotations

import json

import pytest

from tests.e2e.house import grown, until
from tests.services.world import shopify_order

pytestmark = [pytest.mark.emulator, pytest.mark.slow]


@pytest.fixture(scope="module")
def shop(house):
    company = house.open_company("survivor")
    company.ends(company.send("shopify", "orders/paid", shopify_order(4000)))
    return company


def invoices(company):
    return len(company.documents("invoice"))


def test_work_waits_while_holded_is_away_and_is_done_when_it_is_back(house, shop):
    before = invoices(shop)
    order = shopify_order(4001)
    house.sandbox.stop()
    try:
        (inbox_id,) = shop.send("shopify", "orders/paid", order)
        until(
            lambda: (row := shop.row("shopify", order["id"], "invoice")) and row.state == "waiting" and row.attempts,
            "the order waits after an attempt",
        )
    finally:
        house.sandbox.start()

    written = shop.settled("shopify", order["id"], "invoice")

    shop.ends([inbox_id])
    assert written.holded_id in {one["id"] for one in shop.documents("invoice")}
    assert invoices(shop) == before + 1


@pytest.fixture
def stream_is_deaf(house):
    """The mapping from the inbox's stream to `publish_event` is off, as after an outage that outlived its records."""
    client = house.stack.client("lambda")
    name = house.stack.outputs["PublishEventFunction"]
    (mapping,) = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]

    def switch(*, on):
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)
        wanted = "Enabled" if on else "Disabled"
        until(lambda: client.get_event_source_mapping(UUID=mapping["UUID"])["State"] == wanted, f"the stream {wanted}")

    switch(on=False)
    yield lambda: client.get_event_source_mapping(UUID=mapping["UUID"])["State"] == "Disabled"
    switch(on=True)


def test_the_sweeper_publishes_what_the_stream_never_showed(shop, stream_is_deaf):
    before = invoices(shop)
    order = shopify_order(4002)

    (inbox_id,) = shop.send("shopify", "orders/paid", order)

    shop.ends([inbox_id])
    assert stream_is_deaf(), "it was not the stream"
    assert shop.settled("shopify", order["id"], "invoice").state == "confirmed"
    assert invoices(shop) == before + 1


def test_a_message_that_uses_up_its_attempts_is_a_dead_row_in_the_status(house, shop):
    """It names an event that nobody knows: the writer refuses it until the queue gives it up."""
    sqs, url = house.stack.client("sqs"), house.stack.outputs["NormalQueueUrl"]
    hidden = house.queue_attribute("NormalQueueUrl", "VisibilityTimeout")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})  # else each attempt takes minutes
    try:
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"account": shop.account, "event": "never-came-in#0"}))
        until(lambda: house.messages("NormalDlqUrl") == 1, "the message is a dead letter")
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": hidden})

    house.stack.invoke("IndexDeadLettersFunction")

    told = shop.status()
    assert (told["dead"], told["queues"]["normal DLQ"]) == (1, 1)
    (row,) = house.relay("events", "list", "--account", shop.account, "--state", "dead")
    assert (row["event"], row["reason"]) == ("never-came-in#0", "attempts_used_up")
    sqs.purge_queue(QueueUrl=house.stack.outputs["NormalDlqUrl"])


@pytest.mark.row("D23")
def test_a_redriven_message_of_what_is_done_does_no_harm(house, shop):
    (inbox_id,) = shop.send("shopify", "orders/paid", shopify_order(4003))
    shop.ends([inbox_id])
    before, calls = invoices(shop), shop.calls()
    dead, arn = house.stack.outputs["FiscalDlqUrl"], house.queue_attribute("FiscalDlqUrl", "QueueArn")
    message = {"account": shop.account, "event": f"{inbox_id}#0"}
    house.stack.client("sqs").send_message(QueueUrl=dead, MessageBody=json.dumps(message))
    assert house.messages("FiscalDlqUrl") == 1

    held = house.messages("FiscalQueueUrl")  # a message of an earlier story may be hidden until it comes again
    house.stack.client("sqs").start_message_move_task(
        SourceArn=arn, DestinationArn=house.queue_attribute("FiscalQueueUrl", "QueueArn")
    )

    until(
        lambda: house.messages("FiscalDlqUrl") == 0 and house.messages("FiscalQueueUrl") <= held,
        "the message was worked on",
    )
    assert grown(calls, shop.calls()) == {}
    assert invoices(shop) == before
    assert shop.story(inbox_id)["events"][0]["end"].startswith("document:")
