"""`relay quota`: what is used and left of a company's calls, by class, and the day the month's end."""

import asyncio
from typing import TYPE_CHECKING, Any

import typer

from relay.cli.console import AsJson, emit, fields, table
from relay.cli.context import EitherName, EitherOption, Local, StackName, World, named_once, world
from relay.cli.poll import polling_of, spent

if TYPE_CHECKING:
    from relay.domain.budget import Budget


def quota(
    ctx: typer.Context,
    account: EitherName = None,
    *,
    option: EitherOption = None,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """One account's calls of Holded: the minute's in use now; the month's used, left and expected, and when they end."""
    here = world(ctx, local=local, stack=stack)
    told = asyncio.run(_quota(here, named_once(account, option)))
    emit(told, as_json=as_json, human=lambda: _print(told))


async def _quota(here: World, account: str) -> dict[str, Any]:
    """An account that never made a call has its whole allowance."""
    from relay.domain.budget import new_budget

    one = await here.account(account)
    gate = await here.gates.load(one.account)
    now_ms = here.now_ms()
    fresh = new_budget(per_minute=one.per_minute, per_month=one.per_month, now_ms=now_ms)
    told = _told(gate.budget if gate is not None else fresh, now_ms)
    return {"account": one.account, **told, **await polling_of(here, one)}


def _told(budget: "Budget", now_ms: int) -> dict[str, Any]:
    from relay.domain.budget import CLASSES, forecast, minute_limit, roll
    from relay.domain.budget_minute import reserve, shares

    rolled = roll(budget, now_ms)
    seen = forecast(rolled, now_ms)
    limit = minute_limit(rolled)
    in_use = [sum(count for _, of, count in rolled.recent if of == cls) for cls in range(len(CLASSES))]
    return {
        "minute": {
            "limit": limit,
            "in_use": sum(in_use),
            "in_use_by_class": dict(zip(CLASSES, in_use, strict=True)),
            "shares": dict(zip(CLASSES, shares(limit), strict=True)),
            "reserve_for_fiscal": reserve(limit),
        },
        "month": {
            "limit": seen.limit,
            "used": seen.used,
            "left": seen.left,
            "used_by_class": dict(zip(CLASSES, seen.by_class, strict=True)),
            "expected_by_class": dict(zip(CLASSES, seen.expected, strict=True)),
            "used_by_rereads": rolled.rereads,
            "used_by_others": seen.foreign,
            "expected_by_others": seen.expected_foreign,
            "ends_on": seen.ends_on,
        },
    }


def _print(told: dict[str, Any]) -> None:
    minute, month = told["minute"], told["month"]
    fields(
        {
            "account": told["account"],
            "minute": f"{minute['in_use']} of {minute['limit']} in use, {minute['reserve_for_fiscal']} kept for fiscal",
            "month": f"{month['used']} of {month['limit']} used, {month['left']} left",
            "ends_on": month["ends_on"] or "lasts the month at this pace",
            "polling": spent(told["polling"]),
            "re-reads": f"{month['used_by_rereads']} of {told['polling']['rereads_allowance']} calls that webhooks may ask for",
        }
    )
    table(
        "by class",
        ["class", "in use", "share of a minute", "used this month", "expected by its end"],
        [
            *(
                (
                    name,
                    minute["in_use_by_class"][name],
                    minute["shares"][name],
                    used,
                    month["expected_by_class"][name],
                )
                for name, used in month["used_by_class"].items()
            ),
            ("other programs", "", "", month["used_by_others"], month["expected_by_others"]),
        ],
    )
    polled = told["polling"]["resources"]
    if polled:
        rows = [(each["resource"], each["every_hours"], each["calls"], each["expected_calls"]) for each in polled]
        table("polling (part of background)", ["resource", "every h", "used this month", "a month at this pace"], rows)
