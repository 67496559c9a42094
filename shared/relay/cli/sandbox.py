"""`relay sandbox`: a Holded to try against, on this machine. It is a program of its own and is started as one."""

import subprocess
import sys

import typer

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def sandbox(ctx: typer.Context) -> None:
    """Run the Holded sandbox on 127.0.0.1; the arguments are its own (try --help)."""
    try:
        done = subprocess.run([sys.executable, "-m", "holded_sandbox", *ctx.args], check=False)  # noqa: S603  # our own module; the arguments are the user's own
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    raise typer.Exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)
