"""The environment of `write_holded`: the stores it works on, the queues it hands over to, and the Holded it writes to."""

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
    fiscal_queue_url: str
    normal_queue_url: str
    holded_base_url: str
    settle_seconds: int
    relay_clock: str = ""  # only on a developer's machine: see `relay.adapters.clock`

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Raises `BadInput` naming the key that is missing or malformed."""
        return read_settings(cls, environ)
