"""atheris, libFuzzer for Python, guided by coverage: an environment of its own (`.venv-fuzz`), which borrows the project's packages.

It has wheels for some machines only; where it does not install, fuzzing goes on without it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from infra.paths import ROOT

VENV = ROOT / ".venv-fuzz"
REQUIREMENTS = ROOT / "requirements" / "fuzz.txt"
CRASHES = ROOT / ".build" / "fuzz"
TIMEOUT_SECONDS = 25
"""An input that takes longer is a defect of its own."""


@dataclass(frozen=True, kw_only=True)
class Python:
    path: Path

    def environment(self) -> dict[str, str]:
        borrowed = os.pathsep.join([str(ROOT), str(ROOT / "shared"), sysconfig.get_paths()["purelib"]])
        return {"PATH": os.environ["PATH"], "PYTHONPATH": borrowed, "HOME": os.environ.get("HOME", "")}


def python() -> tuple[Python | None, str]:
    """The interpreter with atheris, installed when its pinned file changed; else None and the reason."""
    path, stamp = VENV / "bin" / "python", VENV / "installed.txt"
    if not stamp.is_file() or stamp.read_bytes() != REQUIREMENTS.read_bytes():
        print("installing atheris into .venv-fuzz ...", file=sys.stderr)
        install = [
            "-m",
            "pip",
            "install",
            "-qq",
            "--disable-pip-version-check",
            "--require-hashes",
            "--no-deps",
            "--only-binary=:all:",
        ]
        for command in ([sys.executable, "-m", "venv", str(VENV)], [str(path), *install, "-r", str(REQUIREMENTS)]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                last = (done.stderr.strip() or "no reason told").splitlines()[-1]
                return None, f"it does not install here: {last}"
        stamp.write_bytes(REQUIREMENTS.read_bytes())
    works = subprocess.run([str(path), "-c", "import atheris"], capture_output=True, text=True, check=False)
    if works.returncode:
        return None, f"it does not load here: {(works.stderr.strip() or 'no reason told').splitlines()[-1]}"
    return Python(path=path), ""


def run(python: Python, name: str, *, seconds: float) -> tuple[int, str]:
    """How many inputs were tried, and what libFuzzer said of the one that broke the target."""
    CRASHES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        command = [str(python.path), "-m", "tests.fuzz.guided", name, corpus, str(round(seconds))]
        done = subprocess.run(
            command, cwd=ROOT, env=python.environment(), capture_output=True, text=True, errors="replace", check=False
        )
    tried = re.findall(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    return int(tried[-1]) if tried else 0, done.stderr[-4000:] if done.returncode or not tried else ""


def _fuzz(name: str, corpus: str, seconds: str) -> None:
    import atheris

    with atheris.instrument_imports(include=["relay", "functions"]):
        from tests.fuzz.targets import TARGETS

    target = TARGETS[name]
    for number, seed in enumerate(target.seeds()):
        (Path(corpus) / f"seed-{number}").write_bytes(seed)
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower())
    limits = [f"-max_total_time={seconds}", f"-timeout={TIMEOUT_SECONDS}", "-rss_limit_mb=0", "-max_len=65536"]
    atheris.Setup(["fuzz", *limits, "-print_final_stats=1", f"-artifact_prefix={CRASHES}/{slug}-", corpus], target)
    atheris.Fuzz()


if __name__ == "__main__":
    _fuzz(*sys.argv[1:])
