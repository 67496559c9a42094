"""Stages a function's package: its folder, `relay` without the command line, and its dependency group. No Docker.

`.build/<target>/<function>/` is what the zip holds. It is made anew only when something in it changed: a digest of the
sources, the pinned requirements and the target is kept beside it, and is the asset's hash in the template.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.paths import BUILD, ROOT
from infra.pythons import find_python, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FORMAT = "1"  # raise it when the way of staging changes
_RELAY_WITHOUT = frozenset({"cli"})
_GROUPS = {
    "sweep_inbox": "publish_event",  # the same work on older deliveries, so the same dependencies
    "poll_holded": "release_due",  # both only see to it that others are woken
    "watch_sources": "write_holded",  # it asks over HTTP too, and reads what it brings
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a package will run. `python` compiles the byte code; None where no Python of that version is at hand."""

    name: str
    python_version: str  # "3.13"
    platforms: tuple[str, ...]  # pip's tags; empty is this machine
    python: Path | None


@dataclass(frozen=True, slots=True)
class Package:
    folder: Path
    digest: str


def lambda_target() -> Target:
    """Lambda's arm64 with Python 3.13. Wheels for the older glibc run there too."""
    platforms = ("manylinux2014_aarch64", "manylinux_2_28_aarch64")
    return Target(name="lambda", python_version="3.13", platforms=platforms, python=find_python("3.13"))


def local_target(python: Path) -> Target:
    """This machine and the Python that runs the emulator, which is the one that runs the functions there."""
    return Target(name="local", python_version=version_of(python), platforms=(), python=python)


def function_names() -> tuple[str, ...]:
    """The folders under functions/ that are packages: one a Lambda function."""
    return tuple(sorted(found.parent.name for found in (ROOT / "functions").glob("*/__init__.py")))


def stage(function: str, target: Target) -> Package:
    """Stage one function's package, or return the one that is there. Safe when several processes do it at once."""
    requirements = ROOT / "requirements" / f"{_GROUPS.get(function, function)}.txt"
    sources = {**_sources(ROOT, f"functions/{function}"), **_sources(ROOT / "shared", "relay", without=_RELAY_WITHOUT)}
    dependencies = _digest(_FORMAT, repr(target), requirements.read_bytes())
    digest = _digest(dependencies, *(part for held in sorted(sources.items()) for part in held))
    folder = BUILD / target.name / function
    record = folder.with_suffix(".json")
    with _lock(folder.parent):
        if folder.is_dir() and record.is_file() and json.loads(record.read_text(encoding="utf-8")) == digest:
            return Package(folder, digest)
        installed = _installed(requirements, target, dependencies)
        fresh = folder.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(installed, fresh, copy_function=os.link)  # linked: nothing below writes into a file of it
        for name, content in {**sources, "functions/__init__.py": b""}.items():
            place = fresh / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        _compile(target, fresh, "relay", "functions")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
        record.write_text(json.dumps(digest), encoding="utf-8")
    return Package(folder, digest)


def _installed(requirements: Path, target: Target, digest: str) -> Path:
    """The dependency group installed and compiled once; the functions' folders link to it."""
    folder = BUILD / target.name / "dependencies" / digest[:16]
    if folder.is_dir():
        return folder
    fresh = folder.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--quiet", "--disable-pip-version-check"]
    command += ["--no-compile", "--no-deps", "--require-hashes", "--only-binary=:all:", "--target", str(fresh)]
    command += ["--python-version", target.python_version, "--implementation", "cp"]
    command += [word for platform in target.platforms for word in ("--platform", platform)]
    subprocess.run([*command, "--requirement", str(requirements)], check=True)
    shutil.rmtree(fresh / "bin", ignore_errors=True)
    _compile(target, fresh, ".")
    fresh.rename(folder)
    return folder


def _compile(target: Target, folder: Path, *names: str) -> None:
    """Byte code that stays valid under the zip's fixed file times: without it a cold start takes about twice as long.

    A dependency may hold a file that is not meant for this Python; it is never imported there, so the exit code says
    nothing.
    """
    if target.python is not None:
        command = [str(target.python), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", *names]
        subprocess.run(command, cwd=folder, check=False, stdout=subprocess.DEVNULL)


def _sources(root: Path, name: str, *, without: frozenset[str] = frozenset()) -> dict[str, bytes]:
    """What the package takes from `root/name`, by its path below `root`."""
    folder = root / name
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    kept = (path for path in found if path.relative_to(folder).parts[0] not in without)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in kept}


def _digest(*parts: str | bytes) -> str:
    held = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else part.encode()
        held.update(b"%d\n" % len(content) + content)
    return held.hexdigest()


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
