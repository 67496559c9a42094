"""Try a piece of work whose own data may break it, where one that breaks must not hold up the others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from relay.errors import RelayError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")


async def attempt(work: Awaitable[T]) -> T | Exception:
    """Its result, or the error that is its own. Raises `Unavailable`: a store that is away says nothing about the data."""
    (result,) = await asyncio.gather(work, return_exceptions=True)
    if isinstance(result, Unavailable) or (isinstance(result, BaseException) and not isinstance(result, Exception)):
        raise result
    return result


def reason_of(error: BaseException) -> str:
    """What may be logged or kept of an error: its constant reason, else its type, never what it says of the data."""
    return error.reason if isinstance(error, RelayError) else type(error).__name__
