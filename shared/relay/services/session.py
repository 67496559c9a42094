"""One drain of one account: its settings, its lease, its purse of tokens, and the only way out to Holded.

Every request goes `reserve` (a token in hand and time enough before the deadline) -> conditional write of the claim ->
`send`. So a POST starts only if its time-out fits before the deadline, and nothing leaves without a token.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from relay.domain.documents import PRIORITIES, Priority
from relay.domain.standing import OF_ONE_KIND, forbids, kind_of, proves, suggests
from relay.domain.transitions import Hold
from relay.errors import NotAllowed, Rejected, RetryAt, Unavailable, WaitUntil
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from relay.domain.ledger import Key, Row
    from relay.domain.mapping.catalogue import Catalogue
    from relay.domain.settings import Settings
    from relay.holded.protocol import Reply, Request
    from relay.ports.accounts import Account, Credential
    from relay.ports.holded import HoldedApi
    from relay.ports.world import Clock, Ids
    from relay.services.purse import Purse, Token

LOOK_S = 0.5
"""An answer that takes longer than this must not keep waiting who knocks meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The fence's numbers, in milliseconds of the injected clock.

    `settle_ms`: how long after a lease ended an absence may be believed. `lease_margin_ms`: a lease outlives its
    invocation's deadline by this. `call_ms`: what one call may take at most, connect and read, on the relay's clock;
    `timeout_ms` the same for its socket, on the machine's. `again_ms`: between the two
    looks that must both find nothing.
    """

    settle_ms: int = 600_000
    lease_margin_ms: int = 60_000
    call_ms: int = 23_000
    timeout_ms: int = 20_000
    again_ms: int = 60_000
    echo_ms: int = 30_000
    settlement_ms: int = 6 * 3600_000


class Parked(NamedTuple):
    """A row that waits, as this drain last saw it."""

    due_ms: int
    priority: Priority
    rev: int


@dataclass(slots=True, kw_only=True)
class Session:
    account: Account
    settings: Settings
    catalogue: Catalogue
    credential: Credential
    owner: str
    lease_until_ms: int
    deadline_ms: int
    timing: Timing
    clock: Clock
    ids: Ids
    holded: HoldedApi
    purse: Purse
    idle: RetryAt | None = None
    """Set while this drain may only put work into the waiting room: another holds the lease, or older work comes first."""
    blocked: NotAllowed | None = None
    refused: str | None = None
    """What kind of call Holded refused in this drain; None: none was."""
    proved: bool = False
    """A call of the kind that the account is blocked for was let through."""
    answered: bool = False
    """A call with the same right was let through, were it of another kind."""
    tried_all: bool = False
    """All that was due was tried, and nothing was refused."""
    resting_until_ms: int = 0
    """A blocked account's next try, where this drain makes none."""
    drift: float | None = None
    """Differences a document, where this drain reconciled a night's window whole."""
    newly_blocked: str = ""
    """The reason, where this drain closed the account."""
    outdated: bool = False
    """Somebody changed the account while this drain ran: what is left is for the next one, which reads it anew."""
    exhausted: dict[Priority, RetryAt] = field(default_factory=dict)
    borrowing: dict[Priority, RetryAt] = field(default_factory=dict)
    """Rows of this class wait, though it has tokens, for one of another: a contact is created as urgently as a document."""
    parked: dict[Key, Parked] = field(default_factory=dict)
    """Rows this drain parked: the work index may not show them yet."""
    behind: bool = False
    """An event that a message names waits already: look at what is due, its writer may have died before saying so."""
    look_again_ms: int = 0
    """When somebody must look at what is due once more, whatever the index shows now."""
    follow_up: list[str] = field(default_factory=list)
    """Event refs noted as pending on a key that has now been confirmed."""
    calls: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    ends: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    on_knock: Callable[[Sequence[str]], Awaitable[None]] | None = None
    """Sees to rows that were put while this drain holds the lease; None while it does not."""
    heard: set[str] = field(default_factory=set)
    """Resources of which this drain has noted that a webhook told of them."""
    many: bool = False
    """More rows knocked than the wake set could name: look at all that is due."""
    beside: set[asyncio.Future[None]] = field(default_factory=set)
    """What knocked and is being seen to, while lesser work goes on."""
    _locks: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def now_ms(self) -> int:
        return at_ms(self.clock.now())

    @property
    def hold(self) -> Hold:
        return Hold(owner=self.owner, lease_until_ms=self.lease_until_ms, settle_ms=self.timing.settle_ms)

    @property
    def probing(self) -> bool:
        """Holded refused this account, and nothing shows yet that it no longer does: one row at a time is tried."""
        return self.account.status == "blocked" and not self.proved

    def lock(self, name: str) -> asyncio.Lock:
        """Within one drain the same business key, and the same contact, are worked on one after the other."""
        return self._locks[name]

    def note(self, row: Row) -> None:
        if row.due_ms:
            self.parked[row.key] = Parked(row.due_ms, row.priority, row.rev)
        else:
            self.parked.pop(row.key, None)

    def check(self) -> None:
        """Raise what forbids this drain to write into Holded, before anything is concluded from a row in `sent`."""
        if self.idle is not None:
            raise self.idle
        if self.blocked is not None:
            raise self.blocked

    def has_time(self) -> bool:
        """Whether a call that starts now ends before the deadline."""
        return self.now_ms() + self.timing.call_ms <= self.deadline_ms

    async def give_way(self) -> None:
        """Look, twice a second at most, whether rows were put meanwhile; what is found is seen to beside the present work.

        Beside it, never inside: the present work may hold the lock of a business key that the other row needs.
        """
        if self.on_knock is None:
            return
        try:
            keys = await self.purse.look()
        except Unavailable:
            # A call may be under way, whose answer counts for more. What was taken is in the work index, too.
            self.many = True
            return
        if keys:
            self.beside.add(asyncio.ensure_future(self.on_knock(keys)))

    async def beside_done(self) -> None:
        """Wait for what is seen to beside. A store that was away for it is no reason to keep the lease: it is looked for again."""
        while self.beside:
            pending, self.beside = self.beside, set()
            errors = [each for each in await asyncio.gather(*pending, return_exceptions=True) if each is not None]
            for error in errors:
                if not isinstance(error, Unavailable):
                    raise error
            if errors:
                self.look_again()

    def look_again(self, *, in_ms: int = 0) -> None:
        """All that is due, once more in this drain if there is time, and by whoever comes after `in_ms`."""
        at = self.now_ms() + in_ms
        self.many = True
        self.look_again_ms = min(self.look_again_ms or at, at)

    def hand_over(self) -> None:
        """The account is not what this drain read any more: it takes up nothing more, and what it has under way parks."""
        self.outdated = True
        self.idle = RetryAt("queued", retry_at=self.clock.now())

    async def reserve(self, priority: Priority) -> Token:
        """A token for one call, or `RetryAt` (minute, time) / `WaitUntil` (month): nothing was sent, no attempt is used."""
        self.check()
        if priority != "fiscal":
            await self.give_way()
        if not self.has_time():
            self.exhausted[priority] = RetryAt("out_of_time", retry_at=self.clock.now())
            raise self.exhausted[priority]
        try:
            return await self.purse.spend(priority)
        except RetryAt as refusal:
            self.exhausted[priority] = refusal
            raise

    async def send(self, request: Request, token: Token, *, optional: bool = False) -> Reply:
        """One call on a token already reserved. What Holded says of its limits corrects the budget.

        `optional`: a right that the credential lacks for it is no reason to close the account.
        """
        self.calls[f"{request.method} {request.path}"] += 1
        kind = kind_of(request.path, writes=request.writes, version=request.version)
        try:
            reply = await self._answer(request)
        except WaitUntil as refusal:
            await self.purse.refused("month", refusal)
            self.exhausted.update(dict.fromkeys(PRIORITIES, refusal))
            raise
        except RetryAt as refusal:
            if refusal.reason.startswith("rate_limited"):
                await self.purse.refused("minute", refusal)
                self.exhausted.update(dict.fromkeys(PRIORITIES, refusal))
            raise
        except NotAllowed as refusal:
            if not (optional and refusal.reason in OF_ONE_KIND):
                self.blocked, self.refused = refusal, forbids(refusal.reason, kind)
            raise
        except Rejected as refusal:
            if refusal.reason != "blocked":  # a firewall's page: nobody looked at the credential
                self._let_through(kind)
            raise
        finally:
            self.purse.answered(token)
        self._let_through(kind)
        self.purse.heard(reply.limits)
        return reply

    async def _answer(self, request: Request) -> Reply:
        call = asyncio.ensure_future(self.holded.call(request, self.credential, timeout_ms=self.timing.timeout_ms))
        while not (await asyncio.wait({call}, timeout=LOOK_S))[0]:
            await self.give_way()
        reply: Reply = call.result()
        return reply

    def _let_through(self, kind: str) -> None:
        """Holded knew the credential and read the request, whatever it said of it."""
        self.answered = self.answered or suggests(self.account.refused, kind)
        self.proved = self.proved or proves(self.account.refused, kind)

    async def call(self, request: Request, priority: Priority, *, optional: bool = False) -> Reply:
        return await self.send(request, await self.reserve(priority), optional=optional)
