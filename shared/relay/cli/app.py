"""The `relay` command: its sub-commands, and the way out for every error."""

import sys

import typer

from relay.cli import accounts, events, webhook_secrets
from relay.cli.console import RelayGroup
from relay.cli.sandbox import PASSED_ON, sandbox
from relay.cli.sending import send
from relay.cli.signatures import check_signature
from relay.cli.status import status

app = typer.Typer(
    cls=RelayGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Holded Relay: one business fact, one Holded document, for ever.",
    epilog="Exit codes: 0 done, 1 refused or not available, 2 bad input.",
)
app.add_typer(accounts.app, name="account")
app.add_typer(webhook_secrets.app, name="secret")
app.add_typer(events.app, name="events")
app.command("send")(send)
app.command("check-signature")(check_signature)
app.command("status")(status)
app.command("sandbox", context_settings=PASSED_ON)(sandbox)


def main() -> None:
    """Entry point of the `relay` script."""
    try:
        app()
    except BrokenPipeError:
        # The reader (`| head`) has left: nothing more to say, and nothing to complain about at exit.
        sys.stdout = None  # stops the interpreter from flushing into the closed pipe
        sys.exit(0)


if __name__ == "__main__":
    main()
