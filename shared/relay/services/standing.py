"""An account that Holded refuses is blocked: its work waits, one row at a time is tried ever more rarely, and the first
call of the refused kind that is let through opens it again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain.standing import try_again_ms
from relay.errors import NotAllowed, Unavailable

if TYPE_CHECKING:
    from relay.ports.accounts import Account, Accounts
    from relay.services.session import Session


class Standing:
    def __init__(self, *, accounts: Accounts) -> None:
        self._accounts = accounts

    def rest(self, session: Session, *, due_ms: int | None) -> bool:
        """Whether a blocked account is not to be tried yet: then this drain sends nothing. `due_ms` is its gate's.

        A wake alone is no reason to try: events keep coming, and each would cost a call that is refused.
        """
        now_ms = session.now_ms()
        if not session.probing or (due_ms is not None and due_ms <= now_ms):
            return False
        session.resting_until_ms = due_ms or try_again_ms(session.account.blocked_ms, now_ms)
        session.blocked = session.blocked or NotAllowed(session.account.status_reason)
        return True

    def not_before_ms(self, session: Session) -> int:
        """Before this nobody need be woken for what this drain left. 0: whenever it is due."""
        if session.blocked is None or session.outdated:
            return 0
        return session.resting_until_ms or try_again_ms(session.account.blocked_ms, session.now_ms())

    async def look(self, session: Session) -> None:
        """Whether somebody changed the account meanwhile (its settings, its standing): then this drain hands over.

        Raises `Unavailable`.
        """
        there = await self._accounts.get(session.account.account)
        if there is None or there.rev != session.account.rev:
            session.hand_over()

    async def note(self, session: Session) -> None:
        """Before the lease ends: record what this drain learned. `newly_blocked` is set where it closed the account.

        Somebody who changed the account meanwhile (a new token) wins: then the next drain looks at once. Where the
        record cannot be written the next drain learns the same.
        """
        before = session.account
        after = _after(session)
        if after is None:
            return
        try:
            if after == before:
                there = await self._accounts.get(before.account)
                session.outdated = there is None or there.rev != before.rev
            elif await self._accounts.put(after, expected_rev=before.rev):
                session.account = replace(after, rev=before.rev + 1)
                if before.status == "active":
                    session.newly_blocked = after.status_reason
            else:
                session.outdated = True
        except Unavailable:
            return


def _after(session: Session) -> Account | None:
    """The account as this drain leaves it; None where it learned nothing of its standing."""
    account = session.account
    if session.blocked is not None:
        goes_on = account.status == "blocked" and not session.proved
        since_ms = account.blocked_ms if goes_on else session.now_ms()
        refused = session.refused if session.refused is not None else account.refused
        return replace(
            account, status="blocked", status_reason=session.blocked.reason, blocked_ms=since_ms, refused=refused
        )
    if account.status == "blocked" and (session.proved or (session.tried_all and session.answered)):
        return replace(account, status="active", status_reason="", blocked_ms=0, refused="")
    return None
