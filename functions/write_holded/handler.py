"""SQS wakes -> one drain an account -> the messages that must come again."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from relay.services.drain import Drained, Drainer


async def handle(
    event: Mapping[str, Any],
    *,
    drainer: Drainer,
    deadline_ms: int,
    tell: Callable[[str, Drained], None] = lambda *_: None,
) -> tuple[dict[str, Any], Mapping[str, Drained | BaseException]]:
    """Work through a batch. Returns SQS's partial-batch answer and what each account's drain did.

    `tell` hears of each drain as it ends: another account's may go on for long, or be the end of this function.
    """
    batch: dict[str, list[tuple[str, str]]] = defaultdict(list)
    failed: list[str] = []
    for record in event.get("Records", ()):
        account, ref = _read(record.get("body", ""))
        if account:
            batch[account].append((record["messageId"], ref))
        else:
            failed.append(record["messageId"])  # unreadable: it goes to the dead-letter queue by itself

    async def run(account: str, refs: list[str]) -> Drained:
        drained = await drainer.run(account, refs, deadline_ms=deadline_ms)
        tell(account, drained)
        return drained

    runs = (run(account, _refs(messages)) for account, messages in batch.items())
    results = await asyncio.gather(*runs, return_exceptions=True)
    done: dict[str, Drained | BaseException] = dict(zip(batch, results, strict=True))
    for account, result in done.items():
        lost = {ref for _, ref in batch[account]} if isinstance(result, BaseException) else set(result.failed)
        failed += [message_id for message_id, ref in batch[account] if ref in lost]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}, done


def _refs(messages: Sequence[tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys(ref for _, ref in messages if ref))


def _read(body: str) -> tuple[str, str]:
    try:
        message = json.loads(body)
    except (TypeError, ValueError, RecursionError):
        return "", ""
    account, ref = (message.get("account"), message.get("event", "")) if isinstance(message, dict) else ("", "")
    return (account, ref) if isinstance(account, str) and isinstance(ref, str) else ("", "")
