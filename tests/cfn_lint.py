"""AWS's own rules for templates, asked of one file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from infra.paths import ROOT

_COMMAND = Path(sys.executable).parent / "cfn-lint"


def said(file: Path) -> tuple[int, str]:
    """The exit code and what is wrong with it: `(0, "")` where nothing is."""
    run = subprocess.run([str(_COMMAND), str(file)], cwd=ROOT, capture_output=True, text=True, check=False)
    return run.returncode, run.stdout
