"""The gate of one account: who drains it, until when, and with which budget.

Lease and budget are one value, stored as one item under `rev`, so that taking the lease and its tokens is one
conditional write. Every function returns the gate with `rev + 1`, to be stored on condition that `rev` is still the one
that was read; a gate that was never stored has `rev` 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from relay.domain.budget import Budget, Granted, Reason, grant, new_budget, with_limits

if TYPE_CHECKING:
    from relay.domain.documents import Priority

MANY = "*"
"""In a gate's wake set: more rows came than it names, or somebody asks for it; look at all that is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """`owner` is empty when nobody drains. `next_due_ms` is when somebody must look at the account again, None: never.

    `woken`: rows were in its wake set when it was read. The set is no part of the gate, and is not stored with it.
    """

    account: str
    rev: int
    owner: str
    lease_until_ms: int
    next_due_ms: int | None
    budget: Budget
    woken: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """`granted` tokens, to be sent within `budget.USE_WITHIN_MS` of `granted_ms`, once the gate is stored.

    With `held_by_other` the gate is the one handed in (nothing to store), `holder` has the lease and `retry_at_ms` is
    its end. Otherwise the lease is the caller's even when `granted` is short of what it wanted; then `retry_at_ms` and
    `reason` are the budget's. 0 and empty where they say nothing.
    """

    gate: Gate
    granted: int
    granted_ms: int = 0
    held_by_other: bool = False
    holder: str = ""
    retry_at_ms: int = 0
    reason: Reason = ""


def new_gate(account: str, *, per_minute: int, per_month: int, now_ms: int) -> Gate:
    """A free gate that was never stored. Raises `BadInput` for a limit below 1."""
    budget = new_budget(per_minute=per_minute, per_month=per_month, now_ms=now_ms)
    return Gate(account=account, rev=0, owner="", lease_until_ms=0, next_due_ms=None, budget=budget)


def take(
    gate: Gate,
    *,
    now_ms: int,
    owner: str,
    lease_until_ms: int,
    priority: Priority,
    want: int,
    backlog: int | None = None,
) -> Taken:
    """Take the lease if it is free, expired or the caller's own, and up to `want` tokens with it (see `budget.grant`).

    The account is due again when the lease ends, so that a holder that died is noticed.
    """
    if gate.owner not in ("", owner) and gate.lease_until_ms > now_ms:
        return _refused(gate)
    granted = grant(gate.budget, now_ms=now_ms, priority=priority, want=want, backlog=backlog)
    return _taken(gate, owner, lease_until_ms, granted)


def more(
    gate: Gate,
    *,
    now_ms: int,
    owner: str,
    priority: Priority,
    want: int,
    backlog: int | None = None,
) -> Taken:
    """More tokens for the holder; refused when the lease has ended or moved on.

    A lease that has ended is not renewed: others may have concluded from its end that nothing is under way.
    """
    if gate.owner != owner or gate.lease_until_ms <= now_ms:
        return _refused(gate)
    granted = grant(gate.budget, now_ms=now_ms, priority=priority, want=want, backlog=backlog)
    return _taken(gate, owner, gate.lease_until_ms, granted)


def let_go(gate: Gate, *, owner: str, next_due_ms: int | None) -> Gate:
    """End the holder's lease. It has no call under way and will use no token it still has.

    The budget stays as the holder's `answered` and `forfeit` made it: others (a command) may hold tokens of it still.
    Not the holder (any more): the gate as it is, nothing to store.
    """
    if gate.owner != owner:
        return gate
    return replace(gate, rev=gate.rev + 1, owner="", lease_until_ms=0, next_due_ms=next_due_ms)


def with_budget(gate: Gate, budget: Budget) -> Gate:
    """The gate with a corrected budget (`observe`, `forfeit` ...)."""
    return replace(gate, rev=gate.rev + 1, budget=budget)


def due_at(gate: Gate, *, due_ms: int | None) -> Gate:
    """Somebody must look at the account then; None: nobody, until it is opened again."""
    return replace(gate, rev=gate.rev + 1, next_due_ms=due_ms)


def limits_changed(gate: Gate, *, per_minute: int, per_month: int) -> Gate:
    """The account's plan changed. Raises `BadInput` for a limit below 1."""
    return with_budget(gate, with_limits(gate.budget, per_minute=per_minute, per_month=per_month))


def _refused(gate: Gate) -> Taken:
    return Taken(gate=gate, granted=0, held_by_other=True, holder=gate.owner, retry_at_ms=gate.lease_until_ms)


def _taken(gate: Gate, owner: str, lease_until_ms: int, granted: Granted) -> Taken:
    held = replace(
        gate,
        rev=gate.rev + 1,
        owner=owner,
        lease_until_ms=lease_until_ms,
        next_due_ms=lease_until_ms,
        budget=granted.budget,
    )
    return Taken(
        gate=held,
        granted=granted.count,
        granted_ms=granted.granted_ms,
        retry_at_ms=granted.retry_at_ms,
        reason=granted.reason,
    )
