"""`relay review retry`, `adopt`, `create` and `ignore`: a person's judgement, asked for once more where it cannot be undone."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.console import AsJson, Sure, emit, fields, note, sure
from relay.cli.context import AccountId, Local, StackName, World, world
from relay.errors import BadInput, Rejected

if TYPE_CHECKING:
    from relay.domain.ledger import Row
    from relay.domain.remedies import Found
    from relay.ports import Account
    from relay.services.paid_calls import PaidCalls
    from relay.services.remedies import Remedies
    from relay.services.review import Items, Study

LONGEST_NOTE = 200
AT_A_TIME = 10
Item = Annotated[str, typer.Argument(metavar="ITEM", help="The item's key, or its event's id.")]


def _parts(here: World) -> "tuple[Items, Remedies]":
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


async def _studied(here: World, account: str, item: str) -> "tuple[Account, Study, Remedies]":
    one = await here.account(account)
    items, remedies = _parts(here)
    return one, await items.study(one, await items.find(account, item), now=here.now()), remedies


def _told(row: "Row", **more: Any) -> dict[str, Any]:
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
    if [bool(item), bool(alike), bool(reason)].count(True) != 1:
        raise BadInput("item_missing", field="ITEM", detail="expected one of ITEM, --alike ITEM and --reason REASON")
    here = world(ctx, local=local, stack=stack)
    if item:
        told: Any = asyncio.run(_retry(here, account, item))
        emit(told, as_json=as_json, human=lambda: fields(told))
    else:
        told = asyncio.run(_retry_many(here, account, alike or "", reason or ""))
        emit(told, as_json=as_json, human=lambda: fields(told))


async def _retry(here: World, account: str, item: str) -> dict[str, Any]:
    _, study, remedies = await _studied(here, account, item)
    return _told(await remedies.retry(study))


async def _retry_many(here: World, account: str, alike: str, reason: str) -> dict[str, Any]:
    one = await here.account(account)
    items, _ = _parts(here)
    wanted = (await items.find(account, alike)).reason if alike else reason
    done, left = 0, 0
    # Listed first: what is put back and fails again must not be met a second time.
    rows = [row async for row in items.all(account, reason=wanted)]
    for start in range(0, len(rows), AT_A_TIME):
        put_back = (_put_back(here, one, row) for row in rows[start : start + AT_A_TIME])
        outcomes = await asyncio.gather(*put_back)
        done, left = done + outcomes.count(True), left + outcomes.count(False)
    await here.nudge(account)
    return {"account": account, "reason": wanted, "put_back": done, "not_possible": left}


async def _put_back(here: World, account: "Account", row: "Row") -> bool:
    items, remedies = _parts(here)
    try:
        await remedies.retry(await items.study(account, row, now=here.now()), many=True)
    except Rejected:
        return False
    return True


def adopt(
    ctx: typer.Context,
    item: Item,
    holded_id: Annotated[str, typer.Argument(metavar="HOLDED_ID", help="The document's id in Holded.")],
    *,
    account: AccountId,
    doc_type: Annotated[str, typer.Option("--type", help="If it is another: invoice, salesreceipt ...")] = "",
    total_differs: Annotated[bool, typer.Option("--total-differs", help="Although its total is another.")] = False,
    yes: Sure = False,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """A document that stands in Holded is this fact's document. Costs one call; differences are shown and asked about."""
    here = world(ctx, local=local, stack=stack)
    told = asyncio.run(_adopt(here, account, item, holded_id, doc_type=doc_type, total_differs=total_differs, yes=yes))
    emit(told, as_json=as_json, human=lambda: fields(told))


async def _adopt(
    here: World, account: str, item: str, holded_id: str, *, doc_type: str, total_differs: bool, yes: bool
) -> dict[str, Any]:
    one, study, remedies = await _studied(here, account, item)
    found = await remedies.look(study, holded_id, doc_type=doc_type, call=await _call(here, one))
    differing = _differing(study, found)
    if differing:
        note("\n".join(f"{field}: meant was {meant}, the document has {there}" for field, meant, there in differing))
    if not total_differs and any(field in {"total", "currency"} for field, _, _ in differing):
        raise Rejected("total_differs", detail="if it is its document all the same, say so with --total-differs")
    sure(f"Adopt {found.doc_type} {found.number or found.id} over {found.total} {found.currency}?", yes=yes)
    return _told(await remedies.adopt(study, found))


def _differing(study: "Study", found: "Found") -> list[tuple[str, str, str]]:
    from relay.domain.comparison import field_by_field

    meant = {"total": study.total, "currency": study.currency, "contact": study.row.contact_id}
    there = {"total": found.total, "currency": found.currency, "contact": found.contact_id}
    return field_by_field(meant, there)


async def found_now(here: World, study: "Study") -> list[tuple[str, str, str]]:
    """(field, written, found) of the document as it is in Holded now. One call; nothing where no document is named."""
    from relay.domain.comparison import field_by_field
    from relay.errors import NotFound
    from relay.holded import requests
    from relay.services.review import written

    row = study.own or study.row
    if not row.holded_id:
        return []
    call = await _call(here, await here.account(row.key.account))
    try:
        document = (await call(requests.get_document(row.doc_type, row.holded_id))).value  # type: ignore[arg-type]  # a row with a document has its type
    except NotFound:
        return [("document", row.number or row.holded_id, "not in Holded")]
    there = {
        "total": document.total,
        "currency": document.currency,
        "date": document.date.isoformat() if document.date else "",
        "contact": document.contact_id,
    }
    return field_by_field(written(row), there)


async def _call(here: World, account: "Account") -> "PaidCalls":
    from relay.services.paid_calls import PaidCalls

    return PaidCalls(
        account=account.account,
        credential=await here.accounts.credential(account.account),
        gates=here.gates,
        holded=here.holded,
        clock=here.clock,
        wait=True,
        priority="normal",
    )


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
    here = world(ctx, local=local, stack=stack)
    if yes != may_double:
        raise BadInput("confirmation_missing", field="--i-know-it-may-double", detail="--yes and it belong together")
    told = asyncio.run(_create(here, account, item, yes=yes))
    emit(told, as_json=as_json, human=lambda: fields(told))


async def _create(here: World, account: str, item: str, *, yes: bool) -> dict[str, Any]:
    _, study, remedies = await _studied(here, account, item)
    question = f"Create the {study.row.doc_type} over {study.total} although it may stand already? {study.row.detail}"
    sure(question, yes=yes, typed=account)
    return _told(await remedies.create(study))


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
    here = world(ctx, local=local, stack=stack)
    told = asyncio.run(_ignore(here, account, item, text))
    emit(told, as_json=as_json, human=lambda: fields(told))


async def _ignore(here: World, account: str, item: str, text: str) -> dict[str, Any]:
    _, study, remedies = await _studied(here, account, item)
    return _told(await remedies.ignore(study, note=text))
