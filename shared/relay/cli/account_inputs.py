"""What the account commands take: bindings, credentials, settings, webhook secrets; read strictly, before any call."""

from pathlib import Path
from typing import Any

from relay.cli import inputs
from relay.errors import BadInput
from relay.ports.accounts import Credential

BINDINGS = {"shopify": ("shop_domain",), "holded": ("holded_account_id",), "woocommerce": ("site",)}
BIND_HELP = (
    "shopify.shop_domain=<shop>.myshopify.com, woocommerce.site=<host and path of the shop> or "
    "holded.holded_account_id=<id>: deliveries must agree."
)
TOKEN_VARIABLE = "RELAY_HOLDED_TOKEN"  # noqa: S105  # the name of a variable, not a secret
V1_VARIABLE = "RELAY_HOLDED_V1_KEY"


def bindings_of(values: list[str]) -> dict[str, dict[str, str]]:
    """`source.key=value` options by source."""
    found: dict[str, dict[str, str]] = {}
    for name, value in inputs.named_values(values, "--bind").items():
        source, _, key = name.partition(".")
        if key not in BINDINGS.get(source, ()):
            raise BadInput("binding_unknown", field="--bind", detail=f"expected {BIND_HELP}")
        found.setdefault(source, {})[key] = value
    return found


def credential_from(token_file: Path | None, v1_key_file: Path | None, *, old: Credential | None = None) -> Credential:
    """What is given replaces, what is not stays as it was."""
    token, v1_key = (old.token, old.v1_key) if old else ("", "")
    if old is None or token_file:
        token = inputs.secret(file=token_file, variable=TOKEN_VARIABLE, prompt="Holded token")
    if old is None or v1_key_file:
        v1_key = inputs.secret(file=v1_key_file, variable=V1_VARIABLE, prompt="Holded v1 key", required=False)
    return Credential(token=token, v1_key=v1_key)


def given_secrets(file: Path | None) -> dict[str, str]:
    """`{"shopify": "..."}`: secrets that senders made."""
    if file is None:
        return {}
    given = inputs.json_object(file, "--secrets-file")
    for source, secret in given.items():
        inputs.source_name(source, "--secrets-file")
        if not (isinstance(secret, str) and secret.strip()):
            raise BadInput("secret_malformed", field=f"secrets.{source}", detail="expected text")
    return {source: secret.strip() for source, secret in given.items()}


def checked_settings(file: Path) -> dict[str, Any]:
    """Settings as the mapping reads them. Raises `BadInput` naming the field."""
    from relay.domain.settings import parse_settings

    raw = inputs.json_object(file, "--settings")
    parse_settings(raw)
    return dict(raw)


def first_settings(file: Path | None, mode: str) -> dict[str, Any]:
    """The given settings, else the Spanish defaults written out, so that they can be seen and edited."""
    from relay.domain.settings import default_settings, dump_settings

    if file is not None:
        return checked_settings(file)
    return dump_settings(default_settings(mode="live" if mode == "live" else "test"))
