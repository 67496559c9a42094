"""The way of a delivery through the functions' own handlers, in this process, with every call counted.

Run as a process of its own with a function's environment: the handlers read settings and make clients at import. Prints
one JSON line a stage. The bus's rule and the queue's poller are played here; nothing else is.
"""

from __future__ import annotations

import argparse
import json
import queue
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3

from tests.benchmarks.counted import Meter
from tests.benchmarks.machine import ACCOUNT, HOLDED_SECRET, get, post
from tests.benchmarks.orders import api_event, order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BATCH = 10  # deliveries a stream batch, messages a queue batch


@dataclass
class Spent:
    """What one function did in one stage."""

    invocations: int = 0
    ms: float = 0.0
    calls: Counter[str] = field(default_factory=Counter)
    table_units: int = 0
    index_units: int = 0
    read_units: float = 0.0
    writes: int = 0


class Context:
    aws_request_id = "bench"

    def get_remaining_time_in_millis(self) -> int:
        return 90_000


class Road:
    def __init__(self, *, endpoint_url: str, company: str, sandbox_url: str) -> None:
        self._side = boto3.Session().client("dynamodb", endpoint_url=endpoint_url)
        self._sqs = boto3.Session().client("sqs", endpoint_url=endpoint_url)
        self.meter = Meter(self._side)
        self.published: list[str] = []
        self.meter.watch_default_session().register("provide-client-params.events.PutEvents", self._see)
        self._sandbox, self._company = sandbox_url, company
        self.echoes: queue.Queue[tuple[dict[str, str], str]] = queue.Queue()
        self.spent: dict[str, Spent] = {}

    def _see(self, params: dict[str, Any], **_: Any) -> None:
        self.published += [json.loads(entry["Detail"])["id"] for entry in params["Entries"]]

    def step(self, name: str, function: Callable[[], Any]) -> Any:
        self.meter.clear()
        begin = time.perf_counter()
        answer = function()
        spent = self.spent.setdefault(name, Spent())
        spent.ms += (time.perf_counter() - begin) * 1000
        spent.invocations += 1
        spent.calls.update(self.meter.calls)
        spent.table_units += self.meter.table_units
        spent.index_units += self.meter.index_units
        spent.read_units += self.meter.read_units
        spent.writes += self.meter.writes
        return answer

    def accept(self, event: dict[str, Any]) -> str:
        from functions.receive_webhook.main import handler

        answer = self.step("receive_webhook", lambda: handler(event, None))
        assert answer["statusCode"] == 200, answer
        return str(json.loads(answer["body"]).get("id", ""))

    def publish(self, inbox_ids: Sequence[str]) -> list[str]:
        from functions.publish_event.main import handler

        self.published.clear()
        for at in range(0, len(inbox_ids), BATCH):
            records = [
                {
                    "eventName": "INSERT",
                    "dynamodb": {"Keys": {"pk": {"S": f"{ACCOUNT}#{each}"}}, "SequenceNumber": str(number)},
                }
                for number, each in enumerate(inbox_ids[at : at + BATCH])
            ]
            answer = self.step("publish_event", partial(handler, {"Records": records}, None))
            assert not answer["batchItemFailures"], answer
        return [json.dumps({"account": ACCOUNT, "event": ref}) for ref in self.published]

    def write(self, messages: Sequence[str]) -> None:
        from functions.write_holded.main import handler

        for at in range(0, len(messages), BATCH):
            lot = messages[at : at + BATCH]
            records = [{"messageId": str(number), "body": body} for number, body in enumerate(lot)]
            answer = self.step("write_holded", partial(handler, {"Records": records}, Context()))
            assert not answer["batchItemFailures"], answer

    def hints(self) -> None:
        """Holded's own webhooks about what was just written, all the way."""
        ids: list[str] = []
        time.sleep(0.5)
        while not self.echoes.empty():
            headers, body = self.echoes.get()
            event = {"headers": headers, "body": body, "pathParameters": {"account": ACCOUNT, "source": "holded"}}
            ids.append(self.accept(event))
        self.publish([each for each in ids if each])
        self.write(self._woken())

    def _woken(self) -> list[str]:
        found: list[str] = []
        import os

        while True:
            url = os.environ["NORMAL_QUEUE_URL"]
            batch = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            if not batch:
                return found
            for message in batch:
                found.append(message["Body"])
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def stage(self, name: str, numbers: Sequence[int], buyers: Sequence[int]) -> None:
        self.spent = {}
        before = self._counters()
        ids = [
            self.accept(api_event(order(number, buyer=buyer), account=ACCOUNT, number=number))
            for number, buyer in zip(numbers, buyers, strict=True)
        ]
        self.write(self.publish(ids))
        self.hints()
        self.tell(name, len(numbers), before)

    def tell(self, name: str, documents: int, before: Counter[str]) -> None:
        shown = {function: {**vars(spent), "calls": dict(spent.calls)} for function, spent in self.spent.items()}
        calls = self._counters() - before
        print(
            json.dumps({"stage": name, "documents": documents, "holded": dict(calls), "functions": shown}), flush=True
        )

    def _counters(self) -> Counter[str]:
        return Counter(get(f"{self._sandbox}/_sandbox/counters")[self._company]["calls"])

    def invoices(self) -> int:
        return len(get(f"{self._sandbox}/_sandbox/companies/{self._company}/state")["tables"].get("documents", []))

    def listen(self) -> ThreadingHTTPServer:
        echoes = self.echoes

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                echoes.put(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Silent."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        post(f"{self._sandbox}/_sandbox/companies/{self._company}/webhooks", {"url": url, "secret": HOLDED_SECRET})
        return server


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint-url")
    parser.add_argument("--sandbox-url")
    parser.add_argument("--company")
    parser.add_argument("--documents", type=int, default=40)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--settle", action="store_true")
    parser.add_argument("--only-new", action="store_true")
    chosen = parser.parse_args()
    road = Road(endpoint_url=chosen.endpoint_url, company=chosen.company, sandbox_url=chosen.sandbox_url)
    count, first = chosen.documents, chosen.first
    if chosen.settle:
        before = road._counters()
        road.write([json.dumps({"account": ACCOUNT})])
        road.tell("settlement", 0, before)
        return
    server = road.listen()
    if not chosen.only_new:
        road.stage("warm-up", [first], [first])
        road.stage("known contact, draft", range(first + 1, first + 1 + count), [first] * count)
        first += count + 1
        road.meter.images = False
        road.stage("timed", range(first, first + count), [chosen.first] * count)
        road.meter.images = True
        first += count
    road.stage("new contact", range(first, first + count), range(first, first + count))
    server.shutdown()


if __name__ == "__main__":
    main()
