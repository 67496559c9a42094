"""Run one plan to its rest: the busy time, the calm, the settlement sweeps, the checks, and then everything once more."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from relay.domain.ledger import STANDING
from relay.holded import listings, protocol
from relay.ports.accounts import Account, AccountSecrets, Credential
from tests.sandboxed import request_of
from tests.simulation import loop, shop
from tests.simulation.actions import ACTIONS
from tests.simulation.drift import reconciliation_tells_the_truth
from tests.simulation.holdings import judged, may_wait, replay_answered, replay_wrote, standing, written_s
from tests.simulation.invariants import BROKEN_FENCE, INVARIANTS
from tests.simulation.once import normalised_once
from tests.simulation.operators import retry_reason
from tests.simulation.oracle import expected
from tests.simulation.plan import Action
from tests.simulation.repairs import repaired_in_the_end, what_was_planted_is_with_a_person
from tests.simulation.seen import all_is_seen, begin_polling
from tests.simulation.truth import reconciles, verify_is_not_blind, verify_tells_the_truth
from tests.simulation.world import START, Universe

if TYPE_CHECKING:
    from tests.simulation.faults import Strike
    from tests.simulation.plan import Company, Plan

TAXES = frozenset({"s_iva_21", "s_iva_10", "s_iva_4", "s_iva_0"})
"""What the account knows of its company's taxes: enough for what is sold, and read again by every drain."""

SOURCES = ("shopify", "standard", "holded")
_STEP_S = 300.0


@dataclass(slots=True, kw_only=True)
class Result:
    """`troubles`: broken invariants, empty when all is well. `events`: deliveries accepted, each counted once. `fingerprint` is the same for the same plan, always."""

    plan: Plan
    troubles: list[str] = field(default_factory=list)
    struck: tuple[Strike, ...] = ()
    events: int = 0
    documents: int = 0
    calls: int = 0
    seconds: float = 0.0
    fingerprint: str = ""
    reviews: Counter[str] = field(default_factory=Counter)  # reasons of the rows that wait for a person
    written_s: dict[str, float] = field(default_factory=dict)  # marker -> when Holded got the document
    replays: int = 0  # their parts
    looks: int = 0  # states of objects in Holded that were seen, by a poll or a webhook's re-read
    told: int = 0  # events of what was seen

    @property
    def faults(self) -> Counter[str]:
        return Counter(strike.kind for strike in self.struck)


def run_plan(plan: Plan) -> Result:
    """Everything of one plan, in virtual time. Raises nothing: what goes wrong is a trouble."""
    result = Result(plan=plan)
    logging.getLogger("receive_webhook").propagate = False
    was = gc.isenabled()
    gc.disable()
    try:
        with normalised_once():
            loop.run(_story(plan, result))
    except loop.StuckError as error:
        result.troubles.append(f"stuck: {error}")
    finally:
        if was:
            gc.enable()
    return result


async def _story(plan: Plan, result: Result) -> None:
    universe = Universe(plan)
    catcher = _Catcher(universe.told)
    door = logging.getLogger("receive_webhook")
    door.addHandler(catcher)
    door.setLevel(logging.INFO)
    try:
        for company in plan.companies:
            await admit(universe, company)
        await shop.first_look(universe)
        universe.start()
        _schedule(universe)
        await asyncio.sleep(plan.calm_s)
        universe.faults.calm, universe.faults.operators = True, plan.operators_s > plan.calm_s
        await asyncio.sleep(max(0.0, plan.operators_s - plan.calm_s))
        universe.faults.operators = False
        restless = await _rest(universe)
        if not restless:
            await asyncio.sleep(plan.after_s)
            await _children_go_on(universe)
            restless = await _rest(universe)
        if restless:
            result.troubles.append(f"1: no rest after {plan.patience_s / 86400:.0f} days: {restless}")
        for invariant in INVARIANTS if plan.fence_kept else BROKEN_FENCE:
            result.troubles += invariant(universe)
        result.written_s = written_s(universe)
        if not restless and plan.fence_kept:
            result.troubles += await all_is_seen(universe)
            result.troubles += await verify_tells_the_truth(universe)
            if reconciles(plan):
                result.troubles += await reconciliation_tells_the_truth(universe)
            result.troubles += await _once_more(universe)
            result.troubles += await repaired_in_the_end(universe, _rest)
            result.troubles += await verify_is_not_blind(universe)
            result.troubles += await what_was_planted_is_with_a_person(universe, _rest)
        result.troubles += [f"crash: {text}" for text in universe.crashes]
    finally:
        door.removeHandler(catcher)
    result.struck = tuple(universe.faults.struck)
    result.events = len(universe.accepted)
    result.documents = sum(len(each.tables["documents"]) for each in universe.companies.values())
    result.calls = len(universe.calls)
    result.seconds = universe.seconds()
    result.replays = sum(row.kind == "replay" for row in universe.ledger.rows.values())
    looks = [look for found in universe.snapshots.history.values() for look in found]
    result.looks, result.told = len(looks), sum(len(look.verbs) for look in looks)
    result.reviews = Counter(row.reason for row in universe.ledger.rows.values() if row.state == "review")
    moved = [f"{call.at:.6f} {call.method} {call.path}" for call in universe.calls]
    result.fingerprint = f"{hash_of(moved)}-{hash_of(standing(universe))}"


def hash_of(value: Any) -> str:
    import hashlib

    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


class _Catcher(logging.Handler):
    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        self._told.append(record.getMessage())


async def admit(universe: Universe, company: Company) -> None:
    """An account with its company, its token, its secrets and (by choice) Holded's own webhooks, before anything begins."""
    before = START.timestamp() - 300
    there = universe.sandbox.add_company(dict(company.switches), before)
    universe.companies[company.account] = there
    token = f"pat_{company.account}_0"
    there.tokens[token] = None
    credential = Credential(token=token)
    catalogue = {}
    for name, request in (
        ("taxes", listings.list_taxes()),
        ("treasury_accounts", listings.list_treasury_accounts()),
    ):
        response = universe.sandbox.handle(request_of(request, credential.token), before).response
        assert response is not None
        reply = protocol.decipher(request, response.status, response.headers, response.body, START)
        # Admission's own calls come before the relay counts any: the two sides begin alike.
        there.quota.spend(before, -1)
        catalogue[name] = [dict(item.raw) for item in reply.value.items if name != "taxes" or item.key in TAXES]
    account = Account(
        account=company.account,
        name=company.account.title(),
        mode="test",
        status="active",
        status_reason="",
        company_id=there.id,
        per_minute=there.quota.minute.limit,
        per_month=there.quota.month.limit,
        settings=company.meant() if company.before is None else company.before | company.polled(),
        catalogue=catalogue,
        salt="salt",
        rev=1,
    )
    await universe.accounts.put(account, expected_rev=0)
    await universe.accounts.set_credential(company.account, credential)
    secrets = {source: "whsec_" + b64encode(f"{source} {company.account}".encode() * 3).decode() for source in SOURCES}
    held = AccountSecrets(
        account=company.account, secrets={name: (secret,) for name, secret in secrets.items()}, bindings={}
    )
    await universe.accounts.set_webhook_secrets(company.account, held)
    universe.hidden |= {token, *secrets.values()}
    universe.senders |= {(company.account, source): secret for source, secret in secrets.items()}
    if company.shop:
        await shop.open_shop(universe, company.account)
    if company.hooks is not None:
        hook = {"id": f"hook{company.account}", "url": f"relay/{company.account}", "events": None}
        there.put("webhooks", hook | {"secret": secrets["holded"]} | company.hooks, before)
    if company.polling is not None:
        begin_polling(universe, company.account, random=Random(f"{universe.plan.seed} {company.account}"))


def _schedule(universe: Universe) -> None:
    at = asyncio.get_running_loop().call_at
    spawn = universe.lambdas.spawn
    number = 0
    for delivery in universe.plan.deliveries:
        if delivery.placed:
            at(delivery.at_s, lambda delivery=delivery: shop.place(universe, delivery))
            continue
        raw = json.dumps(delivery.body).encode()
        for later in (0.0, *delivery.copies):
            number += 1
            story = (delivery.account, delivery.source, delivery.topic, raw, number)
            at(delivery.at_s + later, lambda story=story: spawn(universe.deliver(*story)))
    mended = [
        Action(at_s=company.mended_s, account=company.account, name="mend_settings", argument=number)
        for number, company in enumerate(universe.plan.companies)
        if company.before is not None
    ]
    for action in (*universe.plan.actions, *mended):
        at(
            action.at_s,
            lambda action=action: spawn(ACTIONS[action.name](universe, action.account, action.argument)),
        )


def restlessness(universe: Universe) -> str:
    """What is still under way, empty when all has come to rest."""
    if universe.lambdas.active or universe.busy or universe.bus.under_way:
        return "a function, a sender or the bus is busy"
    if universe.fiscal.messages or universe.normal.messages:
        return "a queue holds messages"
    if any(shard.position < len(shard.records) for shard in universe.lambdas.shards):
        return "the stream is not read to its end"
    if shop.owes(universe.shops):
        return "a shop has webhooks to post"
    if universe.sandbox.emitter.next_due() is not None:
        return "Holded has webhooks to post"
    if any(item.open for item in universe.inbox.items.values()):
        return "a delivery is open"
    for row in universe.ledger.rows.values():
        if (
            row.state in {"sent", "unknown", "waiting"}
            and not may_wait(universe, row)
            and row.kind not in {"contact", *STANDING}
        ):
            return f"{row.key} is {row.state} ({row.reason})"
    return ""


async def _rest(universe: Universe) -> str:
    """Let time pass until everything is at rest, or patience is over; returns what was not."""
    until = universe.seconds() + universe.plan.patience_s
    while universe.seconds() < until:
        await asyncio.sleep(_STEP_S)
        restless = restlessness(universe)
        if not restless:
            return ""
    return restless


async def _children_go_on(universe: Universe) -> None:
    """What went to review for want of a parent that stands by now: an operator runs all alike again."""
    parents = {key: each.parent for key, each in expected(universe.plan).items()}
    for account in universe.companies:
        for reason in ("parent_not_written", "parent_missing"):
            rows = [row for row in universe.ledger.rows.values() if (row.key.account, row.reason) == (account, reason)]
            above = [universe.ledger.rows.get(parent) for row in rows if (parent := parents.get(row.key)) is not None]
            if any(row is not None and row.state == "confirmed" for row in above):
                await retry_reason(universe, account, reason)


async def _once_more(universe: Universe) -> list[str]:
    """9: every event again, first as a message, then as if its end had never been recorded, then by an operator's replay of
    all. Nothing may be written a second time.
    """
    troubles = []
    before, uncertain = standing(universe), judged(universe)
    for forgetting in (False, True):
        parts = (
            universe.inbox.forget_ends()
            if forgetting
            else [(account, inbox_id, len(item.ends)) for (account, inbox_id), item in universe.inbox.items.items()]
        )
        universe.lambdas.news["sweep_inbox"].set()
        messages = [
            {"account": account, "event": f"{inbox_id}#{n}"} for account, inbox_id, of in parts for n in range(of)
        ]
        await universe.wakes.send(messages, priority="fiscal")
        await ACTIONS["redrive"](universe, "", 0)
        restless = await _rest(universe)
        if restless:
            troubles.append(f"9: the replay came to no rest: {restless}")
        troubles += replay_wrote(universe, before, uncertain | judged(universe))
    for account in universe.companies:
        await ACTIONS["replay_range"](universe, account, 0)
    await _rest(universe)
    await _children_go_on(universe)
    restless = await _rest(universe)
    if restless:
        troubles.append(f"9: the replay came to no rest: {restless}")
    uncertain |= judged(universe)
    troubles += [*replay_wrote(universe, before, uncertain, again=True), *replay_answered(universe, uncertain)]
    for invariant in INVARIANTS:
        troubles += invariant(universe)
    return troubles
