"""The way out to shops and payment providers: one request over httpx, deciphered. No retry, no pacing, no redirect, no log.

As `relay.adapters.holded_http` and for its reasons: a write has a connection of its own, cookies are refused, and what httpx
says of an error is not repeated, since it may quote a URL.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import httpx

from relay.adapters._httpx_errors import HTTPX_ERRORS, Meaning, meaning
from relay.errors import BadInput, NotAllowed, OutcomeUnknown, Rejected, RetryAt
from relay.providers import registry
from relay.providers.protocol import decipher

if TYPE_CHECKING:
    from relay.ports import Clock, ProviderCredential
    from relay.providers.protocol import Reply, Request, T

CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0
KEEPALIVE_SECONDS = 5.0
LARGEST_REPLY = 32 * 1024 * 1024  # 250 orders with many lines are 5 MB

AGAIN = timedelta(seconds=10)

_HEADER_VALUE = re.compile(r"[\x20-\x7e]{1,4096}")
_LOCAL_HOST = "127.0.0.1"


class ProviderHttp:
    """`relay.ports.ProviderApi`."""

    def __init__(self, *, clock: Clock, local: bool = False, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """`local`: this machine's own providers may be asked over http. `transport` replaces the network in tests."""
        for library in ("httpx", "httpcore"):
            logging.getLogger(library).setLevel(logging.WARNING)
        self._clock = clock
        self._local = local
        self._transport = transport
        self._tls = httpx.create_ssl_context(trust_env=False) if transport is None else None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reads: httpx.AsyncClient
        self._writes: httpx.AsyncClient

    async def call(self, request: Request[T], credential: ProviderCredential, *, timeout_ms: int) -> Reply[T]:
        """Send one request; the whole call takes at most `timeout_ms` of real time. Raises as `relay.providers.protocol` says."""
        base = checked(credential.base_url, local=self._local)
        headers = _authorised(credential)
        client = self._client(writes=request.writes)
        deadline_s = max(0.001, timeout_ms / 1000)
        content: dict[str, Any] = {}
        if request.json is not None:
            headers["content-type"] = "application/json"
            content["content"] = json.dumps(request.json).encode()
        elif request.form:
            headers["content-type"] = "application/x-www-form-urlencoded"
            content["content"] = str(httpx.QueryParams(list(request.form))).encode()
        outgoing = client.build_request(
            request.method,
            f"{base}{request.path}",
            params=list(request.query) or None,
            headers=headers,
            timeout=_timeout(deadline_s),
            **content,
        )
        try:
            async with asyncio.timeout(deadline_s):
                response, body = await _exchange(client, outgoing)
        except TimeoutError:
            raise self._lost(request, "timeout", left=True) from None
        except HTTPX_ERRORS as exc:
            raise self._lost(request, type(exc).__name__, left=meaning(exc) is Meaning.LEFT) from None
        if body is None:
            raise Rejected("reply_too_large", detail=f"{request.method} {request.path}")
        return decipher(request, response.status_code, response.headers, body, self._clock.now())

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        if self._loop is asyncio.get_running_loop():
            self._loop = None
            await self._reads.aclose()
            await self._writes.aclose()

    def _client(self, *, writes: bool) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._reads, self._writes = self._new_client(keep=10), self._new_client(keep=0)
        return self._writes if writes else self._reads

    def _new_client(self, *, keep: int) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=20, max_keepalive_connections=keep, keepalive_expiry=KEEPALIVE_SECONDS)
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
        return RetryAt("reply_lost" if left else "not_sent", retry_at=self._clock.now() + AGAIN, detail=reason)


async def _exchange(client: httpx.AsyncClient, outgoing: httpx.Request) -> tuple[httpx.Response, bytes | None]:
    """The response and its body; None for one that is larger than any list should be."""
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


def _authorised(credential: ProviderCredential) -> dict[str, str]:
    """Raises `NotAllowed` for a token that no header may hold, without repeating it."""
    if not _HEADER_VALUE.fullmatch(credential.token):
        raise NotAllowed("credential_malformed", detail=f"the {credential.source} token holds what no header may")
    return registry.get(credential.source).headers(credential.token)


def checked(base_url: str, *, local: bool) -> str:
    """The base URL without its last slash. Raises `BadInput` unless it is https, or http to this machine in local mode."""
    expected = "expected https://host" + (f", or http://{_LOCAL_HOST}:port" if local else "")
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        raise BadInput("base_url_malformed", field="base_url", detail=expected) from None
    bare = not url.query and not url.fragment and not url.userinfo
    safe = url.scheme == "https" or (local and url.scheme == "http" and url.host == _LOCAL_HOST)
    if not (url.host and bare and safe):
        raise BadInput("base_url_refused", field="base_url", detail=expected)
    return base_url.rstrip("/")
