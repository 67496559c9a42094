"""Credentials of shops and payment providers: `<account>#account / provider:<source>`, sealed under that very purpose.

base   the API's base URL          reg   whether the relay may register webhooks there          x   the token, sealed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from relay.adapters._calls import call, pages
from relay.adapters._keys import join
from relay.adapters._sealed import Purpose, seal, unseal
from relay.adapters._secret_items import SEALED
from relay.ports.providers import ProviderCredential

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

PROVIDER = "provider:"


class DynamoProviders:
    """`relay.ports.providers.Providers`. Functions that only read give no `key_id`."""

    def __init__(self, *, client: DynamoDBClient, kms: KMSClient, table: str, key_id: str = "") -> None:
        self._client = client
        self._kms = kms
        self._table = table
        self._key_id = key_id

    async def known(self, account: str) -> Sequence[ProviderCredential]:
        found = pages(
            self._client.query,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :provider)",
            ExpressionAttributeValues={":pk": {"S": join(account, "account")}, ":provider": {"S": PROVIDER}},
        )
        return [_credential(item, token="") async for item in found]

    async def get(self, account: str, source: str) -> ProviderCredential | None:
        answer = await call(
            self._client.get_item, TableName=self._table, Key=_key(account, source), ConsistentRead=True
        )
        if "Item" not in answer:
            return None
        item = answer["Item"]
        sealed = bytes(item[SEALED]["B"])
        token = await call(unseal, self._kms, account=account, purpose=_purpose(source), sealed=sealed)
        return _credential(item, token=token)

    async def put(self, account: str, credential: ProviderCredential) -> None:
        purpose = _purpose(credential.source)
        sealed = await call(
            seal, self._kms, key_id=self._key_id, account=account, purpose=purpose, value=credential.token
        )
        item: dict[str, Any] = {
            **_key(account, credential.source),
            "base": {"S": credential.base_url},
            "reg": {"BOOL": credential.register},
            SEALED: {"B": sealed},
        }
        await call(self._client.put_item, TableName=self._table, Item=item)

    async def forget(self, account: str, source: str) -> bool:
        answer = await call(
            self._client.delete_item, TableName=self._table, Key=_key(account, source), ReturnValues="ALL_OLD"
        )
        return "Attributes" in answer


def _purpose(source: str) -> Purpose:
    return cast("Purpose", f"{PROVIDER}{source}")


def _key(account: str, source: str) -> dict[str, Any]:
    return {"pk": {"S": join(account, "account")}, "sk": {"S": f"{PROVIDER}{source}"}}


def _credential(item: Mapping[str, Any], *, token: str) -> ProviderCredential:
    return ProviderCredential(
        source=item["sk"]["S"].removeprefix(PROVIDER),
        base_url=item["base"]["S"],
        token=token,
        register=item["reg"]["BOOL"],
    )
