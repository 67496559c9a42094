"""An account's webhook secrets as the sealed item `<account>#account / webhooks`. Standard library only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from relay.adapters._keys import join
from relay.ports.accounts import AccountSecrets

if TYPE_CHECKING:
    from collections.abc import Mapping

WEBHOOKS: Literal["webhooks"] = "webhooks"
SEALED = "x"


def secrets_key(account: str) -> dict[str, Any]:
    return {"pk": {"S": join(account, "account")}, "sk": {"S": WEBHOOKS}}


def to_plain(secrets: AccountSecrets) -> dict[str, Any]:
    """Ends of secrets that are not there any more are dropped."""
    there = {secret for each in secrets.secrets.values() for secret in each}
    return {
        "secrets": {source: list(each) for source, each in secrets.secrets.items()},
        "bindings": {source: dict(each) for source, each in secrets.bindings.items()},
        "expires_ms": {secret: ms for secret, ms in secrets.expires_ms.items() if secret in there},
    }


def from_plain(account: str, plain: Mapping[str, Any]) -> AccountSecrets:
    return AccountSecrets(
        account=account,
        secrets={source: tuple(each) for source, each in plain["secrets"].items()},
        bindings=plain["bindings"],
        expires_ms=plain["expires_ms"],
    )


def still_valid(secrets: AccountSecrets, *, now_ms: int) -> AccountSecrets:
    """Without the secrets whose overlap is over."""
    expires = secrets.expires_ms
    live = {
        source: tuple(secret for secret in each if expires.get(secret, now_ms + 1) > now_ms)
        for source, each in secrets.secrets.items()
    }
    return AccountSecrets(account=secrets.account, secrets=live, bindings=secrets.bindings, expires_ms=expires)
