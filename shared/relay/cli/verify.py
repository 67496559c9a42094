"""`relay verify`: is every accepted event accounted for, and does Holded hold what the ledger says?"""

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli import inputs
from relay.cli.choice import KEPT
from relay.cli.console import AsJson, emit, lines, note, table, utc
from relay.cli.context import Local, StackName, World, world
from relay.cli.desks import paid_calls
from relay.domain.text import counted
from relay.errors import BadInput, NotAllowed, Rejected, RetryAt
from relay.services.times import at_ms

if TYPE_CHECKING:
    from relay.ports.accounts import Account
    from relay.services.counting import Finding, Tally


def verify(
    ctx: typer.Context,
    *,
    account: Annotated[
        list[str] | None, typer.Option("--account", "-a", help="Only this account; may be given several times.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="ISO 8601; 35 days back without it.")] = None,
    back: Annotated[str | None, typer.Option("--since", help="How far back, instead of --from: 24h, 7d.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="ISO 8601; now without it.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Count the events only: no call to Holded.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for tokens of the minute's quota instead of giving up.")
    ] = False,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Count every event into its one end, compare the ledger with Holded by reference; exit 1 if anything is wrong.

    The calls to Holded are paid from the account's quota, in class `background`; their number is said before they start.
    """
    for each in account or []:
        inputs.account_id(each)
    here = world(ctx, local=local, stack=stack)
    to = inputs.instant(end, "--to") if end else here.now() + timedelta(milliseconds=1)
    since = _since(start, back, to)
    if since >= to:
        raise BadInput("range_empty", field="--from", detail="expected an instant before --to")
    from_ms, to_ms = (at_ms(each) for each in (since, to))
    told = asyncio.run(_verify(here, account, from_ms=from_ms, to_ms=to_ms, offline=offline, wait=wait))
    told = {"from": since, "to": to, "warnings": _warnings(since, to, here.now()), **told}
    emit(told, as_json=as_json, human=lambda: _print(told))
    if not told["clean"]:
        raise typer.Exit(1)


def _since(start: str | None, back: str | None, to: datetime) -> datetime:
    if start and back:
        raise BadInput("range_ambiguous", field="--since", detail="not together with --from")
    return inputs.instant(start, "--from") if start else to - (inputs.duration(back, "--since") if back else KEPT)


def _warnings(since: datetime, to: datetime, now: datetime) -> list[str]:
    """The inbox forgets: zero of what it does not hold any more proves nothing."""
    kept = now - KEPT
    if since >= kept - timedelta(minutes=1):  # asked for whole, a moment ago
        return []
    which = "no event of this time is" if to <= kept else f"events from before {kept:%Y-%m-%d %H:%M} UTC are not"
    return [f"deliveries leave the inbox {KEPT.days} days after their end: {which} sure to be counted"]


async def _verify(
    here: World, only: list[str] | None, *, from_ms: int, to_ms: int, offline: bool, wait: bool
) -> dict[str, Any]:
    from relay.services.counting import Counting

    accounts = (
        [await here.account(name) for name in dict.fromkeys(only)] if only else [a async for a in here.accounts.all()]
    )
    counting = Counting(inbox=here.inbox, ledger=here.ledger)
    tallies = await counting(accounts, from_ms=from_ms, to_ms=to_ms, now=here.now())
    told = []
    for each in accounts:
        tally = tallies[each.account]
        holded = None if offline else await _compare(here, each, tally, from_ms=from_ms, to_ms=to_ms, wait=wait)
        told.append(_told(each.account, tally, holded))
    return {"clean": not any(one["findings"] for one in told), "accounts": told}


async def _compare(
    here: World, account: "Account", tally: "Tally", *, from_ms: int, to_ms: int, wait: bool
) -> dict[str, Any]:
    from relay.services.counting import Finding
    from relay.services.verify import Verify

    service = Verify(inbox=here.inbox, ledger=here.ledger)
    written = await service.written(account.account, from_ms=from_ms, to_ms=to_ms)
    made = 0
    if written.calls:
        documents, calls_ = counted(len(written.rows), "document"), counted(written.calls, "call")
        note(f"{account.account}: {documents}, at least {calls_} to Holded")
        try:
            calls = await paid_calls(here, account.account, wait=wait)
            try:
                tally.findings += await service.compare(account, written, calls, now=here.now())
            finally:
                made = calls.made
        except (RetryAt, NotAllowed, Rejected) as refusal:
            hint = "" if wait else "; --wait waits for tokens of the minute"
            tally.findings.append(Finding("not_compared", account.account, f"{refusal}{hint}"))
    return {"documents": len(written.rows), "calls_expected": written.calls, "calls": made}


def _told(account: str, tally: "Tally", holded: dict[str, Any] | None) -> dict[str, Any]:
    from relay.domain.ends import KINDS

    return {
        "account": account,
        "deliveries": tally.deliveries,
        "events": tally.events,
        **{kind: sum(count for (one, _), count in tally.ends.items() if one == kind) for kind in KINDS},
        "ends": [
            {"end": kind, "reason": reason, "events": count, "until": utc(tally.until_ms.get((kind, reason), 0))}
            for (kind, reason), count in sorted(tally.ends.items(), key=lambda one: (KINDS.index(one[0][0]), one[0][1]))
        ],
        "holded": holded,
        "findings": [_finding(one) for one in tally.findings],
    }


def _finding(finding: "Finding") -> dict[str, str]:
    return {"what": finding.what, "where": finding.where, "detail": finding.detail}


def _print(told: dict[str, Any]) -> None:
    from relay.domain.ends import KINDS

    columns = ["account", "deliveries", "events", *KINDS, "documents", "calls", "findings"]
    table(
        "events by their end",
        columns,
        (
            [
                *(one[name] for name in columns[:-3]),
                *((one["holded"]["documents"], one["holded"]["calls"]) if one["holded"] else ("", "")),
                len(one["findings"]),
            ]
            for one in told["accounts"]
        ),
    )
    reasons = [(one["account"], *end.values()) for one in told["accounts"] for end in one["ends"]]
    table("by reason", ["account", "end", "reason", "events", "until"], reasons)
    found = [(one["account"], *finding.values()) for one in told["accounts"] for finding in one["findings"]]
    if found:
        table("findings", ["account", "what", "where", "detail"], found)
    else:
        lines(["nothing is missing, extra or differing" + (" in what is still kept" if told["warnings"] else "")])
    for warning in told["warnings"]:
        note(f"warning: {warning}")
