"""What a full pass concludes of objects that no list showed, where Holded refuses to say whether they are there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from relay.holded.protocol import decipher
from relay.services.times import at_ms
from tests.services.polling import Hands, make_all_due, make_due, poll_now, polled_world, state, told
from tests.services.world import ACCOUNT, World

REFUSALS = [
    pytest.param(400, b'{"detail":"Error parsing ObjectId string"}', "bad_request", id="400"),
    pytest.param(403, b'{"detail":"Not yours"}', "forbidden", id="403"),
    pytest.param(403, b"<html>no</html>", "blocked", id="403 of a firewall"),
    pytest.param(410, b"{}", "gone", id="410"),
    pytest.param(422, b'{"detail":"no"}', "unprocessable", id="422"),
    pytest.param(200, b'{"status":0,"info":"no"}', "refused", id="200 that says no"),
    pytest.param(200, b'{"id":["not","an","id"]}', "reply_unexpected", id="200 that cannot be read"),
]


@pytest.fixture
def world():
    return polled_world()


@pytest.fixture
def hands(world):
    return Hands(world)


class Odd:
    """Holded answers oddly for some ids, as the real client would read it; `asked` are all reads by id."""

    def __init__(self, world):
        self.world, self.call, self.answers, self.asked = world, world.holded.call, {}, []
        world.holded.call = self

    async def __call__(self, request, credential, *, timeout_ms):
        name = request.path.rpartition("/")[2]
        if request.names_object:
            self.asked.append(name)
        if name in self.answers:
            status, body = self.answers[name]
            return decipher(request, status, {"content-type": "application/json"}, body, self.world.clock.now())
        return await self.call(request, credential, timeout_ms=timeout_ms)


def look(world, name="contact"):
    world.clock.advance(86_400)
    poll_now(world, name)
    return state(world).courses[name]


def looked_recently(world):
    """A recent pass over the invoices, and no full one."""
    now_ms = at_ms(world.clock.now())
    found = state(world)
    recent = replace(found.courses["invoice"], due_ms=now_ms, full_due_ms=now_ms + 10**9)
    world.polls.states[ACCOUNT] = replace(found, rev=found.rev + 1, courses={**found.courses, "invoice": recent})
    make_due(world)
    world.run(seconds=120)
    assert state(world).courses["invoice"].recent_ms >= now_ms


@pytest.mark.row("D18")
@pytest.mark.parametrize(("status", "body", "reason"), REFUSALS)
def test_one_object_that_is_refused_hides_no_other_and_is_asked_for_again(world, hands, status, body, reason):
    ids = [hands.contact(f"C{n}") for n in range(4)]
    poll_now(world)
    began = state(world).courses["contact"].full_ms
    odd = Odd(world)
    odd.answers[ids[0]] = (status, body)
    for each in ids[:3]:
        hands.forget(each)
    course = look(world)

    assert sorted(told(world)) == [("contact.deleted", each) for each in ids[1:3]]
    assert course.full_ms > began
    assert course.troubles == f"absent_refused:{reason}"
    assert course.full_calls == 2  # the list, and the one that every pass asks for
    odd.asked.clear()
    assert look(world).troubles == f"absent_refused:{reason}"
    assert odd.asked == [ids[0]]
    odd.answers.clear()
    assert look(world).troubles == ""
    assert told(world, first=2) == [("contact.deleted", ids[0])]


def test_what_a_full_pass_left_open_is_said_until_the_next_one(world, hands):
    one = hands.invoice()
    poll_now(world)
    Odd(world).answers[one] = (400, b"{}")
    hands.delete(one)
    look(world, "invoice")
    looked_recently(world)

    assert state(world).courses["invoice"].troubles == "absent_refused:bad_request"


def test_items_that_cannot_be_read_are_counted_until_a_full_pass_reads_them(world, hands):
    old, new = hands.invoice(date="2026-01-02"), hands.invoice()
    poll_now(world)
    table = world.company.tables["documents"]
    tags = table[old]["tags"]
    table[old]["tags"] = {"not": "a list"}
    assert look(world, "invoice").unreadable == 1
    looked_recently(world)
    assert state(world).courses["invoice"].unreadable == 1
    table[new]["tags"] = {"not": "a list"}
    assert look(world, "invoice").unreadable == 2
    table[old]["tags"] = table[new]["tags"] = tags

    assert look(world, "invoice").unreadable == 0


@pytest.mark.row("D18")
def test_items_without_an_id_are_said_to_end_all_conclusions(world, hands):
    gone = hands.contact()
    poll_now(world)
    hands.forget(gone)
    call = world.holded.call

    async def nameless(request, credential, *, timeout_ms):
        reply = await call(request, credential, timeout_ms=timeout_ms)
        return replace(reply, value=replace(reply.value, items=({"id": None, "name": "A"}, *reply.value.items)))

    world.holded.call = nameless
    course = look(world)
    assert (course.troubles, course.unreadable, told(world)) == ("nameless_items", 1, [])
    world.holded.call = call
    course = look(world)

    assert (course.troubles, course.unreadable, told(world)) == ("", 0, [("contact.deleted", gone)])


@pytest.mark.row("D18")
def test_objects_that_are_never_answered_for_do_not_stand_before_another_for_ever(world, hands):
    ids = sorted(hands.contact(f"C{n}") for n in range(90))
    poll_now(world)
    odd = Odd(world)
    odd.answers = dict.fromkeys(ids[:30], (400, b"{}"))
    for each in ids[:31]:
        hands.forget(each)
    for _ in range(8):
        look(world)

    assert told(world) == [("contact.deleted", ids[30])]


class Archived:
    """Contacts that no list shows and a read by id does; `asked` are the reads."""

    def __init__(self, world):
        self.call, self.ids, self.asked = world.holded.call, set(), []
        world.holded.call = self

    async def __call__(self, request, credential, *, timeout_ms):
        reply = await self.call(request, credential, timeout_ms=timeout_ms)
        if request.path == "/api/v2/contacts":
            kept = tuple(each for each in reply.value.items if each["id"] not in self.ids)
            return replace(reply, value=replace(reply.value, items=kept))
        self.asked += [each for each in self.ids if request.path.endswith(each)]
        return reply


def test_what_is_there_and_in_no_list_is_asked_for_ever_more_rarely(world, hands):
    ids = sorted(hands.contact(f"C{n}") for n in range(9))
    poll_now(world)
    archived = Archived(world)
    archived.ids = {ids[0]}
    days = []
    for day in range(1, 230):
        before = len(archived.asked)
        look(world)
        days += [day] * (len(archived.asked) - before)

    assert days == [1, 8, 36, 128, 220]
    assert told(world) == []


def test_a_pass_asks_for_few_that_are_there_and_first_for_those_of_whom_nothing_is_known(world, hands):
    ids = sorted(hands.contact(f"C{n}") for n in range(90))
    poll_now(world)
    archived = Archived(world)
    archived.ids = set(ids[:8])
    costs = [look(world).full_calls for _ in range(5)]
    assert costs == [3, 3, 3, 3, 1]
    assert sorted(archived.asked) == ids[:8]
    for _ in range(4):
        look(world)
    hands.forget(ids[80])
    hands.forget(ids[81])
    look(world)

    assert sorted(told(world)) == [("contact.deleted", each) for each in ids[80:82]]


def test_who_is_listed_again_is_asked_for_at_once_when_it_is_gone(world, hands):
    ids = sorted(hands.contact(f"C{n}") for n in range(9))
    poll_now(world)
    archived = Archived(world)
    archived.ids = {ids[0]}
    look(world)
    archived.ids = set()
    look(world)
    hands.forget(ids[0])
    look(world)

    assert told(world) == [("contact.deleted", ids[0])]


def test_a_webhook_of_what_no_list_shows_says_nothing_of_the_lists(world, hands):
    ids = sorted(hands.contact(f"C{n}") for n in range(9))
    poll_now(world)
    archived = Archived(world)
    archived.ids = {ids[0]}
    look(world)
    hands.rename(ids[0], "Eva")
    world.run(world.hint(ids[0], "update", "contact"))
    world.settle(hours=0.1)
    before = len(archived.asked)
    look(world)

    assert told(world) == [("contact.updated", ids[0])]
    assert len(archived.asked) == before


def test_many_that_are_archived_leave_the_other_resources_their_calls():
    """The smallest plan: a hundred calls a month for polling."""

    def spent(hidden):
        world = World(settings={"polling": {"enabled": True}, "reconcile": {"nightly": False}}, plan="plus")
        ids = [Hands(world).contact(f"c{n}") for n in range(190)]
        archived = Archived(world)
        world.run()
        world.settle(hours=24)
        archived.ids = set(ids[:hidden])
        world.settle(hours=24 * 27, step_s=600)
        return {name: course.calls for name, course in state(world).courses.items()}

    plain, hidden = spent(0), spent(60)

    assert hidden.pop("contact") <= 2 * plain.pop("contact")
    assert all(hidden[name] >= calls - 2 for name, calls in plain.items())


def test_a_refusal_is_no_sample_of_whether_the_list_lied(world, hands):
    ids = [hands.contact(f"C{n}") for n in range(20)]
    poll_now(world)
    odd = Odd(world)
    odd.answers = dict.fromkeys(ids[:14], (422, b"{}"))
    hidden = dict(world.company.tables["contacts"])
    call = odd.call

    async def hiding(request, credential, *, timeout_ms):
        world.company.tables["contacts"] = {} if request.path.endswith("/contacts") else hidden
        return await call(request, credential, timeout_ms=timeout_ms)

    odd.call = hiding
    look(world)

    assert told(world) == []
    assert [each for each in odd.asked if each not in odd.answers] == odd.asked[-1:]


@pytest.mark.row("D18")
@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [(401, b"{}", "credential_invalid"), (402, b"{}", "plan_unpaid"), (429, b"{}", ""), (503, b"", "server_error")],
)
def test_a_refusal_of_the_whole_stops_the_pass(world, hands, status, body, reason):
    ids = [hands.contact(f"C{n}") for n in range(3)]
    poll_now(world)
    odd = Odd(world)
    odd.answers = dict.fromkeys(ids, (status, body))
    for each in ids[:2]:
        hands.forget(each)
    world.clock.advance(86_400)
    make_all_due(world, "contact")
    make_due(world)
    world.run(seconds=30)

    assert len(set(odd.asked)) == 1
    assert state(world).courses["contact"].running is not None
    assert told(world) == []
    if reason == "server_error":
        assert state(world).courses["contact"].trouble == reason


def test_trouble_of_holdeds_that_keeps_to_one_object_is_that_objects_after_a_while(world, hands):
    ids = [hands.contact(f"C{n}") for n in range(3)]
    poll_now(world)
    odd = Odd(world)
    odd.answers[ids[0]] = (500, b"")
    for each in ids[:2]:
        hands.forget(each)
    began = state(world).courses["contact"].full_ms
    course = look(world)

    assert told(world) == [("contact.deleted", ids[1])]
    assert course.full_ms > began
    assert course.troubles == "absent_refused:server_error"
    assert odd.asked.count(ids[0]) == 5
