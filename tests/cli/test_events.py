"""`relay events` and `relay status`: where events stand."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from relay.domain.sources import identity, registry
from relay.domain.sources.base import Delivery
from relay.services.unfold import unfold
from tests import fakes
from tests.test_fakes import a_row

if TYPE_CHECKING:
    from tests.cli.conftest import Setting

ORDER = {
    "id": 1001,
    "name": "#1001",
    "currency": "EUR",
    "created_at": "2026-03-02T09:00:00+01:00",
    "updated_at": "2026-03-02T09:00:00+01:00",
    "financial_status": "paid",
    "total_price": "121.00",
    "total_tax": "21.00",
    "taxes_included": True,
    "line_items": [
        {
            "id": 1,
            "title": "Silla",
            "quantity": 1,
            "price": "121.00",
            "tax_lines": [{"rate": 0.21, "price": "21.00", "title": "IVA"}],
        }
    ],
}


@pytest.fixture
def arrived(setting: Setting) -> Delivery:
    setting.add()
    body = json.dumps(ORDER).encode()
    source = registry.get("shopify")
    headers = {"x-shopify-topic": "orders/paid"}
    digest = identity.body_digest(body)
    meaning = source.identify(body, headers)
    delivery = Delivery(
        inbox_id=identity.inbox_id("acme", "shopify", meaning, digest),
        account="acme",
        source="shopify",
        topic="orders/paid",
        headers=headers,
        body=body,
        received_at=setting.clock.now(),
    )
    setting.inbox.put_now(delivery, digest=digest)
    setting.clock.advance(5)
    return delivery


def write(setting: Setting, delivery: Delivery, **changes: object) -> None:
    [event] = unfold(delivery).events
    now_ms = fakes.ms(setting.clock.now())
    row = a_row(event.subject, created_ms=now_ms - 1000, updated_ms=now_ms, event_id=event.id, **changes)
    asyncio.run(setting.ledger.insert(row))


def test_what_came_in_is_listed_with_its_ends(setting: Setting, arrived: Delivery) -> None:
    asyncio.run(setting.inbox.close("acme", arrived.inbox_id, ends={"0": "document:abc"}, of=1))

    told = setting.json("events", "list", "--account", "acme")
    human = setting.run("events", "list", "--account", "acme")

    assert told == [
        {
            "id": arrived.inbox_id,
            "source": "shopify",
            "topic": "orders/paid",
            "received_at": "2026-03-02T09:00:00Z",
            "open": False,
            "ends": {"0": "document:abc"},
            "now": {},
        }
    ]
    assert human.exit_code == 0


def test_deliveries_and_rows_of_all_accounts_are_listed_with_their_account(setting: Setting, arrived: Delivery) -> None:
    write(setting, arrived, state="dead", reason="attempts_used_up")
    [delivery] = setting.json("events", "list", "--all-accounts")
    [row] = setting.json("events", "list", "--all-accounts", "--state", "dead")
    human = setting.run("events", "list", "--all-accounts")

    assert (delivery["account"], delivery["id"]) == ("acme", arrived.inbox_id)
    assert (row["account"], row["state"]) == ("acme", "dead")
    assert "deliveries of all accounts" in human.stdout
    assert setting.run("events", "list").exit_code == 2


def test_an_event_the_ledger_took_over_shows_what_became_of_it(setting: Setting, arrived: Delivery) -> None:
    asyncio.run(setting.inbox.close("acme", arrived.inbox_id, ends={"0": "waiting:queued"}, of=1))
    write(setting, arrived, state="confirmed", holded_id="abc")

    [told] = setting.json("events", "list", "--account", "acme")

    assert told["now"] == {"0": "invoice confirmed"}


def test_a_delivery_that_nobody_took_over_is_not_called_published(setting: Setting, arrived: Delivery) -> None:
    told = setting.json("events", "show", arrived.inbox_id, "--account", "acme")
    human = setting.run("events", "show", arrived.inbox_id, "--account", "acme")

    assert told["published"] is False
    assert "published" not in human.stdout


def test_the_settlement_sweep_is_not_listed_as_waiting(setting: Setting, arrived: Delivery) -> None:
    del arrived

    assert setting.json("events", "list", "--account", "acme", "--state", "waiting") == []


def test_what_is_older_than_asked_for_is_left_out(setting: Setting, arrived: Delivery) -> None:
    setting.clock.advance(3600)

    assert setting.json("events", "list", "--account", "acme", "--since", "30m") == []
    assert [one["id"] for one in setting.json("events", "list", "--account", "acme", "--since", "2h")] == [
        arrived.inbox_id
    ]


def test_rows_in_review_are_listed_with_their_reason(setting: Setting, arrived: Delivery) -> None:
    write(setting, arrived, state="review", reason="total_differs", detail="0.01 EUR", total=Decimal("121.00"))

    [told] = setting.json("events", "list", "--account", "acme", "--state", "review")

    assert (told["object"], told["reason"], told["detail"]) == ("1001", "total_differs", "0.01 EUR")
    assert told["total"] == "121.00"


def test_rows_older_than_the_default_are_listed_unless_a_time_is_named(setting: Setting, arrived: Delivery) -> None:
    write(setting, arrived, state="review", reason="total_differs")
    setting.clock.advance(3 * 86_400)
    asked = ("events", "list", "--account", "acme", "--state", "review")

    assert len(setting.json(*asked)) == len(setting.json(*asked, "--since", "4d")) == 1
    assert setting.json(*asked, "--since", "2d") == []


def test_a_time_before_all_times_lists_everything(setting: Setting, arrived: Delivery) -> None:
    write(setting, arrived, state="confirmed", holded_id="abc", number="F260001")
    setting.clock.advance(1)
    asked = ("events", "list", "--account", "acme", "--since", "999999d")

    assert len(setting.json(*asked)) == len(setting.json(*asked, "--state", "confirmed")) == 1


def test_confirmed_rows_are_listed_by_time(setting: Setting, arrived: Delivery) -> None:
    write(setting, arrived, state="confirmed", holded_id="abc", number="F260001")
    setting.clock.advance(1)

    assert [one["number"] for one in setting.json("events", "list", "--account", "acme", "--state", "confirmed")] == [
        "F260001"
    ]


def test_the_timeline_runs_from_arrival_to_the_holded_number(setting: Setting, arrived: Delivery) -> None:
    write(
        setting, arrived, state="confirmed", holded_id="abc", number="F260001", doc_type="invoice",
        total=Decimal("121.00"), currency="EUR",
    )  # fmt: skip
    asyncio.run(setting.inbox.close("acme", arrived.inbox_id, ends={"0": "document:abc"}, of=1))

    told = setting.json("events", "show", arrived.inbox_id, "--account", "acme")
    human = setting.run("events", "show", arrived.inbox_id, "--account", "acme")

    [event] = told["events"]
    [row] = event["ledger"]
    assert (event["type"], event["subject"], event["end"]) == ("order.paid", "1001", "document:abc")
    assert (row["state"], row["holded_id"], row["number"], row["total"]) == ("confirmed", "abc", "F260001", "121.00")
    assert told["open"] is False
    steps = [line.split()[2] for line in human.stdout.splitlines() if line[:4] == "2026"]
    assert steps == ["received", "claimed", "confirmed"]
    assert "Holded invoice F260001 id abc, total 121.00 EUR" in human.stdout


def test_a_review_tells_its_reason_in_the_timeline(setting: Setting, arrived: Delivery) -> None:
    write(setting, arrived, state="review", reason="tax_unmapped", detail="rate 7 in ES")

    human = setting.run("events", "show", f"{arrived.inbox_id}#0", "--account", "acme")

    assert "reason tax_unmapped: rate 7 in ES" in human.stdout
    assert "not every event has its end" in human.stdout


def test_a_row_beside_a_standing_document_is_shown_too(setting: Setting, arrived: Delivery) -> None:
    write(setting, arrived, state="confirmed")
    [event] = unfold(arrived).events
    key = dataclasses.replace(a_row(event.subject).key, purpose="invoice.update")
    asyncio.run(setting.ledger.insert(dataclasses.replace(a_row(), key=key, state="review", reason="approved_already")))

    told = setting.json("events", "show", arrived.inbox_id, "--account", "acme")

    assert [row["purpose"] for row in told["events"][0]["ledger"]] == ["invoice", "invoice.update"]


def test_a_delivery_that_holds_no_event_says_why(setting: Setting, arrived: Delivery) -> None:
    odd = dataclasses.replace(arrived, inbox_id="odd", body=b"<html>")
    setting.inbox.put_now(odd, digest="d")

    told = setting.json("events", "show", "odd", "--account", "acme")

    assert told["events"] == []
    assert told["reason"]


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (("show", "none"), 1, "event_unknown"),
        (("list", "--state", "lost"), 2, "state_unknown"),
        (("list", "--since", "soon"), 2, "duration_malformed"),
    ],
)
def test_what_cannot_be_shown_is_told(
    setting: Setting, arrived: Delivery, args: tuple[str, ...], code: int, told: str
) -> None:
    del arrived
    result = setting.run("events", *args, "--account", "acme")

    assert result.exit_code == code
    assert told in result.stderr


def test_an_event_number_the_delivery_does_not_hold_is_told(setting: Setting, arrived: Delivery) -> None:
    result = setting.run("events", "show", f"{arrived.inbox_id}#5", "--account", "acme")

    assert result.exit_code == 1
    assert "none is number 5" in result.stderr


@pytest.mark.row("E02")
def test_another_accounts_event_is_not_shown(setting: Setting, arrived: Delivery) -> None:
    setting.company.first_id += 0x1000000
    setting.add("other")

    assert setting.run("events", "show", arrived.inbox_id, "--account", "other").exit_code == 1


def test_status_counts_by_account_and_tells_the_quota(setting: Setting, arrived: Delivery) -> None:
    write(setting, arrived, state="review", reason="tax_unmapped")
    asyncio.run(setting.ledger.insert(a_row("2", state="waiting", indexed=True, due_ms=1)))

    told = setting.json("status")
    human = setting.run("status", "--account", "acme")

    [account] = told["accounts"]
    assert told["queues"] == {"fiscal": 3, "normal": 0, "fiscal DLQ": 1, "normal DLQ": 0}
    assert (account["open"], account["review"], account["waiting"], account["dead"]) == (1, 1, 1, 0)
    assert (account["quota"]["limit"], account["quota"]["used"]) == (2000, len(setting.company.paths))
    assert account["quota"]["left"] == 2000 - len(setting.company.paths)
    assert human.exit_code == 0
    assert "acme" in human.stdout


def test_status_of_an_account_without_calls_shows_its_whole_quota(setting: Setting) -> None:
    setting.add()
    setting.gates.gates.clear()

    [account] = setting.json("status")["accounts"]

    assert account["quota"] == {"per_minute": 60, "limit": 2000, "used": 0, "left": 2000, "ends_on": None}


@pytest.mark.row("B08")
def test_texts_of_a_shop_are_shown_as_text_never_as_markup(setting: Setting, arrived: Delivery) -> None:
    write(setting, arrived, state="review", reason="name", detail="[red]x[/red]")

    human = setting.run("events", "list", "--account", "acme", "--state", "review", env={"COLUMNS": "300"})

    assert human.exit_code == 0
