"""The way out to shops and payment providers: one request over httpx, deciphered. No retry, no pacing, no redirect, no log.

As `relay.adapters.holded_http` and for its reasons: a write has a connection of its own, cookies are refused, and what httpx
says of an error is not repeated, since it may quote a URL. Whom to call stands in a stored credential and not in the deployment,
so the host is judged when it is stored, and each address when it is dialled.
"""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from relay.adapters._checked_dial import CheckedDial
from relay.adapters._http_client import HttpClients, exchange, timeout
from relay.adapters._httpx_errors import HTTPX_ERRORS, Meaning, meaning
from relay.errors import BadInput, NotAllowed, OutcomeUnknown, Rejected, RetryAt
from relay.providers import registry
from relay.providers.addresses import may_be_public
from relay.providers.protocol import decipher

if TYPE_CHECKING:
    from relay.ports.providers import ProviderCredential
    from relay.ports.world import Clock
    from relay.providers.protocol import Reply, Request, T

LARGEST_REPLY = 32 * 1024 * 1024  # 250 orders with many lines are 5 MB

AGAIN = timedelta(seconds=10)

_HEADER_VALUE = re.compile(r"[\x20-\x7e]{1,4096}")
_LOCAL_HOST = "127.0.0.1"


class ProviderHttp:
    """`relay.ports.providers.ProviderApi`."""

    def __init__(
        self,
        *,
        clock: Clock,
        local: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
        dial: CheckedDial | None = None,
    ) -> None:
        """`local`: this machine's own providers may be asked over http. `transport` and `dial` replace the network in tests."""
        self._clock = clock
        self._local = local
        self._clients = HttpClients(transport=transport, dial=dial or CheckedDial(own=(_LOCAL_HOST,) if local else ()))

    async def call(self, request: Request[T], credential: ProviderCredential, *, timeout_ms: int) -> Reply[T]:
        """Send one request; the whole call takes at most `timeout_ms` of real time. Raises as `relay.providers.protocol` says."""
        base = checked(credential.base_url, local=self._local)
        headers = _authorised(credential)
        client = self._clients.get(writes=request.writes)
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
            timeout=timeout(deadline_s),
            **content,
        )
        try:
            async with asyncio.timeout(deadline_s):
                response, body = await exchange(client, outgoing, largest=LARGEST_REPLY)
        except TimeoutError:
            raise self._lost(request, "timeout", left=True) from None
        except HTTPX_ERRORS as exc:
            raise self._lost(request, type(exc).__name__, left=meaning(exc) is Meaning.LEFT) from None
        if body is None:
            if request.writes:
                raise OutcomeUnknown("reply_too_large")
            raise Rejected("reply_too_large", detail=f"{request.method} {request.path}")
        return decipher(request, response.status_code, response.headers, body, self._clock.now())

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        await self._clients.aclose()

    def _lost(self, request: Request[Any], reason: str, *, left: bool) -> OutcomeUnknown | RetryAt:
        if left and request.writes:
            return OutcomeUnknown("reply_lost", detail=reason)
        return RetryAt("reply_lost" if left else "not_sent", retry_at=self._clock.now() + AGAIN, detail=reason)


def _authorised(credential: ProviderCredential) -> dict[str, str]:
    """Raises `NotAllowed` for a token that no header may hold, without repeating it."""
    if not _HEADER_VALUE.fullmatch(credential.token):
        raise NotAllowed("credential_malformed", detail=f"the {credential.source} token holds what no header may")
    return registry.get(credential.source).headers(credential.token)


def checked(base_url: str, *, local: bool) -> str:
    """The base URL without its last slash. Raises `BadInput` unless it is https to a host that `may_be_public`, or in local mode
    this machine, over http too.
    """
    expected = "expected https://host" + (f", or http://{_LOCAL_HOST}:port" if local else "")
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, ValueError):  # half a character, or a malformed host
        raise BadInput("base_url_malformed", field="base_url", detail=expected) from None
    bare = not url.query and not url.fragment and not url.userinfo
    here = local and url.host == _LOCAL_HOST
    if not (url.host and bare and (url.scheme == "https" or (here and url.scheme == "http"))):
        raise BadInput("base_url_refused", field="base_url", detail=expected)
    if not here and not may_be_public(url.host):
        detail = "the host is no full name and no address of the public internet"
        raise BadInput("base_url_not_public", field="base_url", detail=f"{detail}; {expected}")
    return base_url.rstrip("/")
