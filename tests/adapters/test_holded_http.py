"""One call to Holded over httpx: what is sent, what each failure means, and what no call may do."""

import asyncio
import gzip
import inspect
import json
import logging
from datetime import UTC, datetime

import httpx
import pytest

from relay.adapters import holded_http
from relay.adapters._httpx_errors import HTTPX_ERRORS, MEANINGS, Meaning, meaning
from relay.adapters.holded_http import HoldedHttp
from relay.errors import BadInput, NotAllowed, OutcomeUnknown, Rejected, RetryAt
from relay.holded import replies
from relay.holded.protocol import Request
from relay.ports.accounts import Credential

NOW = datetime(2026, 10, 15, 12, tzinfo=UTC)
ID = "5f0000000000000000000001"
READ = Request(
    method="GET", path="/api/v2/contacts/x", reads=replies.contact, query=(("email", "a+b@c.test"), ("email", "d"))
)
WRITE = Request(method="POST", path="/api/v2/contacts", reads=replies.created, json={"name": "Acme"}, writes=True)
V1 = Request(method="GET", path="/api/invoicing/v1/taxes", reads=replies.done, version="v1")
BOTH = Credential(token="pat_secret", v1_key="0123456789abcdef0123456789abcdef")


class FixedClock:
    def now(self):
        return NOW

    async def sleep(self, seconds):
        raise AssertionError("the adapter never sleeps")


def call(handler, request, credential=BOTH, *, timeout_ms=5000):
    async def run():
        api = HoldedHttp(base_url="https://holded.test", clock=FixedClock(), transport=httpx.MockTransport(handler))
        try:
            return await api.call(request, credential, timeout_ms=timeout_ms)
        finally:
            await api.aclose()

    return asyncio.run(run())


def replying(status=200, body=None, **options):
    seen = []

    def handler(request):
        seen.append(request)
        return httpx.Response(status, json=body if body is not None else {"id": ID}, **options)

    handler.seen = seen
    return handler


def test_a_v2_call_carries_the_bearer_the_query_and_the_exact_body():
    read, write = replying(), replying(201)

    call(read, READ)
    reply = call(write, WRITE)

    assert read.seen[0].headers["authorization"] == "Bearer pat_secret"
    assert "key" not in read.seen[0].headers
    assert read.seen[0].url == "https://holded.test/api/v2/contacts/x?email=a%2Bb%40c.test&email=d"
    assert (write.seen[0].content, write.seen[0].headers["content-type"]) == (b'{"name":"Acme"}', "application/json")
    assert reply.value.id == ID


def test_a_v1_call_carries_the_key_and_no_bearer():
    handler = replying(200, [])

    call(handler, V1)

    assert handler.seen[0].headers["key"] == BOTH.v1_key
    assert "authorization" not in handler.seen[0].headers


def test_an_action_without_a_body_says_that_it_has_none():
    handler = replying(200, {})

    call(handler, Request(method="POST", path="/api/v2/invoices/x/approve", reads=replies.done, writes=True))

    assert (handler.seen[0].headers["content-length"], handler.seen[0].content) == ("0", b"")
    assert "content-type" not in handler.seen[0].headers


@pytest.mark.row("C08")
@pytest.mark.parametrize(
    ("request_", "credential", "reason"),
    [
        (V1, Credential(token="pat_x"), "credential_missing"),
        (READ, Credential(token=""), "credential_missing"),
        (READ, Credential(token="pat_x\r\nevil: 1"), "credential_malformed"),
        (READ, Credential(token="pat_ñ"), "credential_malformed"),
    ],
)
def test_a_credential_that_cannot_be_sent_is_told_and_nothing_leaves(request_, credential, reason):
    handler = replying()

    with pytest.raises(NotAllowed) as refused:
        call(handler, request_, credential)

    assert (refused.value.reason, handler.seen) == (reason, [])
    assert "evil" not in str(refused.value)


@pytest.mark.row("C08")
def test_no_cookie_of_one_account_travels_with_another_s_call():
    handler = replying(200, {"id": ID}, headers={"set-cookie": "session=of-account-a; Path=/"})

    async def run():
        api = HoldedHttp(base_url="https://holded.test", clock=FixedClock(), transport=httpx.MockTransport(handler))
        await api.call(READ, BOTH, timeout_ms=1000)
        await api.call(READ, Credential(token="pat_other"), timeout_ms=1000)
        await api.aclose()

    asyncio.run(run())

    assert [("cookie" in request.headers) for request in handler.seen] == [False, False]


@pytest.mark.row("C03")
@pytest.mark.parametrize(("request_", "error"), [(READ, Rejected), (WRITE, OutcomeUnknown)])
def test_a_redirect_is_never_followed(request_, error):
    handler = replying(302, headers={"location": "https://elsewhere.test/"})

    with pytest.raises(error, match="redirected"):
        call(handler, request_)

    assert len(handler.seen) == 1


def every_httpx_error():
    found, queue = set(), list(HTTPX_ERRORS)
    while queue:
        kind = queue.pop()
        found.add(kind)
        queue += kind.__subclasses__()
    return sorted(found, key=lambda kind: kind.__name__)


def test_every_error_httpx_can_raise_has_its_row():
    exported = {
        kind
        for _, kind in inspect.getmembers(httpx, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == "httpx"
    }

    assert set(every_httpx_error()) == set(MEANINGS)
    assert exported <= set(MEANINGS)


def made(kind):
    """An instance, whatever its constructor wants."""
    error = kind.__new__(kind)
    Exception.__init__(error, "maria@example.test")
    return error


@pytest.mark.parametrize("kind", every_httpx_error(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("request_", [READ, WRITE], ids=["read", "write"])
def test_only_a_write_that_may_have_left_is_an_unknown_outcome(kind, request_):
    def handler(_):
        raise made(kind)

    expected = OutcomeUnknown if request_ is WRITE and meaning(made(kind)) is Meaning.LEFT else RetryAt
    with pytest.raises(expected) as raised:
        call(handler, request_)

    assert type(raised.value) is expected
    assert "maria" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_an_error_of_a_later_httpx_counts_as_left():
    class NewError(Exception):
        """Derived from nothing the table knows."""

    assert meaning(NewError("x")) is Meaning.LEFT


@pytest.mark.row("C01")
@pytest.mark.parametrize(
    "url",
    [
        "http://api.holded.com",
        "http://127.0.0.1.evil.test",
        "http://10.0.0.1:8080",
        "ftp://127.0.0.1",
        "https://",
        "https://user:pass@api.holded.com",
        "https://api.holded.com/api",
        "https://api.holded.com?x=1",
        "api.holded.com",
        "",
        "https://api.holded.com/\udcff",
    ],
)
def test_a_base_url_that_would_leak_the_credential_is_refused(url):
    with pytest.raises(BadInput, match="base_url"):
        HoldedHttp(base_url=url, clock=FixedClock(), transport=httpx.MockTransport(replying()))


@pytest.mark.parametrize(
    "url",
    [
        "https://api.holded.com",
        "https://api.holded.com/",
        "http://127.0.0.1:8787",
        "http://[::1]:1",
        "http://localhost:1",
    ],
)
def test_https_and_this_machine_are_accepted(url):
    assert HoldedHttp(base_url=url, clock=FixedClock(), transport=httpx.MockTransport(replying()))


@pytest.mark.row("C07")
@pytest.mark.parametrize(("request_", "error"), [(READ, Rejected), (WRITE, OutcomeUnknown)])
def test_a_reply_larger_than_any_of_holded_s_is_not_read_to_its_end(request_, error, monkeypatch):
    monkeypatch.setattr(holded_http, "LARGEST_REPLY", 1000)
    bomb = gzip.compress(json.dumps({"id": ID, "name": "x" * 1_000_000}).encode())

    with pytest.raises(error, match="reply_too_large"):
        call(
            lambda _: httpx.Response(
                200, content=bomb, headers={"content-encoding": "gzip", "content-type": "application/json"}
            ),
            request_,
        )


class Server:
    """A Holded of bytes on a real socket: answers each connection's requests with a script, and counts connections."""

    def __init__(self, *script):
        self.script, self.connections, self.requests = list(script), 0, 0

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    async def _serve(self, reader, writer):
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length")
                    ),
                    0,
                )
                await reader.readexactly(length)
                self.requests += 1
                await self.script[min(self.requests, len(self.script)) - 1](writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def answer(writer):
    body = json.dumps({"id": ID}).encode()
    writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    )
    await writer.drain()


async def cut(writer):
    writer.transport.abort()
    raise ConnectionResetError


async def cut_half_way(writer):
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n{"id": "5f')
    await writer.drain()
    await cut(writer)


async def drip(writer):
    """A good reply, a byte at a time: each read succeeds at once, all of them take four seconds."""
    body = json.dumps({"id": ID}).encode().rjust(200)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 200\r\n\r\n")
    for position in range(200):
        writer.write(body[position : position + 1])
        await writer.drain()
        await asyncio.sleep(0.02)


def on_a_socket(*script):
    """Run `story(api, server)` against a server on this machine."""

    def run(story):
        async def whole():
            async with Server(*script) as server:
                api = HoldedHttp(base_url=server.url, clock=FixedClock())
                try:
                    return await story(api, server)
                finally:
                    await api.aclose()

        return asyncio.run(whole())

    return run


def test_every_write_has_a_connection_of_its_own_and_reads_share_theirs():
    async def story(api, server):
        for _ in range(3):
            await api.call(READ, BOTH, timeout_ms=5000)
        shared = server.connections
        for _ in range(3):
            await api.call(WRITE, BOTH, timeout_ms=5000)
        return shared, server.connections - shared

    assert on_a_socket(answer)(story) == (1, 3)


@pytest.mark.row("C07")
@pytest.mark.parametrize("fault", [cut, cut_half_way, drip], ids=["reset", "half a reply", "a reply that drips"])
@pytest.mark.parametrize(("request_", "error"), [(READ, RetryAt), (WRITE, OutcomeUnknown)], ids=["read", "write"])
def test_a_reply_that_does_not_come_whole_leaves_a_write_unknown_and_a_read_to_be_asked_again(fault, request_, error):
    async def story(api, server):
        with pytest.raises(error):
            await api.call(request_, BOTH, timeout_ms=400)
        return server.requests

    assert on_a_socket(fault)(story) == 1


@pytest.mark.parametrize("request_", [READ, WRITE], ids=["read", "write"])
def test_a_connection_that_cannot_be_opened_means_nothing_was_sent(request_):
    async def story(api, server):
        server.server.close()
        await server.server.wait_closed()
        with pytest.raises(RetryAt, match="not_sent") as raised:
            await api.call(request_, BOTH, timeout_ms=2000)
        return raised.value.retry_at

    assert on_a_socket(answer)(story) > NOW


@pytest.mark.row("C07")
def test_a_write_that_waits_for_a_connection_in_vain_was_not_sent():
    async def story(_, server):
        hold, reached = asyncio.Event(), asyncio.Event()

        async def hang(_writer):
            reached.set()
            await hold.wait()

        server.script[:] = [hang]
        api = HoldedHttp(base_url=server.url, clock=FixedClock(), connections=1)
        first = asyncio.create_task(api.call(WRITE, BOTH, timeout_ms=600))
        await reached.wait()
        with pytest.raises(RetryAt, match="not_sent"):
            await api.call(WRITE, BOTH, timeout_ms=100)
        with pytest.raises(OutcomeUnknown):
            await first
        hold.set()
        await api.aclose()
        return server.requests

    assert on_a_socket(answer)(story) == 1


def test_one_adapter_serves_one_event_loop_after_the_other():
    handler = replying()
    api = HoldedHttp(base_url="https://holded.test", clock=FixedClock(), transport=httpx.MockTransport(handler))

    for _ in range(2):
        asyncio.run(api.call(READ, BOTH, timeout_ms=1000))

    assert len(handler.seen) == 2


@pytest.mark.row("E04")
def test_nothing_of_a_call_is_logged_whatever_the_level(caplog):
    caplog.set_level(logging.DEBUG)

    async def story(api, server):
        await api.call(READ, BOTH, timeout_ms=5000)
        await api.call(WRITE, BOTH, timeout_ms=5000)

    on_a_socket(answer)(story)

    assert [record.name for record in caplog.records if record.name.startswith("http")] == []
    assert "a+b@c.test" not in caplog.text
    assert "pat_secret" not in caplog.text
