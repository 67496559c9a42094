"""How replays are shown, waited for and answered: shared by every command that starts or looks at one."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from relay.cli.console import lines, note, table, utc
from relay.cli.context import World
from relay.cli.desks import replay_orders

if TYPE_CHECKING:
    from relay.services.replay_orders import Replay

SHORT_WAIT_S = 20
_BAD = ("failed", "unknown_event")
_SHOWN = 50
_LONGEST_PAUSE_S = 5


def told(one: "Replay", now: Mapping[str, str] | None = None) -> dict[str, Any]:
    from relay.domain.replay import counted

    return {
        "replay": one.replay_id,
        "account": one.account,
        "state": one.state,
        "events": one.events,
        "answered": len(one.answers),
        "counts": dict(counted(one.answers)),
        "rate": one.rate or None,
        "ordered_at": utc(one.created_ms),
        "updated_at": utc(one.updated_ms),
        "due_at": None if one.ended else utc(one.due_ms),
        "answers": [
            {"event": ref, "answer": answer, **({"now": now[ref]} if now and ref in now else {})}
            for ref, answer in one.answers
        ],
    }


async def awaited(here: World, account: str, replay_id: str, *, wait: bool | None, single: bool) -> "Replay":
    """The replay as it is, after waiting for its end: for ever (`wait`), a moment (a single event), or not at all."""
    orders = replay_orders(here)
    held = (await here.account(account)).status != "active"
    if held:
        note(f"{account} is not active: what is replayed waits until it is, see `relay resume {account}`")
    most_s = 0 if held or wait is False or (wait is None and not single) else SHORT_WAIT_S
    found, passed, seen = await orders.get(account, replay_id), 0, -1
    while not found.ended and found.state != "dead" and (passed < most_s or (wait is True and not held)):
        if wait and len(found.answers) != seen:
            seen = len(found.answers)
            note(f"{replay_id}: {seen} of {found.events} events")
        pause_s = min(_LONGEST_PAUSE_S, 1 + passed // 2)
        await here.clock.sleep(pause_s)
        passed += pause_s
        found = await orders.get(account, replay_id)
    return found


def show(replays: Sequence[Mapping[str, Any]]) -> None:
    for one in replays:
        counts = ", ".join(f"{count} {word}" for word, count in sorted(one["counts"].items()))
        lines(
            [
                f"replay {one['replay']} of {one['account']}: {one['state']}, {one['answered']} of {one['events']} events"
                + (f": {counts}" if counts else "")
            ]
        )
        if one["state"] in {"running", "dead"}:
            lines([f"see `relay replays show {one['replay']} --account {one['account']}`"])
        if one["answers"]:
            rows = [(each["event"], each["answer"], each.get("now")) for each in one["answers"][:_SHOWN]]
            table("answers", ("event", "answer", "now"), rows)
        if len(one["answers"]) > _SHOWN:
            note(f"{len(one['answers']) - _SHOWN} more with --json")


def exit_for(replays: Sequence[Mapping[str, Any]]) -> None:
    """Exit 1 where an event could not be brought."""
    if any(one["counts"].get(word) for one in replays for word in _BAD):
        raise typer.Exit(1)
