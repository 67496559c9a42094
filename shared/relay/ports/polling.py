"""What polling keeps: snapshots of objects seen, and how far a look has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from relay.domain.polling import Polling
    from relay.domain.snapshots import Snapshot
    from relay.domain.sources.base import Delivery


class Snapshots(Protocol):
    """What was last seen of a Holded object, by (account, type, id)."""

    async def get(self, account: str, object_type: str, holded_id: str) -> Snapshot | None:
        """Strongly consistent."""
        ...

    async def many(self, account: str, object_type: str, ids: Sequence[str]) -> Mapping[str, Snapshot]:
        """As `get` for each; what has no snapshot is missing."""
        ...

    async def record(
        self,
        account: str,
        object_type: str,
        holded_id: str,
        snapshot: Snapshot,
        *,
        expected: int | None,
        delivery: Delivery | None = None,
    ) -> bool:
        """One transaction: write the snapshot if the one there has the number `expected` (None: none is there) and was not
        seen later, and put what it tells into the inbox. False: somebody was first, nothing was written; look again.
        """
        ...

    def known(self, account: str, object_type: str) -> AsyncIterator[tuple[str, Snapshot]]:
        """Ids and snapshots of all objects of a type that are not gone, without their `data`, in the order of their ids."""
        ...


class Polls(Protocol):
    """How far the polling of an account has come, and what its passes have seen."""

    async def load(self, account: str) -> Polling | None: ...

    async def store(self, polling: Polling, *, expected_rev: int) -> bool:
        """Compare and swap: write it with rev `expected_rev` + 1 if the stored rev is `expected_rev` (0: none is there)."""
        ...

    async def mark(self, account: str, resource: str, pass_id: str, *, page: int, ids: Sequence[str]) -> None:
        """Keep which ids a page of a pass showed, for some days. The same page again takes its place."""
        ...

    async def marked(self, account: str, resource: str, pass_id: str) -> frozenset[str]:
        """All ids that the pass has shown so far, strongly consistent."""
        ...
