"""The environment of `poll_holded`: the accounts it looks after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.environment import read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    relay_stage: str
    state_table: str
    relay_clock: str = ""  # only on a developer's machine: see `relay.adapters.clock`

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Raises `BadInput` naming the key that is missing or malformed."""
        return read_settings(cls, environ)
