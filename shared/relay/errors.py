"""The one error tree, by what the caller does next.

    RelayError
    ├── Rejected            stop: the same request will be refused again (goes to review)
    │   └── NotFound        the object asked for is not there
    ├── NotAllowed          stop for this account: credential, scope or plan (its work waits, one alarm)
    ├── RetryAt             nothing was written; try again at `retry_at`
    │   └── WaitUntil       a long wait (the month's quota): never sleep on it, park and alarm
    ├── OutcomeUnknown      the request may have been written: look before writing again
    ├── BadInput            what was handed in cannot be read: names the field, the value's shape, what was expected
    └── Unavailable         a store or queue of ours is throttled or away: stop, let the message come back

An error text never holds a secret, a payload or personal data: it names fields and shapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class RelayError(Exception):
    """Base of everything this project raises on purpose."""

    def __init__(self, reason: str, *, detail: str = "") -> None:
        """`reason` is a constant word for machines, `detail` a sentence for people."""
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Rejected(RelayError):
    """The other side read the request and said no; asking again gives the same answer."""


class NotFound(Rejected):
    """The object asked for is not there."""


class NotAllowed(RelayError):
    """The credential is invalid, revoked, read-only, lacks a scope, or the plan does not include the API."""


class RetryAt(RelayError):
    """Nothing was written. Ask again at `retry_at`."""

    def __init__(self, reason: str, *, retry_at: datetime, detail: str = "") -> None:
        """`retry_at` is aware."""
        super().__init__(reason, detail=detail)
        self.retry_at = retry_at


class WaitUntil(RetryAt):
    """As `RetryAt`, but hours or days away: the work is parked and somebody is told."""


class OutcomeUnknown(RelayError):
    """The request left, its answer did not come back whole: it may have been written."""


class BadInput(RelayError):
    """Input that cannot be read. `field` is a path such as `line_items[0].price`."""

    def __init__(self, reason: str, *, field: str = "", detail: str = "") -> None:
        """`detail` gives the value's shape and what was expected, never the value."""
        super().__init__(reason, detail=f"{field}: {detail}" if field else detail)
        self.field = field


class Unavailable(RelayError):
    """A store, queue or bus of ours is throttled or away."""
