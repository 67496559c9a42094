"""Starts a server of ours as a process group on 127.0.0.1, waits until it answers, and ends it whole."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from random import SystemRandom
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

HOST = "127.0.0.1"
_STARTS_WITHIN_SECONDS = 60.0
_ENDS_WITHIN_SECONDS = 10.0
# Below what Linux (32768 to 60999) and macOS (49152 to 65535) give to outgoing connections; by chance, because several
# processes ask at once: https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html (ip_local_port_range).
_PORTS = range(20_000, 32_768)
_RANDOM = SystemRandom()
_TRIES = 100


def free_port() -> int:
    """A port that nobody listens at, and that no outgoing connection takes before its server starts or while it restarts.

    Raises `RuntimeError` when there is none.
    """
    for _ in range(_TRIES):
        port = _RANDOM.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise RuntimeError(f"no free port on {HOST} among {_TRIES} picked of {_PORTS.start}-{_PORTS.stop - 1}")


class Server:
    """One process and its children. Its output goes to `log`."""

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], log: Path, ready_url: str) -> None:
        self._command = command
        self._environment = environment
        self._log = log
        self._ready_url = ready_url
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Raises `RuntimeError` with the end of the log when it ends early or does not answer."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own: its workers end with it, and Ctrl-C reaches it through us
            )
        end = time.monotonic() + _STARTS_WITHIN_SECONDS
        while not _answers(self._ready_url):
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                tail = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise RuntimeError(f"{self._command[0]} did not start:\n{tail}")
            time.sleep(0.05)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for word in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, word)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_ENDS_WITHIN_SECONDS)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  # an address of this machine, made above
            return int(answer.status) < 500
    except urllib.error.HTTPError as error:
        return error.code < 500  # it answers, if only that there is nothing at this address
    except OSError:
        return False
