"""`relay preview`: what a delivery would become in Holded, without network, account or stack."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from relay.cli import inputs
from relay.cli.console import AsJson, emit, lines, table


def preview(
    file: Annotated[Path, typer.Argument(help="The raw body of the webhook; - is standard input.")],
    *,
    source: inputs.SourceName,
    topic: Annotated[str, typer.Option(help="As the source names it: orders/paid, invoice.paid, order.created ...")],
    account: Annotated[str, typer.Option(help="Account id; part of the document's marker.")],
    settings: Annotated[
        Path | None, typer.Option(help="Settings as JSON; a Spanish default without it. May hold `catalogue`.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the unified events of a webhook's body and the exact Holded requests, or why there are none.

    Exit 0 whatever the outcome, 2 if the file or the settings cannot be read. Without a `catalogue` (the lists read from
    Holded, as `relay account show --json` prints them) in the settings, the usual Spanish tax keys stand in.
    """
    from relay.domain.mapping.catalogue import Catalogue
    from relay.domain.mapping.default_catalogue import default_catalogue
    from relay.domain.settings import default_settings, parse_settings
    from relay.services.preview import preview as make_preview

    raw = dict(inputs.json_object(settings, "--settings")) if settings else None
    own = raw.pop("catalogue", None) if raw else None
    made = make_preview(
        source=inputs.source_name(source),
        topic=topic,
        account=inputs.account_id(account),
        body=inputs.file_bytes(file, "FILE"),
        headers={},
        settings=parse_settings(raw) if raw is not None else default_settings(),
        catalogue=Catalogue.from_json(own) if own is not None else default_catalogue(),
        now=datetime.now(tz=UTC),
    )
    emit(made, as_json=as_json, human=lambda: _show(made))


def _show(made: dict[str, Any]) -> None:
    import json

    rows = []
    for place, result in enumerate(made["results"]):
        event = made["events"][place] if place < len(made["events"]) else {}
        why = ": ".join(part for part in (result["reason"], result["detail"]) if part)
        rows.append((event.get("type"), event.get("subject"), result["outcome"], result["total"], why))
    table("Preview", ("event", "subject", "outcome", "total", "why"), rows)
    for result in made["results"]:
        for request in result["requests"]:
            lines([f"{request['method']} {request['path']}"])
            if request["body"] is not None:
                lines([json.dumps(request["body"], ensure_ascii=False, indent=2)])
