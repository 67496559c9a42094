"""AWS as it is on a bad day: a proxy between the functions and the emulator that throttles, fails and loses replies.

Only the functions are sent through it (their `AWS_ENDPOINT_URL_*`); whoever looks at the tables goes straight.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

from infra.local.processes import HOST, free_port
from tests.e2e.faults import AWS_FAULTS

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

_THROTTLED = {
    "DynamoDB": "ProvisionedThroughputExceededException",
    "AmazonSQS": "RequestThrottled",
    "AWSEvents": "ThrottlingException",
}
_LONGEST_HEAD = 2**20


class UnrulyAws:
    """`share` of the calls, 0.0 to 1.0 and changeable at any time, meet a fault; `struck` counts them by kind.

    A call that is throttled or answered with a 500 was not carried out; one whose reply is lost was.
    """

    def __init__(self, *, seed: int) -> None:
        self.share = 0.0
        self.calls = 0
        self.struck: Counter[str] = Counter()
        self.upstream_port = 0
        self._port = free_port()
        self._random = Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="unruly-aws")

    @property
    def environment(self) -> dict[str, str]:
        """What makes the SDK of a function come here (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html)."""
        services = ("DYNAMODB", "SQS", "EVENTBRIDGE")
        return {f"AWS_ENDPOINT_URL_{name}": f"http://{HOST}:{self._port}" for name in services}

    def start(self, *, upstream_port: int) -> None:
        self.upstream_port = upstream_port
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(timeout=10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._leave(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self._port, limit=_LONGEST_HEAD)

    async def _leave(self) -> None:
        self._server.close()
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        there: StreamReader | None = None
        onward: StreamWriter | None = None
        try:
            while True:
                headers, request = await _message(reader)
                fault = self._fault()
                if fault in {"aws_throttled", "aws_error"}:
                    answer = _refusal(headers.get("x-amz-target", ""), throttled=fault == "aws_throttled")
                else:
                    if onward is not None and there is not None and there.at_eof():
                        onward.close()  # the emulator closes what stands idle
                        onward = None
                    if there is None or onward is None:
                        there, onward = await asyncio.open_connection(HOST, self.upstream_port, limit=_LONGEST_HEAD)
                    onward.write(request)
                    _, answer = await _message(there)
                if fault == "aws_reply_lost":
                    break  # carried out, and nobody hears of it
                writer.write(answer)
                await writer.drain()
        except (OSError, EOFError):
            pass  # one of the two has gone: so does the other
        finally:
            for each in (onward, writer):
                if each is not None:
                    each.close()
                    with suppress(OSError):
                        await each.wait_closed()

    def _fault(self) -> str:
        self.calls += 1
        if self._random.random() >= self.share:
            return ""
        kind = self._random.choice(AWS_FAULTS)
        self.struck[kind] += 1
        return kind


async def _message(reader: StreamReader) -> tuple[dict[str, str], bytes]:
    """Headers in lower case, and the whole message as it came. Raises `IncompleteReadError` at the connection's end."""
    raw = await reader.readuntil(b"\r\n\r\n")
    lines = raw.decode("latin-1").split("\r\n")[1:]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    if headers.get("transfer-encoding") == "chunked":
        while True:
            size = await reader.readuntil(b"\r\n")
            chunk = await reader.readexactly(int(size, 16) + 2)
            raw += size + chunk
            if int(size, 16) == 0:
                return headers, raw
    return headers, raw + await reader.readexactly(int(headers.get("content-length", 0)))


def _refusal(target: str, *, throttled: bool) -> bytes:
    service = target.partition("_")[0].partition(".")[0]
    code = _THROTTLED.get(service, "ThrottlingException") if throttled else "InternalServerError"
    body = json.dumps({"__type": code, "message": "a bad day"}).encode()
    status = "400 Bad Request" if throttled else "500 Internal Server Error"
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body
