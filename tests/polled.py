"""The polled resources by their names."""

from __future__ import annotations

from relay.holded.polled_table import POLLED

BY_NAME = {each.name: each for each in POLLED}
