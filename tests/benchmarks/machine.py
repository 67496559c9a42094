"""Emulator, tables, bus, queues and sandbox without functions: benchmarks call the functions' own code in process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import httpx

from infra.local.emulator import ACCOUNT_ID, Emulator
from infra.local.processes import HOST, Server, free_port
from tests.adapters import tables
from tests.benchmarks.orders import SECRET, SHOP

ACCOUNT = "bench"
HOLDED_SECRET = "benchmark-secret-of-holded"


def add_company(sandbox_url: str, *, plan: str = "premium", **switches: object) -> dict[str, Any]:
    """A company in the sandbox: its `id`, `token` and `v1_key`."""
    return post(f"{sandbox_url}/_sandbox/companies", {"plan": plan, **switches})


def post(url: str, body: object) -> dict[str, Any]:
    found: dict[str, Any] = httpx.post(url, json=body, timeout=30).raise_for_status().json()
    return found


def get(url: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(url, timeout=30).raise_for_status().json()
    return found


def relay(folder: Path, *arguments: str, **environment: str) -> Any:
    """The command line against the stack described in `folder/.local/stack.json`. Returns what it prints as JSON."""
    command = [str(Path(sys.executable).with_name("relay")), *arguments, "--json", "--local"]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"relay {arguments[0]}: exit {done.returncode}\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return json.loads(done.stdout)


def add_account(folder: Path, token: str, *, account: str = ACCOUNT, settings: dict[str, Any] | None = None) -> None:
    secrets = folder / "secrets.json"
    secrets.write_text(json.dumps({"shopify": SECRET, "holded": HOLDED_SECRET}), encoding="utf-8")
    # What is measured is the road: a poll that happens to be due would be counted with it.
    given = {"polling": {"enabled": False}} | (settings or {})
    (folder / "settings.json").write_text(json.dumps(given), encoding="utf-8")
    more = ["--settings", str(folder / "settings.json")]
    relay(
        folder,
        *("account", "add", account, "--mode", "test", "--source", "shopify", "--source", "holded"),
        *("--secrets-file", str(secrets), "--bind", f"shopify.shop_domain={SHOP}", *more),
        RELAY_HOLDED_TOKEN=token,
    )


class Machine:
    """`environment` is what a function's settings need; `folder` is where the command line finds this machine."""

    def __init__(self) -> None:
        self.emulator = Emulator()
        self.sandbox_url = f"http://{HOST}:{free_port()}"
        self.environment: dict[str, str] = {}
        self._ends = ExitStack()

    def client(self, service: str) -> Any:
        return self.emulator.client(service)

    def __enter__(self) -> Self:
        with ExitStack() as ends:
            self.folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="relay-bench-")))
            ends.enter_context(self.emulator)
            port = self.sandbox_url.rpartition(":")[2]
            sandbox = Server(
                [sys.executable, "-m", "holded_sandbox", "--port", port],
                environment=dict(os.environ),
                log=self.folder / "sandbox.log",
                ready_url=self.sandbox_url,
            )
            ends.callback(sandbox.stop)
            sandbox.start()
            self._make()
            self._ends = ends.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._ends.close()

    def _make(self) -> None:
        dynamodb, s3, sqs = self.client("dynamodb"), self.client("s3"), self.client("sqs")
        dynamodb.create_table(**tables.inbox("inbox"))
        dynamodb.create_table(**tables.state("state"))
        s3.create_bucket(Bucket="bodies", CreateBucketConfiguration={"LocationConstraint": self.emulator.region})
        self.client("events").create_event_bus(Name="relay")
        key = self.client("kms").create_key()["KeyMetadata"]["KeyId"]
        queues = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("fiscal", "normal")}
        outputs = {
            "ApiUrl": "",
            "InboxTable": "inbox",
            "StateTable": "state",
            "BodiesBucket": "bodies",
            "BusName": "relay",
            "FiscalQueueUrl": queues["fiscal"],
            "NormalQueueUrl": queues["normal"],
            "FiscalDlqUrl": queues["fiscal"],
            "NormalDlqUrl": queues["normal"],
            **{f"{name}Url": queues["normal"] for name in ("Undelivered", "Unpublished", "Unscheduled")},
            "SecretsKeyId": key,
        }
        self.environment = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": self.emulator.region,
            "AWS_ENDPOINT_URL": self.emulator.endpoint_url,
            "RELAY_STAGE": "dev",
            "POWERTOOLS_SERVICE_NAME": "bench",
            "POWERTOOLS_LOG_LEVEL": "ERROR",
            "INBOX_TABLE": "inbox",
            "STATE_TABLE": "state",
            "BODIES_BUCKET": "bodies",
            "BUS_NAME": "relay",
            "FISCAL_QUEUE_URL": queues["fiscal"],
            "NORMAL_QUEUE_URL": queues["normal"],
            "HOLDED_BASE_URL": self.sandbox_url,
            "SETTLE_SECONDS": "600",
        }
        (self.folder / ".local").mkdir()
        described = {
            "endpoint_url": self.emulator.endpoint_url,
            "region": self.emulator.region,
            "account_id": ACCOUNT_ID,
            "outputs": outputs,
            "sandbox_url": self.sandbox_url,
        }
        (self.folder / ".local" / "stack.json").write_text(json.dumps(described), encoding="utf-8")
