"""SQS wakes -> one drain an account -> the messages that must come again."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from relay.errors import RelayError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from relay.services.drain import Drained, Drainer


async def handle(
    event: Mapping[str, Any], *, drainer: Drainer, deadline_ms: int
) -> tuple[dict[str, Any], Mapping[str, Drained | BaseException]]:
    """Work through a batch. Returns SQS's partial-batch answer and what each account's drain did."""
    batch: dict[str, list[tuple[str, str]]] = defaultdict(list)
    failed: list[str] = []
    for record in event.get("Records", ()):
        account, ref = _read(record.get("body", ""))
        if account:
            batch[account].append((record["messageId"], ref))
        else:
            failed.append(record["messageId"])  # unreadable: it goes to the dead-letter queue by itself
    runs = (drainer.run(account, _refs(messages), deadline_ms=deadline_ms) for account, messages in batch.items())
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
    except (ValueError, RecursionError):
        return "", ""
    account, ref = (message.get("account"), message.get("event", "")) if isinstance(message, dict) else ("", "")
    return (account, ref) if isinstance(account, str) and isinstance(ref, str) else ("", "")


def reason_of(error: BaseException) -> str:
    """What may be logged of an error: its constant reason, else its type."""
    return error.reason if isinstance(error, RelayError) else type(error).__name__
