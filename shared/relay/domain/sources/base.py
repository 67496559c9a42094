"""What every source module has in common: the values in and out of `verify`, `identify` and `normalise`.

A source module (`relay.domain.sources.<name>`) declares

    SOURCE: str                     its name in URLs, keys and `relay.<source>`
    TOPICS: frozenset[str]          the topics it turns into events; any other verified topic ends in `ignored`
    REPLAY_WINDOW: timedelta        how long the sender may deliver the same fact again
    KEPT_HEADERS: frozenset[str]    the headers that are stored with a delivery, in lower case
    SECRET_HINT: str                one sentence: where the user finds the secret

and three pure functions: `verify`, `identify`, `normalise` (see the Protocol below). Nothing here reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from relay.domain.models import Event


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is a constant word: `valid`, `signature_missing`, `signature_mismatch`, `secret_missing`,
    `timestamp_stale`, `timestamp_future`, `header_malformed`, `account_mismatch`, `ping`.

    `status` is the HTTP answer for a refusal (400 malformed, 401 not proven). A `ping` is answered 200 and stored as nothing.
    """

    ok: bool
    reason: str
    status: int = 200


@dataclass(frozen=True, slots=True)
class Identity:
    """What a delivery means, from its signed body (headers only where the body lacks it and a check binds them).

    `version` is an integer that grows with the object, 0 where the source gives none. An unreadable body has
    `object_id` empty: its identity is then the digest of its bytes alone.
    """

    topic: str
    object_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A verified delivery as the inbox holds it. `headers` has lower-case names, only those the source declared it needs."""

    inbox_id: str
    account: str
    source: str
    topic: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Normalised:
    """Events, or why there are none. `ignored` and `review` are constant words; `detail` is a sentence without payload.

    A list with good and bad elements gives both: the good ones as `events`, numbered from 0 without gaps, and one reason
    for the rest, with `detail` naming the elements by their place.
    """

    events: tuple[Event, ...] = ()
    ignored: str = ""
    review: str = ""
    detail: str = ""


class Source(Protocol):
    SOURCE: str
    TOPICS: frozenset[str]
    REPLAY_WINDOW: timedelta
    KEPT_HEADERS: frozenset[str]
    SECRET_HINT: str

    def verify(
        self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime, binding: Mapping[str, str]
    ) -> Verdict:
        """Prove that `body` was sent by the owner of one of `secrets`.

        `headers` may have any letter case. `binding` is what the account says of this source (`shop_domain`,
        `holded_account_id` ...): where it is set, the delivery must agree. Never raises.
        """
        ...

    def identify(self, body: bytes, headers: Mapping[str, str]) -> Identity:
        """Name the fact. Never raises: what cannot be read has an empty object id."""
        ...

    def normalise(self, delivery: Delivery) -> Normalised:
        """Turn a verified delivery into unified events. Never raises: what cannot be read is `ignored` or `review`."""
        ...
