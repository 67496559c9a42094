"""The services behind the commands that only people give, put together over a command's world."""

from typing import TYPE_CHECKING

from relay.cli.context import World

if TYPE_CHECKING:
    from relay.domain.documents import Priority
    from relay.services.dead_desk import DeadDesk
    from relay.services.paid_calls import PaidCalls
    from relay.services.replay_orders import ReplayOrders
    from relay.services.would import WouldReplay


def replay_orders(here: World) -> "ReplayOrders":
    from relay.services.nudge import Nudge
    from relay.services.replay_orders import ReplayOrders

    nudge = Nudge(gates=here.gates, wakes=here.wakes)
    return ReplayOrders(ledger=here.ledger, accounts=here.accounts, nudge=nudge, who=here.who)


def dead_desk(here: World) -> "DeadDesk":
    from relay.services.dead_desk import DeadDesk
    from relay.services.nudge import Nudge

    return DeadDesk(
        ledger=here.ledger,
        inbox=here.inbox,
        queue=here.dead_letters,
        accounts=here.accounts,
        orders=replay_orders(here),
        nudge=Nudge(gates=here.gates, wakes=here.wakes),
        who=here.who,
    )


def would_replay(here: World) -> "WouldReplay":
    from relay.services.would import WouldReplay

    return WouldReplay(inbox=here.inbox, ledger=here.ledger)


async def paid_calls(here: World, account: str, *, wait: bool, priority: "Priority" = "background") -> "PaidCalls":
    """Calls to Holded with the account's credential, paid from its budget."""
    from relay.services.paid_calls import PaidCalls

    return PaidCalls(
        account=account,
        credential=await here.accounts.credential(account),
        gates=here.gates,
        holded=here.holded,
        clock=here.clock,
        wait=wait,
        priority=priority,
    )
