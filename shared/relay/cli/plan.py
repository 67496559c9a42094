"""`relay plan`: which plan of Holded a load needs, with the sum shown. Needs no stack."""

from dataclasses import asdict, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.console import AsJson, emit, lines, table
from relay.domain.money import cents, plain
from relay.errors import BadInput

if TYPE_CHECKING:
    from relay.domain.plans import Finish, Needed


def plan(
    *,
    orders_per_day: Annotated[int, typer.Option(min=0, max=10**9, help="Orders that become a document.")],
    refunds_per_day: Annotated[int, typer.Option(min=0, max=10**9, help="Refunds that become a credit note.")] = 0,
    new_contacts_share: Annotated[
        str, typer.Option(help="The part of orders whose buyer Holded does not know yet: 0 to 1.")
    ] = "0.5",
    approve: Annotated[bool, typer.Option("--approve", help="Policy approves what it writes.")] = False,
    pay: Annotated[bool, typer.Option("--pay", help="Policy approves, and registers payments.")] = False,
    re_reads: Annotated[
        int, typer.Option(min=0, help="Calls a day that come of Holded's webhooks (one each) and of replays.")
    ] = 0,
    other_calls: Annotated[int, typer.Option(min=0, help="Calls a day of other programs on the company.")] = 0,
    busy_hour_share: Annotated[
        str, typer.Option(help="The part of a day's documents that its busiest hour takes: 0 to 1.")
    ] = "0.2",
    polling: Annotated[bool, typer.Option("--polling/--no-polling", help="Polling as it is by default.")] = True,
    nightly: Annotated[bool, typer.Option("--nightly/--no-nightly", help="The nightly reconciliation.")] = True,
    as_json: AsJson = False,
) -> None:
    """Say which Holded plan a load needs before anyone starts: calls a day, the busiest minute, the month of 31 days.

    Polling and the nights take less of a smaller plan; what is shown of them is what they take of the plan that is needed.
    Exit 0 whichever plan it is, also when the load is above the largest one's allowance: its overage is billed.
    """
    from relay.domain import plans
    from relay.domain.settings import Polling, Reconcile, default_settings
    from relay.services.own_calls import own_calls

    finish: Finish = "approve_and_pay" if pay else "approve" if approve else "draft"
    load = plans.Load(
        orders=orders_per_day,
        refunds=refunds_per_day,
        new_contacts=_share(new_contacts_share, "--new-contacts-share"),
        finish=finish,
        re_reads=re_reads,
        others=other_calls,
        busy_hour=_share(busy_hour_share, "--busy-hour-share"),
    )
    settings = replace(default_settings(), polling=Polling(enabled=polling), reconcile=Reconcile(nightly=nightly))
    found = plans.needed(load, lambda per_month: tuple(own_calls(load, settings, per_month=per_month)))
    emit(_told(found), as_json=as_json, human=lambda: _print(found))


def _share(text: str, field: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if value.is_nan() or not 0 <= value <= 1:
        raise BadInput("share_malformed", field=field, detail=f"expected a number from 0 to 1, got {text[:20]!r}")
    return value


def _told(found: "Needed") -> dict[str, Any]:
    return {**asdict(found), "parts": [{**asdict(part), "a_day": part.a_day} for part in found.parts]}


def _print(found: "Needed") -> None:
    table(
        "calls",
        ["what", "a day", "calls each", "calls a day"],
        [(part.what, *map(_number, (part.count, part.calls, part.a_day))) for part in found.parts if part.count],
    )
    month = f"a day {found.a_day:,} calls, a month of 31 days {found.a_month:,}"
    lines([f"{month}; the busiest hour {found.busy_hour:,}, the busiest minute {found.busy_minute:,}"])
    table(
        "plans of Holded",
        ["plan", "calls/min", "calls/month", "polling, nights", "month used", "busiest hour takes", "fits"],
        [
            (
                fit.plan,
                fit.per_minute,
                fit.per_month,
                fit.own,
                f"{fit.month_percent} %",
                f"{fit.hour_minutes} min",
                fit.fits,
            )
            for fit in found.fits
        ],
    )
    lines(
        [f"needed: {found.plan}" if found.plan else "needed: premium, and its overage: more than its allowance a month"]
    )
    if found.without_own != found.plan:
        lines(
            [f"{found.without_own} holds the documents alone: polling and the nights give way to them, and see later"]
        )


def _number(value: Decimal) -> str:
    return plain(cents(value))
