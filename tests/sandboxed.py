"""A call of ours as the sandbox's core takes it, without a socket between."""

from __future__ import annotations

from typing import Any

from holded_sandbox.wire import Request
from relay.holded import encoding


def request_of(request: Any, token: str) -> Request:
    return Request(
        method=request.method,
        path=request.path,
        query=request.query,
        headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
        body=encoding.encode(request),
    )
