"""The ledger's rows and the gates before them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from relay.domain.documents import Priority
    from relay.domain.gate import Gate
    from relay.domain.ledger import Key, Row, State


class Ledger(Protocol):
    async def get(self, key: Key) -> Row | None:
        """Strongly consistent."""
        ...

    async def insert(self, row: Row) -> Row | None:
        """Put the row if the key is free. None: done. Else the row that is there (from the failed condition, no extra read)."""
        ...

    async def replace(self, row: Row, *, expected_rev: int) -> bool:
        """Compare and swap: write `row` (rev = expected_rev + 1) if the stored rev is `expected_rev`."""
        ...

    async def wait_for_parent(self, child: Row, *, parent: Key, expected_rev: int) -> bool:
        """One transaction: write the child as waiting (insert when expected_rev is 0), leave a pointer under the parent,
        and check that the parent is not confirmed. False: it is confirmed (or the child's rev moved): decide anew.
        """
        ...

    async def children(self, parent: Key) -> Sequence[Key]:
        """Keys that wait for this parent, strongly consistent."""
        ...

    async def due(self, account: str, *, priority: str, now_ms: int, limit: int) -> Sequence[Row]:
        """Rows of the work index whose `due_ms` has come, oldest first. The index may lag; claims stay conditional."""
        ...

    async def next_due(self, account: str) -> Mapping[Priority, int]:
        """The smallest `due_ms` of each priority in the account's work index; one with no row is missing."""
        ...

    async def by_holded_id(self, account: str, holded_id: str) -> Row | None:
        """The row whose document this is; of a payment, which names the document it pays, only where there is no other."""
        ...

    def in_state(self, account: str, state: State, *, from_ms: int = 0, limit: int = 1000) -> AsyncIterator[Row]: ...

    def confirmed_between(self, account: str, *, from_ms: int, to_ms: int) -> AsyncIterator[Row]: ...

    async def count(self, account: str) -> Mapping[str, int]:
        """Rows by state, for `relay status` (waiting, review, dead, sent, unknown)."""
        ...


class Gates(Protocol):
    """The account's gate: drainer lease and budget in one item, so that a lease and its tokens are one conditional write."""

    async def load(self, account: str) -> Gate | None:
        """The gate as it stands, and whether its wake set holds anything (`woken`); None before the first drain."""
        ...

    async def store(
        self, gate: Gate, *, expected_rev: int, take_wakes: bool = False, if_no_wakes: bool = False
    ) -> Gates.Stored:
        """Compare and swap on `rev`. `take_wakes` empties the wake set and returns what it held; with `if_no_wakes` the
        write is refused while the set is not empty (letting go of a lease).
        """
        ...

    async def wake(self, account: str, key: str, *, holder: str) -> bool:
        """Add a row's key to the wake set if `holder` still holds the lease; False: it does not, try to take it.

        Several keys of one batch come as one text, parted by blanks: one write, and one place in the set.
        """
        ...

    def due(self, *, now_ms: int, limit: int) -> AsyncIterator[tuple[str, int]]:
        """(account, its `next_due_ms`) of accounts whose time has come, over all accounts (sparse, sharded index)."""
        ...

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Stored:
        ok: bool
        wakes: tuple[str, ...] = ()
        conflict: bool = False  # the rev moved
        woken: bool = False  # refused because the wake set is not empty
