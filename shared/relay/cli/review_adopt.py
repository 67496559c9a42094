"""`relay review adopt`: a document that stands in Holded is a fact's document. Reading it costs one call."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.console import AsJson, Sure, emit, fields, note, sure
from relay.cli.context import AccountId, Local, StackName, World, world
from relay.cli.desks import paid_calls
from relay.cli.review_remedies import Item, studied, told_of
from relay.errors import Rejected

if TYPE_CHECKING:
    from relay.domain.remedies import Found
    from relay.services.review import Study


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
    here = world(ctx, local=local, stack=stack, changes=True)
    told = asyncio.run(_adopt(here, account, item, holded_id, doc_type=doc_type, total_differs=total_differs, yes=yes))
    emit(told, as_json=as_json, human=lambda: fields(told))


async def _adopt(
    here: World, account: str, item: str, holded_id: str, *, doc_type: str, total_differs: bool, yes: bool
) -> dict[str, Any]:
    one, study, remedies = await studied(here, account, item)
    call = await paid_calls(here, one.account, wait=True, priority="normal")
    found = await remedies.look(study, holded_id, doc_type=doc_type, call=call)
    differing = _differing(study, found)
    if differing:
        note("\n".join(f"{field}: meant was {meant}, the document has {there}" for field, meant, there in differing))
    if not total_differs and any(field in {"total", "currency"} for field, _, _ in differing):
        raise Rejected("total_differs", detail="if it is its document all the same, say so with --total-differs")
    which = (
        f"{found.doc_type} {found.number or found.id} of {found.date or 'no day'}, contact {found.contact_id or 'none'}"
    )
    sure(f"Adopt {which}, over {found.total} {found.currency}?", yes=yes)
    return told_of(await remedies.adopt(study, found))


def _differing(study: "Study", found: "Found") -> list[tuple[str, str, str]]:
    from relay.domain.comparison import field_by_field

    document = study.plan.document if study.plan is not None else None
    meant = {
        "total": study.total,
        "currency": study.currency,
        "date": document.date.isoformat() if document is not None else study.row.document_date,
        "contact": study.row.contact_id,
    }
    there = {
        "total": found.total,
        "currency": found.currency,
        "date": found.date,
        "contact": found.contact_id,
    }
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
    one = await here.account(row.key.account)
    call = await paid_calls(here, one.account, wait=True, priority="normal")
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
