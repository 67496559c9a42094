"""Rows of the table as others will write them: v1 pages, lists of each parent, no read by id, windows of days."""

from __future__ import annotations

from dataclasses import replace

import pytest

from relay.errors import NotFound, RetryAt
from relay.holded.protocol import Reply
from tests.polled import BY_NAME
from tests.services.polling import events, poll_now, polled_world, state, told

BASE = replace(BY_NAME["contact"], hint="")
LEADS = replace(BASE, name="lead", path="/api/crm/v1/leads", version="v1", read="", listing="full")
ACCOUNTS = replace(BASE, name="account", path="/api/v2/treasury/accounts", read="", listing="single")
MOVEMENTS = replace(
    BASE, name="movement", path="/api/v2/treasury/accounts/{parent}/bank-movements", read="", parent="account"
)
ENTRIES = replace(BASE, name="entry", path="/api/v2/ledger-entries", read="", listing="window", recent_days=7)


class Lists:
    """Answers each path with what it holds: pages of two, by v1's number or v2's cursor."""

    def __init__(self, world):
        self.world, self.tables, self.calls, self.refuse = world, {}, [], {}
        world.holded.call = self

    async def __call__(self, request, credential, *, timeout_ms):
        del credential, timeout_ms
        self.calls.append(request.path)
        if request.path in self.refuse:
            raise self.refuse[request.path]
        if request.path not in self.tables:
            raise NotFound("not_found")
        names, query = sorted(self.tables[request.path]), dict(request.query)
        items = [{"id": name, "name": self.tables[request.path][name]} for name in names]
        if request.version == "v1":
            page = int(query["page"])
            return Reply(value=request.reads(items[2 * page - 2 : 2 * page]), status=200)
        if "limit" in query:
            items = [item for item in items if item["id"] > query.get("cursor", "")]
            more = len(items) > 2
            cursor = items[1]["id"] if more else None
            return Reply(value=request.reads({"items": items[:2], "cursor": cursor, "has_more": more}), status=200)
        return Reply(value=request.reads({"items": items}), status=200)


@pytest.fixture
def world():
    return polled_world()


@pytest.fixture
def lists(world):
    return Lists(world)


def test_v1_is_walked_to_its_empty_page_and_two_passes_must_miss_an_object(world, lists):
    world.polled = (LEADS,)
    leads = lists.tables[LEADS.path] = {"a": "A", "b": "B", "c": "C"}
    poll_now(world)
    assert lists.calls == [LEADS.path] * 3
    del leads["b"]
    world.clock.advance(60)
    poll_now(world)
    assert told(world) == []
    leads["c"] = "changed"
    world.clock.advance(60)
    poll_now(world)

    assert sorted(told(world)) == [("contact.deleted", "b"), ("contact.updated", "c")]


def test_an_object_that_comes_back_in_time_was_never_gone(world, lists):
    world.polled = (LEADS,)
    leads = lists.tables[LEADS.path] = {"a": "A", "b": "B"}
    for there in (True, False, True, False):
        lists.tables[LEADS.path] = leads if there else {"a": "A"}
        world.clock.advance(60)
        poll_now(world)

    assert told(world) == []


def test_an_empty_list_of_many_that_nobody_can_be_asked_about_says_nothing(world, lists):
    world.polled = (LEADS,)
    lists.tables[LEADS.path] = {f"{n:02}": "x" for n in range(20)}
    poll_now(world)
    lists.tables[LEADS.path] = {}
    for _ in range(3):
        world.clock.advance(60)
        poll_now(world)

    assert told(world) == []


def test_the_lists_of_every_parent_are_walked_and_go_on_where_they_were(world, lists):
    world.polled = (ACCOUNTS, MOVEMENTS)
    path = MOVEMENTS.path.replace("{parent}", "{}")
    lists.tables[ACCOUNTS.path] = {"a": "A", "b": "B", "c": "C"}
    for parent in "abc":
        lists.tables[path.format(parent)] = {f"{parent}{n}": "x" for n in range(3)}
    poll_now(world, "account")
    poll_now(world, "movement")
    lists.tables[path.format("c")]["c9"] = "new"
    lists.refuse[path.format("b")] = RetryAt("server_error", retry_at=world.clock.now())
    with pytest.raises(AssertionError, match="does not come to its end"):
        poll_now(world, "movement", tries=3)
    assert state(world).courses["movement"].running.parent == "b"
    lists.refuse.clear()
    lists.calls.clear()
    world.clock.advance(7200)
    poll_now(world, "account")
    del lists.tables[path.format("b")]  # deleted meanwhile: its list is through
    poll_now(world, "movement")

    assert told(world) == [("contact.created", "c9")]
    assert path.format("a") in lists.calls  # in the pass after the one that went on


def test_an_object_that_is_larger_than_an_item_of_the_table_holds_up_no_other(world, lists):
    """Somebody pastes a picture into a note: it is told whole, kept in part, and what stands behind it is seen."""
    world.polled = (*world.polled, BY_NAME["lead"])
    picture = {"event_id": "1", "type": "note", "title": "t", "description": "y" * 500_000}
    path, first, last = BY_NAME["lead"].path, "5f" + "0" * 22, "5f" + "9" * 22
    lists.tables[path] = {first: "Ana", "5f" + "1" * 22: "Luis"}
    poll_now(world, "lead")
    call = lists.__call__

    async def pasted(request, credential, *, timeout_ms):
        reply = await call(request, credential, timeout_ms=timeout_ms)
        if request.path != path:
            return reply
        items = tuple(each | {"events": [picture] * (each["id"] == first)} for each in reply.value.items)
        return replace(reply, value=replace(reply.value, items=items))

    world.holded.call = pasted
    lists.tables[path] |= {"5f" + "2" * 22: "Eva", last: "Noa"}
    poll_now(world, "lead")
    del lists.tables[path][first]
    poll_now(world, "lead")

    assert told(world)[0] == ("lead.updated", first)
    assert ("lead.created", last) in told(world)
    assert events(world)[0].data.notes[0].text == picture["description"]
    assert told(world)[-1] == ("lead.deleted", first)
    assert (events(world)[-1].data.name, events(world)[-1].data.notes) == ("Ana", ())


def test_without_parents_there_is_nothing_to_list(world, lists):
    world.polled = (MOVEMENTS,)
    poll_now(world)

    assert lists.calls == []
    assert state(world).courses["movement"].full_ms


def test_nothing_is_concluded_from_absence_in_a_window_of_days(world, lists):
    world.polled = (ENTRIES,)
    lists.tables[ENTRIES.path] = {"a": "A", "b": "B"}
    poll_now(world)
    lists.tables[ENTRIES.path] = {"a": "changed"}
    for _ in range(3):
        world.clock.advance(60)
        poll_now(world)

    assert told(world) == [("contact.updated", "a")]


def test_a_resource_that_holded_cannot_answer_waits_ever_longer_and_the_others_go_on(world, lists):
    world.polled = (ENTRIES, LEADS)
    lists.tables[LEADS.path] = {"a": "A"}
    lists.refuse[ENTRIES.path] = RetryAt("server_error", retry_at=world.clock.now())
    poll_now(world, "lead")
    world.settle(hours=40, step_s=300)

    assert lists.calls.count(ENTRIES.path) < 15
    assert state(world).courses["entry"].trouble == "server_error"
    assert state(world).courses["lead"].full_ms
