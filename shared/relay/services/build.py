"""The one place that puts the writer's parts together, over whatever ports it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.holded.polled_table import POLLED
from relay.services.again import Again
from relay.services.answers import Answers
from relay.services.contacts import Contacts
from relay.services.dead_ends import ClearDeadLetters
from relay.services.desk import Desk
from relay.services.doubt import Doubt
from relay.services.drain import Drainer
from relay.services.hints import Hints
from relay.services.paid_documents import PaidDocuments
from relay.services.poll import Poll
from relay.services.reconcile import Reconcile
from relay.services.reconcile_nightly import Nightly
from relay.services.replay import Replays
from relay.services.saga import Saga
from relay.services.settlement import Settlement
from relay.services.sightings import Sightings
from relay.services.standing import Standing
from relay.services.turns import Turns
from relay.services.work import Work
from relay.services.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from relay.holded.polled import Resource
    from relay.ports.accounts import Accounts
    from relay.ports.holded import HoldedApi
    from relay.ports.inbox import Inbox
    from relay.ports.ledger import Gates, Ledger
    from relay.ports.polling import Polls, Snapshots
    from relay.ports.queues import Wakes
    from relay.ports.world import Clock, Ids
    from relay.services.session import Timing


def build_drainer(
    *,
    ledger: Ledger,
    inbox: Inbox,
    gates: Gates,
    accounts: Accounts,
    snapshots: Snapshots,
    polls: Polls,
    holded: HoldedApi,
    wakes: Wakes,
    clock: Clock,
    ids: Ids,
    jitter: Callable[[], float],
    timing: Timing,
    polled: Sequence[Resource] = POLLED,
) -> Drainer:
    """`jitter` gives numbers in [0, 1). `polled` is the table of what is looked at in Holded."""
    desk = Desk(ledger=ledger)
    saga = Saga(desk=desk, jitter=jitter)
    writer = Writer(desk=desk, contacts=Contacts(ledger=ledger), saga=saga, doubt=Doubt(desk=desk))
    paid = PaidDocuments(desk=desk, polls=polls, snapshots=snapshots, table=polled)
    sightings = Sightings(ledger=ledger, snapshots=snapshots, paid=paid)
    answers = Answers(inbox=inbox, desk=desk, sightings=sightings, polls=polls)
    poll = Poll(
        ledger=ledger,
        polls=polls,
        snapshots=snapshots,
        sightings=sightings,
        answers=answers,
        jitter=jitter,
        table=polled,
    )
    turns = Turns(poll=poll, polls=polls, ledger=ledger)
    hints = Hints(desk=desk, answers=answers, turns=turns, paid=paid, poll=poll, jitter=jitter)
    work = Work(
        inbox=inbox,
        desk=desk,
        writer=writer,
        hints=hints,
        replays=Replays(desk=desk, again=Again(inbox=inbox, desk=desk, hints=hints)),
        settlement=Settlement(ledger=ledger, jitter=jitter),
        nightly=Nightly(ledger=ledger, reconcile=Reconcile(inbox=inbox, ledger=ledger)),
        poll=poll,
        clear_dead=ClearDeadLetters(ledger=ledger, inbox=inbox),
        jitter=jitter,
    )
    return Drainer(
        work=work,
        standing=Standing(accounts=accounts),
        ledger=ledger,
        gates=gates,
        accounts=accounts,
        holded=holded,
        wakes=wakes,
        clock=clock,
        ids=ids,
        timing=timing,
    )
