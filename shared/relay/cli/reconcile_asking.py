"""What `relay reconcile` says of the sources themselves: what their APIs list, and which of them is silent."""

from typing import TYPE_CHECKING, Any

from relay.cli.console import note
from relay.cli.context import World
from relay.domain.text import counted

if TYPE_CHECKING:
    from relay.domain.reconciling import Window
    from relay.services.backfill import Progress
    from relay.services.reconcile_asking import Asked

SILENT = "Nothing was heard of it since: what it sold may be missing."


async def ask(here: World, account: str, window: "Window") -> "Asked":
    from relay.services.backfill import Backfill
    from relay.services.reconcile_asking import AskSources

    backfill = Backfill(inbox=here.inbox, notes=here.notes, api=here.provider_api, clock=here.clock)
    return await AskSources(providers=here.providers, backfill=backfill, clock=here.clock)(
        account, window, tell=_progress
    )


def _progress(source: str, at: "Progress") -> None:
    note(f"{source}: {counted(at.pages, 'page')} read, {counted(at.stored, 'object')} that the inbox does not hold")


async def silent(here: World, account: str, window: "Window", asked: "Asked") -> list[dict[str, Any]]:
    """Sources that fell silent before the window's end, and were not asked now."""
    from relay.domain.mapping.sale import MADRID
    from relay.domain.reconciling_repairs import import_of
    from relay.services.silences import silences
    from relay.services.times import at_ms

    found = await silences(here.notes, here.providers, account, now=here.now())
    return [
        {
            "source": one.source,
            "since": one.since.isoformat(timespec="minutes"),
            "detail": SILENT,
            "command": import_of(account, one.source, at_ms(one.since), here.now_ms()) if one.api else "",
        }
        for one in found
        if one.source not in asked.pages and one.since.astimezone(MADRID).date() <= window.end
    ]
