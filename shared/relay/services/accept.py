"""Accept a webhook: verify the raw bytes, store the delivery, and only then say yes.

This is the hot path: it imports neither the models nor a validation library, makes one write, and decides every answer.
An unverified delivery is refused with a named reason and leaves no trace; a verified one always gets a 2xx, because a
4xx makes Shopify drop the subscription.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.domain.sources import identity, registry
from relay.domain.sources.base import Delivery
from relay.errors import RelayError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from relay.ports.accounts import WebhookSecrets
    from relay.ports.inbox import InboxWriter

MAX_BODY_BYTES = 4_500_000
"""Lambda takes 6 MB an invocation, and API Gateway's base64 grows a body by a third."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and why. `inbox_id` names what was stored, also for a duplicate; `trouble` is ours and not the sender's."""

    status: int
    reason: str
    inbox_id: str = ""
    trouble: str = ""


class Accept:
    def __init__(self, *, secrets: WebhookSecrets, inbox: InboxWriter) -> None:
        self._secrets = secrets
        self._inbox_writer = inbox

    def __call__(self, *, account: str, source: str, body: bytes, headers: Mapping[str, str], now: datetime) -> Answer:
        """Answer one delivery. Never raises for anything a sender can do."""
        module = registry.find(source)
        if module is None:
            return Answer(404, "unknown_source")
        if len(body) > MAX_BODY_BYTES:
            return Answer(413, "body_too_large")
        try:
            known = self._secrets.load(account)
        except Unavailable as error:
            return Answer(503, "try_again", trouble=error.reason)
        if known is None:
            return Answer(404, "unknown_account")
        verdict = module.verify(body, headers, known.secrets.get(source, ()), now, known.bindings.get(source, {}))
        if not verdict.ok:
            return Answer(verdict.status, verdict.reason)
        if verdict.reason == "ping":
            return Answer(200, "ping")
        meaning = module.identify(body, headers)
        digest = identity.body_digest(body)
        delivery = Delivery(
            inbox_id=identity.inbox_id(account, source, meaning, digest),
            account=account,
            source=source,
            topic=meaning.topic,
            headers={name.lower(): value for name, value in headers.items() if name.lower() in module.KEPT_HEADERS},
            body=body,
            received_at=now,
        )
        return self._store(delivery, digest)

    def _store(self, delivery: Delivery, digest: str) -> Answer:
        try:
            outcome = self._inbox_writer.put(delivery, digest=digest)
        except RelayError as error:
            # Not stored, whatever the store had against it, so not acknowledged: the sender's own retry is the net.
            return Answer(503, "try_again", trouble=error.reason)
        if outcome.startswith("stored_as:"):
            return Answer(200, "accepted", outcome.removeprefix("stored_as:"))
        return Answer(200, "accepted" if outcome == "stored" else "duplicate", delivery.inbox_id)
