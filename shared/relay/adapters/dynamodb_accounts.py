"""Accounts in the state table: settings, sealed credential, sealed webhook secrets, and the log of changes.

An account's items under pk `<account>#account`:

    settings   rev name mode status reason company minute month salt, since and refused while it is blocked;
               settings, catalogue gzipped JSON
    holded     x: the Holded credential, sealed for purpose `holded`
    webhooks   x: webhook secrets, bindings and ends of overlap, sealed for purpose `webhooks`

All accounts are listed through the index `work`, where settings stand under `accounts#<shard>`: sixteen partitions
instead of a hot one, written only when settings change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.adapters import _json
from relay.adapters._calls import BATCH_GET, batch_get, call, pages
from relay.adapters._errors import ConditionFailed
from relay.adapters._keys import SHARDS, join, millis, part, shard, unpart
from relay.adapters._sealed import Purpose, seal, unseal
from relay.adapters._secret_items import SEALED, WEBHOOKS, from_plain, secrets_key, still_valid, to_plain
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_changes import ChangeLog
from relay.adapters.dynamodb_erasure import Erasure
from relay.adapters.ids import RandomIds
from relay.errors import NotAllowed
from relay.ports.accounts import Account, AccountSecrets, Change, Credential

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

    from relay.adapters.s3_bodies import S3Bodies
    from relay.ports.world import Clock, Ids

_TEXTS = {
    "name": "name",
    "mode": "mode",
    "status": "status",
    "status_reason": "reason",
    "company_id": "company",
    "salt": "salt",
}
_COUNTS = {"per_minute": "minute", "per_month": "month"}
_DOCUMENTS = ("settings", "catalogue")

OPENED_KEPT = 1000
"""Accounts whose opened credential a warm function remembers: a KMS call a drain is the price otherwise."""


class DynamoAccounts:
    """`relay.ports.accounts.Accounts`. Functions that only read give no `key_id`; who erases gives `inbox_table` and `bodies`."""

    def __init__(
        self,
        *,
        client: DynamoDBClient,
        kms: KMSClient,
        table: str,
        key_id: str = "",
        inbox_table: str = "",
        bodies: S3Bodies | None = None,
        clock: Clock | None = None,
        ids: Ids | None = None,
    ) -> None:
        """`key_id` is the stack's output `SecretsKeyId`."""
        self._client = client
        self._kms = kms
        self._table = table
        self._key_id = key_id
        self._clock = clock or SystemClock()
        self._log = ChangeLog(client=client, table=table, ids=ids or RandomIds())
        self._opened: dict[str, tuple[bytes, Credential]] = {}
        self._erasure = Erasure(client=client, state_table=table, inbox_table=inbox_table, bodies=bodies)

    async def get(self, account: str) -> Account | None:
        item = await self._item(_key(account, "settings"))
        return None if item is None else _account(account, item)

    async def put(self, account: Account, *, expected_rev: int) -> bool:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if expected_rev:
            condition = {
                "ConditionExpression": "rev = :rev",
                "ExpressionAttributeValues": {":rev": {"N": str(expected_rev)}},
            }
        try:
            await call(
                self._client.put_item, TableName=self._table, Item=_account_item(account, expected_rev + 1), **condition
            )
        except ConditionFailed:
            return False
        return True

    async def all(self) -> AsyncIterator[Account]:
        for at in range(SHARDS):
            found = pages(
                self._client.query,
                TableName=self._table,
                IndexName="work",
                KeyConditionExpression="work_pk = :shard",
                ExpressionAttributeValues={":shard": {"S": f"accounts#{at}"}},
            )
            keys = [{"pk": item["pk"], "sk": item["sk"]} async for item in found]
            for start in range(0, len(keys), BATCH_GET):
                items = await batch_get(self._client, self._table, keys[start : start + BATCH_GET])
                for item in items.values():
                    yield _account(unpart(item["pk"]["S"].split("#", 1)[0]), item)

    async def credential(self, account: str) -> Credential:
        """Raises `NotAllowed` when there is none, or it was sealed for somebody else.

        The item is read each time, so a new credential counts at once; the same ciphertext is not opened twice.
        """
        item = await self._item(_key(account, "holded"))
        if item is None:
            raise NotAllowed("credential_missing", detail="the account has no Holded credential")
        sealed = bytes(item[SEALED]["B"])
        known = self._opened.get(account)
        if known is not None and known[0] == sealed:
            return known[1]
        plain = await self._unseal(account, "holded", item)
        credential = Credential(token=plain["token"], v1_key=plain["v1_key"])
        if len(self._opened) >= OPENED_KEPT:
            self._opened.clear()
        self._opened[account] = (sealed, credential)
        return credential

    async def set_credential(self, account: str, credential: Credential) -> None:
        plain = {"token": credential.token, "v1_key": credential.v1_key}
        await self._put_sealed(_key(account, "holded"), account, "holded", plain)

    async def webhook_secrets(self, account: str) -> AccountSecrets | None:
        item = await self._item(secrets_key(account))
        if item is None:
            return None
        secrets = from_plain(account, await self._unseal(account, WEBHOOKS, item))
        return still_valid(secrets, now_ms=round(self._clock.now().timestamp() * 1000))

    async def set_webhook_secrets(self, account: str, secrets: AccountSecrets) -> None:
        await self._put_sealed(secrets_key(account), account, WEBHOOKS, to_plain(secrets))

    async def erase(self, account: str) -> int:
        """See the port. Safe to repeat; a second run touches what came in between."""
        return await self._erasure(account)

    async def record_change(self, account: str, *, at_ms: int, who: str, what: str, before: str, after: str) -> None:
        await self._log.append(Change(account=account, at_ms=at_ms, who=who, what=what, before=before, after=after))

    def changes(self, account: str, *, from_ms: int, to_ms: int, limit: int) -> AsyncIterator[Change]:
        return self._log.newest(account, from_ms=from_ms, to_ms=to_ms, limit=limit)

    async def _item(self, key: dict[str, Any]) -> Mapping[str, Any] | None:
        answer = await call(self._client.get_item, TableName=self._table, Key=key, ConsistentRead=True)
        return answer.get("Item")

    async def _put_sealed(self, key: dict[str, Any], account: str, purpose: Purpose, plain: Any) -> None:
        sealed = await call(seal, self._kms, key_id=self._key_id, account=account, purpose=purpose, value=plain)
        await call(self._client.put_item, TableName=self._table, Item={**key, SEALED: {"B": sealed}})

    async def _unseal(self, account: str, purpose: Purpose, item: Mapping[str, Any]) -> Any:
        sealed = bytes(item[SEALED]["B"])
        return await call(unseal, self._kms, account=account, purpose=purpose, sealed=sealed)


def _key(account: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": join(account, "account")}, "sk": {"S": sk}}


def _account_item(account: Account, rev: int) -> dict[str, Any]:
    return {
        **_key(account.account, "settings"),
        "rev": {"N": str(rev)},
        **{short: {"S": getattr(account, name)} for name, short in _TEXTS.items()},
        **{short: {"N": str(getattr(account, name))} for name, short in _COUNTS.items()},
        **({"since": {"N": str(account.blocked_ms)}} if account.blocked_ms else {}),
        **({"refused": {"S": account.refused}} if account.refused else {}),
        **{name: {"B": _json.pack(getattr(account, name), field=name)} for name in _DOCUMENTS},
        "work_pk": {"S": f"accounts#{shard(account.account)}"},
        "work_sk": {"S": f"{millis(0)}#{part(account.account)}"},
    }


def _account(account: str, item: Mapping[str, Any]) -> Account:
    values: dict[str, Any] = {name: item[short]["S"] for name, short in _TEXTS.items()}
    values |= {name: int(item[short]["N"]) for name, short in _COUNTS.items()}
    values |= {name: _json.unpack(bytes(item[name]["B"])) for name in _DOCUMENTS}
    if "since" in item:
        values["blocked_ms"] = int(item["since"]["N"])
    if "refused" in item:
        values["refused"] = item["refused"]["S"]
    return Account(account=account, rev=int(item["rev"]["N"]), **values)
