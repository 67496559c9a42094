"""`relay reconcile --repair`: what goes through the ledger, asked about, and said what of it was done."""

from typing import TYPE_CHECKING, Any

from relay.cli.console import note, sure
from relay.cli.context import World
from relay.domain.text import counted

if TYPE_CHECKING:
    from relay.domain.reconciled import Reconciled


async def repaired(here: World, done: "Reconciled", *, yes: bool) -> dict[str, Any]:
    from relay.cli.desks import replay_orders
    from relay.services.reconcile_repairs import ReconcileRepairs, to_import, to_replay, to_review

    for command in to_import(done):
        note(f"an import is a command of its own: {command}")
    replays, reviews = len(to_replay(done)), len(to_review(done))
    if not replays and not reviews:
        note("nothing that the ledger could repair")
        return {"replay": "", "replayed": [], "reviews": [], "rereads": []}
    asked = f"Replay {counted(replays, 'event')} and put {counted(reviews, 'difference')} into review?"
    sure(asked, yes=yes)
    repairs = ReconcileRepairs(
        ledger=here.ledger, inbox=here.inbox, accounts=here.accounts, orders=replay_orders(here), who=here.who
    )
    made = await repairs(done, now=here.now())
    note(
        f"{counted(len(made.reviews), 'difference')} put into review"
        + (f"; {counted(len(made.rereads), 'document')} to be read again" if made.rereads else "")
        + (f"; {counted(replays, 'event')} in replay {made.replay}" if made.replay else "")
    )
    return {
        "replay": made.replay,
        "replayed": list(made.replayed),
        "reviews": list(made.reviews),
        "rereads": list(made.rereads),
    }
