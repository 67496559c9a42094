"""`relay replay`, `replays`, `dead-letters`, `waiting`, `pause` and `resume`, over a road that runs while they wait."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Any

import pytest

from relay.errors import NotFound
from relay.ports.queues import DeadLetter
from relay.services.dead_letters import IndexDeadLetters
from relay.services.times import at_ms
from tests.cli.conftest import Runs, over
from tests.fakes import FakeClock, FakeDeadLetters
from tests.services.test_road import refund_of
from tests.services.world import ACCOUNT, World, shopify_order

NOTHING = {"policy": {"paid_order": "nothing"}}
DAY = ("--from", "2026-03-02", "--to", "2026-03-03")


class RunningClock(FakeClock):
    """While a command sleeps, the account's wakes are worked on, as they are behind a deployment."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house = house

    def now(self) -> Any:
        return self.house.road.clock.now()

    async def sleep(self, seconds: float) -> None:
        self.house.road.clock.advance(seconds)
        if self.house.working:
            deadline_ms = at_ms(self.now()) + 60_000
            await self.house.road.drainer().run(ACCOUNT, [], deadline_ms=deadline_ms)


class House(Runs):
    def __init__(self, **settings: Any) -> None:
        self.road, self.working = World(**settings), True
        self.queue = FakeDeadLetters()
        self.world = over(self.road, dead_letters=self.queue, clock=RunningClock(self)).world

    def came(self, number: int = 1001, *, topic: str = "orders/paid", **extra: Any) -> str:
        (ref,) = self.road.deliver(shopify_order(number, **extra), topic=topic)
        self.road.run([ref])
        return ref

    def settings(self, **settings: Any) -> None:
        one = self.road.accounts.accounts[ACCOUNT]
        changed = dataclasses.replace(one, settings=settings)
        asyncio.run(self.road.accounts.put(changed, expected_rev=one.rev))

    def dies(self, body: str, at: str = "m1") -> None:
        self.queue.letters.append(
            DeadLetter(message_id=at, body=body, queue="fiscal", receives=5, first_seen_ms=at_ms(self.world.now()))
        )
        index = IndexDeadLetters(queue=self.queue, ledger=self.road.ledger)
        asyncio.run(index(now_ms=at_ms(self.world.now())))

    def loses(self, ref: str) -> str:
        """The bucket lost the body of the event's delivery; returns the delivery's id."""
        gone, inner = ref.partition("#")[0], self.road.inbox.get

        async def get(account: str, inbox_id: str) -> Any:
            if inbox_id == gone:
                raise NotFound("object_missing")
            return await inner(account, inbox_id)

        self.road.inbox.get = get  # type: ignore[method-assign]
        return gone

    def changes(self) -> list[str]:
        return [change.what for change in self.road.accounts.log]


@pytest.fixture
def house() -> House:
    return House()


def mine(*args: str) -> tuple[str, ...]:
    return (*args, "--account", ACCOUNT)


def test_a_replay_of_one_event_waits_and_tells_its_document(house: House) -> None:
    ref = house.came()
    [told] = house.json(*mine("replay", ref))
    human = house.run(*mine("replay", ref))

    assert (told["state"], told["events"]) == ("done", 1)
    assert told["answers"] == [{"event": ref, "answer": f"already done: {house.road.row().holded_id}"}]
    assert "already done" in human.stdout
    assert human.exit_code == 0


def test_what_an_earlier_setting_ignored_is_written(house: House) -> None:
    house.settings(**NOTHING)
    ref = house.came()
    house.settings()
    [told] = house.json(*mine("replay", ref.partition("#")[0]))

    assert told["answers"][0]["answer"].startswith("document:")
    assert len(house.road.documents()) == 1


def test_an_event_that_left_the_inbox_is_said_and_exits_1(house: House) -> None:
    [told] = house.json(*mine("replay", "gone#0"), code=1)

    assert told["counts"] == {"unknown_event": 1}


def test_without_waiting_the_replay_is_named_and_shown_later(house: House) -> None:
    house.working = False
    ref = house.came()
    [told] = house.json(*mine("replay", ref, "--no-wait"))
    assert (told["state"], told["answers"]) == ("running", [])
    house.road.run()

    [listed] = house.json(*mine("replays", "list"))
    shown = house.json(*mine("replays", "show", told["replay"]))
    assert (listed["replay"], listed["state"], shown["answered"]) == (told["replay"], "done", 1)
    assert house.run(*mine("replays", "list")).exit_code == 0
    assert house.run(*mine("replays", "show", told["replay"])).exit_code == 0


def test_a_replay_that_waits_shows_what_became_of_its_events(house: House) -> None:
    house.settings(policy={"refunds": "nothing", "paid_order": "nothing"})
    (refund,) = house.road.deliver(refund_of(shopify_order()), topic="refunds/create")
    house.road.run([refund])
    house.settings()
    [told] = house.json(*mine("replay", refund))
    assert told["answers"][0]["answer"] == "waiting:parent"

    house.came()
    shown = house.json(*mine("replays", "show", told["replay"]))
    assert shown["answers"][0]["now"].startswith("confirmed: ")


def test_a_day_of_events_is_replayed_by_source_topic_and_type(house: House) -> None:
    house.settings(**NOTHING)
    house.came(1)
    house.came(2, topic="orders/updated")
    house.settings()

    def count(*args: str) -> int:
        told = house.json(*mine("replay", *DAY, *args, "--dry-run"))
        return len(told)

    assert count() == 2
    assert count("--topic", "orders/paid") == 1
    assert count("--source", "stripe") == 0
    assert count("--type", "order.paid") == 1
    [told] = house.json(*mine("replay", *DAY, "--wait", "--rate", "1"))
    assert (told["state"], told["counts"]) == ("done", {"document": 2})
    assert len(house.road.documents()) == 2


@pytest.mark.parametrize("args", [(), ("--type", "order.paid")])
def test_a_delivery_whose_body_is_gone_keeps_no_other_from_being_replayed(house: House, args: tuple[str, ...]) -> None:
    house.settings(**NOTHING)
    lost, good = house.came(1), house.came(2)
    house.settings()
    gone = house.loses(lost)
    [done] = house.json(*mine("replay", *DAY, *args, "--wait"), code=1)

    answers = {each["event"]: each["answer"] for each in done["answers"]}
    assert answers[gone] == "failed:object_missing"
    assert answers[good].startswith("document:")


def test_a_time_without_events_replays_nothing(house: House) -> None:
    assert house.json(*mine("replay", *DAY)) == []
    assert "nothing to replay" in house.run(*mine("replay", *DAY)).stderr


def test_a_replay_is_cancelled(house: House) -> None:
    house.working = False
    [told] = house.json(*mine("replay", "gone#0", "--no-wait"))
    cancelled = house.json(*mine("replays", "cancel", told["replay"]))
    house.road.run()

    assert (cancelled["state"], cancelled["answered"]) == ("cancelled", 0)
    assert house.json(*mine("replays", "show", told["replay"]))["state"] == "cancelled"
    assert house.changes() == [f"replay {told['replay']}"] * 2


def test_a_replay_nobody_ordered_is_not_found(house: House) -> None:
    result = house.run(*mine("replays", "show", "20260302-090000-aaaa"))

    assert (result.exit_code, "relay replays list" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    "args",
    [
        ("replay",),
        ("replay", "x#0"),
        ("replay", "x#0", "--all-accounts"),
        ("replay", "x#0", "--account", ACCOUNT, "--source", "shopify"),
        ("replay", "x#0", "--account", ACCOUNT, *DAY),
        ("replay", "--account", ACCOUNT, "--to", "2026-03-03"),
        ("replay", "--account", ACCOUNT, "--from", "2026-03-03", "--to", "2026-03-02"),
        ("replay", "--account", ACCOUNT, "--from", "yesterday"),
        ("replay", "--account", ACCOUNT, "--all-accounts", *DAY),
        ("replay", "--account", ACCOUNT, "--source", "ebay", *DAY),
        ("replay", "--account", "not an id", *DAY),
        ("replays", "list"),
        ("dead-letters", "list"),
        ("dead-letters", "replay"),
        ("dead-letters", "discard", "--yes", "--note", "why"),
        ("dead-letters", "discard", "--account", ACCOUNT, "--note", "why"),
        ("dead-letters", "discard", "--account", ACCOUNT, "--yes"),
        ("pause", ACCOUNT, "--reason", "two\nlines"),
        ("pause", ACCOUNT, "--reason", "x" * 201),
        ("pause", ACCOUNT, "--reason", "erased"),
    ],
)
def test_what_is_not_said_clearly_is_refused_and_changes_nothing(house: House, args: tuple[str, ...]) -> None:
    result = house.run(*args)

    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert (house.changes(), house.road.rows()) == ([], [])


@pytest.mark.row("E05")
def test_all_accounts_are_said_out_loud_and_each_is_replayed_alone(house: House) -> None:
    house.road.admit("bolt")
    house.came()
    house.road.deliver(shopify_order(2), topic="orders/paid", account="bolt")
    told = house.json("replay", "--all-accounts", *DAY, "--no-wait")

    assert [(one["account"], one["events"]) for one in told] == [(ACCOUNT, 1), ("bolt", 1)]
    rows = house.json("replays", "list", "--all-accounts")
    assert [row["account"] for row in rows] == [ACCOUNT, "bolt"]


def dry(house: House, ref: str, code: int = 0) -> dict[str, Any]:
    [told] = house.json(*mine("replay", ref, "--dry-run"), code=code)
    return dict(told)


def test_a_dry_run_compares_and_writes_nothing(house: House) -> None:
    ref = house.came()
    calls, rows = len(house.road.holded.calls), dict(house.road.ledger.rows)
    told = dry(house, ref)

    assert (told["compared"], told["replay"]) == ("same", f"already done: {house.road.row().holded_id}")
    assert told["written"] == f"invoice {house.road.row().holded_id} 121.00 EUR"
    assert (len(house.road.holded.calls), house.road.ledger.rows, house.changes()) == (calls, rows, [])
    assert house.run(*mine("replay", ref, "--dry-run")).exit_code == 0


def test_a_dry_run_tells_what_would_differ_today(house: House) -> None:
    ref = house.came()
    row = house.road.row()
    house.road.ledger.rows[row.key] = dataclasses.replace(
        row, total=row.total + 1, document_date="2026-03-01", contact_id="another"
    )
    told = dry(house, ref, code=1)

    assert told["compared"].startswith("would differ: total 122.00 -> 121.00; date 2026-03-01 -> 2026-03-02; contact")
    assert told["replay"].startswith("already done")


def test_a_dry_run_tells_of_other_lines_under_the_same_total(house: House) -> None:
    ref = house.came()
    row = house.road.row()
    house.road.ledger.rows[row.key] = dataclasses.replace(row, digest="0" * 32)

    assert dry(house, ref, code=1)["compared"] == "would differ: lines, taxes or the buyer's tax id"


def test_a_dry_run_tells_of_another_kind_of_document(house: House) -> None:
    ref = house.came()
    house.settings(policy={"simplified": True})

    assert dry(house, ref, code=1)["compared"] == "would differ: type invoice -> salesreceipt"


@pytest.mark.parametrize(
    ("before", "after", "compared", "replay"),
    [
        (NOTHING, {}, "nothing written; would write invoice 121.00 EUR", "writes"),
        (NOTHING, NOTHING, "nothing written; would ignore: ", "ignored: "),
        ({}, NOTHING, "would ignore: ", "already done: "),
    ],
)
def test_a_dry_run_tells_what_was_not_written(
    house: House, before: dict[str, Any], after: dict[str, Any], compared: str, replay: str
) -> None:
    house.settings(**before)
    ref = house.came()
    house.settings(**after)
    told = dry(house, ref)

    assert told["compared"].startswith(compared)
    assert told["replay"].startswith(replay)


def test_a_dry_run_tells_of_a_review(house: House) -> None:
    house.settings(policy={"exchange_rate": "review"})
    told = dry(house, house.came(currency="USD"))

    assert told["compared"].startswith("nothing written; would review: ")
    assert told["replay"].startswith("review: ")


def test_a_dry_run_tells_what_waits_and_what_is_unknown(house: House) -> None:
    (refund,) = house.road.deliver(refund_of(shopify_order()), topic="refunds/create")
    house.road.run([refund])

    assert dry(house, refund)["replay"] == "nothing: it waits (parent) and goes on by itself"
    assert dry(house, "gone#0")["replay"].startswith("unknown_event")
    assert dry(house, "gone#x")["replay"].startswith("unknown_event")
    assert dry(house, refund.replace("#0", "#9"))["replay"].startswith("unknown_event")


def test_dead_letters_are_listed_shown_and_replayed(house: House) -> None:
    (ref,) = house.road.deliver(shopify_order(), topic="orders/paid")
    house.dies(json.dumps({"account": ACCOUNT, "event": ref}))
    [row] = house.json(*mine("dead-letters", "list"))
    shown = house.json(*mine("dead-letters", "show", ref))
    [preview] = house.json(*mine("dead-letters", "replay", "--dry-run"))
    assert (row["id"], row["kept"], row["source"], row["reason"]) == (
        ref, "queue fiscal", "shopify", "attempts_used_up"
    )  # fmt: skip
    assert (shown["would_replay"], preview["replay"]) == ("writes", "writes")
    assert shown["message"].endswith("names an event, 5 receives, in fiscal")
    for command in (("list",), ("show", ref), ("replay", "--dry-run")):
        assert house.run(*mine("dead-letters", *command)).exit_code == 0
    assert len(house.queue.letters) == 1

    [told] = house.json(*mine("dead-letters", "replay", ref))
    assert told["answers"][0]["answer"].startswith("document:")
    assert (house.queue.letters, house.json(*mine("dead-letters", "list"))) == ([], [])
    assert house.json(*mine("dead-letters", "replay")) == []


def test_a_dead_row_is_previewed_from_its_own_copy_and_replayed(house: House) -> None:
    (refund,) = house.road.deliver(refund_of(shopify_order()), topic="refunds/create")
    house.road.run([refund])
    row = house.road.row("creditnote")
    dead = dataclasses.replace(row, state="dead", reason="trouble_KeyError", attempts=8, due_ms=0)
    house.road.ledger.rows[row.key] = dead
    [preview] = house.json(*mine("dead-letters", "replay", "--dry-run"))
    assert preview["replay"] == "goes back to the waiting room"

    [told] = house.json(*mine("dead-letters", "replay"))
    assert told["counts"] == {"waiting": 1}
    assert house.road.row("creditnote").state == "waiting"


@pytest.mark.parametrize("held", [True, False], ids=["the inbox holds it", "nobody holds it"])
def test_a_dead_row_whose_copy_is_damaged_blocks_no_command(house: House, held: bool) -> None:
    refs = [house.road.deliver(shopify_order(number), topic="orders/paid")[0] for number in (1, 2)]
    with house.road.paused():
        house.road.run(refs)
    for row in house.road.rows("invoice"):
        house.road.ledger.rows[row.key] = dataclasses.replace(row, state="dead", reason="trouble_KeyError", due_ms=0)
    broken = next(row for row in house.road.rows("invoice") if row.event_id == refs[0])
    house.road.ledger.rows[broken.key] = dataclasses.replace(broken, event=b"not gzip")
    if not held:
        house.road.inbox.items.pop((ACCOUNT, refs[0].partition("#")[0]))
    previews = {row["event"]: row["compared"] for row in house.json(*mine("dead-letters", "replay", "--dry-run"))}
    shown = house.json(*mine("dead-letters", "show", refs[0]))

    assert previews[refs[0]].startswith("nothing written" if held else "cannot be read: event_unreadable")
    assert previews[refs[1]].startswith("nothing written")
    assert shown["would_replay"] == "goes back to the waiting room"


def test_a_dead_letter_whose_delivery_cannot_be_read_hides_no_other_and_can_be_discarded(house: House) -> None:
    lost, other = (house.road.deliver(shopify_order(number), topic="orders/paid")[0] for number in (1, 2))
    house.dies(json.dumps({"account": ACCOUNT, "event": lost}))
    house.dies(json.dumps({"account": ACCOUNT, "event": other}), at="m2")
    house.loses(lost)
    assert {row["id"] for row in house.json(*mine("dead-letters", "list"))} == {lost, other}
    assert house.json(*mine("dead-letters", "show", lost))["would_replay"] == "failed:object_missing"
    assert house.json(*mine("dead-letters", "discard", lost, "--yes", "--note", "lost")) == {"discarded": 1}
    assert [row["id"] for row in house.json(*mine("dead-letters", "list"))] == [other]


def test_what_cannot_be_discarded_is_said_with_what_to_do(house: House) -> None:
    [replay] = house.json(*mine("replay", "gone#0", "--no-wait"))
    (row,) = house.road.rows("replay.0001")
    house.road.ledger.rows[row.key] = dataclasses.replace(row, state="dead", attempts=8, due_ms=0)
    result = house.run(*mine("dead-letters", "discard", "--yes", "--note", "why"))

    assert result.exit_code == 1
    assert f"relay replays cancel {replay['replay']} --account {ACCOUNT}" in result.stderr


def test_dead_letters_of_all_accounts_include_those_of_nobody(house: House) -> None:
    house.dies("garbage")
    house.dies(json.dumps({"account": ACCOUNT}), at="m2")
    rows = house.json("dead-letters", "list", "--all-accounts")
    previews = house.json("dead-letters", "replay", "--all-accounts", "--dry-run")
    told = house.run("dead-letters", "replay", "--all-accounts")

    assert [(row["account"], row["reason"]) for row in rows] == [
        (ACCOUNT, "attempts_used_up"), ("unknown", "unreadable_message")
    ]  # fmt: skip
    assert [row["replay"] for row in previews] == ["wakes the account", "nothing: it can only be discarded"]
    assert (told.exit_code, "can only be discarded" in told.stderr) == (0, True)
    assert [letter.body for letter in house.queue.letters] == ["garbage"]


def test_dead_letters_are_discarded_with_a_note(house: House) -> None:
    house.dies("garbage")
    told = house.json("dead-letters", "discard", "m1", "--account", "unknown", "--yes", "--note", "a test")
    again = house.run("dead-letters", "discard", "m1", "--account", "unknown", "--yes", "--note", "a test")

    assert told == {"discarded": 1}
    assert (again.exit_code, "not dead" in again.stderr) == (1, True)
    assert house.queue.letters == []
    assert house.road.accounts.log[-1].after == "discarded"


def test_what_waits_is_told_with_its_reason_its_time_and_what_it_waits_for(house: House) -> None:
    (refund,) = house.road.deliver(refund_of(shopify_order()), topic="refunds/create")
    house.road.run([refund])
    told = house.json(*mine("waiting", "list"))
    [row] = told["rows"]

    assert [(group["kind"], group["reason"], group["count"]) for group in told["groups"]] == [("event", "parent", 1)]
    assert row["waits_for"].startswith("invoice of shopify 450001001, until 2026-03-09")
    assert (row["event"], row["until"] > "2026-03-02", told["held"]) == (refund, True, "")
    assert house.run(*mine("waiting", "list")).exit_code == 0
    assert house.json(*mine("waiting", "list", "--reason", "quota_month"))["waiting"] == 0


def test_a_replay_waits_in_the_list_with_its_progress(house: House) -> None:
    house.working = False
    house.json(*mine("replay", "--no-wait", *(f"gone{number}#0" for number in range(501))))
    told = house.json(*mine("waiting", "list"))

    assert [(group["kind"], group["reason"], group["count"]) for group in told["groups"]] == [
        ("replay", "replay", 1), ("replay", "replay_queued", 1)
    ]  # fmt: skip
    assert [row["waits_for"] for row in told["rows"]] == ["", "the part before it"]


def test_a_paused_account_holds_its_work_and_resumes_it(house: House) -> None:
    paused = house.json("pause", ACCOUNT, "--reason", "stocktaking")
    ref = house.came()
    told = house.json(*mine("waiting", "list"))
    assert paused == {"account": ACCOUNT, "status": "paused", "status_reason": "stocktaking"}
    assert ("stocktaking" in told["held"], told["waiting"], house.road.documents()) == (True, 1, [])

    assert house.json("resume", ACCOUNT)["status"] == "active"
    house.road.run()
    assert house.road.row().event_id == ref
    assert len(house.road.documents()) == 1
    assert [change.after for change in house.road.accounts.log] == [
        "status=paused, status_reason=stocktaking", "status=active, status_reason="
    ]  # fmt: skip


def test_a_replay_of_a_paused_account_is_held_and_says_so(house: House) -> None:
    ref = house.came()
    house.run("pause", ACCOUNT)
    result = house.run(*mine("replay", ref, "--wait"))

    assert "relay resume" in result.stderr
    assert "running" in result.stdout


def test_to_pause_or_resume_twice_changes_nothing(house: House) -> None:
    house.json("resume", ACCOUNT)
    house.json("pause", ACCOUNT)
    house.json("pause", ACCOUNT)

    assert [what for what in house.changes() if what != "nothing"] == ["status, status_reason"]


@pytest.mark.parametrize("command", [("resume", ACCOUNT), ("account", "set", ACCOUNT, "--status", "active")])
def test_a_blocked_account_is_not_opened_by_a_word(house: House, command: tuple[str, ...]) -> None:
    one = house.road.accounts.accounts[ACCOUNT]
    blocked = dataclasses.replace(one, status="blocked", status_reason="credential_invalid")
    asyncio.run(house.road.accounts.put(blocked, expected_rev=one.rev))
    result = house.run(*command)

    assert house.road.accounts.accounts[ACCOUNT].status == "blocked"
    assert (result.exit_code, "tried now" in result.stdout) == (0, True)
    assert house.road.accounts.accounts[ACCOUNT].status == "blocked"
