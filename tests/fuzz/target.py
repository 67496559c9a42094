"""What a target is: a function of bytes that returns, or raises an error of `relay.errors`; anything else is a defect.

`seeds` are good inputs to begin from: small ones of our own, and real samples where they lie beside the project.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from relay.errors import RelayError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True, kw_only=True)
class Target:
    run: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]

    def __call__(self, data: bytes) -> None:
        with contextlib.suppress(RelayError):
            self.run(data)


def text_of(data: bytes) -> str:
    """Text with half characters where bytes are no UTF-8: what a careless JSON decoder lets in."""
    return data.decode("utf-8", "surrogateescape")


def json_of(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return text_of(data)


def parts(data: bytes, count: int) -> list[bytes]:
    """The data cut at zero bytes into `count` parts."""
    found = data.split(b"\0", count - 1)
    return [*found, *([b""] * (count - len(found)))]


def own(*values: Any) -> Callable[[], list[bytes]]:
    return lambda: [value if isinstance(value, bytes) else json.dumps(value).encode() for value in values]
