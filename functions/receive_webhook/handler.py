"""API Gateway HTTP API (payload 2.0) -> accept -> HTTP answer. `POST /v1/{account}/{source}`."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from relay.services.accept import Accept, Answer

log = logging.getLogger("receive_webhook")


def handle(event: Mapping[str, Any], *, accept: Accept, now: Callable[[], datetime]) -> dict[str, Any]:
    """Answer one delivery. An unreadable body is a 400, never a 500; nothing of an unverified one is logged."""
    where = event.get("pathParameters") or {}
    account, source = where.get("account", ""), where.get("source", "")
    body = _body(event)
    if body is None:
        return _answer(400, "body_not_base64", "")
    answer = accept(account=account, source=source, body=body, headers=event.get("headers") or {}, now=now())
    if answer.status == 200 and answer.inbox_id:
        log.info(json.dumps({"message": f"webhook.{answer.reason}", "account": account, "inbox_id": answer.inbox_id}))
    if answer.trouble:
        log.error(json.dumps({"message": "webhook.not_accepted", "error": answer.trouble}))
    return _from(answer)


def _body(event: Mapping[str, Any]) -> bytes | None:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return bytes(text, "utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _from(answer: Answer) -> dict[str, Any]:
    return _answer(answer.status, answer.reason, answer.inbox_id)


def _answer(status: int, reason: str, inbox_id: str) -> dict[str, Any]:
    content = {"status": reason} | ({"id": inbox_id} if inbox_id else {})
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(content)}
