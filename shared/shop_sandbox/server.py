"""Starts the sandbox on 127.0.0.1: `python -m shop_sandbox --port P`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import uvicorn

from shop_sandbox.app import create_app

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    """Says where it listens once it does, so that whoever started it may wait for the line."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            sys.stdout.write(f"Shop sandbox on http://{HOST}:{listener.getsockname()[1]}\n")
        sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted; exit status 2 for arguments that cannot be read."""
    parser = argparse.ArgumentParser(
        prog="shop_sandbox", description="Shopify, WooCommerce and Stripe to run against, on this machine."
    )
    parser.add_argument("--port", type=int, default=8788, help="TCP port on 127.0.0.1 (default: 8788; 0: any free one)")
    arguments = parser.parse_args(argv)
    config = uvicorn.Config(create_app(), host=HOST, port=arguments.port, log_level="warning", access_log=False)
    _Server(config).run(sockets=[config.bind_socket()])
    return 0
