"""The sandbox as an ASGI application: `/<kind>/<shop>/...` is a shop's API, `/control/...` the control API.

While it runs it delivers what its shops owe, once a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import httpx
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Mount

from shop_sandbox.control import PREFIX, Control
from shop_sandbox.core import Shops
from shop_sandbox.shop import KINDS
from shop_sandbox.wire import Request, Response, answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import Receive, Scope, Send

    from shop_sandbox.wire import Post

_POST_SECONDS = 10.0


class _Endpoint:
    def __init__(self, shops: Shops, now: Callable[[], float]) -> None:
        self._shops, self._now = shops, now
        self._control = Control(shops)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, receive)
        headers = {name.lower(): value for name, value in http.headers.items()}
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=tuple(http.query_params.multi_items()),
            headers=headers,
            body=await http.body(),
        )
        response = self._answer(request)
        sent = HttpResponse(response.body, response.status, dict(response.headers))
        await sent(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if request.path.startswith(f"{PREFIX}/"):
            return self._control.handle(request, self._now())
        kind, _, rest = request.path.lstrip("/").partition("/")
        name, _, below = rest.partition("/")
        if kind not in KINDS:
            return answer({"error": "expected /<kind>/<shop>/..."}, 404)
        inner = Request(
            method=request.method,
            path=f"/{below}",
            query=request.query,
            headers=request.headers,
            body=request.body,
        )
        return self._shops.handle(kind, name, inner, self._now())


def create_app(shops: Shops | None = None, *, now: Callable[[], float] = time.time, deliver: bool = True) -> Starlette:
    """The application. `shops` is the core to play, `now` its clock; `deliver` needs ASGI lifespan events."""
    played = shops or Shops()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        courier = asyncio.create_task(_carry(played, now)) if deliver else None
        yield
        if courier is not None:
            courier.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await courier

    return Starlette(routes=[Mount("/", app=_Endpoint(played, now))], lifespan=lifespan)


async def _carry(shops: Shops, now: Callable[[], float]) -> None:
    async with httpx.AsyncClient(timeout=_POST_SECONDS, trust_env=False, follow_redirects=False) as client:

        async def post(one: Post) -> int:
            try:
                return (await client.post(one.url, content=one.body, headers=one.headers)).status_code
            except httpx.HTTPError:
                return 0  # nobody there is a failure like any other

        while True:
            await shops.deliver(now(), post)
            await asyncio.sleep(1)
