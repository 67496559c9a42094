"""The proxy that makes AWS unruly: what each fault does, and that nothing happens when it is told to be quiet."""

from __future__ import annotations

import httpx
import pytest

from tests.e2e.faults import AWS_FAULTS
from tests.e2e.unruly import UnrulyAws
from tests.listening import listening

CALLS = 60


@pytest.fixture
def server():
    """Counts the bodies it is sent and says how many there were."""
    heard = []

    def answer(body):
        heard.append(body)
        return 200, str(len(heard)).encode()

    with listening(answer) as port:
        yield port, heard


@pytest.fixture
def unruly(server):
    made = UnrulyAws(seed=1)
    made.start(upstream_port=server[0])
    yield made
    made.stop()


def post_all(unruly):
    """Status codes, 0 for a reply that never came."""
    statuses = []
    headers = {"x-amz-target": "DynamoDB_20120810.PutItem"}
    with httpx.Client(base_url=unruly.environment["AWS_ENDPOINT_URL_DYNAMODB"], trust_env=False) as http:
        for number in range(CALLS):
            try:
                answer = http.post("/", content=str(number).encode(), headers=headers)
            except httpx.TransportError:
                statuses.append(0)
            else:
                statuses.append(answer.status_code)
                if answer.status_code == 400:
                    assert answer.json()["__type"] == "ProvisionedThroughputExceededException"
    return statuses


def test_a_quiet_proxy_passes_everything_on(unruly, server):
    assert post_all(unruly) == [200] * CALLS
    assert server[1] == [str(number).encode() for number in range(CALLS)]
    assert (unruly.calls, unruly.struck.total()) == (CALLS, 0)


def test_only_a_call_whose_reply_is_lost_was_carried_out(unruly, server):
    unruly.share = 1.0

    statuses = post_all(unruly)

    throttled, failed, lost = (statuses.count(status) for status in (400, 500, 0))
    assert [unruly.struck[kind] for kind in AWS_FAULTS] == [throttled, failed, lost]
    assert min(throttled, failed, lost) > 0
    assert len(server[1]) == lost
