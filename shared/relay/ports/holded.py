"""Holded's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from relay.ports.accounts import Credential


class HoldedApi(Protocol):
    """One request to Holded, already built; one call, no retry, no pacing. See `relay.holded.protocol`."""

    async def call(self, request: Any, credential: Credential, *, timeout_ms: int) -> Any:
        """Send and decipher. Raises `Rejected`, `NotFound`, `NotAllowed`, `RetryAt`, `WaitUntil`, `OutcomeUnknown`."""
        ...
