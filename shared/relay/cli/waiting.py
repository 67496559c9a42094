"""`relay waiting list`: what waits, why and until when. Nothing in it needs a person; it tells what time will do."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.console import AsJson, RelayGroup, emit, note, table, table_of, utc
from relay.cli.context import AccountId, Local, StackName, World, world
from relay.cli.timeline import about

if TYPE_CHECKING:
    from relay.domain.ledger import Row
    from relay.ports.accounts import Account

app = typer.Typer(cls=RelayGroup, no_args_is_help=True, help="What time or another fact will release.")
STATES = ("waiting", "unknown", "sent")
_MOST = 100_000
COLUMNS = ("event", "object", "purpose", "class", "reason", "until", "waits_for", "attempts")


@app.command("list")
def list_waiting(
    ctx: typer.Context,
    *,
    account: AccountId,
    reason: Annotated[str | None, typer.Option(help="Only what waits for this reason.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The rows shown; groups count all.")] = 50,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """What waits, why, and until when: first by reason, then row by row, the soonest first."""
    here = world(ctx, local=local, stack=stack)
    told = asyncio.run(_told(here, account, reason, limit))
    emit(told, as_json=as_json, human=lambda: _print(told))


async def _told(here: World, account: str, reason: str | None, limit: int) -> dict[str, Any]:
    from relay.domain.ledger import STANDING

    one = await here.account(account)
    rows = [
        row
        for state in STATES
        async for row in here.ledger.in_state(account, state, limit=_MOST)  # type: ignore[arg-type]  # one of STATES
        if row.kind not in STANDING and reason in {None, _why(row)}  # they live there and are nobody's events
    ]
    rows.sort(key=lambda row: row.due_ms or _NEVER_MS)
    return {
        "account": account,
        "status": one.status,
        "held": _held(one),
        "waiting": len(rows),
        "groups": _groups(rows),
        "rows": [_row(row) for row in rows[:limit]],
    }


_NEVER_MS = 1 << 62


def _held(one: "Account") -> str:
    if one.status == "paused":
        return f"the account is paused ({one.status_reason}): nothing goes on before `relay resume {one.account}`"
    if one.status == "blocked":
        tried = "one row is tried after an hour, then ever more rarely, once a day at least"
        return f"Holded refuses the account ({one.status_reason}): {tried}; `relay resume {one.account}` tries now"
    return ""


def _why(row: "Row") -> str:
    return row.reason or {"sent": "being_written", "unknown": "outcome_unknown"}.get(row.state, "")


def _groups(rows: Sequence["Row"]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.kind, _why(row)), []).append(row)
    return [
        {"kind": kind, "reason": reason, "count": len(group), "from": _until(group[0]), "until": _until(group[-1])}
        for (kind, reason), group in sorted(found.items(), key=lambda one: -len(one[1]))
    ]


def _until(row: "Row") -> datetime | None:
    return utc(row.due_ms)


def _row(row: "Row") -> dict[str, Any]:
    return {
        **about(row),
        "kind": row.kind,
        "state": row.state,
        "class": row.priority,
        "reason": _why(row),
        "detail": row.detail,
        "until": _until(row),
        "waits_for": _waits_for(row),
        "attempts": row.attempts,
        "since": utc(row.created_ms),
    }


def _waits_for(row: "Row") -> str:
    """The document it corrects, and when patience ends; its own time is only the next look."""
    from relay.domain.ledger import Key
    from relay.domain.transitions import PARENT_PATIENCE_MS

    if row.kind == "replay":
        return "the part before it" if not row.due_ms else ""
    if not row.parent:
        return ""
    parent, last = Key.parse(row.parent), utc(row.created_ms + PARENT_PATIENCE_MS)
    return f"{parent.purpose} of {parent.source} {parent.object_id}, until {last:%Y-%m-%d %H:%M}"


def _print(told: dict[str, Any]) -> None:
    if told["held"]:
        note(told["held"])
    table(
        f"{told['waiting']} waiting in {told['account']}",
        ("what", "reason", "count", "first at", "last at"),
        ([group[name] for name in ("kind", "reason", "count", "from", "until")] for group in told["groups"]),
        none="nothing waits",
    )
    if told["rows"]:
        table_of("rows", COLUMNS, told["rows"])
