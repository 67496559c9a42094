"""The httpx clients of an adapter: two for each event loop, reads that share connections and writes that share none.

Connections belong to an event loop, and a warm function may run each invocation on a new one. No redirect, no cookie, no
proxy of the environment, no log: one process serves many accounts, and what one of them is told is no other's.
"""

from __future__ import annotations

import asyncio
import logging
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl

CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0
KEEPALIVE_SECONDS = 5.0


class HttpClients:
    def __init__(
        self,
        *,
        connections: int = 20,
        transport: httpx.AsyncBaseTransport | None = None,
        dial: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        """`connections` bounds the calls under way at a time, `dial` makes each connection. `transport` replaces the network in tests."""
        # httpx logs every URL at INFO, and a query may hold a buyer's e-mail; httpcore logs headers at DEBUG.
        for library in ("httpx", "httpcore"):
            logging.getLogger(library).setLevel(logging.WARNING)
        self._connections = connections
        self._transport = transport
        self._dial = dial
        self._tls = httpx.create_ssl_context(trust_env=False) if transport is None else None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reads: httpx.AsyncClient
        self._writes: httpx.AsyncClient

    def get(self, *, writes: bool) -> httpx.AsyncClient:
        """The client of the running loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._reads, self._writes = self._new(keep=self._connections), self._new(keep=0)
        return self._writes if writes else self._reads

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        if self._loop is asyncio.get_running_loop():
            self._loop = None
            await self._reads.aclose()
            await self._writes.aclose()

    def _new(self, *, keep: int) -> httpx.AsyncClient:
        limits = httpx.Limits(
            max_connections=self._connections, max_keepalive_connections=keep, keepalive_expiry=KEEPALIVE_SECONDS
        )
        transport = self._transport
        if transport is None and self._dial is not None and self._tls is not None:
            transport = _Dialled(tls=self._tls, limits=limits, dial=self._dial)
        return httpx.AsyncClient(
            verify=self._tls if self._tls is not None else True,
            transport=transport,
            limits=limits,
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            headers={"user-agent": "holded-relay", "accept": "application/json", "accept-encoding": "gzip"},
        )


class _Dialled(httpx.AsyncHTTPTransport):
    """Httpx has no setting for how a connection is made; httpcore's pool below it has."""

    def __init__(self, *, tls: ssl.SSLContext, limits: httpx.Limits, dial: httpcore.AsyncNetworkBackend) -> None:
        super().__init__(verify=tls, trust_env=False, limits=limits)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=dial,
        )


async def exchange(
    client: httpx.AsyncClient, outgoing: httpx.Request, *, largest: int
) -> tuple[httpx.Response, bytes | None]:
    """The response and its body; None for a body of more than `largest` bytes, of which no more is read."""
    response = await client.send(outgoing, stream=True, follow_redirects=False)
    try:
        received = bytearray()
        async for chunk in response.aiter_bytes():
            received += chunk
            if len(received) > largest:
                return response, None
        return response, bytes(received)
    finally:
        await response.aclose()


def timeout(deadline_s: float) -> httpx.Timeout:
    """Httpx bounds each read, not all of them: whoever calls bounds the whole with `asyncio.timeout`."""
    connect = min(CONNECT_SECONDS, deadline_s)
    return httpx.Timeout(min(READ_SECONDS, deadline_s), connect=connect, pool=connect)
