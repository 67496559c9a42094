"""Starts the sandbox on 127.0.0.1: `python -m holded_sandbox --port P [--clock ORIGIN:SCALE] [--sqlite FILE]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from holded_sandbox.app import create_app
from holded_sandbox.clock import ScaledClock
from holded_sandbox.seeds import DEFAULT_COMPANY_ID, DEFAULT_TOKEN, DEFAULT_V1_KEY

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

HOST = "127.0.0.1"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="holded_sandbox", description="A faithful Holded to run against, on this machine."
    )
    parser.add_argument("--port", type=int, default=8787, help="TCP port on 127.0.0.1 (default: 8787; 0: any free one)")
    parser.add_argument(
        "--clock", type=ScaledClock.parse, default=ScaledClock(), metavar="ORIGIN:SCALE",
        help="unix seconds from which on time runs SCALE times as fast",
    )  # fmt: skip
    parser.add_argument("--sqlite", type=Path, metavar="FILE", help="keep the state in this file")
    parser.add_argument("--seed", type=int, default=0, help="of ids, credentials and faults (default: 0)")
    return parser


class _Server(uvicorn.Server):
    """Says where it listens once it does, so that whoever started it may wait for the line."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            sys.stdout.write(f"Holded sandbox on http://{HOST}:{listener.getsockname()[1]}\n")
        sys.stdout.write(f"company {DEFAULT_COMPANY_ID}, v2 token {DEFAULT_TOKEN}, v1 key {DEFAULT_V1_KEY}\n")
        sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted; exit status 2 for arguments that cannot be read."""
    arguments = _parser().parse_args(argv)
    app = create_app(clock=arguments.clock, seed=arguments.seed, sqlite=arguments.sqlite)
    config = uvicorn.Config(app, host=HOST, port=arguments.port, log_level="warning", access_log=False, lifespan="on")
    _Server(config).run(sockets=[config.bind_socket()])
    return 0
