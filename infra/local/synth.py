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

_ASSEMBLY = LOCAL / "cdk.out"
_RECORD = LOCAL / "cdk.out.digest"


def template(stack_name: str, *, stage_name: str, region: str) -> dict[str, Any]:
    """The stack's CloudFormation template, as AWS would get it but for its packages' addresses."""
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        digest = _digest(stage_name, region)
        if not (_RECORD.is_file() and _RECORD.read_text(encoding="utf-8") == digest and _ASSEMBLY.is_dir()):
            shutil.rmtree(_ASSEMBLY, ignore_errors=True)
            command = [sys.executable, "-m", "infra.app", "--bare", "--outdir", str(_ASSEMBLY)]
            subprocess.run([*command, "--stage", stage_name, "--region", region], cwd=ROOT, check=True)
            _RECORD.write_text(digest, encoding="utf-8")
        held: dict[str, Any] = json.loads((_ASSEMBLY / f"{stack_name}.template.json").read_text(encoding="utf-8"))
    return held


def _digest(stage_name: str, region: str) -> str:
    sources = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "infra").glob("*.py"))]
    return hashlib.sha256(repr((stage_name, region, function_names(), sources)).encode()).hexdigest()
