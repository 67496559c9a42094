"""`relay review retry`, `create` and `ignore`: a person's judgement, asked for once more where it cannot be undone."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.console import AsJson, Sure, emit, fields, sure
from relay.cli.context import AccountId, Local, StackName, World, world
from relay.errors import BadInput, NotFound, Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relay.domain.ledger import Row
    from relay.ports.accounts import Account
    from relay.services.remedies import Remedies
    from relay.services.review import Items, Study

LONGEST_NOTE = 200
AT_A_TIME = 10
Item = Annotated[str, typer.Argument(metavar="ITEM", help="The item's key, or its event's id.")]


def parts(here: World) -> "tuple[Items, Remedies]":
    from relay.services.remedies import Remedies
    from relay.services.review import Items

    remedies = Remedies(
        ledger=here.ledger,
        inbox=here.inbox,
        accounts=here.accounts,
        nudge=here.nudge,
        now_ms=here.now_ms,
        who=here.who,
    )
    return Items(ledger=here.ledger, inbox=here.inbox), remedies


async def studied(here: World, account: str, item: str) -> "tuple[Account, Study, Remedies]":
    one = await here.account(account)
    items, remedies = parts(here)
    return one, await items.study(one, await items.find(account, item), now=here.now()), remedies


def told_of(row: "Row", **more: Any) -> dict[str, Any]:
    told = {"item": str(row.key), "state": row.state, "reason": row.reason, "holded_id": row.holded_id}
    return {**told, "number": row.number, **more}


def retry(
    ctx: typer.Context,
    item: Annotated[str | None, typer.Argument(metavar="[ITEM]", help="The item's key, or its event's id.")] = None,
    *,
    account: AccountId,
    alike: Annotated[str | None, typer.Option(metavar="ITEM", help="All items with this one's reason.")] = None,
    reason: Annotated[str | None, typer.Option(help="All items with this reason.")] = None,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Run it again, after the mapping, the settings, the source or Holded were mended.

    One goes at once, in its own class; many go in class `background`. A request whose outcome is unknown is looked for
    again, never sent again. A delivery that could not be read is read anew, within ten minutes.
    """
    given = [bool(item), bool(alike), bool(reason)].count(True)
    if given != 1:
        which = "expected one" if not given else "expected only one"
        code = "item_ambiguous" if given else "item_missing"
        raise BadInput(code, field="ITEM", detail=f"{which} of ITEM, --alike ITEM and --reason REASON")
    here = world(ctx, local=local, stack=stack, changes=True)
    if item:
        told: Any = asyncio.run(_retry(here, account, item))
        emit(told, as_json=as_json, human=lambda: fields(told))
    else:
        told = asyncio.run(_retry_many(here, account, alike or "", reason or ""))
        emit(told, as_json=as_json, human=lambda: fields(told))


async def _retry(here: World, account: str, item: str) -> dict[str, Any]:
    from relay.domain.remedies import DELIVERY

    _, study, remedies = await studied(here, account, item)
    told = told_of(await remedies.retry(study))
    if study.row.key.purpose == DELIVERY:
        return {**told, "next": "it is read again within ten minutes"}
    return told


async def _retry_many(here: World, account: str, alike: str, reason: str) -> dict[str, Any]:
    one = await here.account(account)
    items, _ = parts(here)
    wanted = (await items.find(account, alike)).reason if alike else reason
    # Listed first: what is put back and fails again must not be met a second time.
    rows = [row async for row in items.all(account, reason=wanted)]
    outcomes: list[bool] = []
    try:
        for start in range(0, len(rows), AT_A_TIME):
            outcomes += await _all_put_back(here, one, rows[start : start + AT_A_TIME])
    finally:
        await here.nudge(account)  # what is back already goes on, whatever stopped the others
    # After the wake: given again, an interrupted one finds nothing left to put back.
    if not rows and not alike:
        raise NotFound("nothing_in_review", detail=f"nothing of {account} is in review for the reason given")
    done = outcomes.count(True)
    return {"account": account, "reason": wanted, "put_back": done, "not_possible": len(outcomes) - done}


async def _all_put_back(here: World, account: "Account", rows: "Sequence[Row]") -> list[bool]:
    """Each to its end, before any error of one is raised."""
    outcomes = await asyncio.gather(*(_put_back(here, account, row) for row in rows), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome is True for outcome in outcomes]


async def _put_back(here: World, account: "Account", row: "Row") -> bool:
    items, remedies = parts(here)
    try:
        await remedies.retry(await items.study(account, row, now=here.now()), many=True)
    except Rejected:
        return False
    return True


def create(
    ctx: typer.Context,
    item: Item,
    *,
    account: AccountId,
    yes: Sure = False,
    may_double: Annotated[
        bool, typer.Option("--i-know-it-may-double", help="With --yes: the second confirmation, for scripts.")
    ] = False,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Create the document although one that looks like it stands. Our own marker is looked for once more before.

    Asks twice: the second time for the account's id. It cannot be taken back once Holded has approved a document.
    """
    here = world(ctx, local=local, stack=stack, changes=True)
    if yes != may_double:
        raise BadInput("confirmation_missing", field="--i-know-it-may-double", detail="--yes and it belong together")
    told = asyncio.run(_create(here, account, item, yes=yes))
    emit(told, as_json=as_json, human=lambda: fields(told))


async def _create(here: World, account: str, item: str, *, yes: bool) -> dict[str, Any]:
    _, study, remedies = await studied(here, account, item)
    question = f"Create the {study.row.doc_type} over {study.total} although it may stand already? {study.row.detail}"
    sure(question, yes=yes, typed=account)
    return told_of(await remedies.create(study))


def ignore(
    ctx: typer.Context,
    item: Item,
    *,
    account: AccountId,
    text: Annotated[str, typer.Option("--note", help="Why; kept for ever, so no personal data.")],
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """End it for ever: settled by hand, or of no concern. Also settles what the settlement sweep found."""
    text = " ".join(text.split())
    if not 0 < len(text) <= LONGEST_NOTE:
        raise BadInput("note_length", field="--note", detail=f"{len(text)} characters; expected 1 to {LONGEST_NOTE}")
    here = world(ctx, local=local, stack=stack, changes=True)
    told = asyncio.run(_ignore(here, account, item, text))
    emit(told, as_json=as_json, human=lambda: fields(told))


async def _ignore(here: World, account: str, item: str, text: str) -> dict[str, Any]:
    _, study, remedies = await studied(here, account, item)
    return told_of(await remedies.ignore(study, note=text))
