"""A schedule -> judge every source's silence, and heal what is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from relay.services.watchdog import Watchdog, Watched


async def handle(*, watchdog: Watchdog, deadline_ms: int, log: Logger) -> dict[str, int]:
    """Returns how many sources are silent, how many could not be mended, what was brought, and what time did not reach."""
    done = await watchdog(deadline_ms=deadline_ms)
    for one in done.watched:
        if one.became:
            _tell(log, f"source.{one.became}", one)
        if one.mended:
            _tell(log, "webhook.mended", one)
        if one.brought:
            _tell(log, "source.backfilled", one)
        if one.refused:
            _tell(log, "source.not_mended", one)
    return {
        "watched": len(done.watched),
        "silent": done.silent,
        "not_mended": done.unmended,
        "brought": sum(one.brought for one in done.watched),
        "late": done.late,
    }


def _tell(log: Logger, event: str, one: Watched) -> None:
    log.warning(
        event,
        account=one.account,
        source=one.source,
        silent_ms=one.silent_ms,
        expected=round(one.expected, 1),
        mended=list(one.mended),
        refused=one.refused,
        brought=one.brought,
    )
