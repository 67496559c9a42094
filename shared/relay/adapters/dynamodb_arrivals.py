"""Signs of life of a source: one item an account, source and day with a counter an hour. No personal data.

pk   <account>#arrivals        h00 .. h23   deliveries of that hour, UTC        last   the latest of them, epoch ms
sk   <day>#<source>            expires_at   ten weeks later: the watchdog has learned it long before
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from relay.adapters._calls import call, pages
from relay.adapters._keys import join, part, unpart
from relay.ports.providers import Arrivals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

KEPT = timedelta(weeks=10)
_HOUR_MS = 3_600_000


class DynamoArrivals:
    """`relay.ports.providers.Arrivals`."""

    Arrived = Arrivals.Arrived  # the port's answer type is one of its members

    def __init__(self, *, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    async def add(self, account: str, source: str, *, hours: Mapping[int, int], last_ms: int) -> None:
        days: dict[datetime, dict[str, int]] = defaultdict(dict)
        for start_ms, count in hours.items():
            at = datetime.fromtimestamp(start_ms / 1000, UTC)
            days[at.replace(hour=0)][f"h{at:%H}"] = count
        for day, counts in sorted(days.items()):
            values: dict[str, Any] = {f":{name}": {"N": str(count)} for name, count in counts.items()}
            values |= {":last": {"N": str(last_ms)}, ":end": {"N": str(int((day + KEPT).timestamp()))}}
            adding = ", ".join(f"{name} :{name}" for name in counts)
            # `last` of an older day is not read where a newer day is there.
            await call(
                self._client.update_item,
                TableName=self._table,
                Key={"pk": {"S": join(account, "arrivals")}, "sk": {"S": f"{day:%Y-%m-%d}#{part(source)}"}},
                UpdateExpression=f"SET #last = :last, expires_at = :end ADD {adding}",
                ExpressionAttributeNames={"#last": "last"},
                ExpressionAttributeValues=values,
            )

    async def since(self, account: str, *, from_ms: int) -> Mapping[str, Arrivals.Arrived]:
        found = pages(
            self._client.query,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk >= :day",
            ExpressionAttributeValues={
                ":pk": {"S": join(account, "arrivals")},
                ":day": {"S": f"{datetime.fromtimestamp(from_ms / 1000, UTC):%Y-%m-%d}"},
            },
        )
        hours: dict[str, dict[int, int]] = defaultdict(dict)
        last: dict[str, int] = {}
        async for item in found:
            day, encoded = item["sk"]["S"].split("#", 1)
            source = unpart(encoded)
            start_ms = round(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp() * 1000)
            for at in range(24):
                if f"h{at:02}" in item:
                    hours[source][start_ms + at * _HOUR_MS] = int(item[f"h{at:02}"]["N"])
            last[source] = max(last.get(source, 0), int(item["last"]["N"]))
        return {source: Arrivals.Arrived(hours=hours[source], last_ms=last[source]) for source in last}
