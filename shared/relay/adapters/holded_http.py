"""The way out to Holded: one request over httpx, deciphered. No retry, no pacing, no redirect, no cookie, no log.

A write never goes out on a used connection: each has its own, opened for it and closed behind it, so no POST can run into
a connection that stood idle while the function was frozen. A connection that cannot be opened is then plainly "not sent".
The price is a TLS handshake a write, some tens of milliseconds that a quota of at most ten writes a second can bear. Reads
share connections for a few seconds; one that died is "ask again".

Cookies are refused because one process serves many accounts: a session cookie of one must not travel with another's call.
"""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from relay.adapters._http_client import HttpClients, exchange, timeout
from relay.adapters._httpx_errors import HTTPX_ERRORS, Meaning, meaning
from relay.errors import BadInput, NotAllowed, OutcomeUnknown, Rejected, RetryAt
from relay.holded.encoding import encode
from relay.holded.limits import minute_retry
from relay.holded.protocol import decipher

if TYPE_CHECKING:
    from datetime import datetime

    from relay.holded.protocol import Reply, Request, T
    from relay.ports.accounts import Credential
    from relay.ports.world import Clock

LARGEST_REPLY = 16 * 1024 * 1024  # a page of 200 documents with many lines stays below 2 MB

AGAIN = timedelta(seconds=10)  # after a connection that could not be opened

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_HEADER_VALUE = re.compile(r"[\x21-\x7e]{1,4096}")


class HoldedHttp:
    def __init__(
        self, *, base_url: str, clock: Clock, transport: httpx.AsyncBaseTransport | None = None, connections: int = 20
    ) -> None:
        """`base_url` is scheme and host: https, or http on this machine. `transport` replaces the network in tests.

        `connections` bounds the calls under way at a time. Raises `BadInput` for a base URL that would send a credential
        in the clear or somewhere else.
        """
        self._base_url = _checked(base_url)
        self._clock = clock
        self._traced = transport is None
        self._clients = HttpClients(connections=connections, transport=transport)

    async def call(self, request: Request[T], credential: Credential, *, timeout_ms: int) -> Reply[T]:
        """Send one request; the whole call takes at most `timeout_ms` of real time.

        Raises `Rejected`, `NotFound`, `NotAllowed`, `RetryAt`, `WaitUntil` and `OutcomeUnknown` as
        `relay.holded.protocol` says, and `BadInput` for a body that has no exact JSON.
        """
        headers = _authorised(request, credential)
        client = self._clients.get(writes=request.writes)
        deadline_s = max(0.001, timeout_ms / 1000)
        sent = _Sent(traced=self._traced)
        outgoing = client.build_request(
            request.method,
            f"{self._base_url}{request.path}",
            params=list(request.query) or None,
            headers=headers,
            content=encode(request) if request.method in {"POST", "PUT"} else None,
            timeout=timeout(deadline_s),
            extensions={"trace": sent.trace},
        )
        try:
            # A reply that drips is ended here.
            async with asyncio.timeout(deadline_s):
                response, content = await exchange(client, outgoing, largest=LARGEST_REPLY)
        except TimeoutError as exc:
            raise self._lost(request, "timeout", left=sent.may_have_left) from exc
        except HTTPX_ERRORS as exc:
            left = meaning(exc) is Meaning.LEFT and sent.may_have_left
            raise self._lost(request, type(exc).__name__, left=left) from None  # its text may quote the URL's query
        if content is None:
            if request.writes:
                raise OutcomeUnknown("reply_too_large")
            raise Rejected("reply_too_large", detail=f"{request.method} {request.path}")
        return decipher(request, response.status_code, response.headers, content, self._now())

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        await self._clients.aclose()

    def _lost(self, request: Request[Any], reason: str, *, left: bool) -> OutcomeUnknown | RetryAt:
        if left and request.writes:
            return OutcomeUnknown("reply_lost", detail=reason)
        now = self._now()
        return RetryAt(
            "reply_lost" if left else "not_sent", retry_at=minute_retry(None, now, otherwise=AGAIN), detail=reason
        )

    def _now(self) -> datetime:
        return self._clock.now()


class _Sent:
    """Whether the request may have begun to leave, by httpcore's trace; a transport without one may have sent it."""

    def __init__(self, *, traced: bool) -> None:
        self.may_have_left = not traced

    async def trace(self, event: str, _: Any) -> None:
        if event.endswith("send_request_headers.started"):
            self.may_have_left = True


def _authorised(request: Request[Any], credential: Credential) -> dict[str, str]:
    secret = credential.token if request.version == "v2" else credential.v1_key
    if not secret:
        raise NotAllowed("credential_missing", detail=f"this account has no {request.version} credential")
    if not _HEADER_VALUE.fullmatch(secret):
        raise NotAllowed(
            "credential_malformed", detail=f"the {request.version} credential holds characters no header may"
        )
    headers = {"authorization": f"Bearer {secret}"} if request.version == "v2" else {"key": secret}
    if request.json is not None:
        headers["content-type"] = "application/json"
    return headers


def _checked(base_url: str) -> str:
    expected = "expected https://host, or http://127.0.0.1:port on this machine"
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, ValueError):  # half a character, or a malformed host
        raise BadInput("base_url_malformed", field="base_url", detail=expected) from None
    bare = url.path in {"", "/"} and not url.query and not url.fragment and not url.userinfo
    safe = url.scheme == "https" or (url.scheme == "http" and url.host in _LOOPBACK)
    if not (url.host and bare and safe):
        raise BadInput("base_url_refused", field="base_url", detail=expected)
    return base_url.rstrip("/")
