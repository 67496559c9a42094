"""`relay verify`: every event has its end, and the ledger agrees with Holded."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from tests.cli.conftest import Over, over
from tests.services.world import World as Road
from tests.services.world import shopify_order


@pytest.fixture
def road() -> Road:
    """A company with three documents written."""
    world = Road()
    for number in (1, 2, 3):
        world.order(shopify_order(number))
    return world


@pytest.fixture
def setting(road: Road) -> Over:
    return over(road)


def test_a_clean_account_says_so_and_exits_with_0(setting: Over) -> None:
    result = setting.run("verify")
    told = setting.json("verify", "--account", "acme")
    [account] = told["accounts"]

    assert result.exit_code == 0
    assert "nothing is missing" in result.stdout
    assert told["clean"] is True
    assert (account["deliveries"], account["events"], account["done"]) == (3, 3, 3)
    assert account["ends"] == [{"end": "done", "reason": "document", "events": 3, "until": None}]
    assert account["holded"] == {"documents": 3, "calls_expected": 1, "calls": 1}


def test_the_cost_is_said_before_it_starts(setting: Over) -> None:
    assert setting.run("verify", "--json").stderr == "acme: 3 documents, at least 1 call to Holded\n"


def test_a_finding_is_printed_and_exits_with_1(setting: Over, road: Road) -> None:
    gone = road.documents()[1]["id"]
    del road.company.tables["documents"][gone]
    human = setting.run("verify")
    told = json.loads(setting.run("verify", "--json").stdout)

    assert human.exit_code == 1
    assert "missing_in_holded" in human.stdout
    assert told["clean"] is False
    assert [(one["what"], gone in one["detail"]) for one in told["accounts"][0]["findings"]] == [
        ("missing_in_holded", True)
    ]


def test_offline_spends_no_call(setting: Over, road: Road) -> None:
    road.holded.calls.clear()
    del road.company.tables["documents"][road.documents()[1]["id"]]
    told = setting.json("verify", "--offline")

    assert road.holded.calls == []
    assert told["accounts"][0]["holded"] is None


def test_what_cannot_be_compared_is_a_finding_and_not_a_clean_bill(setting: Over, road: Road) -> None:
    del road.accounts.credentials["acme"]
    result = setting.run("verify", "--json")
    [finding] = json.loads(result.stdout)["accounts"][0]["findings"]

    assert result.exit_code == 1
    assert (finding["what"], "credential_missing" in finding["detail"]) == ("not_compared", True)


def test_only_the_time_that_is_asked_for_is_counted(setting: Over) -> None:
    told = setting.json("verify", "--from", "2026-03-01", "--to", "2026-03-02")

    assert told["accounts"][0]["deliveries"] == 0
    assert told["accounts"][0]["holded"]["calls"] == 0


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["--from", "yesterday"], 2),
        (["--from", "2026-03-02", "--to", "2026-03-01"], 2),
        (["--account", "no such"], 2),
        (["--account", "nobody"], 1),
    ],
)
def test_bad_input_is_told_in_one_line(setting: Over, arguments: list[str], exit_code: int) -> None:
    result = setting.run("verify", *arguments)

    assert result.exit_code == exit_code
    assert len(result.stderr.splitlines()) == 1


def test_several_accounts_are_counted_in_one_walk(setting: Over, road: Road) -> None:
    road.admit("bolt")
    asyncio.run(road.accounts.put(replace(road.accounts.accounts["bolt"], name="Bolt"), expected_rev=1))
    told = setting.json("verify", "--account", "acme", "--account", "bolt")

    assert [(one["account"], one["events"]) for one in told["accounts"]] == [("acme", 3), ("bolt", 0)]


def test_a_time_that_the_inbox_has_forgotten_is_warned_of(setting: Over) -> None:
    human = setting.run("verify", "--from", "2025-01-01", "--to", "2025-02-01")
    told = setting.json("verify", "--from", "2025-01-01", "--to", "2025-02-01")
    partly = setting.json("verify", "--since", "60d")

    assert "nothing is missing, extra or differing in what is still kept" in human.stdout
    assert "warning: deliveries leave the inbox 35 days after their end" in human.stderr
    assert ["no event of this time" in one for one in told["warnings"]] == [True]
    assert ["events from before 2026-01-" in one for one in partly["warnings"]] == [True]


def test_as_much_as_is_kept_is_verified_without_a_warning(setting: Over) -> None:
    assert setting.json("verify")["warnings"] == []
    assert setting.json("verify", "--since", "35d")["warnings"] == []


def test_since_counts_back_and_is_not_given_with_from(setting: Over) -> None:
    told = setting.json("verify", "--since", "24h")
    both = setting.run("verify", "--since", "24h", "--from", "2026-03-01")

    assert (told["warnings"], told["accounts"][0]["deliveries"]) == ([], 3)
    assert both.exit_code == 2
    assert "range_ambiguous" in both.stderr
