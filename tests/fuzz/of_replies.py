"""What Holded answers, under any status and headers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from relay.errors import RelayError
from relay.holded import formats, listings, replies, requests, requests_v1
from relay.holded.protocol import Request, decipher

if TYPE_CHECKING:
    from collections.abc import Callable


from tests.fuzz.target import NOW, Target, json_of, own, parts, text_of

V2: list[Request[Any]] = [
    requests.get_document("invoice", "x"),
    requests.list_documents("invoice"),
    requests.get_contact("x"),
    requests.list_contacts(),
    requests.approve("invoice", "x"),
    listings.list_taxes(),
    listings.list_numbering_series("invoice"),
    listings.list_treasury_accounts(),
    listings.usage(),
    Request(method="POST", path="/api/v2/invoices", reads=replies.created, json={}, writes=True),
    Request(method="GET", path="/api/v2/products/x", reads=replies.product),
    Request(method="GET", path="/api/v2/payments/x", reads=replies.payment),
]
V1: list[Request[Any]] = [
    requests_v1.v1_ping(),
    requests_v1.v1_ping_write(),
    Request(
        method="POST", path="/api/invoicing/v1/contacts", reads=replies.created, json={}, writes=True, version="v1"
    ),
]
STATUSES = (200, 201, 204, 302, 400, 401, 402, 403, 404, 408, 409, 422, 423, 429, 500, 503, 600)


def reply(asked: list[Request[Any]]) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        status, headers, body = parts(data, 3)
        named = {"content-type": "application/json"}
        for line in text_of(headers).splitlines():
            name, _, value = line.partition(":")
            named[name.strip().lower()] = value.strip()
        which = status[0] if status else 0
        code = STATUSES[(status[1] if len(status) > 1 else 0) % len(STATUSES)]
        decipher(asked[which % len(asked)], code, named, body, NOW)

    return run


def answers(asked: list[Request[Any]]) -> Callable[[], list[bytes]]:
    document = {
        "id": "5f",
        "date": "2026-03-02",
        "total": "121.00",
        "tags": ["x"],
        "lines": [{"name": "a", "units": "1", "price": "1"}],
    }
    bodies = [
        document,
        {"items": [document], "has_more": True, "cursor": "x"},
        {"status": 0, "info": "Invalid key"},
        [document],
        [],
    ]
    limits = b"retry-after: 30\nx-ratelimit-limit: 60\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 1772442060\nx-ratelimit-window: minute"
    return lambda: [
        bytes([which, code]) + b"\0" + limits + b"\0" + json.dumps(body).encode()
        for which in range(len(asked))
        for code in (0, 13)
        for body in bodies
    ]


def formats_of_holded(data: bytes) -> None:
    value = json_of(data)
    for reader in (formats.decimal_of, formats.day_of, formats.instant_of):
        try:
            reader(value, "x")
        except RelayError:
            continue
    formats.shape(value)


TARGETS: dict[str, Target] = {
    "reply v2": Target(run=reply(V2), seeds=answers(V2)),
    "reply v1": Target(run=reply(V1), seeds=answers(V1)),
    "formats of Holded": Target(
        run=formats_of_holded, seeds=own("1.234,56", "2026-03-02T00:00:00Z", 1772442000, "12e3")
    ),
}
