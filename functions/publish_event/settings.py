"""The environment of `publish_event`: the inbox it reads, the bus it feeds, the queue for re-reads, the counts of what came."""

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
    state_table: str
    bodies_bucket: str
    bus_name: str
    normal_queue_url: str
    relay_clock: str = ""  # only on a developer's machine: see `relay.adapters.clock`

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Raises `BadInput` naming the key that is missing or malformed."""
        return read_settings(cls, environ)
