"""The processes in which the emulator runs the functions, and their violent death."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.local.run import LocalStack

_FOLDER = "ministack-lambda-"  # of a worker: this, the function's name, and what makes it unique


def workers(stack: LocalStack, output: str) -> list[int]:
    """Process ids of a function's workers, by its output's name; children of this stack's emulator and no others."""
    name, emulator = stack.outputs[output], str(stack.emulator.pid)
    listed = subprocess.run(["ps", "-axww", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=True)
    found = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    return [
        int(pid)
        for pid, parent, *command in found
        if parent == emulator and command and f"/{_FOLDER}{name}-" in command[0]
    ]


def kill(pids: list[int]) -> int:
    """`kill -9`; how many were there to be killed."""
    killed = 0
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    return killed
