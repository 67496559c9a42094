"""The environment of `sweep_inbox`: the inbox it looks through, and the way on for what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.environment import read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    relay_stage: str
    inbox_table: str
    bodies_bucket: str
    bus_name: str
    normal_queue_url: str
    relay_clock: str = ""  # only on a developer's machine: see `relay.adapters.clock`

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Raises `BadInput` naming the key that is missing or malformed."""
        return read_settings(cls, environ)
