"""Calls a function of the running local stack now instead of at its time: `python -m infra.local.call WatchSourcesFunction`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

import boto3

from infra.local.beat import EVERY_SECONDS
from infra.local.emulator import KEY
from infra.paths import LOCAL

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Prints what it answered; exit status 1 when it failed or no stack is running."""
    parser = argparse.ArgumentParser(description="Call a function that runs by the clock now.")
    parser.add_argument("function", choices=sorted(EVERY_SECONDS))
    chosen = parser.parse_args(argv)
    file = LOCAL / "stack.json"
    if not file.is_file():
        sys.stderr.write("no stack is running here: make local\n")
        return 1
    held = json.loads(file.read_text(encoding="utf-8"))
    client = boto3.client(
        "lambda",
        endpoint_url=held["endpoint_url"],
        region_name=held["region"],
        aws_access_key_id=KEY,
        aws_secret_access_key=KEY,
    )
    answer = client.invoke(FunctionName=held["outputs"][chosen.function], Payload=b"{}")
    sys.stdout.write(answer["Payload"].read().decode() + "\n")
    return 1 if answer.get("FunctionError") else 0


if __name__ == "__main__":
    raise SystemExit(main())
