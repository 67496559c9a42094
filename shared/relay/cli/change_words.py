"""What the change log says of things that hold a secret: how many, since when, where to; never the secret, not even a digest."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from relay.domain.text import counted

if TYPE_CHECKING:
    from relay.ports.accounts import AccountSecrets, Credential
    from relay.ports.providers import ProviderCredential


def of_credential(old: "Credential", new: "Credential") -> tuple[str, str]:
    """Before and after, of a Holded credential."""
    was = [name for name, held in (("token", old.token), ("v1 key", old.v1_key)) if held]
    pairs = (("token", old.token, new.token), ("v1 key", old.v1_key, new.v1_key))
    return ", ".join(was), ", ".join(f"{name} {_became(before, after)}" for name, before, after in pairs if after)


def _became(before: str, after: str) -> str:
    return "kept" if before == after else "replaced" if before else "added"


def of_bindings(bindings: Mapping[str, Mapping[str, str]]) -> str:
    """A shop's domain and a company's id are no secrets."""
    return ", ".join(f"{source}.{key}={value}" for source, keys in bindings.items() for key, value in keys.items())


def of_secrets(held: "AccountSecrets", source: str) -> str:
    """`2 secrets, 1 of them until 2026-03-03T09:00Z`, the latest end of those that have one."""
    from relay.cli.console import utc

    ours = held.secrets.get(source, ())
    ends = [held.expires_ms[secret] for secret in ours if secret in held.expires_ms]
    last = utc(max(ends, default=0))
    return counted(len(ours), "secret") + (f", {len(ends)} of them until {last:%Y-%m-%dT%H:%MZ}" if last else "")


def of_provider(one: "ProviderCredential | None") -> str:
    if one is None:
        return "none"
    return one.base_url if one.register else f"{one.base_url}, registers no webhooks"
