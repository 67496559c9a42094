"""One drainer an account: take the lease, work through what is due in order of class and age, hand over.

SQS only wakes: `run` gets the events a message named, and whatever waits in the ledger. Without the lease it puts its
events into the waiting room and tells the holder. Conditional writes stay the guarantee if two ever run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from relay.domain import gate as gating
from relay.domain.budget import month_limit, with_limits
from relay.domain.documents import PRIORITIES
from relay.domain.mapping.catalogue import Catalogue
from relay.domain.settings import parse_settings
from relay.errors import NotAllowed, Rejected, RetryAt, Unavailable
from relay.ports.accounts import Credential
from relay.services.purse import Purse
from relay.services.session import Parked, Session
from relay.services.times import at_ms
from relay.services.together import together
from relay.services.waiting_room import CONCURRENCY, WaitingRoom

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from relay.domain.gate import Gate
    from relay.domain.ledger import Key
    from relay.ports.accounts import Account, Accounts
    from relay.ports.holded import HoldedApi
    from relay.ports.ledger import Gates, Ledger
    from relay.ports.queues import Wakes
    from relay.ports.world import Clock, Ids
    from relay.services.session import Timing
    from relay.services.standing import Standing
    from relay.services.work import Work

_TRIES = 5
_LONGEST_WAKE_S = 900
"""SQS delays a message by at most 15 minutes; `release_due` wakes for everything later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What one drain did. `failed`: event refs to be delivered again, and why. `ends` counts the ends by their first word.

    `blocked` is the reason why this drain closed the account, empty where it did not; `drift` differences a document, where
    it reconciled a window.
    """

    failed: Mapping[str, BaseException]
    ends: Mapping[str, int]
    calls: int
    quota_percent: int
    blocked: str = ""
    drift: float | None = None


class Drainer:
    def __init__(
        self,
        *,
        work: Work,
        standing: Standing,
        ledger: Ledger,
        gates: Gates,
        accounts: Accounts,
        holded: HoldedApi,
        wakes: Wakes,
        clock: Clock,
        ids: Ids,
        timing: Timing,
    ) -> None:
        self._work = work
        self._room = WaitingRoom(work=work, ledger=ledger, standing=standing)
        self._standing = standing
        self._ledger = ledger
        self._gates = gates
        self._accounts = accounts
        self._holded = holded
        self._wakes = wakes
        self._clock = clock
        self._ids = ids
        self._timing = timing

    async def run(self, account: str, refs: Sequence[str], *, deadline_ms: int) -> Drained:
        """Drain one account until nothing is due, tokens or time end."""
        record = await self._accounts.get(account)
        if record is None:
            raise Rejected("unknown_account", detail="the account was removed while its events were under way")
        owner = self._ids.new()
        parked: dict[Key, Parked] = {}  # by an earlier round that could not tell the holder any more
        for _ in range(_TRIES):
            gate = await self._gates.load(account)
            if gate is None:
                gate = gating.new_gate(
                    account, per_minute=record.per_minute, per_month=record.per_month, now_ms=self._now_ms()
                )
            limits = with_limits(gate.budget, per_minute=record.per_minute, per_month=record.per_month)
            if (limits.per_minute, limits.per_month) != (gate.budget.per_minute, gate.budget.per_month):
                gate = replace(gate, budget=limits)
            session = await self._open(record, gate, owner, deadline_ms)
            session.parked = parked
            if record.status == "paused":
                session.idle = RetryAt("paused", retry_at=self._clock.now())
                if gate.next_due_ms is not None and gate.next_due_ms <= self._now_ms():
                    # Nobody is to be woken for it every minute: opening the account makes it due again.
                    await self._gates.store(gating.due_at(gate, due_ms=None), expected_rev=gate.rev)
                return _drained(session, await self._fresh(session, refs))
            taken = gating.take(
                gate,
                now_ms=self._now_ms(),
                owner=owner,
                lease_until_ms=session.lease_until_ms,
                priority="fiscal",
                want=min(len(refs), CONCURRENCY),
            )
            if taken.held_by_other:
                session.idle = RetryAt("queued", retry_at=self._clock.now())
                failed = await self._fresh(session, refs)
                if await self._tell(session, holder=taken.holder):
                    return _drained(session, failed)
                continue
            if gate.rev == 0:
                # Before the gate is there: whoever dies in between leaves the next one to begin again.
                await self._work.begin(session)
            if (await self._gates.store(taken.gate, expected_rev=gate.rev)).ok:
                session.purse = self._purse(taken.gate, owner)
                session.purse.put("fiscal", taken.granted, granted_ms=taken.granted_ms)
                failed = await self._hold(session, refs, due_before=gate.next_due_ms)
                return _drained(session, failed)
        raise Unavailable("gate_contended", detail="the account's gate kept moving")

    async def _open(self, record: Account, gate: Gate, owner: str, deadline_ms: int) -> Session:
        credential, blocked = Credential(token=""), None
        try:
            credential = await self._accounts.credential(record.account)
        except NotAllowed as refusal:
            blocked = refusal  # its work waits as it does for a credential that Holded refuses
        return Session(
            account=record,
            settings=parse_settings(record.settings),
            catalogue=Catalogue.from_json(record.catalogue),
            credential=credential,
            blocked=blocked,
            owner=owner,
            lease_until_ms=deadline_ms + self._timing.lease_margin_ms,
            deadline_ms=deadline_ms,
            timing=self._timing,
            clock=self._clock,
            ids=self._ids,
            holded=self._holded,
            purse=self._purse(gate, owner),
        )

    def _purse(self, gate: Gate, owner: str) -> Purse:
        return Purse(store=self._gates, gate=gate, owner=owner, clock=self._clock, now_ms=self._now_ms())

    async def _hold(
        self, session: Session, refs: Sequence[str], *, due_before: int | None
    ) -> Mapping[str, BaseException]:
        """With the lease: what is older and due goes first, so fresh events join it in the waiting room."""
        session.on_knock = partial(self._room.knocked, session)
        now_ms = self._now_ms()
        left = [key for key, row in session.parked.items() if row.due_ms <= now_ms]
        resting = self._standing.rest(session, due_ms=due_before)
        # A wake that names no event says that something is due, whatever the gate knew.
        backlog = not resting and (not refs or (due_before is not None and due_before <= now_ms))
        if backlog:
            session.idle = RetryAt("blocked" if session.probing else "queued", retry_at=self._clock.now())
        failed = await self._fresh(session, refs)
        if not session.outdated:
            session.idle = None
        backlog = backlog or (session.behind and not resting)
        try:
            if backlog or due_before is None:  # an account whose sweep stands is always due some time
                await self._work.revive(session)
            if left:
                await self._room.resume(session, left)
            if backlog:
                await self._room.due(session)
                await self._room.own(session)
                session.tried_all = not session.exhausted and session.blocked is None
            await self._room.rest(session)
        finally:
            await session.beside_done()
        await self._let_go(session, due_before=None if backlog else due_before, looked=backlog)
        return failed

    async def _fresh(self, session: Session, refs: Sequence[str]) -> Mapping[str, BaseException]:
        session.purse.expect(*PRIORITIES, wanted=min(len(refs), CONCURRENCY), backlog=len(refs))
        results = await together([partial(self._work.take_in, session, ref) for ref in refs], at_once=CONCURRENCY)
        return {ref: error for ref, error in zip(refs, results, strict=True) if error is not None}

    async def _let_go(self, session: Session, *, due_before: int | None, looked: bool) -> None:
        account = session.account.account
        conflicts = 0
        await session.purse.give_back()
        while conflicts < _TRIES:
            await self._standing.note(session)
            now_ms = self._now_ms()
            # Rows come as long as deliveries do: they are seen to while there is time, and left to a fresh wake after that.
            # So they are when this drain's account is not what it read any more.
            hands_over = session.outdated or now_ms + self._timing.call_ms > session.deadline_ms
            next_due = await self._next_due(session, due_before=due_before, looked=looked)
            if hands_over:
                next_due = max(now_ms, self._standing.not_before_ms(session))
            gate = gating.let_go(session.purse.gate, owner=session.owner, next_due_ms=next_due)
            stored = await self._gates.store(
                gate, expected_rev=session.purse.gate.rev, take_wakes=hands_over, if_no_wakes=not hands_over
            )
            if stored.ok:
                wanted = session.exhausted or hands_over
                if wanted and next_due is not None and next_due - now_ms < _LONGEST_WAKE_S * 1000:
                    delay = max(0, -(-(next_due - now_ms) // 1000))
                    await self._wakes.send([{"account": account}], priority="fiscal", delay_seconds=delay)
                return
            if stored.woken:
                await self._room.woken(session)
            else:
                conflicts += 1
                await session.purse.reload()
        # The lease runs out by itself, and the gate's next_due (its end) makes release_due wake the account.

    async def _next_due(self, session: Session, *, due_before: int | None, looked: bool) -> int | None:
        """When somebody must look again. What is due but cannot be sent is not worth a wake before its class has tokens."""
        of_class = [(row.priority, row.due_ms) for row in session.parked.values()]
        if looked:
            of_class += (await self._ledger.next_due(session.account.account)).items()
        refused = session.borrowing | session.exhausted
        floors = {priority: at_ms(refusal.retry_at) for priority, refusal in refused.items()}
        due = [max(at, floors.get(priority, 0)) for priority, at in of_class]
        due += [] if due_before is None else [due_before]
        due += [session.look_again_ms] if session.look_again_ms else []
        floor = self._standing.not_before_ms(session)
        return min((max(at, floor) for at in due), default=None)

    async def _tell(self, session: Session, *, holder: str) -> bool:
        """One write for all that this drain put: a flood must not cost the holder's gate a write a row."""
        told = " ".join([*map(str, session.parked), *([gating.MANY] if session.behind else [])])
        return not told or await self._gates.wake(session.account.account, told, holder=holder)

    def _now_ms(self) -> int:
        return at_ms(self._clock.now())


def _drained(session: Session, failed: Mapping[str, BaseException]) -> Drained:
    budget = session.purse.gate.budget
    return Drained(
        failed=failed,
        ends=dict(session.ends),
        calls=sum(session.calls.values()),
        quota_percent=100 * (sum(budget.used) + budget.foreign) // max(1, month_limit(budget)),
        blocked=session.newly_blocked,
        drift=session.drift,
    )
