"""Counts the calls that leave a boto3 client, retries included."""

from __future__ import annotations

from typing import Any


class Counted:
    def __init__(self, *clients: Any) -> None:
        self.calls: list[str] = []
        for client in clients:
            client.meta.events.register("before-send", self._sent)

    def _sent(self, request: Any, **_: Any) -> None:
        self.calls.append(str(request.headers.get("X-Amz-Target", request.url), "ascii").rpartition(".")[2])
