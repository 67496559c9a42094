"""Calls that webhooks of Holded ask for: when a drain may make one, and the call itself.

Each is counted before it is made, so that hints that are seen to at once do not take the same one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.errors import NotAllowed, RetryAt

if TYPE_CHECKING:
    from relay.holded.protocol import Reply, Request
    from relay.services.poll_plan import Plan
    from relay.services.session import Session


_LOOKS_MS = 24 * 3600_000


def share_from_ms(session: Session, plan: Plan, calls: int) -> int:
    """From when on so many calls fit into the webhooks' share of the month, as far as can be said today; 0: they do now.

    A day from now at most: the forecast it rests on may be another then, or the plan.
    """
    found = session.purse.rereads_from_ms(calls, kept=plan.kept, most=plan.rereads)
    return min(found, session.now_ms() + _LOOKS_MS)


def take(session: Session) -> None:
    """Count a call that is about to be made."""
    session.purse.reread(1)


async def taken_call(session: Session, request: Request) -> Reply:
    """The call that was counted; one for which there is no token, or no time, is given back. Of class `background`.

    A right that the token lacks for it is no reason to close the account: nobody but a webhook asks for it.
    """
    try:
        token = await session.reserve("background")
    except (RetryAt, NotAllowed):
        session.purse.reread(-1)
        raise
    return await session.send(request, token, optional=True)
