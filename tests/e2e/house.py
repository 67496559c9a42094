"""The whole house on this machine, for tests: the deployed stack, Holded's sandbox in a file, and the `relay` command.

Everything goes in as its users do it: companies through the sandbox's control API, accounts, deliveries and questions
through the command line, webhooks over HTTP. Only the waiting looks into the tables, with the relay's own adapters.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx

from infra.local.processes import HOST, Server, free_port
from infra.local.run import LocalStack
from relay.cli import stack as stacks
from relay.cli.wiring import wire
from relay.domain.ledger import STANDING, Key
from relay.services.rows import PURPOSES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from relay.domain.ledger import State
    from tests.e2e.unruly import UnrulyAws

SCALE = 30.0
"""Relay and sandbox live half a minute in a second: what the sweeper looks for after five minutes is there in ten seconds."""
PATIENCE_SECONDS = 180.0  # of a busy machine; nobody waits longer than it takes
RELAY = str(Path(sys.executable).with_name("relay"))
UNFINISHED: tuple[State, ...] = ("waiting", "sent", "unknown")
T = TypeVar("T")


def until(look: Callable[[], T], what: str, *, seconds: float = PATIENCE_SECONDS) -> T:
    """What `look` finds as soon as it is true. Fails with `what` and the last thing seen."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"still waiting after {seconds:.0f} s: {what}; last seen {found!r}"
        time.sleep(0.1)
    return found


class House:
    """`with House(folder) as house`: everything started is ended with it.

    `unruly` stands between the functions and the emulator; with `persist` the emulator may be restarted.
    """

    def __init__(self, folder: Path, *, unruly: UnrulyAws | None = None, persist: bool = False) -> None:
        self._unruly = unruly
        self._folder = folder
        self._http = httpx.Client(timeout=60, trust_env=False)
        url = f"http://{HOST}:{(port := free_port())}"
        (folder / ".local").mkdir()
        self.stack = LocalStack(
            scale=SCALE,
            settle_seconds=60,
            holded_url=url,
            shops=True,
            persist=persist,
            environment=unruly.environment if unruly else None,
            description=folder / ".local" / "stack.json",
        )
        command = [sys.executable, "-m", "holded_sandbox", "--port", str(port), "--clock", self.stack.clock]
        self.sandbox = Server(
            [*command, "--sqlite", str(folder / "holded.sqlite")],
            environment=dict(os.environ),
            log=folder / "sandbox.log",
            ready_url=url,
        )

    def __enter__(self) -> Self:
        self.sandbox.start()
        try:
            if self._unruly:
                self._unruly.start(upstream_port=self.stack.emulator.port)
            self.stack.start()
        except BaseException:
            self.sandbox.stop()
            raise
        found = stacks.find(local=True, name=None, environ={}, folder=self._folder)
        self.world = wire(found, who="tests")
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stack.stop()
        self.sandbox.stop()
        if self._unruly:
            self._unruly.stop()
        self.world.post.close()
        self._http.close()

    def relay(
        self, *arguments: str, env: Mapping[str, str] | None = None, code: int | None = 0, as_json: bool = True
    ) -> Any:
        """Run the `relay` command as a user in the folder of the running stack would; its JSON, or its text.

        It must end with `code`; None takes any.
        """
        command = [RELAY, *arguments, *(["--json"] if as_json else [])]
        done = subprocess.run(
            command, cwd=self._folder, env=os.environ | (env or {}), capture_output=True, text=True, check=False
        )
        assert code is None or done.returncode == code, (
            f"relay {arguments[0]} ended with {done.returncode}: {done.stderr}{done.stdout}"
        )
        return json.loads(done.stdout) if as_json else done.stdout

    def control(self, verb: str, path: str, /, **body: Any) -> Any:
        """The sandbox's control API."""
        answer = self._http.request(verb, f"{self.stack.sandbox_url}/_sandbox{path}", json=body or None)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        return self._http.post(url, content=body, headers=dict(headers))

    def holded(self, company: Company, verb: str, path: str, body: object = None) -> Any:
        """Holded's API as another program of the same company uses it."""
        headers = {"authorization": f"Bearer {company.token}"}
        answer = self._http.request(verb, self.stack.sandbox_url + path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    def open_company(self, account: str, *, webhooks: bool = False, polling: bool = False, **switches: Any) -> Company:
        """A company in the sandbox, the relay's account for it, and Holded's webhooks pointing back when asked for."""
        made = self.control("POST", "/companies", name=account, **({"plan": "premium"} | switches))
        # Calls are counted here: a poll that happens to be due on the fast clock would be among them.
        settings = self._folder / "polling.json"
        settings.write_text(json.dumps({"polling": {"enabled": polling}}), encoding="utf-8")
        told = self.relay(
            *("account", "add", account, "--mode", "test", "--settings", str(settings)),
            env={"RELAY_HOLDED_TOKEN": made["token"]},
        )
        company = Company(self, account, made["id"], made["token"], told["sources"])
        if webhooks:
            holded = told["sources"]["holded"]
            company.control("POST", "/webhooks", url=holded["url"], secret=holded["secret"])
        return company

    def log(self, output: str) -> str:
        """All that a function has logged, by its output's name."""
        client, name = self.stack.client("logs"), self.stack.outputs[output]
        group = self.stack.client("lambda").get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"]
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=group)
        return "\n".join(event["message"] for page in pages for event in page["events"])

    def troubles(self) -> Counter[str]:
        """Why messages come again: what writers could not drain, and how their invocations failed, by reason."""
        told = (json.loads(line) for line in self.log("WriteHoldedFunction").splitlines() if line.startswith("{"))
        found = Counter(
            reason
            for one in told
            if one.get("message") in {"account.drained", "account.not_drained"}
            for reason in [*one.get("errors", ()), *([one["error"]] if "error" in one else [])]
        )
        log = self.stack.emulator.log.read_text(encoding="utf-8", errors="replace")
        return found + Counter(re.findall(r"failed processing SQS batch .*errorMessage=([^)\n]*)", log))

    def queue_attribute(self, output: str, name: str) -> str:
        asked = {"QueueUrl": self.stack.outputs[output], "AttributeNames": ["All"]}
        held: str = self.stack.client("sqs").get_queue_attributes(**asked)["Attributes"][name]
        return held

    def messages(self, output: str) -> int:
        """How many a queue holds, hidden ones included."""
        return sum(
            int(self.queue_attribute(output, f"ApproximateNumberOfMessages{kind}")) for kind in ("", "NotVisible")
        )


@dataclass(frozen=True)
class Company:
    """One Holded company and its account. `sources` is what `relay account add` told: the URL and secret of each."""

    house: House
    account: str
    id: str
    token: str
    sources: Mapping[str, Mapping[str, str]]

    def control(self, verb: str, path: str = "", **body: Any) -> Any:
        return self.house.control(verb, f"/companies/{self.id}{path}", **body)

    def send(self, source: str, topic: str, *bodies: Any) -> list[str]:
        """`relay send`; returns the inbox ids, in order. A body is sent as it is, or as JSON."""
        files = [self._file(body) for body in bodies]
        sent = self.send_files(source, topic, files)
        assert all(one["status"] == 200 for one in sent), sent
        return [one["answer"]["id"] for one in sent]

    def send_files(self, source: str, topic: str, files: Sequence[Path]) -> list[dict[str, Any]]:
        told = ["--topic", topic] if topic else []
        sent: list[dict[str, Any]] = self.house.relay(
            "send", "--source", source, *told, "--account", self.account, *map(str, files)
        )
        return sent

    def _file(self, body: Any) -> Path:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        folder = self.house._folder / "bodies"
        folder.mkdir(exist_ok=True)
        file = folder / f"{len(list(folder.iterdir()))}.json"
        file.write_bytes(raw)
        return file

    def story(self, inbox_id: str) -> Any:
        return self.house.relay("events", "show", inbox_id, "--account", self.account)

    def inbox(self) -> dict[str, Any]:
        """Everything that came in, by inbox id."""

        async def look() -> dict[str, Any]:
            now_ms = self.house.world.now_ms()
            found = self.house.world.inbox.received(self.account, from_ms=0, to_ms=now_ms + 1, limit=1000)
            return {item.delivery.inbox_id: item async for item in found}

        return asyncio.run(look())

    def ends(self, inbox_ids: Sequence[str]) -> dict[str, Mapping[str, str]]:
        """Wait until these deliveries are closed; their ends by inbox id."""

        async def look() -> dict[str, Any]:
            inbox = self.house.world.inbox
            return {one: await inbox.get(self.account, one) for one in inbox_ids}

        def closed() -> dict[str, Mapping[str, str]] | None:
            seen = asyncio.run(look())
            if any(item is None or item.open for item in seen.values()):
                return None
            return {one: dict(item.ends) for one, item in seen.items()}

        return until(closed, f"{len(inbox_ids)} deliveries of {self.account} closed") or {}

    def row(self, source: str, object_id: object, purpose: str) -> Any:
        """A row of the ledger, None where there is none."""
        key = Key(account=self.account, source=source, object_id=str(object_id), purpose=purpose)
        return asyncio.run(self.house.world.ledger.get(key))

    def settled(self, source: str, object_id: object, purpose: str, state: str = "confirmed") -> Any:
        """Wait until a row of the ledger stands in `state`."""

        def look() -> Any:
            row = self.row(source, object_id, purpose)
            return row if row is not None and row.state == state else None

        return until(look, f"{purpose} of {source} {object_id} {state}")

    def standing(self, source: str, object_id: str, event_id: str) -> str:
        """What the ledger made of an event since it took it over from the inbox, in the words of the inbox's ends."""
        for purpose in PURPOSES:
            row = self.row(source, object_id, purpose)
            if row is not None and row.event_id == event_id:
                written = purpose if purpose in {"contact", "product"} else "document"
                return f"{written}:{row.holded_id}" if row.state == "confirmed" else f"{row.state}:{row.reason}"
        return "superseded"

    def idle(self) -> bool:
        """Whether nothing is open and nothing waits but for a parent that has not come."""

        async def look() -> list[Any]:
            ledger = self.house.world.ledger
            return [row for state in UNFINISHED async for row in ledger.in_state(self.account, state)]

        return not any(row.kind not in STANDING and row.reason != "parent" for row in asyncio.run(look())) and not any(
            item.open for item in self.inbox().values()
        )

    def status(self) -> dict[str, Any]:
        told = self.house.relay("status", "--account", self.account)
        return {**told["accounts"][0], "queues": told["queues"]}

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = self.control("GET", "/state")["tables"]
        return found

    def documents(self, kind: str | None = None) -> list[dict[str, Any]]:
        return [one for one in self.tables()["documents"] if kind in (None, one["_kind"])]

    def calls(self) -> dict[str, int]:
        """Calls of Holded's API by method and path, of everybody, since the sandbox started."""
        found: dict[str, int] = self.house.control("GET", "/counters")[self.id]["calls"]
        return found

    def deliveries(self) -> list[dict[str, Any]]:
        """The webhooks that Holded sent, or has still to send."""
        found: list[dict[str, Any]] = self.control("GET", "/deliveries")["deliveries"]
        return found


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
