"""The `relay` command: its sub-commands, and the way out for every error."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from relay.cli import accounts, changes, dead_letters, events, replays, review, sources, waiting, webhook_secrets
from relay.cli.console import AsJson, RelayGroup, emit, lines
from relay.cli.importing import import_
from relay.cli.pausing import pause, resume
from relay.cli.plan import plan
from relay.cli.poll import poll
from relay.cli.preview import preview
from relay.cli.quota import quota
from relay.cli.reconcile import reconcile
from relay.cli.replay import replay
from relay.cli.sandbox import PASSED_ON, sandbox
from relay.cli.sending import send
from relay.cli.signatures import check_signature
from relay.cli.status import status
from relay.cli.verify import verify
from relay.errors import BadInput

DEBUG = "RELAY_DEBUG"

app = typer.Typer(
    cls=RelayGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Holded Relay: one business fact, one Holded document, for ever.",
    epilog="Exit codes: 0 done, 1 refused or not available, 2 bad input, 3 incomplete (reconcile).",
)
app.add_typer(accounts.app, name="account")
app.add_typer(webhook_secrets.app, name="secret")
app.add_typer(sources.app, name="source")
app.add_typer(events.app, name="events")
app.add_typer(review.app, name="review")
app.add_typer(changes.app, name="changes")
app.add_typer(waiting.app, name="waiting")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(replays.app, name="replays")
app.command("import")(import_)
app.command("replay")(replay)
app.command("pause")(pause)
app.command("resume")(resume)
app.command("preview")(preview)
app.command("send")(send)
app.command("check-signature")(check_signature)
app.command("status")(status)
app.command("verify")(verify)
app.command("reconcile")(reconcile)
app.command("quota")(quota)
app.command("poll")(poll)
app.command("plan")(plan)
app.command("sandbox", context_settings=PASSED_ON)(sandbox)


def _version(asked: bool) -> None:
    from importlib.metadata import PackageNotFoundError, version

    if asked:
        try:
            print(f"relay {version('holded-relay')}")
        except PackageNotFoundError:
            print("relay, not installed")
        raise typer.Exit


@app.callback()
def _relay(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Holded Relay: one business fact, one Holded document, for ever."""
    del version


schemas = typer.Typer(cls=RelayGroup, no_args_is_help=True, help="The JSON Schemas of the events on the bus.")
app.add_typer(schemas, name="schemas")


@schemas.command("write")
def write(
    folder: Annotated[Path, typer.Argument(help="Made if it is not there; files in it are replaced.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Write one schema file an event into a folder."""
    from relay.cli.schemas import write_schemas

    try:
        written = [str(file) for file in write_schemas(folder)]
    except OSError as error:
        raise BadInput("folder_unwritable", field="folder", detail=f"{folder}: {error.strerror}") from None
    emit(written, as_json=as_json, human=lambda: lines(written))


@schemas.callback()
def _group() -> None:
    """The JSON Schemas of the events on the bus."""


def main() -> None:
    """Entry point of the `relay` script."""
    try:
        app()
    except Exception as error:  # a fault of ours: its text may hold what nobody should read in a log
        if os.environ.get(DEBUG):
            raise
        sys.exit(f"error: unexpected {type(error).__name__}; set {DEBUG}=1 to see where, it may show payloads")


if __name__ == "__main__":
    main()
