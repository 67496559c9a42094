"""The one dispatcher of polling: it sees to it that every active account's poll stands, and is due at a time of its own.

It polls nothing itself. An account that was never drained has no gate and nobody who would wake it; one whose row ended
has nobody who would poll it. Both are made due within the hour, each at the instant that its hash gives it, so that ten
thousand accounts that come into being together do not come together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from relay.domain import gate as gating
from relay.domain.polling_cadence import offset_ms
from relay.domain.standing_rows import stood_up
from relay.services.poll_row import first_poll, poll_key
from relay.services.together import together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relay.domain.ledger import Row
    from relay.ports.accounts import Account, Accounts
    from relay.ports.ledger import Gates, Ledger

MOST_ACCOUNTS = 2500
"""Looked at in one call; more of them take turns, a part of them each hour."""
HOUR_MS = 3600_000
_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Enlisted:
    """`stood_up`: rows that were put or stood up again; `made_due`: accounts that nobody would have woken in time."""

    looked_at: int
    stood_up: int
    made_due: int


class Enlist:
    def __init__(self, *, accounts: Accounts, ledger: Ledger, gates: Gates) -> None:
        self._accounts = accounts
        self._ledger = ledger
        self._gates = gates

    async def __call__(self, *, now_ms: int) -> Enlisted:
        """Harmless to repeat. Raises the first error of an account, after all others were seen to."""
        polled = [each async for each in self._accounts.all() if is_polled(each)]
        turn = in_turn(polled, now_ms=now_ms)
        rows: list[Row] = []
        due: list[str] = []
        errors = await together([partial(self._see_to, each, now_ms, rows, due) for each in turn], at_once=_AT_ONCE)
        for error in errors:
            if error is not None:
                raise error
        return Enlisted(looked_at=len(turn), stood_up=len(rows), made_due=len(due))

    async def _see_to(self, account: Account, now_ms: int, rows: list[Row], due: list[str]) -> None:
        row = await self._standing(account.account, now_ms, rows)
        gate = await self._gates.load(account.account)
        if gate is None:
            gate = gating.new_gate(
                account.account, per_minute=account.per_minute, per_month=account.per_month, now_ms=now_ms
            )
        elif (gate.owner and gate.lease_until_ms > now_ms) or (gate.next_due_ms or row.due_ms + 1) <= row.due_ms:
            return  # it is drained now, or will be in time
        # Somebody else who stored the gate meanwhile is awake, and a drain finds the row.
        stored = await self._gates.store(gating.due_at(gate, due_ms=row.due_ms), expected_rev=gate.rev)
        due += [account.account] if stored.ok else []

    async def _standing(self, account: str, now_ms: int, rows: list[Row]) -> Row:
        there = await self._ledger.get(poll_key(account))
        if there is None:
            row = first_poll(account, now_ms=now_ms)
            there = await self._ledger.insert(row)
            rows += [row] if there is None else []
            return there or row
        if there.state == "waiting":
            return there
        again = stood_up(there, now_ms=now_ms + offset_ms(account, "poll", HOUR_MS))
        rows += [again] if await self._ledger.replace(again, expected_rev=there.rev) else []
        return again


def is_polled(account: Account) -> bool:
    """A blocked account is tried by its drains; a paused one by nobody. What its settings may be is the drain's to judge."""
    polling = account.settings.get("polling")
    return account.status == "active" and not (isinstance(polling, dict) and polling.get("enabled") is False)


def in_turn(accounts: Sequence[Account], *, now_ms: int) -> Sequence[Account]:
    """Those that are looked at this hour."""
    turns = -(-len(accounts) // MOST_ACCOUNTS)
    if turns <= 1:
        return accounts
    turn = now_ms // HOUR_MS % turns
    return [each for each in accounts if offset_ms(each.account, "turn", turns) == turn]
