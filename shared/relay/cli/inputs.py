"""What users hand in, read strictly: account ids, files, JSON, durations, instants, secrets.

Every refusal is `BadInput` and tells the field, the shape found and what was expected; never the value of a secret.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Annotated, Any

import typer

from relay.errors import BadInput

ACCOUNT_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,38}")
SOURCES = ("holded", "shopify", "stripe", "woocommerce", "standard")
SourceName = Annotated[str, typer.Option("--source", help="holded, shopify, stripe, woocommerce or standard.")]
MAX_FILE_BYTES = 32 * 1024 * 1024
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Nothing was sold before, and of the last year no other clock can tell the end."""
_DURATION = re.compile(r"(\d{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def account_id(value: str) -> str:
    if not ACCOUNT_ID.fullmatch(value):
        raise BadInput(
            "account_malformed",
            field="account",
            detail=f"{len(value)} characters; expected 2 to 39 of a-z, 0-9 and -, not starting with -",
        )
    return value


def source_name(value: str, field: str = "--source") -> str:
    if value not in SOURCES:
        raise BadInput("source_unknown", field=field, detail=f"expected one of {', '.join(SOURCES)}")
    return value


def file_bytes(path: Path, field: str) -> bytes:
    """A file's raw bytes; `-` is standard input."""
    if str(path) == "-":
        if sys.stdin is None:
            raise BadInput("stdin_closed", field=field, detail="expected a file, or something on standard input")
        return sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadInput("file_too_large", field=field, detail=f"more than {MAX_FILE_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise BadInput("file_unreadable", field=field, detail=f"{path}: {error.strerror or 'cannot be read'}") from None


def json_file(path: Path, field: str) -> Any:
    try:
        return json.loads(file_bytes(path, field))
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadInput("json_malformed", field=field, detail=f"{path}: {where}: {error.msg}") from None
    except (UnicodeDecodeError, RecursionError, ValueError):
        raise BadInput("json_malformed", field=field, detail=f"{path}: not readable as JSON text") from None


_SPACED = frozenset({"webhook-signature", "svix-signature"})


def headers_file(path: Path) -> dict[str, str]:
    """An object name -> string or list of strings, or a list of [name, value] pairs; names in any letter case.

    Different values of one name are joined as an HTTP server joins them: with a comma, the signatures of Standard
    Webhooks with a space (their own list separator).
    """
    raw = json_file(path, "--headers")
    pairs = list(raw.items()) if isinstance(raw, dict) else raw
    if not isinstance(pairs, list):
        raise BadInput(
            "headers_malformed", field="--headers", detail=f"{_shape(raw)}; expected an object or a list of pairs"
        )
    found: dict[str, list[str]] = {}
    for at, pair in enumerate(pairs):
        if not (isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str)):
            raise BadInput("headers_malformed", field=f"headers[{at}]", detail="expected a pair of name and value")
        name, values = pair[0].lower(), pair[1] if isinstance(pair[1], list) else [pair[1]]
        known = found.setdefault(name, [])
        for value in values:
            if not isinstance(value, str):
                raise BadInput("headers_malformed", field=f"headers.{name}", detail=f"{_shape(value)}; expected text")
            if value not in known:
                known.append(value)
    return {name: (" " if name in _SPACED else ",").join(values) for name, values in found.items() if values}


def _shape(value: Any) -> str:
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "a boolean"), (dict, "an object"), (list, "a list"), (str, "text"), (int, "a number"), (float, "a number")
    )  # fmt: skip
    return next((name for kind, name in kinds if isinstance(value, kind)), "nothing")


def json_object(path: Path, field: str) -> Mapping[str, Any]:
    value = json_file(path, field)
    if not isinstance(value, dict):
        raise BadInput("json_malformed", field=field, detail=f"{path}: {_shape(value)}; expected an object")
    return value


def duration(value: str, field: str) -> timedelta:
    """`90s`, `15m`, `24h`, `7d`, or `0`."""
    if value == "0":
        return timedelta(0)
    found = _DURATION.fullmatch(value)
    if not found:
        raise BadInput("duration_malformed", field=field, detail="expected a number with s, m, h or d, such as 24h")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


def instant(value: str, field: str, *, clock: tzinfo = UTC) -> datetime:
    """ISO 8601; without an offset it is that clock's."""
    at: datetime | None = None
    with suppress(ValueError):
        at = datetime.fromisoformat(value)
    told = at if at is None or at.tzinfo else at.replace(tzinfo=clock)
    if told is None or not _FIRST <= told <= _LAST:
        raise BadInput("instant_malformed", field=field, detail="expected ISO 8601, such as 2026-03-02T09:00:00Z")
    return told


def named_values(values: list[str], field: str) -> dict[str, str]:
    """`name=value` options as a dictionary."""
    found = dict(value.partition("=")[::2] for value in values)
    if not all(found) or not all(found.values()):
        raise BadInput("pair_malformed", field=field, detail="expected name=value")
    return found


def secret(*, file: Path | None, variable: str, prompt: str, required: bool = True) -> str:
    """A secret from a file (`-`: standard input), from the environment, or typed unseen; never from the command line."""
    if file is not None:
        try:
            value = file_bytes(file, prompt).decode("utf-8").strip()
        except UnicodeDecodeError:
            raise BadInput("secret_malformed", field=prompt, detail="not UTF-8 text") from None
    elif os.environ.get(variable):
        value = os.environ[variable].strip()
    elif required and sys.stdin is not None and sys.stdin.isatty():
        import getpass

        value = getpass.getpass(f"{prompt} (not shown): ").strip()
    else:
        value = ""
    if required and not value:
        raise BadInput("secret_missing", field=prompt, detail=f"give it by file, standard input or {variable}")
    if any(not char.isprintable() or char.isspace() for char in value):
        raise BadInput("secret_malformed", field=prompt, detail="holds blanks or control characters")
    return value
