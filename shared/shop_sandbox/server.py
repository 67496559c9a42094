"""Starts the sandbox on 127.0.0.1: `python -m shop_sandbox --port P [--clock ORIGIN:SCALE]`."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

import uvicorn

from shop_sandbox.app import create_app

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    """Says where it listens once it does, so that whoever started it may wait for the line."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            sys.stdout.write(f"Shop sandbox on http://{HOST}:{listener.getsockname()[1]}\n")
        sys.stdout.flush()


def scaled(text: str) -> Callable[[], float]:
    """The clock of `ORIGIN:SCALE`: unix seconds from which on time runs SCALE times as fast. Raises `ValueError`."""
    origin, scale = (float(part) for part in text.split(":"))
    if scale <= 0:
        raise ValueError("the clock's scale must be above zero")
    return lambda: origin + (time.time() - origin) * scale


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted; exit status 2 for arguments that cannot be read."""
    parser = argparse.ArgumentParser(
        prog="shop_sandbox", description="Shopify, WooCommerce and Stripe to run against, on this machine."
    )
    parser.add_argument("--port", type=int, default=8788, help="TCP port on 127.0.0.1 (default: 8788; 0: any free one)")
    parser.add_argument(
        "--clock", type=scaled, default=time.time, metavar="ORIGIN:SCALE", help="a clock that runs faster"
    )
    arguments = parser.parse_args(argv)
    app = create_app(now=arguments.clock)
    config = uvicorn.Config(app, host=HOST, port=arguments.port, log_level="warning", access_log=False)
    _Server(config).run(sockets=[config.bind_socket()])
    return 0
