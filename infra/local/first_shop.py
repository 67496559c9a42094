"""A shop to try on the local stack: Shopify's API and webhooks, played here, known to the first account."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local.first_order import ACCOUNT, ORDER
from infra.paths import ROOT

if TYPE_CHECKING:
    from infra.local.run import LocalStack

KIND = "shopify"
TOKEN = "shpat_local"  # noqa: S105 - of a shop that is played
_SOLD = (1002, 1003)


def first_shop(stack: LocalStack, *, secret: str) -> dict[str, str]:
    """Open the shop and make its API known to the relay. Returns commands: `sell`, `drop` the webhooks, `sell again`.

    Raises `RuntimeError` with what the command line said when it refuses.
    """
    shop = {"kind": KIND, "name": ACCOUNT}
    _control(stack, "shops", {**shop, "token": TOKEN, "secret": secret})
    command = [str(Path(sys.executable).parent / "relay"), "source", "set", ACCOUNT, KIND, "--local"]
    run = subprocess.run(
        [*command, "--base-url", f"{stack.shops_url}/{KIND}/{ACCOUNT}"],
        cwd=stack.folder,
        env={**os.environ, "RELAY_PROVIDER_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise RuntimeError(f"the shop was not made known: {run.stderr.strip()}")
    order = json.loads(ORDER.read_text(encoding="utf-8")) | {
        "processed_at": datetime.now(UTC).isoformat(timespec="seconds")
    }
    sell, again = (_sale(stack, shop, {**order, "id": number, "name": f"#{number}"}) for number in _SOLD)
    drop = f"curl -s --data-binary '{json.dumps(shop)}' {stack.shops_url}/control/drop"
    return {"sell": sell, "drop": drop, "sell again": again}


def _sale(stack: LocalStack, shop: dict[str, str], order: dict[str, object]) -> str:
    file = stack.emulator.folder / f"sale-{order['id']}.json"
    file.write_text(json.dumps({**shop, "list": "orders", "value": order}), encoding="utf-8")
    return f"curl -s -o /dev/null --data-binary @{file.relative_to(ROOT)} {stack.shops_url}/control/change"


def _control(stack: LocalStack, what: str, body: dict[str, str]) -> None:
    url = f"{stack.shops_url}/control/{what}"
    request = urllib.request.Request(url, data=json.dumps(body).encode())  # noqa: S310 - a server of this machine
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - the same
        pass
