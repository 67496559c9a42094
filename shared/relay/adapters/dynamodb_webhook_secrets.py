"""Webhook secrets on the hot path: a warm function answers from memory, for at most half a minute.

Accounts that do not exist are remembered apart, and shortly: a flood of invented names must neither reach the table
for each nor push out the accounts that do exist.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

from relay.adapters._errors import AWS_ERRORS, relay_error
from relay.adapters._sealed import unseal
from relay.adapters._secret_items import SEALED, WEBHOOKS, from_plain, secrets_key, still_valid
from relay.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

    from relay.ports.accounts import AccountSecrets
    from relay.ports.world import Clock

V = TypeVar("V")
UNKNOWN_SECONDS = 5


class DynamoWebhookSecrets:
    """`relay.ports.accounts.WebhookSecrets`. `kms` may be a lazy client: it is called once an account and warm half minute."""

    def __init__(
        self,
        *,
        client: DynamoDBClient,
        kms: KMSClient,
        table: str,
        clock: Clock,
        seconds: int = 30,
        size: int = 1000,
    ) -> None:
        """A rotated secret is seen after `seconds`, a new account after `UNKNOWN_SECONDS`."""
        self._client = client
        self._kms = kms
        self._table = table
        self._clock = clock
        self._known: _Cache[AccountSecrets] = _Cache(size=size, ms=seconds * 1000)
        self._unknown: _Cache[bool] = _Cache(size=size, ms=UNKNOWN_SECONDS * 1000)

    def load(self, account: str) -> AccountSecrets | None:
        """Raises `Unavailable`, also for secrets that cannot be opened: the sender shall come back, not be told no."""
        now_ms = round(self._clock.now().timestamp() * 1000)
        found = self._known.get(account, now_ms)
        if found is None:
            if self._unknown.get(account, now_ms):
                return None
            found = self._read(account)
            if found is None:
                self._unknown.put(account, value=True, now_ms=now_ms)
                return None
            self._known.put(account, value=found, now_ms=now_ms)
        return still_valid(found, now_ms=now_ms)

    def _read(self, account: str) -> AccountSecrets | None:
        try:
            answer = self._client.get_item(TableName=self._table, Key=secrets_key(account), ConsistentRead=True)
            if "Item" not in answer:
                return None
            sealed = bytes(answer["Item"][SEALED]["B"])
            plain = unseal(self._kms, account=account, purpose=WEBHOOKS, sealed=sealed)
        except AWS_ERRORS as exc:
            error = relay_error(exc)
            raise Unavailable(error.reason, detail=error.detail) from exc
        return from_plain(account, plain)


class _Cache(Generic[V]):
    """At most `size` values, each for `ms`; the one that was asked for longest ago goes first."""

    def __init__(self, *, size: int, ms: int) -> None:
        self._size = size
        self._ms = ms
        self._held: OrderedDict[str, tuple[int, V]] = OrderedDict()

    def get(self, name: str, now_ms: int) -> V | None:
        held = self._held.get(name)
        if held is None or not held[0] <= now_ms < held[0] + self._ms:
            return None
        self._held.move_to_end(name)
        return held[1]

    def put(self, name: str, *, value: V, now_ms: int) -> None:
        self._held[name] = (now_ms, value)
        self._held.move_to_end(name)
        if len(self._held) > self._size:
            self._held.popitem(last=False)
