"""Accepting: one conditional put of a verified delivery. Loads nothing but the standard library and what boto3 loads.

pk        <account>#<inbox id>                       d   digest of the body
s, t      source, topic                              r   received, epoch ms
h         the headers the source asked to keep       e   ends: event number -> its end
b | o     the gzipped body, or its S3 key            id  the inbox id, only where `pk` holds its hash
open_pk, open_sk   the sparse index `open`, until every event has its end; then `expires_at` (TTL, epoch s)
"""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from relay.adapters._errors import AWS_ERRORS, ConditionFailed, relay_error
from relay.adapters._keys import is_hashed, join, millis, part, shard

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from relay.domain.sources.base import Delivery

INLINE_BYTES = 24 * 1024
"""Above this a put in the table (1 unit a KB, again at every update) costs more than one in S3."""


class DynamoInboxWriter:
    """`relay.ports.inbox.InboxWriter`. `s3` may be a lazy client: it is called for large bodies only."""

    def __init__(self, *, client: DynamoDBClient, s3: S3Client, table: str, bucket: str) -> None:
        """`client` is boto3's low-level DynamoDB client."""
        self._client = client
        self._s3 = s3
        self._table = table
        self._bucket = bucket

    def put(self, delivery: Delivery, *, digest: str) -> str:
        """See the port. Another body under the same identity is stored under the id with the digest's head as suffix."""
        body = gzip.compress(delivery.body, compresslevel=6, mtime=0)
        there = self._put(delivery, body, digest)
        if there is None:
            return "stored"
        if there == digest:
            return "duplicate"
        other = replace(delivery, inbox_id=f"{delivery.inbox_id}-{digest[:12]}")
        if self._put(other, body, digest) is None:
            return f"stored_as:{other.inbox_id}"
        return "duplicate"

    def _put(self, delivery: Delivery, body: bytes, digest: str) -> str | None:
        """The digest that stands under this id, None when the delivery was put there now."""
        try:
            self._client.put_item(**self.staged(delivery, body, digest), ReturnValuesOnConditionCheckFailure="ALL_OLD")
        except AWS_ERRORS as exc:
            error = relay_error(exc)
            if isinstance(error, ConditionFailed):
                return str(error.item["d"]["S"])
            raise error from exc
        return None

    def staged(self, delivery: Delivery, body: bytes, digest: str) -> Any:
        """The put of a delivery, on condition that its id is free; a large body is in S3 by then. For a transaction, too."""
        content: dict[str, Any] = {"b": {"B": body}}
        if len(body) > INLINE_BYTES:
            # The digest is in the name: a body that loses its item must not overwrite the one that has it.
            key = body_object(delivery, digest)
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
            content = {"o": {"S": key}}
        return {
            "TableName": self._table,
            "Item": _item(delivery, digest) | content,
            "ConditionExpression": "attribute_not_exists(pk)",
        }


def body_object(delivery: Delivery, digest: str) -> str:
    return f"{part(delivery.account)}/{part(delivery.inbox_id)}/{part(digest)}"


def open_partition(pk: str) -> str:
    return f"open#{shard(pk)}"


def open_key(pk: str, since_ms: int) -> str:
    return f"{millis(since_ms)}#{pk}"


def _item(delivery: Delivery, digest: str) -> dict[str, Any]:
    pk = join(delivery.account, delivery.inbox_id)
    received_ms = round(delivery.received_at.timestamp() * 1000)
    item: dict[str, Any] = {
        "pk": {"S": pk},
        "s": {"S": delivery.source},
        "t": {"S": delivery.topic},
        "d": {"S": digest},
        "r": {"N": str(received_ms)},
        "e": {"M": {}},
        "open_pk": {"S": open_partition(pk)},
        "open_sk": {"S": open_key(pk, received_ms)},
    }
    if delivery.headers:
        item["h"] = {"M": {name: {"S": value} for name, value in delivery.headers.items()}}
    if is_hashed(pk):
        item["id"] = {"S": delivery.inbox_id}
    return item
