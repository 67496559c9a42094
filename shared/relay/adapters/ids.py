"""Fresh ids."""

from __future__ import annotations

import uuid


class RandomIds:
    """122 random bits as 32 characters `[a-f0-9]`."""

    def new(self) -> str:
        return uuid.uuid4().hex
