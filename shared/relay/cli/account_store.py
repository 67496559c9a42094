"""How an account's change is stored: logged first, then swapped, then told to the gate and the waiting room."""

from typing import TYPE_CHECKING

from relay.cli.context import World
from relay.errors import Unavailable

if TYPE_CHECKING:
    from relay.ports.accounts import Account

TOLD = ("mode", "status", "status_reason", "per_minute", "per_month")
NAMED = ("name", "settings", "catalogue")
"""The change log outlives an erasure: it tells one content of these from another by a digest, and of settings which; no free text."""


async def store(here: World, after: "Account", *, before: "Account") -> None:
    """The change log, then compare and swap: which fields changed, never a secret. A changed quota reaches the gate.

    The log goes first, so that nothing is ever done that it does not tell; what was refused after it, it tells too. Given
    again after an interruption, all that follows the swap is done though nothing differs any more; what changes nothing is not logged.
    """
    changed = [key for key in TOLD if getattr(after, key) != getattr(before, key)]
    large = [key for key in NAMED if getattr(after, key) != getattr(before, key)]
    if changed or large:
        await _swap(here, after, before=before, changed=changed, large=large)
    await _regate(here, after)
    if after.status != "blocked":
        # What waits goes on at once: the account may have been closed, or its settings may have held it up. A drain of one
        # that is paused now takes up nothing more.
        await here.nudge(after.account)


async def _swap(here: World, after: "Account", *, before: "Account", changed: list[str], large: list[str]) -> None:
    from relay.domain.setting_changes import changed_settings, told

    what = ", ".join(changed + large)
    was, becomes = changed_settings(before.settings, after.settings)
    hidden = [key for key in large if key != "settings"]

    def words(one: "Account", settings: list[str]) -> str:
        shown = [f"{key}={getattr(one, key)}" for key in changed]
        return ", ".join([*shown, *(told(key, getattr(one, key)) for key in hidden), *settings])

    async def log(what: str) -> None:
        await here.accounts.record_change(
            after.account,
            at_ms=here.now_ms(),
            who=here.who,
            what=what,
            before=words(before, was),
            after=words(after, becomes),
        )

    await log(what)
    if not await here.accounts.put(after, expected_rev=before.rev):
        await log(f"refused: {what}")
        raise Unavailable("account_changed", detail="somebody else changed this account just now; look and try again")


async def _regate(here: World, one: "Account") -> None:
    """Let the gate know the account's quota, unless it does."""
    from relay.domain.gate import limits_changed

    for _ in range(5):
        gate = await here.gates.load(one.account)
        if gate is None or (gate.budget.per_minute, gate.budget.per_month) == (one.per_minute, one.per_month):
            return
        changed = limits_changed(gate, per_minute=one.per_minute, per_month=one.per_month)
        if (await here.gates.store(changed, expected_rev=gate.rev)).ok:
            return
    raise Unavailable("gate_busy", detail="the account is being drained; say it again in a moment")
