"""How a connection to a host that an operator stored is made: resolved once, judged, and dialled at the address that was judged.

A name that was public when it was stored may lead into our own network when it is asked (DNS rebinding), and a second look-up
could answer otherwise than the first. So the look-up is here, every address it gives must be public, and httpcore is given an
address. TLS begins above this and verifies the name, as ever.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpcore

from relay.errors import Rejected
from relay.providers.addresses import is_public

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

MOST_ADDRESSES = 4


async def resolved(host: str, port: int) -> Sequence[str]:
    """The host's addresses in the order the system would try them. Raises `OSError` where it has none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port)
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


class CheckedDial(httpcore.AsyncNetworkBackend):
    """Under httpx, in place of httpcore's own way to connect. Raises `Rejected` for a host that leads to an address not public."""

    def __init__(
        self,
        *,
        own: Collection[str] = (),
        resolve: Callable[[str, int], Awaitable[Sequence[str]]] = resolved,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        """`own` are literal addresses that may be dialled as they are. `resolve` and `network` are replaced in tests."""
        self._own = frozenset(own)
        self._resolve = resolve
        self._network = network or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = [host] if host in self._own else await self._judged(host, port, within_s=timeout)
        share = None if timeout is None else timeout / len(addresses)
        failed: Exception = httpcore.ConnectError("no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout=share, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failed = exc
        raise failed

    async def _judged(self, host: str, port: int, *, within_s: float | None) -> Sequence[str]:
        """Of all addresses one that is not public is enough: which of them is dialled is not the answer's to choose."""
        try:
            async with asyncio.timeout(within_s):
                addresses = await self._resolve(host, port)
        except TimeoutError as exc:
            raise httpcore.ConnectTimeout("name not resolved in time") from exc
        except (OSError, UnicodeError) as exc:
            raise httpcore.ConnectError("name not resolved") from exc
        if not addresses:
            raise httpcore.ConnectError("name has no address")
        if not all(map(is_public, addresses)):
            detail = "the base URL's host leads to an address that is not of the public internet; nothing was sent"
            raise Rejected("address_refused", detail=detail)
        return addresses[:MOST_ADDRESSES]
