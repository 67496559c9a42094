"""Events as JSON, as CloudEvents, and their published schemas."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from relay.cli.schemas import rendered, write_schemas
from relay.domain import wire, wire_schemas
from relay.errors import BadInput
from tests.domain.sources.payloads import POSTED, SHOPIFY_ORDER, STRIPE_INVOICE, changed, normalise, only

ROOT = Path(__file__).resolve().parents[2]
EVENTS = [only(normalise("shopify", "orders/paid", SHOPIFY_ORDER)), only(normalise("stripe", "", STRIPE_INVOICE))]


@pytest.mark.parametrize("event", EVENTS, ids=["order", "invoice"])
def test_an_event_survives_the_way_through_json(event: Any) -> None:
    assert wire.loads(wire.dumps(event)) == event


@pytest.mark.parametrize("event", EVENTS, ids=["order", "invoice"])
def test_a_cloudevent_has_its_required_attributes_and_follows_the_published_schema(event: Any) -> None:
    detail = wire.to_cloudevent(event)

    assert {"specversion", "id", "source", "type"} <= set(detail)
    assert (detail["source"], detail["account"]) == (f"relay.{event.source}", "acme")
    assert all(name.isascii() and name.isalnum() and name.islower() for name in detail)
    jsonschema.validate(detail, wire_schemas.schemas()["cloudevent"])
    jsonschema.validate(detail["data"], wire_schemas.schemas()[event.type.partition(".")[0]])


def test_money_is_text_and_never_a_float() -> None:
    text = wire.dumps(EVENTS[0]).decode()

    assert '"total":"121.00"' in text
    json.loads(text, parse_float=lambda one: pytest.fail(f"a float in JSON: {one}"))


def test_a_posted_event_follows_the_schema_it_is_published_under() -> None:
    schema = wire_schemas.schemas()["event"]
    jsonschema.validate(POSTED, schema)
    misspelt = changed(POSTED)
    misspelt["data"]["tax"] = "1"
    for wrong in (misspelt, {"type": "order.paid"}, changed(POSTED, type="invoice.issued", data={"id": "1"})):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_the_schemas_in_the_documentation_are_current() -> None:
    folder = ROOT / "docs" / "schemas"
    expected = {f"{name}.json": rendered(schema) for name, schema in wire_schemas.schemas().items()}

    assert {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")} == expected


def test_writing_schemas_writes_one_file_each(tmp_path: Path) -> None:
    written = write_schemas(tmp_path / "new")

    assert [path.stem for path in written] == sorted(wire_schemas.schemas())
    for path in written:
        jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": 1}, "id"),
        ({"version": "1"}, "version"),
        ({"time": "x"}, "time"),
        ({"data": []}, "data"),
        ({"type": "x.y"}, "type"),
    ],
)
def test_a_detail_that_is_no_event_of_ours_names_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        wire.from_cloudevent({**wire.to_cloudevent(EVENTS[0]), **change})
    assert caught.value.field == field


HALF = wire.dumps(EVENTS[0]).replace(EVENTS[0].subject.encode(), rb"\ud800")


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, HALF])
def test_stored_text_that_is_no_event_is_bad_input(text: bytes) -> None:
    with pytest.raises(BadInput):
        wire.loads(text)


def test_the_hot_path_loads_neither_models_nor_validation_nor_cryptography() -> None:
    code = (
        "import sys, relay.domain.sources.registry, relay.domain.sources.identity\n"
        "heavy = ('pydantic', 'cryptography', 'stdnum', 'zoneinfo', 'relay.domain.models', 'relay.domain.wire', 'httpx', 'boto3')\n"
        "print([one for one in heavy if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
