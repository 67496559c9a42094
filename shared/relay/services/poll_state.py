"""Changes of the state of polling, whoever else changes it meanwhile; and what people and webhooks ask of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain import polling as courses
from relay.domain import polling_steps as steps
from relay.domain.polling import Polling
from relay.domain.standing_rows import stood_up
from relay.errors import BadInput, Unavailable
from relay.services.poll_plan import plan_of
from relay.services.poll_row import first_poll, poll_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from relay.domain.ledger import Row
    from relay.domain.polling import Course
    from relay.domain.settings import Settings
    from relay.ports.accounts import Account
    from relay.ports.ledger import Ledger
    from relay.ports.polling import Polls

_TRIES = 8


async def change(polls: Polls, account: str, onward: Callable[[Polling], Polling]) -> Polling:
    """Apply a change to the stored state. `onward` may be called several times. Raises `Unavailable` if it keeps moving."""
    for _ in range(_TRIES):
        found = await polls.load(account) or Polling(account=account)
        changed = onward(found)
        if changed == found:
            return found
        if await polls.store(changed, expected_rev=found.rev):
            return replace(changed, rev=found.rev + 1)
    raise Unavailable("polling_contended", detail="the state of polling kept moving")


async def join(
    polls: Polls, ledger: Ledger, account: str, name: str, holded_id: str, *, now_ms: int, hurry_ms: int
) -> tuple[Course, Row | None]:
    """An object waits for the resource's next pass (`polling_steps.joined`). Returns its course, and the account's poll where that is
    due earlier for it: at `hurry_ms`. Should this drain die before, who joined looks again by itself.
    """

    def joins(found: Polling) -> Polling:
        joined = steps.joined(found.courses[name], holded_id, now_ms=now_ms, hurry_ms=hurry_ms)
        return courses.with_course(found, name, joined)

    course = (await change(polls, account, joins)).courses[name]
    there = await ledger.get(poll_key(account)) if hurry_ms else None
    if there is None or there.state != "waiting" or there.due_ms <= hurry_ms:
        return course, None
    row = replace(there, rev=there.rev + 1, updated_ms=now_ms, due_ms=hurry_ms)
    return course, row if await ledger.replace(row, expected_rev=there.rev) else None


async def make_due(
    polls: Polls, ledger: Ledger, account: Account, settings: Settings, *, resource: str, full: bool, now_ms: int
) -> Sequence[str]:
    """Resources (all of them without a name) are due at once, and so is the account's poll; a nudge does the rest.

    Raises `BadInput` for one that the account does not poll, and `Unavailable` where the row keeps moving.
    """
    plan = plan_of(settings.polling, account.per_month)
    names = [each.name for each in plan.resources if resource in {"", each.name}]
    if not names:
        known = ", ".join(each.name for each in plan.resources) or "polling is switched off"
        raise BadInput("not_polled", field="--resource", detail=f"the account polls: {known}")

    def hurried(found: Polling) -> Polling:
        state = plan.admitted(found, now_ms=now_ms)
        for name in names:
            course = replace(state.courses[name], due_ms=now_ms, held_ms=0)
            if full:
                course = replace(course, full_due_ms=now_ms)
            state = courses.with_course(state, name, course)
        return state

    await change(polls, account.account, hurried)
    for _ in range(_TRIES):
        there = await ledger.get(poll_key(account.account))
        if there is None:
            row = replace(first_poll(account.account, now_ms=now_ms), due_ms=now_ms)
            if await ledger.insert(row) is None:
                return names
            continue
        if await ledger.replace(stood_up(there, now_ms=now_ms), expected_rev=there.rev):
            return names
    raise Unavailable("row_contended", detail="the account is being polled; say it again in a moment")
