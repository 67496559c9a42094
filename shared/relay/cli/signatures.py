"""`relay check-signature`: is this delivery signed by the owner of one of these secrets? No network, no stack."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from relay.cli import inputs
from relay.cli.console import AsJson, emit
from relay.errors import BadInput


def check_signature(
    *,
    source: inputs.SourceName,
    headers: Annotated[Path, typer.Option(help="JSON: an object of names and values, or a list of pairs.")],
    body: Annotated[Path, typer.Option(help="The raw body, byte for byte; - is standard input.")],
    secret: Annotated[list[str] | None, typer.Option(help="May be given several times.")] = None,
    secret_file: Annotated[list[Path] | None, typer.Option(help="A file that holds a secret.")] = None,
    now: Annotated[str | None, typer.Option(help="ISO 8601 instant to judge timestamps by; now by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a webhook's signature: exit 0 if it is valid, 1 if it is refused, 2 if the input cannot be read.

    WooCommerce's unsigned ping is answered by the relay but proves nothing: here it is refused, with reason `ping`.
    """
    from relay.domain.sources import registry

    inputs.source_name(source)
    secrets = [*(secret or ()), *(inputs.secret(file=file, variable="", prompt="secret") for file in secret_file or ())]
    if not secrets:
        raise BadInput("secret_missing", field="--secret", detail="none given, expected at least one")
    at = inputs.instant(now, "--now") if now else datetime.now(tz=UTC)
    verdict = registry.get(source).verify(
        inputs.file_bytes(body, "--body"), inputs.headers_file(headers), secrets, at, {}
    )
    valid = verdict.ok and verdict.reason != "ping"
    emit(
        {"valid": valid, "reason": verdict.reason},
        as_json=as_json,
        human=lambda: print(f"{'valid' if valid else 'refused'}: {verdict.reason}"),
    )
    raise typer.Exit(0 if valid else 1)
