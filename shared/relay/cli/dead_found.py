"""Which of the dead a command is about, and what is done to them: the work behind `relay dead-letters`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from relay.cli.choice import accounts_of, span
from relay.cli.console import note, utc
from relay.cli.context import World
from relay.cli.desks import dead_desk, would_replay
from relay.cli.replaying import awaited, told
from relay.errors import NotFound
from relay.services.times import at_ms

if TYPE_CHECKING:
    from relay.services.dead_desk import Dead, Wanted


def asked_for(
    here: World, names: list[str] | None, when: tuple[str | None, str | None], **asked: str | None
) -> "Wanted":
    """`asked` are the fields of `Wanted` that are texts."""
    from relay.services.dead_desk import Wanted

    start, end = span(here, *when) or (None, None)
    texts = {name: text or "" for name, text in asked.items()}
    return Wanted(
        names=frozenset(names or ()), from_ms=at_ms(start) if start else 0, to_ms=at_ms(end) if end else None, **texts
    )


async def by_account(here: World, account: str | None, wanted: "Wanted", *, every: bool) -> dict[str, list["Dead"]]:
    """The dead by account. Raises `NotFound` for a name that is not among them."""
    from relay.services.dead_letters import NO_ACCOUNT

    names = await accounts_of(here, account, every=every)
    desk = dead_desk(here)
    held = list(dict.fromkeys([*names, *([NO_ACCOUNT] if every else [])]))
    found = {name: await desk.listed(name, wanted) for name in held}
    if account not in {None, NO_ACCOUNT} and not any(found.values()):
        await here.account(account)
    missing = wanted.names - {one.name for group in found.values() for one in group}
    if missing:
        detail = f"{len(missing)} of the names are not dead, first {min(missing)}; see `relay dead-letters list`"
        raise NotFound("dead_letter_unknown", detail=detail)
    return {name: group for name, group in found.items() if group}


async def listed(here: World, account: str | None, wanted: "Wanted", *, every: bool) -> list["Dead"]:
    return [one for group in (await by_account(here, account, wanted, every=every)).values() for one in group]


def row_of(one: "Dead") -> dict[str, Any]:
    row = one.row
    return {
        "id": one.name,
        "account": row.key.account,
        "kept": row.event_type.replace("queue.", "queue ") if one.in_queue else "row",
        "source": one.source,
        "type": one.type,
        "object": "" if one.in_queue else row.key.object_id,
        "purpose": "" if one.in_queue else row.key.purpose,
        "reason": row.reason,
        "detail": row.detail,
        "attempts": row.attempts,
        "in_doubt": one.in_doubt,
        "created_at": utc(row.created_ms),
        "updated_at": utc(row.updated_ms),
        "since": one.since,
    }


async def shown(here: World, account: str, name: str) -> dict[str, Any]:
    from relay.services.dead_desk import Wanted

    group = (await by_account(here, account, Wanted(names=frozenset({name})), every=False))[account]
    told: dict[str, Any] = dict(row_of(group[0]))
    told["message"] = await dead_desk(here).message(group[0]) if group[0].in_queue else ""
    previews = await _preview(here, account, group)
    return told | {"would_replay": "; ".join(row["replay"] for row in previews)}


async def previewed(here: World, account: str | None, wanted: "Wanted", *, every: bool) -> list[dict[str, str]]:
    found = await by_account(here, account, wanted, every=every)
    return [row for name, group in found.items() for row in await _preview(here, name, group)]


async def _preview(here: World, account: str, group: Sequence["Dead"]) -> list[dict[str, str]]:
    one = await here.accounts.get(account)
    rows: list[dict[str, str]] = []
    for each in group:
        told = {"id": each.name, "account": account, "written": "", "compared": ""}
        if one is None or each.row.reason == "unreadable_message":
            rows.append({**told, "replay": "nothing: it can only be discarded"})
        elif each.in_queue and not each.row.event_id:
            rows.append({**told, "replay": "wakes the account"})
        else:
            would = would_replay(here)
            ref, now = each.row.event_id, here.now()
            previews = await would(one, ref, now=now) if each.in_queue else [await would.of_row(one, each.row, now=now)]
            rows += [{**told, **preview.shown()} for preview in previews]
    return rows


async def replayed(
    here: World, account: str | None, wanted: "Wanted", *, rate: int, wait: bool | None, every: bool
) -> list[dict[str, Any]]:
    found = await by_account(here, account, wanted, every=every)
    desk, ids = dead_desk(here), {}
    for name, group in found.items():
        if every and await here.accounts.get(name) is None:
            note(f"{len(group)} dead letters belong to no account: they can only be discarded")
            continue
        await here.account(name)
        ids[name] = await desk.replay(name, group, rate=rate, now=here.now())
    single = sum(map(len, found.values())) == 1
    return [
        told(await awaited(here, name, replay_id, wait=wait, single=single))
        for name, replay_id in ids.items()
        if replay_id
    ]


async def discarded(here: World, account: str | None, wanted: "Wanted", why: str, *, every: bool) -> int:
    found = await by_account(here, account, wanted, every=every)
    return sum([await dead_desk(here).discard(name, group, note=why, now=here.now()) for name, group in found.items()])
