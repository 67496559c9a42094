"""The synthesised template, made anew by the app in a process of its own when the description of the stack changed."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from typing import Any

from infra.packaging import function_names
from infra.paths import LOCAL, ROOT


def template(stack_name: str, *, stage_name: str, region: str) -> dict[str, Any]:
    """The stack's CloudFormation template, as AWS would get it but for its packages' addresses."""
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = LOCAL / "cdk.out" / f"{stack_name}-{region}"
        record = folder.with_suffix(".digest")
        digest = _digest()
        if not (record.is_file() and record.read_text(encoding="utf-8") == digest):
            record.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            command = [sys.executable, "-m", "infra.app", "--bare", "--outdir", str(folder)]
            subprocess.run([*command, "--stage", stage_name, "--region", region], cwd=ROOT, check=True)
            record.write_text(digest, encoding="utf-8")
        held: dict[str, Any] = json.loads((folder / f"{stack_name}.template.json").read_text(encoding="utf-8"))
    return held


def _digest() -> str:
    """Of what describes the stack, and of what it is synthesised with."""
    sources = [*sorted((ROOT / "infra").glob("*.py")), ROOT / "requirements" / "dev.txt"]
    held = [path.read_text(encoding="utf-8") for path in sources]
    return hashlib.sha256(repr((function_names(), held)).encode()).hexdigest()
