"""Several pieces of one drain's work at once, so that a slow or failing one holds up no other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence


async def together(tasks: Sequence[Callable[[], Awaitable[None]]], *, at_once: int) -> list[BaseException | None]:
    """Run with bounded concurrency; one failure never stops the others."""
    room = asyncio.Semaphore(at_once)

    async def bounded(task: Callable[[], Awaitable[None]]) -> None:
        async with room:
            await task()

    results = await asyncio.gather(*(bounded(task) for task in tasks), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Exception):
            raise result
    return results
