"""The way out to Holded: one request over httpx, deciphered. No retry, no pacing, no redirect, no cookie, no log.

A write never goes out on a used connection: each has its own, opened for it and closed behind it, so no POST can run into
a connection that stood idle while the function was frozen. A connection that cannot be opened is then plainly "not sent".
The price is a TLS handshake a write, some tens of milliseconds that a quota of at most ten writes a second can bear. Reads
share connections for `KEEPALIVE_SECONDS`; one that died is "ask again".

Cookies are refused because one process serves many accounts: a session cookie of one must not travel with another's call.
"""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import httpx

from relay.adapters._httpx_errors import HTTPX_ERRORS, Meaning, meaning
from relay.errors import BadInput, NotAllowed, OutcomeUnknown, Rejected, RetryAt
from relay.holded.encoding import encode
from relay.holded.limits import minute_retry
from relay.holded.protocol import decipher

if TYPE_CHECKING:
    from datetime import datetime

    from relay.holded.protocol import Reply, Request, T
    from relay.ports import Clock, Credential

CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0
KEEPALIVE_SECONDS = 5.0
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
        # httpx logs every URL at INFO, and a query may hold a buyer's e-mail; httpcore logs headers at DEBUG.
        for library in ("httpx", "httpcore"):
            logging.getLogger(library).setLevel(logging.WARNING)
        self._base_url = _checked(base_url)
        self._clock = clock
        self._transport = transport
        self._connections = connections
        self._tls = httpx.create_ssl_context(trust_env=False) if transport is None else None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reads: httpx.AsyncClient
        self._writes: httpx.AsyncClient

    async def call(self, request: Request[T], credential: Credential, *, timeout_ms: int) -> Reply[T]:
        """Send one request; the whole call takes at most `timeout_ms` of real time.

        Raises `Rejected`, `NotFound`, `NotAllowed`, `RetryAt`, `WaitUntil` and `OutcomeUnknown` as
        `relay.holded.protocol` says, and `BadInput` for a body that has no exact JSON.
        """
        headers = _authorised(request, credential)
        client = self._client(request)
        deadline_s = max(0.001, timeout_ms / 1000)
        sent = _Sent(traced=self._transport is None)
        outgoing = client.build_request(
            request.method,
            f"{self._base_url}{request.path}",
            params=list(request.query) or None,
            headers=headers,
            content=encode(request) if request.method in {"POST", "PUT"} else None,
            timeout=_timeout(deadline_s),
            extensions={"trace": sent.trace},
        )
        try:
            # httpx bounds each read, not all of them: a reply that drips is ended here.
            async with asyncio.timeout(deadline_s):
                response, content = await _exchange(client, outgoing)
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
        if self._loop is asyncio.get_running_loop():
            self._loop = None
            await self._reads.aclose()
            await self._writes.aclose()

    def _client(self, request: Request[Any]) -> httpx.AsyncClient:
        """Connections belong to an event loop; a warm function may run each invocation on a new one."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._reads = self._new_client(keep=self._connections)
            self._writes = self._new_client(keep=0)
        return self._writes if request.writes else self._reads

    def _new_client(self, *, keep: int) -> httpx.AsyncClient:
        limits = httpx.Limits(
            max_connections=self._connections, max_keepalive_connections=keep, keepalive_expiry=KEEPALIVE_SECONDS
        )
        return httpx.AsyncClient(
            verify=self._tls if self._tls is not None else True,
            transport=self._transport,
            limits=limits,
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            headers={"user-agent": "holded-relay", "accept": "application/json", "accept-encoding": "gzip"},
        )

    def _lost(self, request: Request[Any], reason: str, *, left: bool) -> OutcomeUnknown | RetryAt:
        if left and request.writes:
            return OutcomeUnknown("reply_lost", detail=reason)
        now = self._now()
        return RetryAt(
            "reply_lost" if left else "not_sent", retry_at=minute_retry(None, now, otherwise=AGAIN), detail=reason
        )

    def _now(self) -> datetime:
        return self._clock.now()


async def _exchange(client: httpx.AsyncClient, outgoing: httpx.Request) -> tuple[httpx.Response, bytes | None]:
    """The response and its body; None for a body that is larger than any reply of Holded."""
    response = await client.send(outgoing, stream=True, follow_redirects=False)
    try:
        received = bytearray()
        async for chunk in response.aiter_bytes():
            received += chunk
            if len(received) > LARGEST_REPLY:
                return response, None
        return response, bytes(received)
    finally:
        await response.aclose()


def _timeout(deadline_s: float) -> httpx.Timeout:
    connect = min(CONNECT_SECONDS, deadline_s)
    return httpx.Timeout(min(READ_SECONDS, deadline_s), connect=connect, pool=connect)


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
    except httpx.InvalidURL:
        raise BadInput("base_url_malformed", field="base_url", detail=expected) from None
    bare = url.path in {"", "/"} and not url.query and not url.fragment and not url.userinfo
    safe = url.scheme == "https" or (url.scheme == "http" and url.host in _LOOPBACK)
    if not (url.host and bare and safe):
        raise BadInput("base_url_refused", field="base_url", detail=expected)
    return base_url.rstrip("/")
