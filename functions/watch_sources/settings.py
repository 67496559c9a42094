"""The environment of `watch_sources`: what it learns from, the inbox it fills, and where webhooks are to be sent."""

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
    secrets_key_id: str
    api_url: str
    relay_clock: str = ""  # only on a developer's machine: see `relay.adapters.clock`
    local_providers: str = ""  # only there: any text lets providers on this machine be asked over http

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Raises `BadInput` naming the key that is missing or malformed."""
        return read_settings(cls, environ)
