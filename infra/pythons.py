"""Finds Pythons on this machine, on the PATH and among pyenv's: the runtime's own, and the emulator's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

FOR_EMULATOR = ("3.13", "3.12", "3.11")  # newest first: the one found runs the functions locally


def version_of(python: Path) -> str:
    """`3.13`; empty when it does not run (a pyenv shim of a version that is not active exits with an error)."""
    probe = [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        return subprocess.run(probe, capture_output=True, text=True, check=False, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def find_python(version: str) -> Path | None:
    """A working Python of that version, None when there is none."""
    on_path = shutil.which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [Path(on_path)] if on_path else []
    candidates += sorted(pyenv.glob(f"{version}.*/bin/python{version}"), reverse=True)
    return next((python for python in candidates if version_of(python) == version), None)


def main() -> int:
    """Print the newest Python that can run the emulator: the Makefile asks."""
    found = next((python for version in FOR_EMULATOR if (python := find_python(version))), None)
    print(found or sys.executable)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
