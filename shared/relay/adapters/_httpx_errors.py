"""What httpx may raise, and whether the request had left when it did.

NOT_SENT: no byte of the request reached Holded: nothing was written, ask again. LEFT: it may have been read and applied.
Where httpx cannot tell (a write that broke off half way, a protocol error), the careful answer is LEFT.
"""

from __future__ import annotations

from enum import Enum

import httpx


class Meaning(Enum):
    NOT_SENT = "not_sent"
    LEFT = "left"


MEANINGS: dict[type[Exception], Meaning] = {
    httpx.ConnectTimeout: Meaning.NOT_SENT,
    httpx.ConnectError: Meaning.NOT_SENT,  # DNS, refused, TLS handshake
    httpx.PoolTimeout: Meaning.NOT_SENT,
    httpx.ProxyError: Meaning.NOT_SENT,
    httpx.UnsupportedProtocol: Meaning.NOT_SENT,
    httpx.InvalidURL: Meaning.NOT_SENT,
    httpx.CookieConflict: Meaning.NOT_SENT,
    httpx.RequestNotRead: Meaning.NOT_SENT,
    httpx.WriteTimeout: Meaning.LEFT,
    httpx.WriteError: Meaning.LEFT,
    httpx.ReadTimeout: Meaning.LEFT,
    httpx.ReadError: Meaning.LEFT,
    httpx.CloseError: Meaning.LEFT,
    httpx.LocalProtocolError: Meaning.LEFT,
    httpx.RemoteProtocolError: Meaning.LEFT,
    httpx.ProtocolError: Meaning.LEFT,
    httpx.DecodingError: Meaning.LEFT,
    httpx.TooManyRedirects: Meaning.LEFT,
    httpx.HTTPStatusError: Meaning.LEFT,
    httpx.StreamConsumed: Meaning.LEFT,
    httpx.StreamClosed: Meaning.LEFT,
    httpx.ResponseNotRead: Meaning.LEFT,
    # The bases, should a later httpx raise one of its own: not known is LEFT.
    httpx.TimeoutException: Meaning.LEFT,
    httpx.NetworkError: Meaning.LEFT,
    httpx.TransportError: Meaning.LEFT,
    httpx.RequestError: Meaning.LEFT,
    httpx.HTTPError: Meaning.LEFT,
    httpx.StreamError: Meaning.LEFT,
}

HTTPX_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)
"""What a call may raise; catch it and ask `meaning`."""


def meaning(error: Exception) -> Meaning:
    """The row of the error's own class, else of its nearest base."""
    return next((MEANINGS[kind] for kind in type(error).__mro__ if kind in MEANINGS), Meaning.LEFT)
