"""Calls the functions that run by the clock as often as a faster clock asks: the emulator's schedules keep real time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.local.emulator import Emulator

# As in the template; a test compares.
EVERY_SECONDS = {
    "ReleaseDueFunction": 60,
    "SweepInboxFunction": 300,
    "IndexDeadLettersFunction": 300,
    "PollHoldedFunction": 3600,
    "WatchSourcesFunction": 900,
}
_QUICKEST_SECONDS = 0.5


class Beat:
    """One thread a function, so that a slow one delays nobody; a call that fails is in the function's log."""

    def __init__(self, emulator: Emulator, outputs: Mapping[str, str], *, scale: float) -> None:
        self._emulator = emulator
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._call, args=(outputs[name], max(_QUICKEST_SECONDS, seconds / scale)), daemon=True, name=name
            )
            for name, seconds in EVERY_SECONDS.items()
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def _call(self, function: str, seconds: float) -> None:
        client = self._emulator.client("lambda")
        while not self._stop.wait(seconds):
            try:
                client.invoke(FunctionName=function, Payload=b"{}")
            except (BotoCoreError, ClientError):
                continue  # the emulator is being restarted, or stops
