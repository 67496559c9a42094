"""One writer of `quota`, with a clock of its own: the deployed handler and drain, where each row is worth one call.

The messages come by standard input, as a queue's poller would hand them over: `{"id": 1, "body": "..."}`. Answers with
`{"id": 1, "again": false, "waits": [...]}`: the waits of fiscal events from their sending to Holded's answer, in ms.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from functions.write_holded.handler import handle
from relay.adapters.clients import aws_client
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_gates import DynamoGates
from relay.adapters.dynamodb_ledger import DynamoLedger
from relay.adapters.holded_http import HoldedHttp
from relay.adapters.ids import RandomIds
from relay.adapters.sqs import SqsWakes
from relay.domain.ledger import Key, Row
from relay.errors import RetryAt
from relay.holded import listings
from relay.ports.accounts import Account, Credential
from relay.services.drain import Drainer
from relay.services.session import Timing
from relay.services.standing import Standing
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from relay.services.session import Session

DEADLINE_MS = 90_000


class SkewedClock:
    def __init__(self, skew_ms: int) -> None:
        self._skew_s = skew_ms / 1000

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self._skew_s, UTC)


class Companies:
    """The accounts of this run, by name: id and token in the sandbox."""

    def __init__(self, tokens: Mapping[str, str], per_minute: int) -> None:
        self._tokens, self._per_minute = tokens, per_minute

    async def get(self, account: str) -> Account:
        return Account(
            account=account,
            name=account,
            mode="test",
            status="active",
            status_reason="",
            company_id=account,
            per_minute=self._per_minute,
            per_month=10_000_000,
            settings={},
            catalogue={},
            salt="",
            rev=1,
        )

    async def credential(self, account: str) -> Credential:
        return Credential(token=self._tokens[account])


class OneCallARow:
    """In place of `Work`: a row is one call. A background or fiscal row of the backlog is due again at once."""

    def __init__(self, ledger: DynamoLedger) -> None:
        self._ledger = ledger
        self.waits: list[float] = []

    async def begin(self, session: Session) -> None:
        """No sweep: the account's calls are the backlog's."""

    async def revive(self, session: Session) -> None:
        """Nor is it stood up."""

    async def take_in(self, session: Session, ref: str) -> None:
        now_ms = session.now_ms()
        key = Key(account=session.account.account, source="bench", object_id=ref, purpose="once")
        row = Row(key=key, state="waiting", created_ms=now_ms, updated_ms=now_ms, due_ms=now_ms, indexed=True)
        if await self._ledger.insert(row) is not None:
            return
        session.note(row)
        if session.idle is None:
            await self.resume(session, row)

    async def resume(self, session: Session, row: Row) -> None:
        session.parked.pop(row.key, None)
        once = row.key.purpose == "once"
        try:
            await session.call(listings.list_treasury_accounts(), row.priority)
        except RetryAt as refusal:
            await self._write(session, replace(row, due_ms=at_ms(refusal.retry_at)))
            return
        if once:
            self.waits.append(time.time() * 1000 - float(row.key.object_id.partition("-")[0]))
            await self._write(session, replace(row, state="confirmed", due_ms=0, indexed=False))
        else:
            await self._write(session, replace(row, due_ms=session.now_ms()))

    async def _write(self, session: Session, row: Row) -> None:
        written = replace(row, rev=row.rev + 1, updated_ms=session.now_ms())
        if await self._ledger.replace(written, expected_rev=row.rev):
            session.note(written)
            if row.key.purpose == "backlog":
                session.parked.pop(row.key, None)  # the index shows it in time

    async def failed(self, session: Session, row: Row, reason: str) -> None:
        raise AssertionError(f"{session.account.account}: a row of {row.priority} broke: {reason}")


async def serve(skew_ms: int, tokens: Mapping[str, str], per_minute: int) -> None:
    dynamodb, clock = aws_client("dynamodb"), SkewedClock(skew_ms)
    ledger = DynamoLedger(client=dynamodb, table=os.environ["STATE_TABLE"])
    work = OneCallARow(ledger)
    wakes = SqsWakes(
        client=aws_client("sqs"),
        fiscal_url=os.environ["FISCAL_QUEUE_URL"],
        normal_url=os.environ["NORMAL_QUEUE_URL"],
        clock=SystemClock(),
    )
    accounts = Companies(tokens, per_minute)
    drainer = Drainer(
        work=work,  # type: ignore[arg-type]
        standing=Standing(accounts=accounts),  # type: ignore[arg-type]
        ledger=ledger,
        gates=DynamoGates(client=dynamodb, table=os.environ["STATE_TABLE"]),
        accounts=accounts,  # type: ignore[arg-type]
        holded=HoldedHttp(base_url=os.environ["HOLDED_BASE_URL"], clock=clock),
        wakes=wakes,
        clock=clock,
        ids=RandomIds(),
        timing=Timing(),
    )

    async def one(message: dict[str, Any]) -> None:
        event = {"Records": [{"messageId": str(message["id"]), "body": message["body"]}]}
        answer, done = await handle(event, drainer=drainer, deadline_ms=at_ms(clock.now()) + DEADLINE_MS)
        errors = [type(each).__name__ for each in done.values() if isinstance(each, BaseException)]
        waits, work.waits = work.waits, []
        told = {"id": message["id"], "again": bool(answer["batchItemFailures"]), "waits": waits, "errors": errors}
        print(json.dumps(told), flush=True)

    print(json.dumps({"ready": True}), flush=True)
    running: set[asyncio.Task[None]] = set()
    while line := await asyncio.to_thread(sys.stdin.readline):
        task = asyncio.create_task(one(json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])))
