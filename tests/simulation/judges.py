"""A person's judgement on what is in review, by the relay's own remedies: retry, adopt, create anyway, ignore.

What she decided of a fact is written down in `Universe.decided` before the service is asked: a command that died may have
done it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.cli.review_remedies import _retry_many, parts
from relay.domain import remedies as rules
from relay.domain.ledger import marker_of
from relay.services.paid_calls import PaidCalls
from tests.simulation.operators import commanded
from tests.simulation.people import written_by_hand

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from relay.cli.context import World
    from relay.services.review import Study
    from tests.simulation.world import Universe


async def _judge(
    universe: Universe, account: str, number: int, judge: Callable[[World, Study, Any], Awaitable[Any]]
) -> None:
    """One item of the account, the same however often the command is given."""
    held = [key for key, row in universe.ledger.rows.items() if key.account == account and row.state == "review"]
    if not held:
        return
    name = str(held[number % len(held)])

    async def command(here: World) -> Any:
        one = await here.account(account)
        items, remedies = parts(here)
        study = await items.study(one, await items.find(account, name), now=here.now())
        return await judge(here, study, remedies)

    await commanded(universe, command)


async def retry(universe: Universe, account: str, number: int) -> None:
    await _judge(universe, account, number, lambda _, study, remedies: remedies.retry(study))


async def retry_alike(universe: Universe, account: str, number: int) -> None:
    await _judge(universe, account, number, lambda here, study, _: _retry_many(here, account, str(study.row.key), ""))


async def ignore(universe: Universe, account: str, number: int) -> None:
    async def judge(_: World, study: Study, remedies: Any) -> None:
        _decide(universe, study, "ignore")
        await remedies.ignore(study, note="settled by hand")

    await _judge(universe, account, number, judge)


async def create_anyway(universe: Universe, account: str, number: int) -> None:
    """Our own marker is looked for first: even so there is never a second document of ours."""
    await _judge(universe, account, number, lambda _, study, remedies: remedies.create(study))


async def adopt(universe: Universe, account: str, number: int) -> None:
    """Somebody entered the sale by hand and says so; or names any document, which may be another fact's."""
    chosen = ""

    async def judge(here: World, study: Study, remedies: Any) -> None:
        nonlocal chosen
        kind = study.row.doc_type
        if "adopt" in study.open_remedies and not chosen:
            chosen = _document_for(universe, account, number, study, kind)
        call = await _call(here, account)
        found = await remedies.look(study, chosen or "0" * 24, doc_type="", call=call)
        _decide(universe, study, "adopt", found.id)
        await remedies.adopt(study, found)

    await _judge(universe, account, number, judge)


def _document_for(universe: Universe, account: str, number: int, study: Study, kind: str) -> str:
    own = rules.own_key(study.row.key)
    documents = universe.companies[account].tables["documents"]
    ours = [each["id"] for each in documents.values() if marker_of(own) in each["tags"]]
    if ours and number % 3:
        return str(ours[0])
    if number % 3 == 2 and documents:
        return str(list(documents)[number % len(documents)])
    if study.total is None or kind not in rules.TYPES.get(own.purpose, ()):
        return ""
    return written_by_hand(universe, account, kind, study.total, study.row.document_date)


async def _call(here: World, account: str) -> PaidCalls:
    credential = await here.accounts.credential(account)
    return PaidCalls(
        account=account,
        credential=credential,
        gates=here.gates,
        holded=here.holded,
        clock=here.clock,
        wait=True,
        priority="normal",
    )


def _decide(universe: Universe, study: Study, how: str, adopted: str = "") -> None:
    """From here on a person answers for this fact. Beside what is adopted no more of ours may be made than stands by now."""
    if study.row.state != "review" or how not in study.open_remedies:
        return
    own = rules.own_key(study.row.key)
    universe.decided[own.account, own.source, own.object_id] = how
    if adopted:
        documents = universe.companies[own.account].tables["documents"].values()
        stand = {each["id"] for each in documents if marker_of(own) in each["tags"]}
        universe.closed.setdefault(own, (adopted, stand))


JUDGES = (retry, retry_alike, ignore, create_anyway, adopt)
