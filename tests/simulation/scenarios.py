"""The scenarios by name: a seed becomes a plan. `random` is what most seeds run; the others are stories of their own."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from tests.simulation import payloads
from tests.simulation.draw import LEFT_OUT, random_plan
from tests.simulation.faults import KINDS
from tests.simulation.people import PEOPLE
from tests.simulation.plan import Action, Company, Delivery, Plan

if TYPE_CHECKING:
    from collections.abc import Callable

DAY_S = 86_400.0
REPLAYED_ON = (7, 14, 17, 20, 21, 24, 27, 33, 40, 47)
"""Days of the month scenario: the quota of March ends about the eighteenth."""


def month(seed: int, *, without: frozenset[str] = frozenset()) -> Plan:
    """Six weeks: orders every day on a small plan, the month's quota used up and reset, secrets and tokens rotated,
    deliveries that come again weeks later, inbox items that expire meanwhile, and every week all weeks so far replayed,
    twice, one of them cancelled.
    """
    random = Random(f"month {seed}")
    deliveries: list[Delivery] = []
    for number in range(36):
        sale = payloads.shopify_order(
            2000 + number, [(f"{random.randint(5, 200)}.{random.randint(0, 99):02}", 21)], paid=True, buyer=number % 5
        )
        at_s = number * DAY_S + random.uniform(0, DAY_S / 2)
        again = tuple(sorted(random.uniform(0, 40 * DAY_S) for _ in range(random.choice([0, 0, 1]))))
        deliveries.append(
            Delivery(at_s=at_s, account="acme", source="shopify", topic="orders/paid", body=sale, copies=again)
        )
        if random.random() < 0.2:
            refund = payloads.shopify_refund(2000 + number, sale)
            back_s = at_s + random.uniform(-DAY_S, 3 * DAY_S)
            deliveries.append(
                Delivery(at_s=max(0.0, back_s), account="acme", source="shopify", topic="refunds/create", body=refund)
            )
    actions = [
        Action(at_s=week * 7 * DAY_S, account="acme", name=name, argument=week)
        for week in range(1, 6)
        for name in ("rotate_secret", "new_token", "redrive", "retry_alike", "replay_dead")
    ]
    actions += [
        Action(at_s=day * DAY_S + later_s, account="acme", name=name, argument=day)
        for day in REPLAYED_ON
        for name, later_s in (("replay_range", 0), ("replay_range", 7200), ("cancel_replays", 7260))
    ]
    rates = {kind: 0.01 for kind in KINDS if kind not in without}
    rates |= {kind: 0.0 for kind in ("limit_month", "limit_minute", "other_program") if kind in rates}
    if "ttl_late" in rates:
        rates["ttl_late"] = 1.0
    return Plan(
        seed=seed,
        scenario="month",
        # 60 calls a month do not even reach for March: the rest is written when April begins.
        companies=(Company(account="acme", switches={"plan": "plus", "month_limit": 60}),),
        deliveries=tuple(sorted(deliveries, key=lambda each: each.at_s)),
        actions=tuple(sorted(actions, key=lambda each: each.at_s)),
        rates=rates,
        calm_s=50 * DAY_S,
        patience_s=70 * DAY_S,
        after_s=3 * DAY_S,
    )


LOST = (0.0, 0.1, 1.0)
"""How many of Holded's webhooks are lost in the scenario of changes, by seed."""
ASKED = (40, 5, 3)
"""Percent of the month that they may ask for, by seed: with few, many of them join a pass."""


def changes(seed: int, *, without: frozenset[str] = frozenset()) -> Plan:
    """Four weeks of people at work in Holded: create, edit, approve, pay and delete every day, a few sales of ours among
    it, on a small plan that is polled within a fifth of its calls. Of Holded's webhooks none, a tenth or all are lost,
    and many or few of the others find a call of their own.
    """
    random = Random(f"changes {seed}")
    company = Company(
        account="acme",
        policy={"finish": random.choice(["draft", "approve", "approve_and_pay"])},
        switches={
            "plan": "basic",
            "payment_updates_document": bool(random.randrange(2)),
            "payment_names_document": bool(seed // 2 % 2),
        },
        hooks={"duplicates": random.choice([0, 1]), "reorder_seconds": 30.0, "delay_seconds": 1.0},
        polling={"leave_out": list(LEFT_OUT), "rereads": ASKED[seed // 3 % 3]},
    )
    deliveries = [
        Delivery(
            at_s=random.uniform(0, 27 * DAY_S),
            account="acme",
            source="shopify",
            topic="orders/paid",
            body=payloads.shopify_order(
                3000 + number, [(f"{random.randint(5, 200)}.00", 21)], paid=True, buyer=number % 3
            ),
        )
        for number in range(8)
    ]
    names = [hand.__name__ for hand in PEOPLE]
    actions = [
        Action(
            at_s=day * DAY_S + random.uniform(0, DAY_S),
            account="acme",
            name=random.choice([*names, "person_creates", "person_pays"]),
            argument=random.randrange(24),
        )
        for day in range(28)
        for _ in range(5)
    ]
    rates = dict.fromkeys(KINDS, 0.005) | dict.fromkeys(("limit_month", "other_program"), 0.0)
    rates["webhook_lost"] = LOST[seed % len(LOST)]
    return Plan(
        seed=seed,
        scenario="changes",
        companies=(company,),
        deliveries=tuple(sorted(deliveries, key=lambda each: each.at_s)),
        actions=tuple(sorted(actions, key=lambda each: each.at_s)),
        rates={kind: rate for kind, rate in rates.items() if kind not in without},
        calm_s=30.5 * DAY_S,
        patience_s=40 * DAY_S,
        after_s=DAY_S,
    )


def silence(seed: int, *, without: frozenset[str] = frozenset()) -> Plan:
    """A shop that sells sixteen times a day, until for three days nothing of it arrives though its webhooks stand, and
    then it does again. Another one, which sells twice a day and never falls silent, is too quiet to be judged.
    """
    random = Random(f"silence {seed}")
    mute_s, again_s, end_s = (17 * DAY_S + random.uniform(0, DAY_S), 21 * DAY_S, 22 * DAY_S)

    def sold(account: str, a_day: int) -> list[Delivery]:
        return [
            Delivery(
                at_s=round(day * DAY_S + 7 * 3600 + (hour + random.random()) * 14 * 3600 / a_day, 1),
                account=account,
                source="shopify",
                topic="orders/paid",
                body=payloads.shopify_order(
                    6000 + day * a_day + hour, [(f"{random.randint(5, 200)}.00", 21)], paid=True, buyer=hour % 5
                ),
                placed=True,
            )
            for day in range(int(end_s / DAY_S))
            for hour in range(a_day)
        ]

    rates = dict.fromkeys(KINDS, 0.003) | dict.fromkeys(("limit_month", "other_program"), 0.0)
    return Plan(
        seed=seed,
        scenario="silence",
        companies=tuple(Company(account=name, switches={"plan": "advanced"}, shop=True) for name in ("acme", "bravo")),
        deliveries=tuple(sorted([*sold("acme", 16), *sold("bravo", 2)], key=lambda each: each.at_s)),
        actions=(
            Action(at_s=mute_s, account="acme", name="shop_goes_mute"),
            Action(at_s=again_s, account="acme", name="shop_speaks_again"),
        ),
        rates={kind: rate for kind, rate in rates.items() if kind not in without},
        calm_s=end_s + 3600,
        patience_s=40 * DAY_S,
        after_s=DAY_S / 4,
        habits=True,
    )


def broken_fence(seed: int, *, without: frozenset[str] = frozenset()) -> Plan:
    """The fence's assumption broken: SETTLE is a moment, and Holded commits minutes after the lease is over."""
    plan = random_plan(seed, without=without)
    rates = {"late_commit": 0.3, "kill_after": 0.01, "kill_before": 0.01}
    return replace(
        plan,
        scenario="broken-fence",
        rates={kind: rate for kind, rate in rates.items() if kind not in without},
        actions=(),
        timing={"settle_ms": 1_000, "lease_margin_ms": 0, "again_ms": 1_000, "settlement_ms": 3_600_000},
        late_scale=6.0,
        fence_kept=False,
        after_s=60 * 3600.0,
    )


def far_clocks(seed: int, *, without: frozenset[str] = frozenset()) -> Plan:
    """Clocks that are off by up to twenty seconds: the fence holds, the quota by as much less."""
    plan = random_plan(seed, without=without)
    rates = plan.rates | ({} if "skew" in without else {"skew": 1.0})
    return replace(plan, scenario="far-clocks", rates=rates, skew_s=20.0)


SCENARIOS: dict[str, Callable[..., Plan]] = {
    "random": random_plan,
    "month": month,
    "changes": changes,
    "silence": silence,
    "broken-fence": broken_fence,
    "far-clocks": far_clocks,
}
