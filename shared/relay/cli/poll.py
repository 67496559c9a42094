"""`relay poll`: what is looked at in Holded without being told, when it was last, when it is next, and what that costs."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.console import AsJson, emit, fields, table
from relay.cli.context import EitherName, EitherOption, Local, StackName, World, named_once, world

if TYPE_CHECKING:
    from relay.ports import Account

_HOUR_MS = 3600_000


def poll(
    ctx: typer.Context,
    account: EitherName = None,
    *,
    option: EitherOption = None,
    resource: Annotated[str, typer.Option(help="Only this one: invoice, contact, payment ...")] = "",
    now: Annotated[bool, typer.Option("--now", help="Look at once instead of when it is due.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="With --now: at everything, not only at what is recent.")
    ] = False,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """The polled resources: last and next look, changes seen, calls, trouble. With --now they are due at once."""
    here = world(ctx, local=local, stack=stack, changes=now)
    told = asyncio.run(_poll(here, named_once(account, option), resource, now=now, full=full))
    emit(told, as_json=as_json, human=lambda: _print(told))


async def _poll(here: World, account: str, resource: str, *, now: bool, full: bool) -> dict[str, Any]:
    from relay.errors import BadInput

    one = await here.account(account)
    if full and not now:
        raise BadInput("option_alone", field="--full", detail="expected together with --now")
    told: dict[str, Any] = {"account": one.account}
    if now:
        told["due_now"] = await _hurry(here, one, resource, full=full)
    return told | await polling_of(here, one, resource)


async def _hurry(here: World, one: "Account", resource: str, *, full: bool) -> list[str]:
    """Logged first: who asked must be known whatever becomes of it."""
    from relay.domain.settings import parse_settings
    from relay.services.poll_state import make_due

    settings, now_ms = parse_settings(one.settings), here.now_ms()
    asked = f"{resource or 'everything'}{', in full' if full else ''}"
    await here.accounts.record_change(
        one.account, at_ms=now_ms, who=here.who, what="poll", before="as due", after=f"now: {asked}"
    )
    names = await make_due(here.polls, here.ledger, one, settings, resource=resource, full=full, now_ms=now_ms)
    await here.nudge(one.account)
    return list(names)


async def polling_of(here: World, one: "Account", resource: str = "") -> dict[str, Any]:
    """Share and cost of an account's polling this month, and each resource; also a part of `relay quota`."""
    from relay.domain.polling import Polling
    from relay.domain.settings import parse_settings
    from relay.services.poll_plan import plan_of
    from relay.services.times import from_ms

    now_ms = here.now_ms()
    plan = plan_of(parse_settings(one.settings).polling, one.per_month)
    state = plan.admitted(await here.polls.load(one.account) or Polling(account=one.account), now_ms=now_ms)
    forecast, cadences = plan.forecast(state, now_ms=now_ms), plan.cadences(state, now_ms=now_ms)
    rows: list[dict[str, Any]] = []
    for each in plan.resources:
        if resource not in {"", each.name}:
            continue
        course, cadence = state.courses[each.name], cadences[each.name]
        last_ms = max(course.full_ms, course.recent_ms)
        rows.append(
            {
                "resource": each.name,
                "last": from_ms(last_ms) if last_ms else None,
                "last_full": from_ms(course.full_ms) if course.full_ms else None,
                "next": from_ms(max(now_ms, course.next_ms)),
                "every_hours": round((cadence.recent_ms or cadence.full_ms) / _HOUR_MS, 1),
                "full_every_hours": round(cadence.full_ms / _HOUR_MS, 1),
                "changes": course.changes,
                "changes_a_day": course.a_day,
                "calls": course.calls,
                "expected_calls": round(forecast[each.name]),
                "hints_waiting": len(course.joined),
                "covered_by_webhooks": bool(each.hint) and course.covered(now_ms),
                "running": course.running is not None,
                "unreadable": course.unreadable,
                "trouble": course.trouble,
            }
        )
    return {
        "polling": {
            "allowance": plan.allowance if plan.resources else 0,
            "calls": state.calls,
            "hurried_calls": state.hurried,
            "expected_calls": round(sum(forecast.values())),
            "rereads_allowance": plan.rereads,
            "resources": rows,
        }
    }


def _print(told: dict[str, Any]) -> None:
    polling = told["polling"]
    head = {"account": told["account"], "polling": spent(polling)}
    if "due_now" in told:
        head["due_now"] = ", ".join(told["due_now"])
    fields(head)
    table(
        "resources",
        [
            "resource",
            "last",
            "next",
            "every h",
            "in full h",
            "changes",
            "calls",
            "expected",
            "webhooks wait",
            "trouble",
        ],
        [
            (
                each["resource"],
                each["last"] or "never",
                "now" if each["running"] else each["next"],
                each["every_hours"],
                each["full_every_hours"],
                each["changes"],
                each["calls"],
                each["expected_calls"],
                each["hints_waiting"],
                each["trouble"],
            )
            for each in polling["resources"]
        ],
    )


def spent(polling: dict[str, Any]) -> str:
    """One line of what polling costs."""
    if not polling["allowance"]:
        return "switched off"
    return (
        f"{polling['calls']} of {polling['allowance']} calls used this month, "
        f"{polling['expected_calls']} expected at this cadence"
    )
