"""The sandbox as an ASGI application: HTTP in, the core's exchange out, the control API beside it."""

from __future__ import annotations

import asyncio
import contextlib
from random import Random
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Mount

from holded_sandbox.clock import ScaledClock
from holded_sandbox.control import PREFIX, Control
from holded_sandbox.core import Sandbox
from holded_sandbox.delivery import Courier
from holded_sandbox.wire import Exchange, Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from holded_sandbox.store import Store

_HANG_SECONDS = 120.0  # real time after which a hanging reply's connection is cut, should the client never leave


class ConnectionCutError(ConnectionResetError):
    """What a client without a socket (an in-process transport) sees of a cut connection."""


class _Endpoint:
    """Every path: the core's, or the control API's. A raw ASGI endpoint, because it must be able to cut the connection."""

    def __init__(self, sandbox: Sandbox, clock: ScaledClock, store: Store | None) -> None:
        self._sandbox, self._clock, self._store = sandbox, clock, store
        self._control = Control(sandbox)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, receive)
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=tuple(http.query_params.multi_items()),
            headers={name.lower(): value for name, value in http.headers.items()},
            body=await http.body(),
        )
        exchange = self._carry_out(request)
        if exchange.delay_seconds:
            await asyncio.sleep(self._clock.real_seconds(exchange.delay_seconds))
        if exchange.response is None:
            if exchange.action == "hang":
                await _until_client_leaves(receive)
            await _cut(scope)
            return
        response = _http(exchange.response)
        await response(scope, receive, send)

    def _carry_out(self, request: Request) -> Exchange:
        now = self._clock.now()
        is_control = request.path.startswith(PREFIX + "/")
        if is_control:
            exchange = Exchange(action="reply", response=self._control.handle(request, now))
        else:
            exchange = self._sandbox.handle(request, now)
        if self._store is not None:
            if is_control and request.path == f"{PREFIX}/reset":
                self._store.forget()
            self._store.save(self._sandbox)
        return exchange


def _http(response: Response) -> HttpResponse:
    headers = {name: value for name, value in response.headers.items() if name != "content-type"}
    return HttpResponse(response.body, response.status, headers, media_type=response.headers.get("content-type"))


async def _until_client_leaves(receive: Receive) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_HANG_SECONDS):
            while (await receive())["type"] != "http.disconnect":
                pass


async def _cut(scope: Scope) -> None:
    """Abort the socket under the request; without one, raise what the client's transport would."""
    transport = scope.get("sandbox.transport")
    if transport is None:
        raise ConnectionCutError("the sandbox cut this connection")
    transport.abort()
    await asyncio.sleep(0.01)  # lets the server notice, so that it does not answer a dead connection


class SandboxApp:
    """The ASGI application. `sandbox`, `clock` and `store` are open to whoever embeds it."""

    def __init__(self, sandbox: Sandbox, clock: ScaledClock, store: Store | None, *, deliver: bool) -> None:
        self.sandbox, self.clock, self.store = sandbox, clock, store
        self._deliver = deliver
        self._app = Starlette(routes=[Mount("/", app=_Endpoint(sandbox, clock, store))], lifespan=self._lifespan)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        courier = asyncio.create_task(Courier(self.sandbox, self.clock).run()) if self._deliver else None
        try:
            yield
        finally:
            if courier is not None:
                courier.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await courier
            if self.store is not None:
                self.store.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # uvicorn's `send` is a method of the request cycle, which owns the socket; Starlette wraps it further in.
            scope["sandbox.transport"] = getattr(getattr(send, "__self__", None), "transport", None)
        await self._app(scope, receive, send)


def create_app(
    *, clock: ScaledClock | None = None, seed: int = 0, sqlite: Path | None = None, deliver: bool = True
) -> SandboxApp:
    """A ready sandbox with its default company.

    `clock`: real time by default; `seed`: of ids, credentials and faults; `sqlite`: a file that keeps the state;
    `deliver`: whether the application posts webhooks itself (it needs ASGI lifespan events for that).
    """
    chosen = clock or ScaledClock()
    random = Random(seed)
    sandbox = Sandbox(random)
    store = None
    if sqlite is not None:
        from holded_sandbox.store import Store  # noqa: PLC0415 - SQLite is loaded only when it is asked for

        store = Store(sqlite)
        store.load(sandbox)
        if sandbox.companies:
            random.seed(f"{seed} {chosen.now()}")  # else the ids of its first life would come again
    if not sandbox.companies:
        sandbox.add_default_company(chosen.now())
    if store is not None:
        store.save(sandbox)
    return SandboxApp(sandbox, chosen, store, deliver=deliver)
