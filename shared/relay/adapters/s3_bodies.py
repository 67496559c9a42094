"""Large bodies in S3: what is too big for a table item or for the bus. Names begin with the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.adapters._calls import call
from relay.adapters._keys import part
from relay.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Bodies:
    """Every name is `<account>/...`, so that an account's copies can be erased."""

    def __init__(self, *, client: S3Client, bucket: str) -> None:
        """`client` is boto3's S3 client, or a lazy one."""
        self._client = client
        self.bucket = bucket

    async def put(self, account: str, *name: str, body: bytes) -> str:
        """Store `body` under the account; returns the object's key. The same name overwrites: put a digest in it."""
        key = "/".join(part(each) for each in (account, *name))
        await call(self._client.put_object, Bucket=self.bucket, Key=key, Body=body)
        return key

    async def get(self, key: str) -> bytes:
        """Raises `NotFound` when the object is gone."""
        answer = await call(self._client.get_object, Bucket=self.bucket, Key=key)
        return bytes(await call(answer["Body"].read))

    async def delete_account(self, account: str) -> int:
        """Delete everything of the account; returns how many objects."""
        deleted = 0
        query: dict[str, Any] = {"Bucket": self.bucket, "Prefix": f"{part(account)}/"}
        while True:
            page = await call(self._client.list_objects_v2, **query)
            found = page.get("Contents", [])  # a page holds 1,000 keys, as many as one delete takes
            if found:
                answer = await call(
                    self._client.delete_objects,
                    Bucket=self.bucket,
                    Delete={"Objects": [{"Key": each["Key"]} for each in found], "Quiet": True},
                )
                if answer.get("Errors"):
                    raise Unavailable("away", detail="DeleteObjects: some objects were not deleted")
                deleted += len(found)
            if not page.get("IsTruncated"):
                return deleted
            query["ContinuationToken"] = page["NextContinuationToken"]
