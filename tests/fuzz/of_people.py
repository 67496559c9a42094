"""What people hand in: settings, files, options, the bytes that a command is given."""

from __future__ import annotations

import json
import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

from functions.write_holded.settings import Settings as WriterSettings
from relay.adapters.clock import SystemClock
from relay.cli import account_inputs, inputs
from relay.cli.account_change import status_change
from relay.cli.choice import span
from relay.cli.sources import base_of
from relay.cli.stack import LOCAL_FILE, find
from relay.domain.mapping.catalogue import Catalogue
from relay.domain.models import TaxId
from relay.domain.settings import default_settings, dump_settings, parse_settings
from relay.domain.sources import registry, signing
from relay.domain.taxids import check
from relay.holded import polled_requests
from relay.holded.polled_table import POLLED
from tests.fuzz.of_sources import deliveries

if TYPE_CHECKING:
    from collections.abc import Callable

    from relay.cli.context import World


from tests.fuzz.target import NOW, SECRET, Target, json_of, own, parts, text_of


def settings_file(data: bytes) -> None:
    parsed = parse_settings(json_of(data))
    assert parse_settings(dump_settings(parsed)) == parsed


def catalogue(data: bytes) -> None:
    value = json_of(data)
    if isinstance(value, dict):
        Catalogue.from_json(value)


def environment(data: bytes) -> None:
    lines = [line.partition("=") for line in text_of(data).splitlines()]
    WriterSettings.from_env({name: value for name, _, value in lines})


def options(data: bytes) -> None:
    which, value = data[:1], text_of(data[1:])
    readers: list[Callable[[], object]] = [
        lambda: inputs.account_id(value),
        lambda: inputs.source_name(value),
        lambda: inputs.duration(value, "x"),
        lambda: inputs.instant(value, "x"),
        lambda: inputs.named_values(value.split("\n"), "x"),
        lambda: account_inputs.bindings_of(value.split("\n")),
        lambda: base_of("woocommerce", shop_domain=None, base_url=value),
        lambda: base_of("shopify", shop_domain=value, base_url=None),
        lambda: status_change("paused", value),
        lambda: span(cast("World", None), value.partition("\n")[0], value.partition("\n")[2] or "never"),
        lambda: SystemClock.parse(value),
        lambda: polled_requests.one(POLLED[0], value),
    ]
    readers[(which[0] if which else 0) % len(readers)]()


def in_a_file(use: Callable[[Path], object]) -> Callable[[bytes], None]:
    folder = Path(tempfile.gettempdir())

    def run(data: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".json") as file:
            file.write(data)
            file.flush()
            use(Path(file.name))

    return run


def stack_file(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / LOCAL_FILE
        file.parent.mkdir()
        file.write_bytes(data)
        find(local=True, name=None, environ={}, folder=Path(folder))


def preview_command(data: bytes) -> None:
    which, topic, body = parts(data, 3)
    source = sorted(registry.SOURCES)[(which[0] if which else 0) % len(registry.SOURCES)]
    ran(["preview", "--source", source, "--account", "acme", f"--topic={text_of(topic)}", "-", "--json"], body)


def ran(command: list[str], typed: bytes) -> None:
    from typer.testing import CliRunner

    from relay.cli.app import app

    result = CliRunner().invoke(app, command, input=typed)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in {0, 1, 2}


def tax_id(data: bytes) -> None:
    country, value = parts(data, 2)
    check(
        TaxId(value=text_of(value), country=text_of(country)[:2] or None), buyer_country=text_of(country)[2:4] or None
    )


def previewed() -> list[bytes]:
    sources = enumerate(sorted(registry.SOURCES), start=len(registry.SOURCES))
    return [bytes([at, 0]) + seed for at, source in sources for seed in islice(deliveries(source)(), 3)]


OPTIONS = (
    b"\x06https://shop.test/x",
    b"\x07a.myshopify.com",
    b"\x08at lunch",
    b"\x092026-03-02\n2026-03-03",
    b"\x0a1772442000.5:60",
    b"\x0b5f",
)


def signed() -> list[bytes]:
    seeds = []
    for number, source in enumerate(sorted(registry.SOURCES), start=1):
        headers = signing.sign(source, b'{"id": 1}', SECRET, now=NOW, topic="orders/paid", delivery_id="d1")
        typed = (bytes([number + len(registry.SOURCES) - 1]), SECRET.encode(), NOW.isoformat().encode())
        seeds.append(b"\0".join((*typed, json.dumps(headers).encode(), b'{"id": 1}')))
    return seeds


def check_signature_command(data: bytes) -> None:
    """Source, secret, time and headers as they are typed, and a body from standard input."""
    which, secret, at, headers, body = parts(data, 5)
    source = sorted(registry.SOURCES)[(which[0] if which else 0) % len(registry.SOURCES)]

    def use(file: Path) -> None:
        given = ["--secret", text_of(secret), "--now", text_of(at), "--headers", str(file), "--body", "-"]
        ran(["check-signature", "--source", source, *given, "--json"], body)

    in_a_file(use)(headers)


TARGETS: dict[str, Target] = {
    "tax id": Target(run=tax_id, seeds=own(b"ESES\0B12345674", b"FR\0FR40303265045", b"\0X1234567L")),
    "settings": Target(
        run=settings_file, seeds=lambda: [json.dumps(dump_settings(default_settings())).encode(), b"{}"]
    ),
    "catalogue": Target(
        run=catalogue,
        seeds=own({"taxes": [{"id": "1", "key": "s_iva_21", "name": "IVA 21%", "amount": "21", "scope": "sales"}]}),
    ),
    "environment": Target(run=environment, seeds=own(b"SETTLE_SECONDS=600\nSTATE_TABLE=x\nINBOX_TABLE=y")),
    "options": Target(
        run=options,
        seeds=own(b"\x0090s", b"\x0224h", b"\x032026-03-02T09:00:00+01:00", b"\x05shopify.shop_domain=a", *OPTIONS),
    ),
    "headers file": Target(
        run=in_a_file(inputs.headers_file), seeds=own({"a": "b"}, [["a", ["b", "c"]]], {"webhook-signature": ["v1,a"]})
    ),
    "stack file": Target(
        run=stack_file,
        seeds=own({"region": "local", "endpoint_url": "http://x", "outputs": {"Api": "y"}, "clock": None}),
    ),
    "secrets file": Target(run=in_a_file(account_inputs.given_secrets), seeds=own({"shopify": "abc"})),
    "settings file": Target(run=in_a_file(account_inputs.checked_settings), seeds=own({"policy": {"finish": "draft"}})),
    "preview": Target(run=preview_command, seeds=previewed),
    "check-signature": Target(run=check_signature_command, seeds=signed),
}
