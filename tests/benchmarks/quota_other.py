"""One client of `quota` that is not ours: zae-limiter, or none but exponential backoff; runs in `.venv-bench`.

    quota_other.py zae|naive HOLDED_URL TOKEN ENTITY AWS_URL REGION

Calls as often as it is let, until its input is closed. It shares nothing with its seven likes but the limiter's table.
"""

from __future__ import annotations

import http.client
import random
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 600
LONGEST_S = 60.0


def call(url: str, token: str) -> int:
    """The answer's status; 0 when there was none."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    try:
        connection.request("GET", "/api/v2/treasury/accounts", headers={"authorization": f"Bearer {token}"})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def backed_off(once: Callable[[], int], ended: threading.Event) -> None:
    """Full jitter, doubled with every refusal (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)."""
    refusals = 0
    while not ended.is_set():
        if once() == 429:
            refusals += 1
            ended.wait(random.uniform(0, min(LONGEST_S, 0.5 * 2**refusals)))
        else:
            refusals = 0


def limited(once: Callable[[], int], ended: threading.Event, *, entity: str, endpoint_url: str, region: str) -> None:
    from botocore.exceptions import BotoCoreError, ClientError
    from zae_limiter import Limit, RateLimitExceeded, SyncRateLimiter, SyncRepository
    from zae_limiter.exceptions import ZAELimiterError

    repository = SyncRepository(name="quota", region=region, endpoint_url=endpoint_url, _skip_deprecation_warning=True)
    limiter = SyncRateLimiter(repository=repository)
    limits = [Limit.per_minute("minute", LIMIT)]
    while not ended.is_set():
        try:
            with limiter.acquire(entity_id=entity, resource="holded", consume={"minute": 1}, limits=limits):
                once()
        except RateLimitExceeded as refusal:
            ended.wait(max(0.01, refusal.retry_after_seconds))
        except (ZAELimiterError, BotoCoreError, ClientError):  # the table is busy
            ended.wait(0.05)


def main(kind: str, url: str, token: str, entity: str, endpoint_url: str, region: str) -> None:
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()

    def once() -> int:
        return call(url, token)

    if kind == "make":
        from zae_limiter import SyncRepository

        SyncRepository(
            name="quota", region=region, endpoint_url=endpoint_url, _skip_deprecation_warning=True
        ).create_table()
    elif kind == "zae":
        limited(once, ended, entity=entity, endpoint_url=endpoint_url, region=region)
    else:
        time.sleep(random.random() / 10)
        backed_off(once, ended)


if __name__ == "__main__":
    main(*sys.argv[1:7])
