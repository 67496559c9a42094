"""A first thing to try on the local stack: an account on the sandbox's own company, and one signed order to post."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from infra.paths import ROOT

if TYPE_CHECKING:
    from infra.local.run import LocalStack

ACCOUNT = "shop"
ORDER = Path(__file__).with_name("order.json")


def first_order(stack: LocalStack) -> tuple[str, str]:
    """Add the account with the command line. Returns the `curl` that posts the order as Shopify would, and Shopify's secret.

    Raises `RuntimeError` with what the command line said when it refuses.
    """
    told = (stack.emulator.folder / "sandbox.log").read_text(encoding="utf-8")
    token = re.search(r"v2 token (\w+)", told)
    command = [str(Path(sys.executable).parent / "relay"), "account", "add", ACCOUNT, "--mode", "test"]
    run = subprocess.run(
        [*command, "--source", "shopify", "--json", "--local"],
        cwd=stack.folder,
        env={**os.environ, "RELAY_HOLDED_TOKEN": token[1] if token else ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise RuntimeError(f"the first account was not added: {run.stderr.strip()}")
    shop = json.loads(run.stdout)["sources"]["shopify"]
    digest = hmac.new(shop["secret"].encode(), ORDER.read_bytes(), hashlib.sha256).digest()
    headers = {
        "content-type": "application/json",
        "x-shopify-topic": "orders/paid",
        "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
    }
    shown = " ".join(f"-H '{name}: {value}'" for name, value in headers.items())
    return f"curl -i {shown} --data-binary @{ORDER.relative_to(ROOT)} '{shop['url']}'", shop["secret"]
