"""`make demo`: a day of webhooks of five sources, through the deployed functions on the local emulator, into Holded's sandbox.

While they settle, a third company shows what no webhook tells (`demo.untold`).

Ends with 0 only if every delivery and every story became what it must, and Holded's sandbox holds exactly the expected
documents.
"""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo import show, untold
from demo.companies import open_companies
from demo.day import RUSH, acts
from demo.evening import Became, Posted, books, judge, look
from demo.quiet import open_quiet
from infra.local.run import LocalStack
from infra.paths import ROOT
from relay.cli import stack as stacks
from relay.cli.wiring import wire
from relay.domain.sources import signing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from demo.companies import Company
    from demo.day import Act
    from relay.cli.context import World

SCALE = 5.0
SENDERS = 4
PATIENCE_SECONDS = 150.0

console = Console(width=None if Console().is_terminal else 120)


def main() -> int:
    began = time.monotonic()
    console.print("[bold]Holded Relay[/bold]: starting the AWS emulator, the sandboxes and the deployed stack ...")
    with LocalStack(scale=SCALE, shops=True) as stack, ThreadPoolExecutor(max_workers=1) as aside:
        console.print(
            f"Relay and sandboxes share one clock that runs {SCALE:.0f} times as fast: a minute's quota lasts"
            f" {60 / SCALE:.0f} seconds of yours."
        )
        companies = open_companies(stack)
        found = stacks.find(local=True, name=None, environ=os.environ, folder=ROOT)
        world = wire(found, who="demo")
        stories = aside.submit(lambda: untold.all_of(open_quiet(stack, world)))
        posted = _send(world, list(acts()))
        results = _wait(world, posted)
        wrong = _report(companies, results)
        for story in stories.result():
            show.story(console, story)
            wrong += story.wrong
        return _end(wrong, companies, results, seconds=time.monotonic() - began)


def _send(world: World, day: Sequence[Act]) -> list[Posted]:
    """Sign and post every delivery, repeated ones as often as their sender repeats them."""
    secrets = {
        account: asyncio.run(world.accounts.webhook_secrets(account)) for account in {act.account for act in day}
    }
    rush_begins = len(day) - RUSH

    def post(act: Act) -> Posted:
        held = secrets[act.account]
        secret = held.secrets[act.source][0] if held else ""
        answers = [_post(world, act, secret, copy) for copy in range(act.copies)]
        return answers[0]

    with _bar() as bar, ThreadPoolExecutor(max_workers=SENDERS) as pool:
        task = bar.add_task("webhooks sent", total=len(day))
        results = []
        for act in day[:rush_begins]:
            results.append(post(act))
            bar.advance(task)
        for one in pool.map(post, day[rush_begins:]):
            results.append(one)
            bar.advance(task)
    return results


def _post(world: World, act: Act, secret: str, copy: int) -> Posted:
    headers = signing.sign(
        act.source, act.body, secret, now=world.clock.now(), topic=act.topic, delivery_id=f"demo{copy}"
    )
    body = act.body.replace(b"121.00", b"921.00") if act.tampered else act.body
    answer = world.post.post(world.url(act.account, act.source), content=body, headers=headers)
    told = answer.json()
    return Posted(act=act, status=answer.status_code, reason=told["status"], inbox_id=told.get("id", ""))


def _wait(world: World, posted: Sequence[Posted]) -> list[Became]:
    """Until nothing is under way any more; what the quota holds back comes when its minute is over."""
    end = time.monotonic() + PATIENCE_SECONDS
    results: list[Became | None] = [None] * len(posted)
    with _bar() as bar:
        task = bar.add_task("settled", total=len(posted))
        while time.monotonic() < end:
            for at, one in enumerate(posted):
                known = results[at]
                if known is None or known.open:
                    results[at] = asyncio.run(look(world, one))
            done = sum(1 for result in results if result is not None and not result.open)
            bar.update(task, completed=done)
            if done == len(posted):
                break
            time.sleep(0.5)
    return [result for result in results if result is not None]


def _report(companies: dict[str, Company], results: list[Became]) -> list[str]:
    """Print what became of the day; returns what is wrong with it."""
    documents = {account: company.documents() for account, company in companies.items()}
    faults = [(found, judge(found, documents[found.posted.act.account])) for found in results]
    wrong = [f"{found.posted.act.story}: {fault}" for found, fault in faults if fault]
    for company in companies.values():
        wrong += books(company, results)
    show.fates(console, results, documents)
    show.companies(console, companies, documents)
    return wrong


def _end(wrong: list[str], companies: dict[str, Company], results: list[Became], *, seconds: float) -> int:
    if wrong:
        for line in wrong:
            console.print(f"[red]wrong[/red] {line}", soft_wrap=True)
        return 1
    total = sum(len(company.documents()) for company in companies.values())
    console.print(
        f"[green]All {len(results)} deliveries became what they must[/green]: {total} documents in Holded, none missing,"
        f" none doubled, none a cent off; and what no webhook told was seen, brought and compared. {seconds:.0f} s."
    )
    return 0


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description:>13}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except httpx.HTTPError as error:
        raise SystemExit(f"the local stack did not answer: {type(error).__name__}") from error
