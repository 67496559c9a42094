"""Whom a provider's stored host leads to: the name is resolved once, all its addresses are judged, one of these is dialled."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime

import httpcore
import httpx
import pytest

from relay.adapters._checked_dial import CheckedDial, resolved
from relay.adapters.provider_http import ProviderHttp
from relay.errors import OutcomeUnknown, Rejected, RetryAt
from relay.ports.providers import ProviderCredential
from relay.providers import shopify
from relay.providers.protocol import Window
from tests.attacks.test_outbound import certificate

NOW = datetime(2026, 10, 15, 12, tzinfo=UTC)
HOST = "shop.example"
PUBLIC, ANOTHER = "93.184.215.14", "2606:4700::1111"
HELD = ProviderCredential(source="shopify", base_url=f"https://{HOST}", token="shpat_secret")
READ = shopify.page("orders", Window(since=NOW, until=NOW), "")
WRITE = shopify.create(("orders/paid",), url="https://relay.example/v1/acme/shopify", secret="s")
CALLS = pytest.mark.parametrize("request_", [READ, WRITE], ids=["read", "write"])


class FixedClock:
    def now(self):
        return NOW


class Network(httpcore.AsyncNetworkBackend):
    """Dials this machine for every address, if `port` is given; knows which it was asked to dial."""

    def __init__(self, port=None, dead=()):
        self.dialled, self.port, self.dead = [], port, dead

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):  # noqa: ASYNC109  # httpcore's signature
        self.dialled.append(host)
        if self.port is None or host in self.dead:
            raise httpcore.ConnectError("away")
        return await httpcore.AnyIOBackend().connect_tcp("127.0.0.1", self.port, timeout=timeout)


class Dns:
    """One answer after the other; the last one stays."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    async def __call__(self, host, port):
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def called(request, dial, *, trusted=None, held=HELD, times=1, **options):
    api = ProviderHttp(clock=FixedClock(), dial=dial, **options)
    if trusted is not None:
        api._clients._tls = ssl.create_default_context(cafile=str(trusted))
    done = [
        (await asyncio.gather(api.call(request, held, timeout_ms=3000), return_exceptions=True))[0]
        for _ in range(times)
    ]
    await api.aclose()
    return done


def call(request, dns, network, **options):
    (done,) = asyncio.run(called(request, CheckedDial(resolve=dns, network=network), **options))
    return done


def over_tls(
    request, dns, pem, *, times=1, held=HELD, dead=(), close=True, reply=b"HTTP/1.1 200 OK\r\n", body=b'{"orders": []}'
):
    """Call a TLS server on this machine that stands behind every public address: what it heard, what was dialled, what came."""

    async def run():
        heard = []

        async def serve(reader, writer):
            while head := await reader.read(8192):
                heard.append(head)
                writer.write(reply + b"content-length: %d\r\n\r\n%s" % (len(body), body))
                await writer.drain()
                if close:
                    break
            writer.close()

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        network = Network(server.sockets[0].getsockname()[1], dead)
        done = await called(request, CheckedDial(resolve=dns, network=network), trusted=pem, times=times, held=held)
        server.close()
        await server.wait_closed()
        return heard, network.dialled, done

    return asyncio.run(run())


@pytest.mark.row("C01", "C02")
@CALLS
@pytest.mark.parametrize(
    "answer",
    [("127.0.0.1",), ("169.254.169.254",), (PUBLIC, "10.0.0.1"), ("::1", PUBLIC), ("::ffff:10.0.0.1",), ("fe80::1%eth0",),
     ("64:ff9b::a00:1",), ("2002:7f00:1::",), ("fd00:ec2::254",), ("0.1.2.3",), ("no address",)],
)  # fmt: skip
def test_a_name_that_leads_to_an_address_not_public_is_not_dialled(answer, request_):
    network = Network()
    error = call(request_, Dns(answer), network)

    assert isinstance(error, Rejected)
    assert error.reason == "address_refused"
    assert network.dialled == []
    assert not any(word in repr(error) for word in ("shpat", HOST, *answer))


@pytest.mark.row("C02")
@CALLS
def test_a_name_that_leads_elsewhere_the_second_time_is_dialled_where_it_was_judged(request_):
    dns, network = Dns((PUBLIC,), ("169.254.169.254",)), Network()
    call(request_, dns, network)
    again = call(request_, dns, network)

    assert (dns.asked, network.dialled) == ([HOST, HOST], [PUBLIC])  # one look-up a connection, and none after it
    assert again.reason == "address_refused"


@pytest.mark.row("C02", "C06")
def test_the_certificate_must_be_the_names_and_not_the_addresss(tmp_path):
    heard, dialled, (reply,) = over_tls(READ, Dns((PUBLIC,)), certificate(tmp_path, HOST))
    assert dialled == [PUBLIC]
    assert b"host: shop.example" in heard[0].lower()
    assert reply.value.items == ()

    for name in (PUBLIC, "other.example"):
        heard, dialled, (error,) = over_tls(READ, Dns((PUBLIC,)), certificate(tmp_path, name))
        assert (heard, dialled) == ([], [PUBLIC])
        assert error.reason == "not_sent"


@pytest.mark.row("C02")
def test_two_names_at_one_address_share_no_connection(tmp_path):
    """A connection is the name's whose certificate was verified, though another name leads to the same address."""
    pem = certificate(tmp_path, HOST)
    dns = Dns((PUBLIC,))

    async def run():
        heard = []

        async def serve(reader, writer):
            while head := await reader.read(8192):
                heard.append(head)
                writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{"orders": []}')
                await writer.drain()
            writer.close()

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        network = Network(server.sockets[0].getsockname()[1])
        api = ProviderHttp(clock=FixedClock(), dial=CheckedDial(resolve=dns, network=network))
        api._clients._tls = ssl.create_default_context(cafile=str(pem))
        other = ProviderCredential(source="shopify", base_url="https://other.example", token="shpat_other")
        await api.call(READ, HELD, timeout_ms=3000)
        await api.call(READ, HELD, timeout_ms=3000)
        (error,) = await asyncio.gather(api.call(READ, other, timeout_ms=3000), return_exceptions=True)
        await api.aclose()
        server.close()
        await server.wait_closed()
        return heard, error

    heard, error = asyncio.run(run())

    assert len(heard) == 2
    assert dns.asked == [HOST, "other.example"]  # the second read went over the first one's connection
    assert error.reason == "not_sent"
    assert b"shpat_other" not in b"".join(heard)


@pytest.mark.row("C03")
@CALLS
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_a_provider_leads_nowhere(tmp_path, request_, status):
    reply = b"HTTP/1.1 %d Go\r\nlocation: http://169.254.169.254/latest/meta-data\r\n" % status
    dns = Dns((PUBLIC,))
    heard, dialled, (error,) = over_tls(request_, dns, certificate(tmp_path, HOST), reply=reply, body=b"")

    assert isinstance(error, Rejected)
    assert error.reason == "redirected"
    assert (len(heard), dialled, dns.asked) == (1, [PUBLIC], [HOST])


@pytest.mark.row("C04")
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_does_not_stand_before_the_check(monkeypatch, variable):
    monkeypatch.setenv(variable, "http://10.0.0.1:3128")
    network = Network()
    call(READ, Dns((PUBLIC,)), network)

    assert network.dialled == [PUBLIC]


def test_the_next_address_is_tried_where_one_does_not_answer(tmp_path):
    heard, dialled, _ = over_tls(READ, Dns((ANOTHER, PUBLIC)), certificate(tmp_path, HOST), dead=(ANOTHER,))

    assert dialled == [ANOTHER, PUBLIC]
    assert len(heard) == 1


@CALLS
@pytest.mark.parametrize("answer", [OSError("no such host"), TimeoutError(), (), UnicodeError("label too long")])
def test_a_name_without_an_address_was_not_asked(answer, request_):
    network = Network()
    error = call(request_, Dns(answer), network)

    assert isinstance(error, RetryAt)
    assert not isinstance(error, OutcomeUnknown)
    assert (error.reason, network.dialled) == ("not_sent", [])


@pytest.mark.row("C02")
def test_the_networks_own_answer_is_judged_where_nothing_is_replaced():
    assert "127.0.0.1" in asyncio.run(resolved("localhost", 443))
    network = Network()
    with pytest.raises(Rejected, match="address_refused"):
        asyncio.run(CheckedDial(network=network).connect_tcp("localhost", 443, timeout=3))
    assert network.dialled == []


@pytest.mark.row("C02", "C05")
@pytest.mark.parametrize("local", [False, True])
def test_every_client_of_a_provider_dials_so(local):
    async def run():
        api = ProviderHttp(clock=FixedClock(), local=local)
        dials = [api._clients.get(writes=writes)._transport._pool._network_backend for writes in (False, True)]
        await api.aclose()
        return dials

    dials = asyncio.run(run())

    assert [type(dial) for dial in dials] == [CheckedDial, CheckedDial]
    assert {dial._own for dial in dials} == {frozenset({"127.0.0.1"} if local else ())}


def test_this_machine_is_dialled_in_local_mode():
    held = ProviderCredential(source="shopify", base_url="http://127.0.0.1:9", token="shpat_secret")
    dns, network = Dns(("10.0.0.1",)), Network()
    dial = CheckedDial(own=("127.0.0.1",), resolve=dns, network=network)
    (error,) = asyncio.run(called(READ, dial, held=held, local=True))

    assert error.reason == "not_sent"
    assert (network.dialled, dns.asked) == (["127.0.0.1"], [])
    assert isinstance(error, RetryAt)


def test_a_pool_of_httpx_is_what_it_is_without_a_dial_of_ours():
    """`_Dialled` makes httpx's pool anew: what httpx gives it beside our own arguments is httpcore's default."""
    plain = httpx.AsyncHTTPTransport(trust_env=False)._pool
    bare = httpcore.AsyncConnectionPool(ssl_context=plain._ssl_context)

    settings = ("_proxy", "_http1", "_http2", "_retries", "_local_address", "_uds", "_socket_options")
    assert {name: getattr(plain, name) for name in settings} == {name: getattr(bare, name) for name in settings}
