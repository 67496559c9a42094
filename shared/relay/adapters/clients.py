"""boto3 clients with time-outs that fit a function: a store that is away is told as such, not waited for a minute."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

_READ_SECONDS = {"s3": 15.0}


def aws_client(service: str, **options: Any) -> Any:
    """`options` go to `boto3.client` (`endpoint_url`, `region_name`)."""
    config = Config(
        connect_timeout=1.0,
        read_timeout=_READ_SECONDS.get(service, 4.0),
        max_pool_connections=32,  # asyncio.to_thread runs at most 32 threads
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    make: Any = boto3.client
    return make(service, config=config, **options)


class _Lazy:
    def __init__(self, service: str, options: dict[str, Any]) -> None:
        self._make = service, options

    def __getattr__(self, name: str) -> Any:
        client = aws_client(self._make[0], **self._make[1])
        self.__dict__.update({each: getattr(client, each) for each in client.meta.method_to_api_mapping})
        self.__dict__["meta"] = client.meta
        return getattr(client, name)


def lazy_client(service: str, **options: Any) -> Any:
    """As `aws_client`, made at the first call: an S3 client costs 25 ms that a small delivery never needs."""
    return _Lazy(service, options)
