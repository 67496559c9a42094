"""Accounts, their settings, secrets and credentials, and the log of what was changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSecrets:
    """What `receive_webhook` may know of an account: secrets per source (newest first) and the sources' bindings.

    `expires_ms` names, by secret, when a rotated one stops being valid (epoch ms); a secret it does not name stays valid.
    Whoever loads these leaves the expired ones out.
    """

    account: str
    secrets: Mapping[str, Sequence[str]]
    bindings: Mapping[str, Mapping[str, str]]
    expires_ms: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "AccountSecrets(***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account's settings without any secret. `settings` is the JSON of `relay.domain.settings.Settings`.

    `catalogue` is what was read from Holded: taxes, series, payment methods ... as JSON. `salt` keys the digests of
    personal data; erasing it unlinks them. `company_id` is what the mode is bound to. While it is blocked, `blocked_ms` is
    since when, and `refused` what kind of call Holded refuses (`relay.domain.standing`).
    """

    account: str
    name: str
    mode: str  # "test" | "live"
    status: str  # "active" | "paused" | "blocked"
    status_reason: str
    company_id: str
    per_minute: int
    per_month: int
    settings: Mapping[str, Any]
    catalogue: Mapping[str, Any]
    salt: str
    rev: int
    blocked_ms: int = 0
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A Holded credential: the v2 bearer token and, where v2 lacks a way, the v1 key. Never logged, never in an error."""

    token: str
    v1_key: str = ""

    def __repr__(self) -> str:
        return "Credential(***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An entry of the change log: who did what, and what was before and after it. No personal data."""

    account: str
    at_ms: int
    who: str
    what: str
    before: str
    after: str


class WebhookSecrets(Protocol):
    """Synchronous: on the hot path, cached in the warm function for a short time."""

    def load(self, account: str) -> AccountSecrets | None: ...


class Accounts(Protocol):
    async def get(self, account: str) -> Account | None: ...

    async def put(self, account: Account, *, expected_rev: int) -> bool: ...

    def all(self) -> AsyncIterator[Account]: ...

    async def credential(self, account: str) -> Credential: ...

    async def set_credential(self, account: str, credential: Credential) -> None: ...

    async def webhook_secrets(self, account: str) -> AccountSecrets | None: ...

    async def set_webhook_secrets(self, account: str, secrets: AccountSecrets) -> None: ...

    async def erase(self, account: str) -> int:
        """Delete credentials, secrets, salt and every copy of personal data; keeps ids, digests and amounts. Returns items touched."""
        ...

    async def record_change(
        self, account: str, *, at_ms: int, who: str, what: str, before: str, after: str
    ) -> None: ...

    def changes(self, account: str, *, from_ms: int, to_ms: int, limit: int) -> AsyncIterator[Change]:
        """The newest `limit` changes recorded in [from, to), newest first."""
        ...
