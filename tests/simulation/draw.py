"""A seed becomes a plan: which companies, which facts, in which order, what people do, and which faults there are."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from relay.holded.polled_table import POLLED
from tests.simulation import payloads
from tests.simulation.faults import HOLDED, KINDS
from tests.simulation.people import PEOPLE
from tests.simulation.plan import FOLLOWED, Action, Company, Delivery, Plan
from tests.simulation.repairs import repairing

if TYPE_CHECKING:
    from collections.abc import Callable

BUSY_S = 600.0
CALM_S = 1800.0
POLICIES: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"finish": "approve"},
    {"finish": "approve_and_pay"},
    {"simplified": True},
    {"finish": "approve", "refund_of_draft": "review"},
)
SELDOM = frozenset({"limit_month", "time_out", "stream_skip"})
"""Kinds that each stop much at once, drawn less often."""
EAGER = frozenset(
    {"skew", "stale_secrets", "queue_reorder", "ttl_late", "other_program", "tick_missed", "invoke_twice"}
)
"""Kinds that hurt little or have few calls to strike."""


def random_plan(seed: int, *, without: frozenset[str] = frozenset()) -> Plan:
    """Swarm testing: each seed has a set of faults of its own, so that no fault always hides behind another."""
    random = Random(seed)
    names = ["acme"] if random.random() < 0.7 else ["acme", "bravo"]
    companies = tuple(_company(random, name) for name in names)
    deliveries: list[Delivery] = []
    for company in companies:
        for number in range(random.randint(1, 4)):
            deliveries += _fact(random, company.account, 1001 + number)
    actions = _actions(random, companies)
    rates = _rates(random)
    companies = tuple(_with_shop(seed, _polled(seed, company)) for company in companies)
    for company in companies:
        if company.polling is not None:
            actions += _hands(seed, company)
        actions += repairing(seed, company.account, _troubles(actions, company.account))
        if company.shop:
            sales, forgotten = _sales(seed, company)
            deliveries += sales
            actions += forgotten
    actions.sort(key=lambda each: each.at_s)
    return Plan(
        seed=seed,
        scenario="random",
        companies=companies,
        deliveries=tuple(sorted(deliveries, key=lambda each: each.at_s)),
        actions=tuple(actions),
        rates={kind: rate for kind, rate in rates.items() if kind not in without},
        calm_s=CALM_S,
        operators_s=max(
            CALM_S,
            *(each.at_s + _LASTS_S.get(each.name, 0.0) + 300 for each in actions),
            *(each.mended_s + 300 for each in companies),
        ),
    )


POLLED_SHARE = 0.14
LEFT_OUT = tuple(each.name for each in POLLED if each.standard and each.name not in FOLLOWED)


def _polled(seed: int, company: Company) -> Company:
    """Of dice of its own, so that a seed's other story is the same with polling and without it."""
    random = Random(f"polled {seed} {company.account}")
    if random.random() > POLLED_SHARE:
        return company
    polling = {
        "share": 100,
        "most_calls": random.choice([100_000] * 5 + [15]),
        "leave_out": list(LEFT_OUT),
        "every_minutes": dict.fromkeys(FOLLOWED, random.choice([720, 1440])),
    }
    switches = company.switches | ({"list_lag_seconds": 60.0} if random.random() < 0.5 else {})
    return replace(company, polling=polling, switches=switches, page=random.choice([200, 200, 3]))


SHOP_SHARE = 0.08


def _with_shop(seed: int, company: Company) -> Company:
    return replace(company, shop=Random(f"shop {seed} {company.account}").random() < SHOP_SHARE)


def _sales(seed: int, company: Company) -> tuple[list[Delivery], list[Action]]:
    """Orders placed in the shop before and after it forgot its subscriptions, which nobody is told of."""
    random = Random(f"sales {seed} {company.account}")
    sales = []
    for number in range(random.randint(1, 4)):
        body = payloads.shopify_order(5001 + number, _amounts(random), paid=True, buyer=random.randrange(3))
        at_s = round(random.choice([random.uniform(0, CALM_S), random.uniform(0, 20_000)]), 1)
        sales.append(
            Delivery(at_s=at_s, account=company.account, source="shopify", topic="orders/paid", body=body, placed=True)
        )
    forgotten = []
    if random.random() < 0.7:
        at_s = round(random.choice([random.uniform(0, CALM_S), random.uniform(0, 20_000)]), 1)
        forgotten = [Action(at_s=at_s, account=company.account, name="shop_forgets")]
    return sales, forgotten


def _hands(seed: int, company: Company) -> list[Action]:
    """People at work in a polled company, and operators who want to see it."""
    random = Random(f"hands {seed} {company.account}")
    found = []
    for _ in range(random.randint(2, 12)):
        name = random.choice(["poll_now", "poll_now", "person_creates", *(hand.__name__ for hand in PEOPLE)])
        most_s = random.choice([CALM_S, CALM_S, CALM_S, 30_000.0])
        at_s, argument = round(random.uniform(0, most_s), 1), random.randrange(12)
        found.append(Action(at_s=at_s, account=company.account, name=name, argument=argument))
        if name == "person_creates" and random.random() < 0.8:
            # Seen by its webhook, and not yet in the lists.
            soon_s = at_s + round(random.uniform(32, 58), 1)
            found.append(Action(at_s=soon_s, account=company.account, name="poll_now", argument=1))
    return found


def _rates(random: Random) -> dict[str, float]:
    rates = {}
    for kind in KINDS:
        if random.random() < 0.4:
            most = 0.01 if kind in SELDOM else 0.3 if kind in EAGER else 0.08 if kind in HOLDED else 0.03
            rates[kind] = most * random.choice([0.2, 0.5, 1.0])
    return rates


def _company(random: Random, account: str) -> Company:
    switches: dict[str, Any] = {"plan": random.choice(["premium", "standard", "basic"])}
    if random.random() < 0.4:
        switches["minute_limit"] = random.choice([8, 12, 20])
    switches["minute_window"] = random.choice(["fixed", "sliding"])
    switches["minute_phase"] = random.choice([0.0, 17.0, 43.5])
    switches["list_lag_seconds"] = random.choice([0.0, 0.0, 5.0, 60.0])
    hooks = None
    if random.random() < 0.4:
        hooks = {
            "duplicates": random.choice([0, 0, 1]),
            "reorder_seconds": random.choice([0.0, 30.0]),
            "delay_seconds": random.choice([0.0, 1.0, 240.0]),
        }
    policy = dict(random.choice(POLICIES))
    mistaken = {}
    if random.random() < 0.1:
        mistaken = {
            "before": random.choice(MISTAKES)(policy),
            "mended_s": round(random.uniform(CALM_S, CALM_S + 600), 1),
        }
    return Company(account=account, policy=policy, switches=switches, hooks=hooks, **mistaken)


def _without_orders(policy: dict[str, Any]) -> dict[str, Any]:
    return {"policy": policy | {"paid_order": "nothing"}}


def _reduced_rate_reviewed(policy: dict[str, Any]) -> dict[str, Any]:
    rule = {"name": "reduced", "rates": ["10"], "review": "settings_review"}
    return {"policy": policy, "tax_rules": [rule]}


MISTAKES = (_without_orders, _reduced_rate_reviewed)
"""Settings as somebody may have entered them, to be mended later: nothing for a paid order, a rate that asks for a person."""


def _amounts(random: Random) -> list[tuple[str, int]]:
    return [
        (f"{random.randint(1, 300)}.{random.randint(0, 99):02}", random.choice([21, 21, 10]))
        for _ in range(random.randint(1, 3))
    ]


def _fact(random: Random, account: str, number: int) -> list[Delivery]:
    """One sale's whole story, out of order and repeated as the seed has it."""
    buyer = random.randrange(3)
    lines = _amounts(random)

    def shopify(topic: str, body: dict[str, Any]) -> Delivery:
        return _delivery(random, account, "shopify", topic, body)

    def order(version: int = 0, *, paid: bool = True, sold: Any = None, cancelled: bool = False) -> dict[str, Any]:
        return payloads.shopify_order(
            number, sold or lines, paid=paid, version=version, buyer=buyer, cancelled=cancelled
        )

    match random.randrange(13):
        case 0 | 1:
            return [shopify("orders/paid", order())]
        case 2:
            return [shopify("orders/create", order(paid=False)), shopify("orders/paid", order(60))]
        case 3:
            newer = _amounts(random)
            return [shopify("orders/paid", order()), shopify("orders/updated", order(120, sold=newer))]
        case 4:
            return [
                shopify("orders/create", order(paid=False)),
                shopify("orders/cancelled", order(90, paid=False, cancelled=True)),
            ]
        case 5 | 6:
            sale = order()
            refund = payloads.shopify_refund(number, sale)
            return [shopify("orders/paid", sale), shopify("refunds/create", refund)]
        case 7:
            body = payloads.standard_order(number, lines[0][0], buyer=buyer)
            return [_delivery(random, account, "standard", body["type"], body)]
        case 8:
            strange = order(sold=[("113.00", 13)])  # no Spanish tax: a person must judge
            return [shopify("orders/paid", strange)]
        case 9:
            versions = [order(60 * at, sold=_amounts(random)) for at in range(3)]
            return [shopify("orders/updated", version) for version in versions]
        case 10:
            versions = [payloads.shopify_customer(buyer, 60 * at) for at in range(2)]
            return [shopify("customers/create", versions[0]), shopify("customers/update", versions[1])]
        case 11:
            goods = [payloads.shopify_product(number, 60 * at, f"{random.randint(2, 90)}.50") for at in range(2)]
            return [shopify("products/create", goods[0]), shopify("products/update", goods[1])]
        case _:
            if random.random() < 0.1:
                return [shopify("refunds/create", payloads.shopify_refund(number, order()))]
            return [shopify("orders/create", order(paid=False)), shopify("orders/create", {"id": number, "odd": True})]


def _delivery(random: Random, account: str, source: str, topic: str, body: dict[str, Any]) -> Delivery:
    copies = tuple(round(random.uniform(0, 300), 1) for _ in range(random.choice([0, 0, 0, 1, 2])))
    burst = random.random() < 0.4
    at_s = 30.0 if burst else round(random.uniform(0, BUSY_S), 1)
    return Delivery(at_s=at_s, account=account, source=source, topic=topic, body=body, copies=copies)


def _troubles(actions: list[Action], account: str) -> list[tuple[float, float]]:
    """From when to when something long goes wrong with an account."""
    return [
        (each.at_s, each.at_s + _LASTS_S[each.name])
        for each in actions
        if each.account == account and each.name in _LASTS_S
    ]


_LASTS_S = {"outage": 19_000.0, "bad_release": 9_000.0}


def _actions(random: Random, companies: tuple[Company, ...]) -> list[Action]:
    """Everything that closes an account opens it again before the calm."""
    found: list[Action] = []

    def at(low: float, high: float) -> float:
        return round(random.uniform(low, high), 1)

    for company in companies:
        name = company.account
        if random.random() < 0.15:
            found += [
                Action(at_s=at(0, 500), account=name, name="pause"),
                Action(at_s=at(600, 1500), account=name, name="resume"),
            ]
        if random.random() < 0.15:
            found += [
                Action(at_s=at(0, 500), account=name, name="revoke_token"),
                Action(at_s=at(600, 1500), account=name, name="new_token", argument=1),
            ]
        if random.random() < 0.15:
            found.append(Action(at_s=at(0, 900), account=name, name="new_token", argument=2))
        if random.random() < 0.2:
            found.append(Action(at_s=at(0, 600), account=name, name="rotate_secret", argument=1))
        for person in ("person_edits", "person_approves", "person_deletes"):
            if random.random() < 0.12:
                found.append(Action(at_s=at(30, 1500), account=name, name=person, argument=random.randrange(8)))
        if random.random() < 0.15:
            found.append(Action(at_s=at(0, 900), account=name, name="poison", argument=random.randrange(5)))
        if random.random() < 0.15:
            found.append(Action(at_s=at(600, 6000), account=name, name="redrive"))
        found += _operators(random, name, at)
    return found


REMEDIES = ("retry", "retry_alike", "ignore", "create_anyway", "adopt")


def _operators(random: Random, name: str, at: Callable[[float, float], float]) -> list[Action]:
    """The relay's own services for people. Of what a long trouble killed, something is brought again in the end."""
    found: list[Action] = []

    def do(chance: float, action: str, low: float, high: float) -> None:
        if random.random() < chance:
            found.append(Action(at_s=at(low, high), account=name, name=action, argument=random.randrange(12)))

    do(0.2, "replay_one", 60, 1700)
    do(0.15, "replay_range", 60, 1700)
    if found and random.random() < 0.4:
        found.append(Action(at_s=found[-1].at_s + at(0.0, 20.0), account=name, name="cancel_replays"))
    for remedy in REMEDIES:
        do(0.15, remedy, 100, 20_000)
        do(0.1, remedy, 100, 1700)
    do(0.1, "discard_dead", 100, 8000)
    do(0.1, "replay_dead", 100, 8000)
    do(0.04, "outage", 0, 300)
    do(0.04, "bad_release", 0, 300)
    return found
