"""The way out: one configured host, its own certificate, no proxy, no header and no address of a sender's."""

from __future__ import annotations

import ast
import asyncio
import ipaddress
import json
import ssl
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import get_args, get_type_hints

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.paths import ROOT
from relay.adapters.holded_http import HoldedHttp
from relay.domain.settings import Settings
from relay.errors import BadInput, RetryAt
from relay.holded import replies, requests, requests_products
from relay.holded.protocol import Request
from relay.ports.accounts import Credential

NOW = datetime(2026, 10, 15, 12, tzinfo=UTC)
BOTH = Credential(token="pat_secret", v1_key="0123456789abcdef0123456789abcdef")
READ = Request(method="GET", path="/api/v2/contacts/x", reads=replies.contact)
WRITE = Request(method="POST", path="/api/v2/contacts", reads=replies.created, json={"name": "A"}, writes=True)
SHIPPED = [*sorted((ROOT / "shared" / "relay").rglob("*.py")), *sorted((ROOT / "functions").rglob("*.py"))]


class FixedClock:
    def now(self):
        return NOW

    async def sleep(self, seconds):
        raise AssertionError("the adapter never sleeps")


HOSTILE_IDS = st.sampled_from(
    [
        "//evil.test/x",
        "@evil.test",
        "..",
        "../../v1/documents",
        "x?y=1",
        "x#y",
        "x%2f..%2fy",
        "http://169.254.169.254/latest/meta-data",
        "x\r\nhost: evil.test",
        "[::ffff:127.0.0.1]",
        "0x7f000001",
        "\\evil.test",
        "",
    ]
)
BY_ID = [
    requests.get_contact,
    requests_products.get_product,
    lambda value: requests.get_document("invoice", value),
    lambda value: requests.approve("invoice", value),
]


def sent(request, credential=BOTH):
    """The URL and headers that would leave for Holded."""
    seen = []

    def handler(outgoing):
        seen.append(outgoing)
        return httpx.Response(200, json={"id": "5f0000000000000000000001", "items": []})

    async def run():
        api = HoldedHttp(base_url="https://holded.test", clock=FixedClock(), transport=httpx.MockTransport(handler))
        await asyncio.gather(api.call(request, credential, timeout_ms=1000), return_exceptions=True)
        await api.aclose()

    asyncio.run(run())
    return seen


@pytest.mark.row("C01")
@pytest.mark.parametrize("number", range(len(BY_ID)))
@given(value=st.text(max_size=70) | HOSTILE_IDS)
@settings(max_examples=150, deadline=None)
def test_no_id_or_text_moves_a_request_to_another_host(number, value):
    try:
        request = BY_ID[number](value)
    except BadInput:
        return
    shown = httpx.URL(f"https://holded.test{request.path}")
    plain = BY_ID[number]("x")

    assert (shown.scheme, shown.host, shown.port, shown.userinfo) == ("https", "holded.test", None, b"")
    assert shown.path == plain.path.replace("/x", f"/{value}", 1)  # the id is one segment, and the rest is as it was
    assert (shown.query, shown.fragment) == (b"", "")


@pytest.mark.row("C01")
@pytest.mark.parametrize("value", ["//evil.test", "a&b=c", "x@evil.test?y#z", "é\r\nhost: evil.test"])
def test_no_query_moves_a_request_to_another_host(value):
    (outgoing,) = sent(requests.find_contacts(email=value))

    assert outgoing.url.host == "holded.test"
    assert dict(outgoing.url.params)["email"] == value
    assert outgoing.headers["host"] == "holded.test"


def names(kind, seen=()):
    """Every field of a dataclass and of those inside it."""
    for field in fields(kind):
        yield field.name
        hint = get_type_hints(kind)[field.name]
        for inner in (hint, *get_args(hint)):
            if is_dataclass(inner) and inner not in seen:
                yield from names(inner, (*seen, inner))


@pytest.mark.row("C01")
def test_no_account_setting_can_name_a_host():
    told = set(names(Settings))

    assert {"policy", "anonymous_name", "use"} <= told
    assert {
        name for name in told if any(word in name for word in ("url", "host", "endpoint", "callback", "proxy"))
    } == set()


def certificate(folder, name):
    """A key and a self-signed certificate for `name`, as one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    called = x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([called]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def heard_by_a_server(request, *, pem=None, trusted=None):
    """Call a server on this machine, with TLS where `pem` is given; what it could read, and the error of the call."""

    async def run():
        heard = []

        async def serve(reader, writer):
            heard.append(await reader.read(4096))
            body = json.dumps({"id": "5f0000000000000000000001"}).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
            )
            await writer.drain()
            writer.close()

        context = None
        if pem is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        api = HoldedHttp(base_url=f"{'https' if pem else 'http'}://127.0.0.1:{port}", clock=FixedClock())
        if trusted is not None:
            api._clients._tls = ssl.create_default_context(cafile=str(trusted))
        (error,) = await asyncio.gather(api.call(request, BOTH, timeout_ms=3000), return_exceptions=True)
        await api.aclose()
        server.close()
        await server.wait_closed()
        return b"".join(heard), error

    return asyncio.run(run())


@pytest.mark.row("C02")
@pytest.mark.parametrize("request_", [READ, WRITE], ids=["read", "write"])
@pytest.mark.parametrize("name", ["api.holded.com", "127.0.0.1"])
def test_a_server_without_the_hosts_certificate_hears_nothing(tmp_path, request_, name):
    heard, error = heard_by_a_server(request_, pem=certificate(tmp_path, name))

    assert heard == b""
    assert isinstance(error, RetryAt)  # a write too: it is known that it did not leave
    assert error.reason == "not_sent"


def test_the_same_server_is_heard_where_its_certificate_is_trusted(tmp_path):
    """So the two tests around this one refuse the certificate, and nothing else."""
    own = certificate(tmp_path, "127.0.0.1")
    heard, error = heard_by_a_server(READ, pem=own, trusted=own)

    assert heard.startswith(b"GET /api/v2/contacts/x HTTP/1.1")
    assert not isinstance(error, RetryAt)


@pytest.mark.row("C06")
@pytest.mark.parametrize(
    "variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "PYTHONHTTPSVERIFY"]
)
def test_no_variable_of_the_environment_switches_tls_off(tmp_path, monkeypatch, variable):
    pem = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv(variable, "0" if variable == "PYTHONHTTPSVERIFY" else str(pem))
    heard, error = heard_by_a_server(READ, pem=pem)

    assert heard == b""
    assert isinstance(error, RetryAt)


@pytest.mark.row("C04")
@pytest.mark.parametrize(
    "variable", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
)
def test_a_proxy_of_the_environment_sees_nothing(monkeypatch, variable):
    async def trap():
        caught = []

        async def serve(reader, writer):
            caught.append(await reader.read(4096))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        monkeypatch.setenv(variable, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        heard, error = await asyncio.to_thread(heard_by_a_server, READ)
        server.close()
        await server.wait_closed()
        return caught, heard, error

    caught, heard, error = asyncio.run(trap())

    assert caught == []
    assert heard.startswith(b"GET /api/v2/contacts/x HTTP/1.1\r\n")
    assert not isinstance(error, RetryAt)


OPEN_CONNECTIONS = {
    "shared/relay/adapters/_checked_dial.py",  # a provider's, to an address that was judged
    "shared/relay/adapters/_http_client.py",  # for those of `HTTP_CLIENTS`
    "shared/relay/adapters/clients.py",  # AWS, at its own endpoints or the emulator's
    "shared/relay/cli/stack.py",  # CloudFormation
    "shared/relay/cli/wiring.py",  # `relay send`, to the stack's own URL
}
HTTP_CLIENTS = {
    "shared/relay/adapters/holded_http.py",  # Holded, at the base URL of the deployment
    "shared/relay/adapters/provider_http.py",  # a provider, at the base URL that an operator stored, by `_checked_dial`
}
MAKING = {
    ("httpx", "Client"),
    ("httpx", "AsyncClient"),
    ("httpx", "AsyncHTTPTransport"),
    ("httpcore", "AsyncConnectionPool"),
    ("httpcore", "AnyIOBackend"),
    ("boto3", "client"),
    ("boto3", "resource"),
    ("boto3", "Session"),
}
NEVER = {
    "socket",
    "requests",
    "urllib3",
    "aiohttp",
    "smtplib",
    "ftplib",
    "telnetlib",
    "xmlrpc",
    "urllib.request",
    "http.client",
}
ANY_OTHER = {"open_connection", "create_connection", "urlopen"}


def opens(text):
    """Whether a module can open a connection: makes a client, or imports what has no other use."""
    for node in ast.walk(ast.parse(text)):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        if any(module in NEVER or module.partition(".")[0] in NEVER for module in modules):
            return True
        if isinstance(node, ast.Attribute) and (
            node.attr in ANY_OTHER or (isinstance(node.value, ast.Name) and (node.value.id, node.attr) in MAKING)
        ):
            return True
        if isinstance(node, ast.ImportFrom) and any((node.module, alias.name) in MAKING for alias in node.names):
            return True
    return False


@pytest.mark.row("C05")
def test_only_these_modules_can_open_a_connection():
    opening = {file.relative_to(ROOT).as_posix() for file in SHIPPED if opens(file.read_text("utf-8"))}

    assert opening == OPEN_CONNECTIONS
    served = {file.relative_to(ROOT).as_posix() for file in SHIPPED if "import HttpClients" in file.read_text("utf-8")}
    assert served == HTTP_CLIENTS


@pytest.mark.parametrize(
    "planted",
    [
        "import socket",
        "from urllib.request import urlopen",
        "from urllib import request",
        "import urllib.request",
        "httpx.AsyncClient()",
        "from httpx import AsyncClient",
        "httpcore.AnyIOBackend()",
        "class T(httpx.AsyncHTTPTransport): pass",
        "boto3.client('s3')",
        "await asyncio.open_connection(host, 80)",
    ],
)
def test_a_planted_connection_is_found(planted):
    assert opens(planted)


@pytest.mark.row("C05")
def test_no_published_schema_refers_to_another_host():
    def references(value):
        if isinstance(value, dict):
            yield from (item for key, item in value.items() if key == "$ref")
            for item in value.values():
                yield from references(item)
        elif isinstance(value, list):
            for item in value:
                yield from references(item)

    files = sorted((ROOT / "docs" / "schemas").glob("*.json"))
    found = [ref for file in files for ref in references(json.loads(file.read_text("utf-8")))]

    assert files
    assert found
    assert [ref for ref in found if not ref.startswith("#")] == []


INSECURE = {"_create_unverified_context", "CERT_NONE", "check_hostname"}


def switches_tls_off(text):
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.keyword)
            and node.arg == "verify"
            and isinstance(node.value, ast.Constant)
            and node.value.value is not True
        ):
            yield node.value.lineno
        if isinstance(node, ast.Attribute) and node.attr in INSECURE:
            yield node.lineno


@pytest.mark.row("C06")
def test_no_shipped_code_can_switch_tls_off():
    found = [
        f"{file.relative_to(ROOT)}:{line}" for file in SHIPPED for line in switches_tls_off(file.read_text("utf-8"))
    ]

    assert found == []


@pytest.mark.parametrize(
    "planted", ["httpx.Client(verify=False)", "context.verify_mode = ssl.CERT_NONE", "context.check_hostname = False"]
)
def test_a_planted_switch_is_found(planted):
    assert list(switches_tls_off(planted)) == [1]


@pytest.mark.row("C08")
@pytest.mark.parametrize("value", ["a\r\nauthorization: Bearer evil", "a\nkey: evil", "a\x00b", "Authorization"])
def test_values_with_line_breaks_add_no_header(value):
    outgoing = [
        *sent(requests.find_contacts(email=value)),
        *sent(
            Request(method="POST", path="/api/v2/contacts", reads=replies.created, json={"name": value}, writes=True)
        ),
    ]

    assert len(outgoing) == 2
    assert not [field.name for field in fields(Request) if "header" in field.name]
    for request in outgoing:
        credentials = [name.lower() for name, _ in request.headers.raw if name.lower() in {b"authorization", b"key"}]
        assert credentials == [b"authorization"]
        assert request.headers["authorization"] == "Bearer pat_secret"
        assert b"evil" not in b"".join(held for _, held in request.headers.raw)
