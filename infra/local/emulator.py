"""The AWS emulator as a process: its environment, its folder, its endpoint. Nothing outlives `stop`."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config

from infra.environments import DEFAULT_REGION
from infra.local.processes import HOST, Server, free_port
from infra.paths import EMULATOR_PYTHON, LOCAL, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ACCOUNT_ID = "000000000000"
KEY = "local"  # both halves of what the emulator takes; the command line uses it too
_KEYS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": KEY}
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, read_timeout=120, max_pool_connections=32)


class Emulator:
    """`with Emulator() as emulator: emulator.client("sqs")`. Functions inherit `environment`."""

    def __init__(
        self, *, region: str = DEFAULT_REGION, environment: Mapping[str, str] | None = None, persist: bool = False
    ) -> None:
        """With `persist`, `restart` brings its state back; without, it starts empty."""
        self.region = region
        self._persist = persist
        self.port = free_port()
        self.endpoint_url = f"http://{HOST}:{self.port}"
        self.folder = LOCAL / f"emulator-{self.port}"
        self._server = Server(
            # -P: its own folder stays off the path, where our module names would hide others.
            [str(EMULATOR_PYTHON), "-P", str(ROOT / "infra" / "local" / "shim.py")],
            environment=self._environment(environment or {}),
            log=self.folder / "emulator.log",
            ready_url=f"{self.endpoint_url}/_ministack/health",
        )

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """Nothing of ours that functions must not see: they inherit the emulator's environment."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **kept,
            **_KEYS,
            "AWS_DEFAULT_REGION": self.region,
            "MINISTACK_REGION": self.region,
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": HOST,
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(self.folder),  # it leaves a folder for each worker behind: all go with ours
            "S3_DATA_DIR": str(self.folder / "s3"),
            "STATE_DIR": str(self.folder / "state"),
            "PERSIST_STATE": "1" if self._persist else "0",
            "S3_PERSIST": "1" if self._persist else "0",
            **extra,
        }

    @property
    def pid(self) -> int:
        return self._server.pid

    @property
    def log(self) -> Path:
        return self.folder / "emulator.log"

    def start(self) -> None:
        """Raises `RuntimeError` when its environment is not installed or it does not start."""
        if not EMULATOR_PYTHON.exists():
            raise RuntimeError("the emulator is not installed: run `make setup`")
        shutil.rmtree(self.folder, ignore_errors=True)  # of one that was killed
        self.folder.mkdir(parents=True)
        try:
            self._server.start()
        except RuntimeError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def stop(self) -> None:
        self._server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def restart(self) -> None:
        """Stop it in order and start it again at the same address.

        Afterwards its stream mappings skip about as many records as they had read: what the sweeper is there for.
        """
        self._server.stop()
        self._server.start()

    def client(self, service: str) -> Any:
        """A boto3 client of this emulator."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=self.region,
            aws_access_key_id=KEY,
            aws_secret_access_key=KEY,
            config=_CONFIG,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()
