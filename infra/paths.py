"""Where things lie in the project's folder."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / ".build"
LOCAL = ROOT / ".local"
EMULATOR_PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
