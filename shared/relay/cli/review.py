"""`relay review list` and `show`: what waits for a person, grouped by cause, and what can be done about each item."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli import review_adopt, review_remedies
from relay.cli.console import AsJson, RelayGroup, emit, fields, lines, table, table_of, utc
from relay.cli.context import AccountId, Local, StackName, World, world
from relay.cli.review_remedies import Item

if TYPE_CHECKING:
    from relay.domain.ledger import Row
    from relay.services.review import Items, Study

WHY = {
    "rule": "a rule asks for a person here",
    "data": "the data or the settings do not settle it",
    "total_differs": "the totals differ",
    "tax_unknown": "the tax cannot be told for certain",
    "outcome_unknown": "a request's outcome is unknown: a document may stand in Holded",
    "changed_in_holded": "somebody changed or deleted it in Holded, or it stands twice",
    "refused": "Holded read the request and refused it",
}

app = typer.Typer(cls=RelayGroup, no_args_is_help=True, help="What a person must judge, and the remedies.")
app.command("retry")(review_remedies.retry)
app.command("adopt")(review_adopt.adopt)
app.command("create")(review_remedies.create)
app.command("ignore")(review_remedies.ignore)


@app.command("list")
def list_items(
    ctx: typer.Context,
    *,
    account: Annotated[str | None, typer.Option("--account", "-a", help="Only this account, item by item.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason, item by item.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The oldest items; groups count all.")] = 50,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Items grouped by cause, over all accounts; with --account or --reason the items themselves too."""
    here = world(ctx, local=local, stack=stack)
    told = asyncio.run(_list(here, account, reason or "", limit=limit, detailed=bool(account or reason)))
    emit(told, as_json=as_json, human=lambda: _print_list(told))


async def _list(here: World, only: str | None, reason: str, *, limit: int, detailed: bool) -> dict[str, Any]:
    from relay.services.review import at_stake

    groups: dict[tuple[str, str], dict[str, Any]] = {}
    items: list[dict[str, Any]] = []
    async for row in _rows(here, only, reason):
        total, currency = at_stake(row)
        group = groups.setdefault((row.key.account, row.reason), _group(row))
        group["items"] += 1
        if total is not None:
            group["totals"][currency] = group["totals"].get(currency, 0) + total
        if detailed and len(items) < limit:
            items.append(_item(row) | {"total": total, "currency": currency})
    ordered = sorted(groups.values(), key=lambda group: -group["items"])
    return {"groups": ordered, **({"items": items} if detailed else {})}


async def _rows(here: World, only: str | None, reason: str) -> AsyncIterator["Row"]:
    accounts = [await here.account(only)] if only else [one async for one in here.accounts.all()]
    for one in accounts:
        async for row in _items(here).all(one.account, reason=reason):
            yield row


def _items(here: World) -> "Items":
    from relay.services.review import Items

    return Items(ledger=here.ledger, inbox=here.inbox)


def _group(row: "Row") -> dict[str, Any]:
    from relay.domain.remedies import cause_of

    return {
        "account": row.key.account,
        "reason": row.reason,
        "cause": cause_of(row),
        "items": 0,
        "oldest": utc(row.updated_ms),
        "totals": {},
        "example": str(row.key),
    }


def _item(row: "Row") -> dict[str, Any]:
    return {
        "item": str(row.key),
        "event": row.event_id,
        "reason": row.reason,
        "detail": row.detail,
        "since": utc(row.updated_ms),
        "document": row.number or row.holded_id,
    }


def _print_list(told: dict[str, Any]) -> None:
    columns = ["account", "reason", "cause", "items", "oldest", "totals", "example"]
    table(
        "in review, by cause",
        columns,
        (
            [_totals(group["totals"]) if name == "totals" else group[name] for name in columns]
            for group in told["groups"]
        ),
        none="nothing is in review for this",
    )
    if told.get("items"):
        shown = ["item", "reason", "since", "total", "currency", "document", "detail"]
        table_of("items", shown, told["items"])


def _totals(totals: dict[str, Any]) -> str:
    return ", ".join(f"{total} {currency}".strip() for currency, total in totals.items())


@app.command()
def show(
    ctx: typer.Context,
    item: Item,
    *,
    account: AccountId,
    look: Annotated[
        bool, typer.Option("--look", help="Read the written document in Holded and compare: one call.")
    ] = False,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """One item: what was meant (the requests of a new document), why it stopped, the difference, and the open remedies.

    A contact or document that is known already is used or changed instead of made anew.
    """
    here = world(ctx, local=local, stack=stack)
    told = asyncio.run(_show(here, account, item, look=look))
    emit(told, as_json=as_json, human=lambda: _print(told))


async def _show(here: World, account: str, name: str, *, look: bool) -> dict[str, Any]:
    from relay.cli.timeline import shown
    from relay.domain.remedies import cause_of

    one = await here.account(account)
    items = _items(here)
    row = await items.find(account, name)
    study = await items.study(one, row, now=here.now())
    found = await review_adopt.found_now(here, study) if look else []
    gone = any(field == "document" for field, _, _ in found)
    waits = row.state == "review"
    differing = [] if gone else study.differences
    return {
        "item": str(row.key),
        **shown(row),
        "cause": cause_of(row),
        "why": WHY[cause_of(row)] if waits else "",
        "in_review": waits,
        "source_total": study.total,
        "differences": [
            {"field": field, "meant": meant, "found": there, "found_in": where}
            for field, meant, there, where in [*differing, *((*one, "holded") for one in found)]
        ],
        "meant": study.meant if waits else None,
        "remedies": _remedies(study),
    }


def _remedies(study: "Study") -> list[dict[str, str]]:
    where = f"{study.row.key} --account {study.row.key.account}"
    typed = {
        "retry": ("run it again, after the settings, the source or Holded were mended", f"relay review retry {where}"),
        "adopt": ("a document in Holded is its document", f"relay review adopt {where} HOLDED_ID"),
        "create": ("create it, whatever looks like it in Holded", f"relay review create {where}"),
        "ignore": ("settled by hand, or of no concern: for ever", f'relay review ignore {where} --note "TEXT"'),
    }
    return [{"remedy": each, "what": typed[each][0], "command": typed[each][1]} for each in study.open_remedies]


def _print(told: dict[str, Any]) -> None:
    shown = [
        "item",
        "event",
        "type",
        "state",
        "reason",
        "why",
        "detail",
        "holded_id",
        "number",
        "source_total",
        "total",
    ]
    if not told["in_review"]:
        lines([f"not in review: {told['state']}"])
        shown.remove("why")
    fields({name: told[name] for name in (*shown, "currency", "updated_at")})
    if told["differences"]:
        table("differences", ["field", "meant", "found", "found in"], (row.values() for row in told["differences"]))
    for request in (told["meant"] or {}).get("requests", []):
        import json

        body = json.dumps(request["body"], ensure_ascii=False, indent=2) if request["body"] is not None else ""
        lines([f"meant: {request['method']} {request['path']}", body])
    if told["meant"] and told["meant"]["outcome"] != "document":
        lines([f"today's settings would say: {told['meant']['outcome']}, {told['meant']['reason']}"])
    if told["in_review"]:
        table("remedies", ["remedy", "what", "command"], (row.values() for row in told["remedies"]))
