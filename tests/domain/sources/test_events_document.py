"""`docs/events.md` tells what the code does: topics, types, subjects, reasons."""

from __future__ import annotations

import re
from pathlib import Path

from relay.domain import wire
from relay.domain.sources import _facts, _standard_shape, holded, registry
from relay.holded.polled_table import FOLLOWED, POLLED

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")


def rows(columns: int) -> list[list[str]]:
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("|")
    ]
    return [row for row in cells if len(row) == columns and not set(row[0]) <= {"-"}]


def test_every_topic_of_every_source_is_in_the_table() -> None:
    told = {(row[0], row[1]) for row in rows(4) if row[0] in registry.SOURCES}
    named = {name: source.TOPICS for name, source in registry.SOURCES.items() if name not in {"standard", "holded"}}

    assert told == {(name, topic) for name, topics in named.items() for topic in topics}
    assert f"its {len(holded.TOPICS)} webhooks" in TEXT


def test_every_type_is_in_the_catalogue_with_its_model_and_whether_it_is_monotone() -> None:
    told = {row[0]: (row[1], row[2] == "yes") for row in rows(4) if "." in row[0]}

    assert set(told) == _standard_shape.TOPICS
    for kind, (model, monotone) in told.items():
        assert model == kind.partition(".")[0]
        assert model in wire.MODEL_OF
        assert monotone is (kind not in _facts.CHANGING)


def test_every_object_seen_in_holded_is_in_its_table_with_its_model() -> None:
    kinds = {name: re.sub(r"(?<!^)([A-Z])", r"_\1", model.__name__).lower() for name, model in wire.MODEL_OF.items()}
    told = {row[0]: row[1] for row in rows(4) if row[0] in wire.MODEL_OF}

    # Refunds are a shop's; Holded knows credit notes.
    assert told == {name: kind for name, kind in kinds.items() if name != "refund"}


def test_every_type_a_source_gives_is_in_the_catalogue() -> None:
    named = {kind for row in rows(4) if row[0] in registry.SOURCES for kind in re.findall(r"[a-z_]+\.[a-z]+", row[2])}
    assert named == _standard_shape.TOPICS


def test_every_model_that_is_seen_in_holded_is_told_with_its_verbs_and_objects() -> None:
    told = {row[0]: (set(row[2].split(", ")), row[3]) for row in rows(4) if row[0] in wire.MODEL_OF}

    for each in [*POLLED, *FOLLOWED.values()]:
        verbs, objects = told[each.model]
        assert {"created", "updated", "deleted"} <= verbs
        assert re.search(rf"\b{each.name}\b", objects), each.name
    assert {each.model for each in [*POLLED, *FOLLOWED.values()]} == set(told)


def test_every_reason_in_the_code_is_in_the_table_and_no_other() -> None:
    told = {reason for row in rows(3) if row[0] in {"ignored", "review"} for reason in row[1].split(", ")}
    folder = ROOT / "shared" / "relay" / "domain"
    files = [
        one for one in (folder / "sources").glob("*.py") if one.name not in {"signing.py", "registry.py", "reread.py"}
    ]
    code = "\n".join(one.read_text(encoding="utf-8") for one in [*files, folder / "wire.py", folder / "bounds.py"])
    # `unknown_type` is answered to a programmer who parses a model by a type that there is not, never to a delivery.
    raised = set(re.findall(r'(?:BadInput|wrong|Ignored|ignored=|reason: str =)\(?\s*"([a-z0-9_]+)"', code)) - {
        "unknown_type"
    }

    assert raised - told == set()
    assert told - raised == set()
