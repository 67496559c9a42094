"""A storm over the whole house: webhooks, duplicates, and faults of Holded's, of AWS's and of our own machines.

`python -m tests.e2e.storm --webhooks 2000`. The same code with fewer webhooks is part of the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import httpx

from relay.domain.sources.signing import sign
from tests.e2e import stories
from tests.e2e.aftermath import Aftermath
from tests.e2e.faults import DUPLICATES, HOLDED_FAULTS, MORTAL, SHARE
from tests.e2e.house import PATIENCE_SECONDS, House, until
from tests.e2e.murder import murder
from tests.e2e.redrive import bury, redrive
from tests.e2e.unruly import UnrulyAws
from tests.e2e.workers import kill, workers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.house import Company
    from tests.e2e.stories import Story, Webhook

_SENDERS = 8
_REDRIVEN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """The webhooks are posted over `spread_seconds`. When a tenth of the documents is there, Holded goes away for
    `outage_seconds`; in the first half of the posting a worker dies every `kill_seconds`. `write_seconds` is the writers' time-out, None the template's: what a
    dead writer held is free a minute after it. Real seconds all.
    """

    webhooks: int
    accounts: int
    spread_seconds: float
    outage_seconds: float
    kill_seconds: float
    patience_seconds: float
    write_seconds: int | None = None
    seed: int = 1


class Storm:
    def __init__(self, house: House, unruly: UnrulyAws, weather: Weather) -> None:
        self._house, self._unruly, self._weather = house, unruly, weather
        self._random = Random(weather.seed)
        self._told = threading.Lock()
        self._posted: list[tuple[str, str]] = []
        self._after = Aftermath()
        self._companies: dict[str, Company] = {}
        self._documents = 0

    def run(self) -> Aftermath:
        """Returns when nothing is open and nothing waits any more."""
        weather, after = self._weather, self._after
        opened = [self._house.open_company(f"storm-{number}") for number in range(weather.accounts)]
        self._companies = {company.account: company for company in opened}
        told = stories.stories(list(self._companies), webhooks=weather.webhooks)
        if weather.write_seconds:
            writer = self._house.stack.outputs["WriteHoldedFunction"]
            self._house.stack.client("lambda").update_function_configuration(
                FunctionName=writer, Timeout=weather.write_seconds
            )
        with self._timed("killing"):
            after.victims = murder(self._house)
        with self._timed("storm"):
            self._documents = sum(len(story.documents) for story in told)
            self._blow(stories.shuffled(told, self._random))
        with self._timed("redriving"):
            self._redrive()
        everybody = [*opened, *(victim.company for victim in after.victims)]
        with self._timed("settling"):
            until(
                lambda: all(company.idle() for company in everybody),
                "nothing is open and nothing waits",
                seconds=weather.patience_seconds,
            )
        with self._timed("verifying"):
            named = [word for company in everybody for word in ("--account", company.account)]
            after.verified = self._house.relay("verify", "--wait", *named, code=None)
        self._look(told, opened)
        return after

    def _blow(self, webhooks: list[Webhook]) -> None:
        """Post everything while all goes wrong, until most is written; afterwards nothing goes wrong any more."""
        self._house.control("DELETE", "/faults")
        self._house.control("DELETE", "/counters")
        self._let_holded_fail()
        calls = self._unruly.calls
        self._unruly.share = SHARE
        over = threading.Event()
        with httpx.Client(timeout=60, trust_env=False) as http, ThreadPoolExecutor(_SENDERS) as senders, \
                ThreadPoolExecutor(3) as others:  # fmt: skip
            deeds = [
                others.submit(deed, over) for deed in (self._kill, self._take_holded_away, self._redrive_meanwhile)
            ]
            try:
                began, posts = time.monotonic(), []
                for number, webhook in enumerate(webhooks):
                    due = began + number * self._weather.spread_seconds / len(webhooks)
                    time.sleep(max(0.0, due - time.monotonic()))
                    copies = 1 + (self._random.random() < DUPLICATES)
                    company = self._companies[webhook.account]
                    posts += [senders.submit(self._post, http, company, webhook, number) for _ in range(copies)]
                for post in posts:
                    post.result()
            finally:
                over.set()
            for deed in deeds:
                deed.result()
        self._wait_for(0.6)
        self._unruly.share = 0.0
        self._note_holded_faults()
        self._house.control("DELETE", "/faults")
        self._after.faults += self._unruly.struck
        self._after.calls["AWS"] = self._unruly.calls - calls
        self._after.distinct = len(set(self._posted))

    def _post(self, http: httpx.Client, company: Company, webhook: Webhook, number: int) -> None:
        """As its sender does: again until it is taken."""
        where = company.sources[webhook.source]
        for _ in range(100):
            headers = sign(
                webhook.source, webhook.body, where["secret"], now=self._house.world.now(), topic=webhook.topic,
                delivery_id=f"msg_{number}",
            )  # fmt: skip
            try:
                answer = http.post(where["url"], content=webhook.body, headers=headers)
            except httpx.TransportError:
                answer = httpx.Response(503)
            if answer.is_success:
                with self._told:
                    self._after.answers[answer.json()["status"]] += 1
                    self._posted.append((company.account, answer.json()["id"]))
                return
            assert answer.status_code >= 500, (webhook.source, answer.status_code, answer.text)
            with self._told:
                self._after.answers[f"refused with {answer.status_code}, posted again"] += 1
            time.sleep(0.5)
        raise AssertionError(f"{webhook.source} {number} was never taken")

    def _kill(self, over: threading.Event) -> None:
        """A worker of each function in turn, as soon as there is one."""
        end = time.monotonic() + self._weather.spread_seconds / 2
        for output in cycle(MORTAL):
            if over.wait(self._weather.kill_seconds) or time.monotonic() > end:
                return
            alive = until(partial(workers, self._house.stack, output), f"a worker of {output}")
            self._note(f"killed {output.removesuffix('Function')}", kill(self._random.sample(alive, 1)))

    def _take_holded_away(self, _over: threading.Event) -> None:
        self._wait_for(0.1)
        self._note_holded_faults()
        began = time.monotonic()
        self._house.sandbox.stop()
        try:
            time.sleep(self._weather.outage_seconds)
        finally:
            self._house.sandbox.start()
        self._note("seconds without Holded", round(time.monotonic() - began))
        self._let_holded_fail()

    def _redrive_meanwhile(self, over: threading.Event) -> None:
        over.wait(self._weather.spread_seconds / 2)
        self._redrive()

    def _redrive(self) -> None:
        """Wakes for events that are done and for others that are under way, from the dead-letter queues."""
        with self._told:
            events = self._random.sample(self._posted, min(_REDRIVEN, len(self._posted)))
        bury(self._house, events)
        self._after.redriven += redrive(self._house)

    def _wait_for(self, share: float) -> None:
        wanted = share * self._documents
        until(
            lambda: sum(len(company.documents()) for company in self._companies.values()) >= wanted,
            f"{wanted:.0f} documents are written",
            seconds=self._weather.patience_seconds,
        )

    def _let_holded_fail(self) -> None:
        for kind, (probability, seconds) in HOLDED_FAULTS.items():
            self._house.control("POST", "/faults", kind=kind, probability=probability, seconds=seconds, times=None)

    def _note_holded_faults(self) -> None:
        self._after.faults += Counter(one["kind"] for one in self._house.control("GET", "/faults")["struck"])
        counters = self._house.control("GET", "/counters").values()
        self._after.calls["Holded"] += sum(sum(one["calls"].values()) for one in counters)

    def _note(self, what: str, count: int) -> None:
        with self._told:
            self._after.faults[what] += count

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._after.seconds[what] = time.monotonic() - began

    def _look(self, told: list[Story], companies: list[Company]) -> None:
        after = self._after
        for company in companies:
            name = company.account
            after.expected += Counter({(name, one): count for one, count in stories.expected(told, name).items()})
            after.found += Counter({(name, one): count for one, count in stories.held(company.documents()).items()})
            buyers = {story.email for story in told if story.account == name}
            after.contacts_expected += Counter((name, email) for email in buyers)
            after.contacts_found += Counter((name, one["email"]) for one in company.tables()["contacts"])
        after.reviews = asyncio.run(self._reviewed(companies))
        after.stories = [line for company in companies for line in self._lost(company, told)]
        after.troubles = self._house.troubles()
        after.hidden = sum(self._house.messages(f"{queue}QueueUrl") for queue in ("Fiscal", "Normal"))

    def _lost(self, company: Company, told: list[Story]) -> Iterator[str]:
        """What the relay holds of each sale whose document is not there: its rows, and the ends of its deliveries."""
        lost = {one for account, one in self._after.lost if account == company.account}
        for story in told:
            if story.account != company.account or lost.isdisjoint(story.documents):
                continue
            webhook = story.webhooks[0]
            object_id = str(json.loads(webhook.body).get("id", ""))
            for purpose in ("invoice", "invoice.update", "invoice.settlement", "creditnote"):
                if row := company.row(webhook.source, object_id, purpose):
                    yield f"{row.key}: {row.state} {row.reason} v{row.version} {row.total} rev {row.rev} {row.event_type} {row.detail}"
            for inbox_id, item in company.inbox().items():
                if object_id and object_id in inbox_id:
                    yield f"{inbox_id}: open {item.open}, {dict(item.ends)}"

    async def _reviewed(self, companies: list[Company]) -> list[str]:
        """What the relay left to a person, and why."""
        ledger = self._house.world.ledger
        found = [row for one in companies async for row in ledger.in_state(one.account, "review")]
        return [f"{row.key}: {row.reason} ({row.detail})" for row in found]


def main() -> int:
    parser = argparse.ArgumentParser(description="Webhooks through the whole relay on this machine, with faults.")
    parser.add_argument("--webhooks", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    weather = Weather(
        webhooks=chosen.webhooks, accounts=8, spread_seconds=chosen.webhooks / 10, outage_seconds=60, kill_seconds=8,
        patience_seconds=10 * PATIENCE_SECONDS, seed=chosen.seed,
    )  # fmt: skip
    unruly = UnrulyAws(seed=chosen.seed)
    with tempfile.TemporaryDirectory(prefix="relay-storm-") as folder, House(Path(folder), unruly=unruly) as house:
        after = Storm(house, unruly, weather).run()
    print("\n".join(after.lines()))
    return 0 if after.verified["clean"] and not after.lost and not after.doubled else 1


if __name__ == "__main__":
    raise SystemExit(main())
