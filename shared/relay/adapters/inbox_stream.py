"""What the inbox's stream tells of a delivery, without reading the table: whose it is, and when it came.

Records: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.domain.sources.imported import HEADER
from relay.ports.providers import Arrival

if TYPE_CHECKING:
    from collections.abc import Mapping


def delivery_key(record: Mapping[str, Any]) -> tuple[str, str]:
    """Account and inbox id. Raises `KeyError` for what is no record of a stream."""
    account, _, inbox_id = record["dynamodb"]["Keys"]["pk"]["S"].partition("#")
    return account, inbox_id


def arrival(record: Mapping[str, Any]) -> Arrival | None:
    """None for what an import brought: it would hide the very silence that it heals; and for what is no delivery's image."""
    try:
        image = record["dynamodb"]["NewImage"]
        if HEADER in image.get("h", {}).get("M", {}):
            return None
        return Arrival(account=delivery_key(record)[0], source=str(image["s"]["S"]), received_ms=int(image["r"]["N"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
