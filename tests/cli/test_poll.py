"""`relay poll` shows each polled resource and makes one due; `relay quota` shows what polling costs."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from relay.holded.polled_table import POLLED
from relay.services.poll_row import poll_key
from tests.cli.conftest import over
from tests.services.polling import Hands, poll_now, polled_world, told
from tests.services.world import ACCOUNT, World


@pytest.fixture
def world():
    return polled_world()


def of(answer, name):
    (found,) = [each for each in answer["polling"]["resources"] if each["resource"] == name]
    return found


def test_before_the_first_look_everything_is_still_to_come(world):
    answer = over(world).json("poll", ACCOUNT)

    assert answer["polling"]["calls"] == 0
    assert {each["resource"] for each in answer["polling"]["resources"]} == {
        each.name for each in POLLED if each.standard
    }
    assert of(answer, "invoice")["last"] is None
    assert of(answer, "invoice")["next"]


def test_what_was_seen_and_spent_is_shown(world):
    poll_now(world)
    Hands(world).invoice()
    poll_now(world, "invoice")
    answer = over(world).json("poll", ACCOUNT, "--resource", "invoice")

    assert len(answer["polling"]["resources"]) == 1
    assert (of(answer, "invoice")["changes"], of(answer, "invoice")["calls"]) == (1, 2)
    assert answer["polling"]["calls"] == len(world.holded.calls)


def test_what_could_not_be_read_and_what_follows_from_it_is_in_the_table(world):
    poll_now(world)
    call = world.holded.call

    async def nameless(request, credential, *, timeout_ms):
        reply = await call(request, credential, timeout_ms=timeout_ms)
        if request.path.endswith("/contacts"):
            reply = replace(reply, value=replace(reply.value, items=({"name": "A"}, {"id": "x", "tags": {}})))
        return reply

    world.holded.call = nameless
    poll_now(world, "contact")
    here = over(world)
    shown = here.run("poll", ACCOUNT, "--resource", "contact").output

    assert "unreadable" in shown
    assert re.search(r"\b2\b.*nameless_items", shown)
    assert (of(here.json("poll", ACCOUNT), "contact")["unreadable"]) == 2


def test_now_looks_at_once_and_the_change_log_says_who_asked(world):
    poll_now(world)
    world.run()
    invoice = Hands(world).invoice()
    answer = over(world).json("poll", ACCOUNT, "--now", "--full", "--resource", "invoice")
    world.run()

    assert answer["due_now"] == ["invoice"]
    assert told(world) == [("invoice.created", invoice)]
    (change,) = world.accounts.log
    assert (change.what, change.after, change.who) == ("poll", "now: invoice, in full", "cli:tests")
    assert {"account": ACCOUNT} in [wake.message for wake in world.wakes.sent]


def test_a_poll_that_had_died_starts_afresh_when_it_is_asked_for(world):
    poll_now(world)
    key = poll_key(ACCOUNT)
    row = world.ledger.rows[key]
    world.ledger.rows[key] = replace(row, state="dead", reason="trouble_KeyError", attempts=8, due_ms=0)
    over(world).json("poll", ACCOUNT, "--now")

    row = world.ledger.rows[key]
    assert (row.state, row.reason, row.attempts) == ("waiting", "next_poll", 0)


def test_an_account_that_was_never_drained_can_be_polled_now(world):
    over(world).json("poll", ACCOUNT, "--now")
    world.run()

    assert world.polls.states[ACCOUNT].courses["payment"].full_ms


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(("--now", "--resource", "unicorn"), "not_polled"), (("--full",), "option_alone")],
)
def test_what_makes_no_sense_is_refused(world, arguments, reason):
    result = over(world).run("poll", ACCOUNT, *arguments)

    assert result.exit_code == 2
    assert reason in result.output + result.stderr


def test_where_polling_is_switched_off_both_commands_say_so():
    here = over(World())

    assert "switched off" in here.run("poll", ACCOUNT).output
    assert "switched off" in here.run("quota", ACCOUNT).output


def test_quota_shows_what_polling_costs_by_resource(world):
    poll_now(world)
    answer = over(world).json("quota", ACCOUNT)
    shown = over(world).run("quota", ACCOUNT).output

    assert answer["polling"]["calls"] == len(world.holded.calls)
    assert 0 < answer["polling"]["expected_calls"] <= answer["polling"]["allowance"]
    assert "polling (part of background)" in shown
    assert "salesreceipt" in shown


def test_a_standing_poll_is_nobodys_waiting_order(world):
    poll_now(world)
    here = over(world)

    assert here.json("status", "--account", ACCOUNT)["accounts"][0]["waiting"] == 0
    assert here.json("waiting", "list", "--account", ACCOUNT)["rows"] == []
