"""Rows that are made, edited, approved, paid and deleted while a pass walks over them: each seen state is told once, none is lost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holded_sandbox.documents import RefusedError
from relay.errors import RetryAt
from relay.services.session import Timing
from tests.services.polling import Hands, events, poll_now, polled_world, state

ACTIONS = ("invoice", "contact", "edit", "approve", "pay", "pay_half", "delete", "redate", "rename", "forget")
DOCUMENTS = frozenset({"edit", "approve", "pay", "pay_half", "delete", "redate"})
step = st.tuples(st.sampled_from(ACTIONS), st.integers(0, 7))
trouble = st.sampled_from(["", "", "", "", "lost", "late", "broken"])


class Company:
    """Does one step before each list call and answers in pages of any size; some calls fail."""

    def __init__(self, world, steps, sizes, troubles, *, heard):
        self.world, self.hands, self.heard = world, Hands(world), heard
        self.steps, self.sizes, self.troubles = list(steps), list(sizes), list(troubles)
        self.hints = []
        self.call = world.holded.call
        self.waiting = 0
        world.holded.call = self

    async def __call__(self, request, credential, *, timeout_ms):
        if request.method == "GET" and self.steps and not self.waiting:
            self.act(*self.steps.pop())
        trouble = self.troubles.pop() if self.troubles else ""
        if trouble == "lost":
            raise RetryAt("server_error", retry_at=self.world.clock.now())
        if any(name == "limit" for name, _ in request.query):
            size = self.sizes.pop() if self.sizes else 200
            query = [(name, str(size) if name == "limit" else value) for name, value in request.query]
            request = replace(request, query=tuple(query))
        reply = await self.call(request, credential, timeout_ms=timeout_ms)
        if trouble == "late":
            raise RetryAt("reply_truncated", retry_at=self.world.clock.now())
        if trouble == "broken":
            self.world.clock.advance(300)  # the drain runs out of time over it
        return reply

    def act(self, action, at):
        """One thing that a person does, where there is something to do it to."""
        self.world.clock.advance(1)
        documents = sorted(self.world.company.tables["documents"])
        contacts = sorted(self.world.company.tables["contacts"])
        wanted = documents if action in DOCUMENTS else contacts
        if action in {"invoice", "contact"}:
            made = getattr(self.hands, action)()
            self.tell(action, made, "create")
            return
        if not wanted:
            return
        one = wanted[at % len(wanted)]
        try:
            self.change(action, one, at)
        except RefusedError:
            return
        kind = "invoice" if action in DOCUMENTS else "contact"
        self.tell(kind, one, "delete" if action in {"delete", "forget"} else "update")

    def change(self, action, one, at):
        match action:
            case "edit":
                self.hands.edit(one, str(100 + at))
            case "pay":
                self.hands.pay(one, self.world.company.tables["documents"][one]["payments_pending"])
            case "pay_half":
                self.hands.pay(one, "10")
            case "redate":
                self.world.company.tables["documents"][one]["date"] = f"2026-03-{3 + at:02}"
            case "rename":
                self.hands.rename(one, f"Name {at}")
            case _:
                getattr(self.hands, action)(one)

    def tell(self, kind, one, verb):
        if self.heard and self.heard.pop():
            self.hints.append((one, verb, kind))


def looks(world, company, count):
    for _ in range(count):
        poll_now(world, "invoice", "contact")
        while company.hints:
            one, verb, kind = company.hints.pop()
            world.run(world.hint(one, verb, kind))
        world.settle(hours=0.05)
        world.clock.advance(600)


@pytest.mark.row("D18", "D19")
@pytest.mark.parametrize("lost", [0, 10, 100])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    before=st.lists(step, max_size=12),
    steps=st.lists(step, min_size=5, max_size=25),
    sizes=st.lists(st.integers(1, 4), max_size=25),
    troubles=st.lists(trouble, max_size=25),
    dice=st.lists(st.integers(1, 100), min_size=60, max_size=60),
)
def test_every_seen_difference_is_one_event_and_the_last_state_is_seen(lost, before, steps, sizes, troubles, dice):
    world = polled_world(timing=Timing(echo_ms=2_000))
    company = Company(world, (), (), (), heard=[])
    for each in before:
        company.act(*each)
    poll_now(world, "invoice", "contact")
    company.steps, company.sizes, company.troubles = steps, sizes, troubles
    company.heard = [die > lost for die in dice]
    for _ in range(6):
        looks(world, company, 1)
        if not company.steps:
            break
    company.steps, company.sizes, company.troubles = [], [], []
    looks(world, company, 3)

    check(world)


def check(world):
    seen = defaultdict(list)
    for event in events(world):
        seen[event.type.split(".")[0], event.subject].append(event)
    now = {"invoice": world.company.tables["documents"], "contact": world.company.tables["contacts"]}
    for (kind, subject), found in seen.items():
        if kind not in now:
            continue
        versions = sorted({event.version for event in found})
        verbs = [event.type.split(".")[1] for event in found]
        # One version a state that was seen, in the order they were seen; a verb of a kind that happens once, once.
        assert [event.version for event in found] == sorted(event.version for event in found)
        # Nothing that was stored as another state went untold: the first pass alone is silent.
        last = next(
            snapshot for (_, of, name), snapshot in world.snapshots.seen.items() if (of, name) == (kind, subject)
        )
        assert versions == list(range(versions[0], last.number + 1))
        assert versions[0] == 1 if found[0].type.endswith(".created") else versions[0] in {1, 2}
        assert len({(event.version, event.type) for event in found}) == len(found)
        assert all(verbs.count(once) <= 1 for once in ("created", "approved", "deleted"))
        by_version = {version: [e for e in found if e.version == version] for version in versions}
        states = [(by_version[v][0].data, by_version[v][0].type.endswith("deleted")) for v in versions]
        assert all(one != other for one, other in pairwise(states))
        assert ("deleted" in verbs) == (subject not in now[kind])
    for kind, table in now.items():
        stored = {name: snapshot for (_, of, name), snapshot in world.snapshots.seen.items() if of == kind}
        assert {name for name, snapshot in stored.items() if not snapshot.gone} == set(table)
        for name, record in table.items():
            data = stored[name].data
            if kind == "contact":
                assert data["name"] == record["name"]
            else:
                assert (data["number"], data["total"]) == (record["document_number"], record["total"])
                assert stored[name].approved is not record["draft"]
                told = [e for e in seen[kind, name] if e.type.endswith((".approved", ".created"))]
                first = seen[kind, name][0] if seen[kind, name] else None
                if first is not None and first.type == "invoice.created" and not record["draft"]:
                    assert "invoice.approved" in {e.type for e in told}
    assert all(course.running is None for name, course in state(world).courses.items() if name in now)
