"""The sandbox as a process and as an ASGI application: sockets, cut connections, the scaled clock, the SQLite file."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import http.server
import queue
import re
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from holded_sandbox.app import ConnectionCutError, create_app
from holded_sandbox.clock import ScaledClock
from holded_sandbox.seeds import DEFAULT_COMPANY_ID, DEFAULT_TOKEN

AUTH = {"authorization": f"Bearer {DEFAULT_TOKEN}"}
BASE = f"/_sandbox/companies/{DEFAULT_COMPANY_ID}"


@contextlib.contextmanager
def _server(*arguments: str):
    command = [sys.executable, "-m", "holded_sandbox", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert address is not None
        assert DEFAULT_TOKEN in process.stdout.readline()
        with httpx.Client(base_url=address.group(), headers=AUTH, timeout=10, trust_env=False) as client:
            yield client
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
    assert process.returncode in {0, -signal.SIGTERM}  # an orderly end, then the signal's own


@pytest.fixture(scope="module")
def server():
    with _server() as client:
        yield client


def test_the_process_answers_both_apis_and_the_control_api(server):
    assert server.get("/api/v2/usage").json()["limit"] == 7_500
    assert server.get("/api/invoicing/v1/taxes", headers={"key": "0123456789abcdef0123456789abcdef"}).status_code == 200
    assert server.get("/_sandbox/health").json()["ok"] is True
    assert server.delete(f"/api/v2/contacts/{'0' * 24}").status_code == 404


@pytest.mark.parametrize(("kind", "made"), [("reset", 0), ("lose_reply", 1)])
def test_a_cut_connection_is_a_cut_connection(server, kind, made):
    server.post("/_sandbox/reset")
    server.post("/_sandbox/faults", json={"kind": kind})
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        server.post("/api/v2/contacts", json={"name": "x"})

    assert len(server.get("/api/v2/contacts").json()["items"]) == made


def test_a_hanging_reply_is_the_client_s_time_out_after_the_commit(server):
    server.post("/_sandbox/reset")
    server.post("/_sandbox/faults", json={"kind": "hang"})
    with pytest.raises(httpx.ReadTimeout):
        server.post("/api/v2/contacts", json={"name": "x"}, timeout=0.2)

    assert len(server.get("/api/v2/contacts").json()["items"]) == 1


def test_webhooks_arrive_signed_and_are_tried_again_until_acknowledged():
    arrived: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
    answers = iter([500])

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            arrived.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(next(answers, 204))
            self.end_headers()

        def log_message(self, *args):
            pass

    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    try:
        clock = f"{time.time():.0f}:100"  # a hundred times as fast, so that the retry comes at once
        with _server("--clock", clock) as client:
            hook = {"url": f"http://127.0.0.1:{receiver.server_address[1]}/hook", "secret": "whsec_s"}
            client.post(f"{BASE}/webhooks", json=hook)
            client.post("/api/v2/contacts", json={"name": "x"})
            (first, body), (second, _) = arrived.get(timeout=10), arrived.get(timeout=10)
            counters = {}
            while not counters.get("delivered"):
                counters = client.get("/_sandbox/counters").json()[DEFAULT_COMPANY_ID]["webhooks"]
    finally:
        receiver.shutdown()
        receiver.server_close()

    assert first["x-holded-webhook-signature"] == "sha256=" + hmac.new(b"whsec_s", body, hashlib.sha256).hexdigest()
    assert first["x-holded-webhook-id"] == second["x-holded-webhook-id"]
    assert counters["delivered"] == {"contact.create": 1}


def test_the_sqlite_file_keeps_companies_and_documents_over_a_restart(tmp_path):
    file = tmp_path / "sandbox.sqlite"
    with _server("--sqlite", str(file)) as client:
        contact = client.post("/api/v2/contacts", json={"name": "Kept"}).json()["id"]
        gone = client.post("/api/v2/contacts", json={"name": "Gone"}).json()["id"]
        client.delete(f"/api/v2/contacts/{gone}")
        lines = [{"name": "x", "units": 1, "price": 10}]
        invoice = client.post("/api/v2/invoices", json={"contact_id": contact, "items": lines}).json()["id"]
        client.post(f"/api/v2/invoices/{invoice}/approve")
        client.patch(BASE, json={"decimal_style": "dot"})
        company = client.post("/_sandbox/companies", json={"name": "Another"}).json()
    with _server("--sqlite", str(file)) as client:
        other = client.post("/_sandbox/companies", json={"name": "A third"}).json()
        document = client.get(f"/api/v2/invoices/{invoice}").json()
        assert [item["id"] for item in client.get("/api/v2/contacts").json()["items"]] == [contact]
        newer = client.post("/api/v2/contacts", json={"name": "New"}).json()["id"]
        following = client.post("/api/v2/invoices", json={"contact_id": contact, "items": lines}).json()["id"]
        client.post(f"/api/v2/invoices/{following}/approve")
        second = client.get(f"/api/v2/invoices/{following}").json()

    assert document["total"] == "10.00"
    assert newer > invoice  # ids go on growing
    assert (company["id"] != other["id"], company["token"] != other["token"]) == (True, True)
    assert (document["document_number"][-4:], second["document_number"][-4:]) == ("0001", "0002")


def test_arguments_that_cannot_be_read_are_refused():
    for wrong in ("5", "a:b", "0:0"):
        done = subprocess.run(
            [sys.executable, "-m", "holded_sandbox", "--clock", wrong], capture_output=True, text=True, check=False
        )
        assert (done.returncode, "--clock" in done.stderr) == (2, True)


def test_a_scaled_clock_runs_from_its_origin():
    clock = ScaledClock.parse("1000:60")

    assert clock.real_seconds(120) == 2
    assert ScaledClock(0, 2).now() > ScaledClock(0, 1).now()


def test_in_process_clients_see_a_cut_connection_as_an_error_and_everything_else_as_usual():
    app = create_app(deliver=False)

    async def story() -> int:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://holded.test", headers=AUTH) as client:
            await client.post("/_sandbox/faults", json={"kind": "lose_reply"})
            with pytest.raises(ConnectionCutError):
                await client.post("/api/v2/contacts", json={"name": "x"})
            return len((await client.get("/api/v2/contacts?limit=5")).json()["items"])

    assert asyncio.run(story()) == 1
