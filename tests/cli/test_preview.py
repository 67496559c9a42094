"""`relay preview` as a program calls it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from relay.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

ORDER = {
    "id": 7, "name": "#7", "currency": "EUR", "created_at": "2026-03-02T09:00:00Z", "financial_status": "paid",
    "total_price": "12.10", "total_tax": "2.10",
    "line_items": [
        {"id": 1, "name": "[red]Taza", "price": "10.00", "quantity": 1, "tax_lines": [{"rate": 0.21, "price": "2.10"}]}
    ],
}  # fmt: skip
OPTIONS = ["--source", "shopify", "--topic", "orders/paid", "--account", "acme"]


@pytest.fixture
def order_file(tmp_path: Path) -> Path:
    path = tmp_path / "order.json"
    path.write_text(json.dumps(ORDER))
    return path


def run(*args: str):
    return CliRunner().invoke(app, ["preview", *args])


def test_json_is_for_programs_and_exit_0_whatever_the_outcome(order_file):
    done = run(*OPTIONS, "--json", str(order_file))

    assert done.exit_code == 0, done.output
    made = json.loads(done.stdout)
    assert [(one["outcome"], one["total"]) for one in made["results"]] == [("document", "12.10")]
    order_file.write_text(json.dumps(ORDER | {"total_price": "99"}))
    assert run(*OPTIONS, "--json", str(order_file)).exit_code == 0


def test_people_get_a_table_and_the_requests_with_text_as_text(order_file):
    done = run(*OPTIONS, str(order_file))

    assert done.exit_code == 0
    assert "POST /api/v2/invoices" in done.stdout
    assert "[red]Taza" in done.stdout


def test_settings_and_the_accounts_own_tax_keys_come_from_a_file(order_file, tmp_path):
    settings = tmp_path / "settings.json"
    own = {"name": "IVA general", "amount": "21", "scope": "sales", "key": "s_iva_general", "group": "iva"}
    settings.write_text(json.dumps({"policy": {"finish": "approve"}, "catalogue": {"taxes": [own]}}))

    done = run(*OPTIONS, "--settings", str(settings), "--json", str(order_file))

    [result] = json.loads(done.stdout)["results"]
    assert result["requests"][1]["body"]["items"][0]["taxes"] == ["s_iva_general"]
    assert result["requests"][2]["path"].endswith("/approve")


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        ("not json", None),
        ("", None),
        (json.dumps(ORDER), "not json"),
        (json.dumps(ORDER), "[]"),
        (json.dumps(ORDER), '{"policy":{"finish":"x"}}'),
    ],
)
def test_input_that_cannot_be_read_exits_2_with_the_reason(tmp_path, content, settings):
    body = tmp_path / "body.json"
    body.write_text(content)
    more = []
    if settings is not None:
        path = tmp_path / "settings.json"
        path.write_text(settings)
        more = ["--settings", str(path)]

    done = run(*OPTIONS, *more, "--json", str(body))

    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")


def test_a_missing_file_or_unknown_source_exits_2(tmp_path, order_file):
    assert run(*OPTIONS, str(tmp_path / "none.json")).exit_code == 2
    assert run("--source", "myshop", "--topic", "x", "--account", "acme", str(order_file)).exit_code == 2
