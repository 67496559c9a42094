"""The pings of v1 and the account's lists as v1 shows them, on the official examples where they are at hand."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from relay.errors import BadInput
from relay.holded import catalogue, requests_v1
from relay.holded.encoding import decode

EXAMPLES = Path(__file__).resolve().parents[3] / "shared/realdata/holded/official_v1/official_examples.json"


def official(method, path):
    """The official example reply of an operation, as bytes of a reply."""
    if not EXAMPLES.is_file():
        pytest.skip(f"the official v1 examples are not at {EXAMPLES.parent.name}/{EXAMPLES.name} beside the repository")
    found = [
        entry["example"]
        for entry in json.loads(EXAMPLES.read_text("utf-8"))
        if (entry["method"], entry["path"]) == (method, f"/api/invoicing/v1{path}")
    ]
    assert len(found) == 1
    return json.dumps(found[0]).encode()


def test_the_official_taxes_are_read_by_their_keys():
    taxes = requests_v1.v1_ping().reads(decode(official("GET", "/taxes")))

    assert [(tax.id, tax.key, tax.amount) for tax in taxes] == [
        ("s_iva_21", "s_iva_21", Decimal(21)),
        ("s_iva_10", "s_iva_10", Decimal(10)),
    ]


@pytest.mark.parametrize(
    ("path", "decoder"),
    [
        ("/numberingseries/{type}", catalogue.series),
        ("/saleschannels", catalogue.named),
        ("/warehouses", catalogue.named),
        ("/treasury", catalogue.treasury),
    ],
)
def test_the_official_lists_of_an_account_are_read(path, decoder):
    records = [decoder(item) for item in decode(official("GET", path))]

    assert records
    assert all(record.name for record in records)


def test_a_list_of_v1_that_is_no_list_is_refused():
    with pytest.raises(BadInput, match="a list"):
        requests_v1.v1_ping().reads({"items": []})
