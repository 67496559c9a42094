"""The whole relay on this machine: emulator, sandboxes of Holded and of shops, and the deployed stack. `python -m infra.local.run`.

Tests, demo and benchmarks use it too: `with LocalStack(scale=30) as stack: stack.outputs["ApiUrl"]`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from infra.environments import DEFAULT_REGION
from infra.local.beat import Beat
from infra.local.deploy import deploy
from infra.local.emulator import ACCOUNT_ID, Emulator
from infra.local.enforce import ENVIRONMENT, enforceable
from infra.local.processes import HOST, Server, free_port
from infra.local.reachable import ENVIRONMENT as LOCAL_PROVIDERS
from infra.local.reachable import reachable
from infra.local.synth import template
from infra.local.tour import tour
from infra.paths import LOCAL, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import FrameType

STAGE = "dev"
STACK_NAME = f"holded-relay-{STAGE}"


class LocalStack:
    """What `__enter__` starts, `__exit__` ends. `description` names the file that the command line reads.

    `scale` lets relay and sandbox live that many seconds in a real one, from now on. `settle_seconds` is the stack's
    parameter, in scaled seconds. `persist` lets `emulator.restart()` bring its state back. `holded_url` replaces the
    sandbox by another server. `shops` starts the sandbox of shops as well. `enforce` has the emulator refuse what a role
    does not grant (see `infra.local.enforce`).
    Functions inherit `environment`.
    """

    def __init__(
        self,
        *,
        scale: float = 1.0,
        settle_seconds: int = 600,
        persist: bool = False,
        holded_url: str | None = None,
        shops: bool = False,
        enforce: bool = False,
        environment: Mapping[str, str] | None = None,
        description: Path | None = LOCAL / "stack.json",
    ) -> None:
        self.scale = scale
        self.origin = time.time()
        self.clock = f"{self.origin:.3f}:{scale}"
        inherited = (
            ({"RELAY_CLOCK": self.clock} if scale != 1 else {}) | (ENVIRONMENT if enforce else {}) | LOCAL_PROVIDERS
        )
        self.emulator = Emulator(environment=inherited | dict(environment or {}), persist=persist)
        self.sandbox_url = holded_url or ""
        self.shops_url = ""
        self.outputs: dict[str, str] = {}
        self._settle_seconds = settle_seconds
        self._shops = shops
        self._change = enforceable if enforce else dict
        self._description = description
        self._pids: dict[str, int] = {}
        self._ends = ExitStack()

    @property
    def folder(self) -> Path:
        """Where the command line finds this stack: the folder that holds `.local/stack.json`."""
        return self._description.parent.parent if self._description else ROOT

    @property
    def endpoint_url(self) -> str:
        return self.emulator.endpoint_url

    @property
    def region(self) -> str:
        return self.emulator.region

    def client(self, service: str) -> Any:
        """A boto3 client of the emulator."""
        return self.emulator.client(service)

    def invoke(self, output: str, payload: object = None) -> Any:
        """Call a function by its output's name (`ReleaseDueFunction`). Raises `RuntimeError` when it failed."""
        sent = json.dumps(payload if payload is not None else {}).encode()
        answer = self.client("lambda").invoke(FunctionName=self.outputs[output], Payload=sent)
        body = answer["Payload"].read()
        if answer.get("FunctionError"):
            raise RuntimeError(f"{output} failed: {body.decode(errors='replace')[:500]}")
        return json.loads(body or b"null")

    def start(self) -> None:
        """Raises `RuntimeError` with the reason when a part does not start; what had started is ended."""
        with ExitStack() as ends:
            ends.callback(self.emulator.stop)
            self.emulator.start()
            self._pids["emulator"] = self.emulator.pid
            if not self.sandbox_url:
                self.sandbox_url = self._start_sandbox(ends, "holded_sandbox", "sandbox")
            if self._shops:
                self.shops_url = self._start_sandbox(ends, "shop_sandbox", "shops")
            self._deploy()
            if self.scale != 1:
                beat = Beat(self.emulator, self.outputs, scale=self.scale)
                beat.start()
                ends.callback(beat.stop)
            if self._description:
                self._describe(self._description)
                ends.callback(self._description.unlink, missing_ok=True)
            self._ends = ends.pop_all()

    def stop(self) -> None:
        self._ends.close()

    def _start_sandbox(self, ends: ExitStack, module: str, name: str) -> str:
        url = f"http://{HOST}:{(port := free_port())}"
        command = [sys.executable, "-m", module, "--port", str(port), "--clock", self.clock]
        log = self.emulator.folder / f"{name}.log"
        server = Server(command, environment=dict(os.environ), log=log, ready_url=url)
        ends.callback(server.stop)
        server.start()
        self._pids[name] = server.pid
        return url

    def _deploy(self) -> None:
        parameters = {"HoldedBaseUrl": self.sandbox_url, "SettleSeconds": str(self._settle_seconds)}
        synthesised = self._change(template(STACK_NAME, stage_name=STAGE, region=DEFAULT_REGION))
        synthesised = reachable(synthesised, endpoint_url=self.endpoint_url)
        outputs = deploy(self.emulator, synthesised, stack_name=STACK_NAME, parameters=parameters)
        # The emulator's host names need a resolver; the same API answers under its own address.
        api_id = outputs["ApiUrl"].removeprefix("http://").partition(".")[0]
        self.outputs = {**outputs, "ApiUrl": f"{self.endpoint_url}/_aws/execute-api/{api_id}/$default"}

    def _describe(self, file: Path) -> None:
        held = {
            "endpoint_url": self.endpoint_url,
            "region": self.region,
            "account_id": ACCOUNT_ID,
            "outputs": self.outputs,
            "sandbox_url": self.sandbox_url,
            "shops_url": self.shops_url,
            "clock": {"origin": self.origin, "scale": self.scale},
            "pids": self._pids,
        }
        file.write_text(json.dumps(held, indent=2), encoding="utf-8")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description="The relay on this machine, until Ctrl-C.")
    parser.add_argument("--scale", type=float, default=1.0, help="scaled seconds in a real one (default: 1)")
    parser.add_argument("--settle-seconds", type=int, default=600)
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    print("starting emulator, sandboxes and stack ...", flush=True)
    try:
        with LocalStack(scale=chosen.scale, settle_seconds=chosen.settle_seconds, shops=True) as stack:
            print(tour(stack), flush=True)
            signal.pause()
    except KeyboardInterrupt:
        print("stopped")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
