"""`relay review`: items by cause, what was meant, why it stopped, and the remedies."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from relay.cli.console import sure
from relay.cli.review_remedies import AT_A_TIME
from relay.errors import Rejected, Unavailable
from tests.cli.conftest import Over, over
from tests.services.killing import Aftermath
from tests.services.test_remedies import BY_HAND, approved_and_changed, draft_refund, item, look_alike, mend, put
from tests.services.world import World as Road
from tests.services.world import shopify_order

if TYPE_CHECKING:
    from relay.domain.ledger import Row


@pytest.fixture
def road() -> Road:
    return look_alike()


@pytest.fixture
def setting(road: Road) -> Over:
    return over(road)


def one_line(text: str) -> str:
    [line] = text.splitlines()
    return line


def test_items_are_grouped_by_cause(setting: Over, road: Road) -> None:
    told = setting.json("review", "list")
    human = setting.run("review", "list")

    assert told == {
        "groups": [
            {
                "account": "acme",
                "reason": "outcome_unknown_similar",
                "cause": "outcome_unknown",
                "items": 1,
                "oldest": told["groups"][0]["oldest"],
                "totals": {"EUR": "121.00"},
                "example": item(road),
            }
        ]
    }
    assert "121.00 EUR" in human.stdout


def test_the_sum_and_the_number_of_a_group_count_all_of_it() -> None:
    road = Road()
    for number in range(3):
        road.order(shopify_order(number, total_price="100.00"))
    road.order({"id": 1})
    [groups] = setting_of(road).json("review", "list").values()

    assert [group["items"] for group in groups] == [3, 1]
    assert groups[0]["reason"] == "total_differs"


def test_what_was_stopped_before_it_was_written_is_listed_with_what_the_source_says_of_it() -> None:
    road = Road()
    road.order(shopify_order(1, total_price="100.00"))
    told = setting_of(road).json("review", "list", "--account", "acme")

    assert road.rows()[0].total is None
    assert [(one["total"], one["currency"]) for one in told["items"]] == [("100.00", "EUR")]
    assert [group["totals"] for group in told["groups"]] == [{"EUR": "100.00"}]


def setting_of(road: Road) -> Over:
    return over(road)


def test_an_account_or_a_reason_lists_the_items(setting: Over, road: Road) -> None:
    [by_account] = setting.json("review", "list", "--account", "acme")["items"]
    none = setting.json("review", "list", "--reason", "no_lines")
    human = setting.run("review", "list", "--account", "acme")

    assert (by_account["item"], by_account["reason"]) == (item(road), "outcome_unknown_similar")
    assert none == {"groups": [], "items": []}
    assert item(road) in human.stdout


def test_an_item_is_shown_with_what_was_meant_why_and_the_commands_to_type(setting: Over, road: Road) -> None:
    told = setting.json("review", "show", item(road), "--account", "acme")
    human = setting.run("review", "show", item(road), "--account", "acme")

    assert [one["remedy"] for one in told["remedies"]] == ["retry", "adopt", "create", "ignore"]
    assert told["why"].startswith("a request's outcome is unknown")
    assert [request["path"] for request in told["meant"]["requests"]][-1] == "/api/v2/invoices"
    assert f"relay review adopt {item(road)} --account acme HOLDED_ID" in human.stdout
    assert "meant: POST /api/v2/invoices" in human.stdout


def test_the_commands_that_are_shown_can_be_typed(setting: Over, road: Road) -> None:
    told = setting.json("review", "show", item(road), "--account", "acme")
    for remedy in told["remedies"]:
        words = remedy["command"].replace("HOLDED_ID", BY_HAND).split()[1:]
        result = setting.run(*words, *(["--yes"] if remedy["remedy"] == "adopt" else []))

        assert "Usage" not in result.stderr


def test_a_difference_is_shown_field_by_field_and_with_a_look_what_holded_has_now() -> None:
    road = approved_and_changed()
    put(road, road.documents()[0], total="120.00")
    setting = over(road)
    name = item(road, "invoice.update")
    plain = setting.json("review", "show", name, "--account", "acme")
    looked = setting.json("review", "show", name, "--account", "acme", "--look")
    human = setting.run("review", "show", name, "--account", "acme")

    assert plain["differences"] == [{"field": "total", "meant": "242.00", "found": "121.00", "found_in": "ledger"}]
    assert looked["differences"] == [
        *plain["differences"],
        {"field": "total", "meant": "121.00", "found": "120.00", "found_in": "holded"},
    ]
    assert "242.00" in human.stdout


def test_a_look_at_a_document_that_is_gone_says_so() -> None:
    road = approved_and_changed()
    road.company.tables["documents"].clear()
    setting = over(road)
    told = setting.json("review", "show", item(road, "invoice.update"), "--account", "acme", "--look")

    assert [one["found"] for one in told["differences"]] == ["not in Holded"]


def test_the_sources_total_and_what_its_lines_come_to_are_told_apart() -> None:
    road = Road()
    road.order(shopify_order(1, total_price="130.00"))
    [found] = over(road).json("review", "list", "--account", "acme")["items"]
    told = over(road).json("review", "show", found["item"], "--account", "acme")

    assert told["reason"] == "total_differs"
    assert told["differences"] == [{"field": "total", "meant": "130.00", "found": "121.00", "found_in": "lines"}]


def test_what_is_not_in_review_is_shown_without_a_why_or_a_request() -> None:
    road = Road()
    road.order(shopify_order(1))
    key = str(road.row().key)
    told = over(road).json("review", "show", key, "--account", "acme")
    human = over(road).run("review", "show", key, "--account", "acme")

    assert (told["in_review"], told["why"], told["meant"], told["remedies"]) == (False, "", None, [])
    assert human.stdout.startswith("not in review: confirmed\n")
    assert "meant:" not in human.stdout


def test_an_item_is_found_by_its_delivery_where_it_is_the_only_one(setting: Over, road: Road) -> None:
    [listed] = setting.json("review", "list", "--account", "acme")["items"]
    told = setting.json("review", "show", listed["event"].partition("#")[0], "--account", "acme")

    assert told["item"] == item(road)


def test_a_reason_that_nothing_has_is_said_and_nothing_is_put_back(setting: Over) -> None:
    human = setting.run("review", "list", "--reason", "bogus")
    retried = setting.run("review", "retry", "--reason", "bogus", "--account", "acme")

    assert human.stdout == "nothing is in review for this\n"
    assert retried.exit_code == 1
    assert "nothing_in_review" in one_line(retried.stderr)


def test_both_an_item_and_a_reason_are_too_much(setting: Over, road: Road) -> None:
    refused = setting.run("review", "retry", item(road), "--reason", "total_differs", "--account", "acme")

    assert refused.exit_code == 2
    assert "only one of" in one_line(refused.stderr)


def test_retry_puts_it_back_and_wakes_the_account(setting: Over, road: Road) -> None:
    road.wakes.sent.clear()
    told = setting.json("review", "retry", item(road), "--account", "acme")

    assert (told["state"], told["reason"]) == ("unknown", "outcome_unknown")
    assert [dict(wake.message) for wake in road.wakes.sent] == [{"account": "acme"}]


def test_what_is_put_back_already_is_woken_for_when_a_store_goes_away_half_way() -> None:
    road = Road(settings={"policy": {"exchange_rate": "review"}})
    for number in range(AT_A_TIME + 1):
        road.order(shopify_order(number, currency="USD"))
    setting = over(road)
    road.wakes.sent.clear()
    inner, puts = road.ledger.replace, []

    async def replace(row: Row, *, expected_rev: int) -> bool:
        puts.append(row)
        if len(puts) > AT_A_TIME:
            raise Unavailable("away")
        return await inner(row, expected_rev=expected_rev)

    road.ledger.replace = replace  # type: ignore[method-assign]  # the store goes away after ten
    [reason] = {row.reason for row in road.rows("invoice")}
    result = setting.run("review", "retry", "--reason", reason, "--account", "acme")

    assert (result.exit_code, "away" in result.stderr) == (1, True)
    assert [row.state for row in road.rows("invoice")].count("waiting") == AT_A_TIME
    assert [dict(wake.message) for wake in road.wakes.sent] == [{"account": "acme"}]


@pytest.mark.parametrize("option", ["--reason", "--alike"])
def test_all_alike_are_put_back_in_the_background(option: str) -> None:
    road = draft_refund()
    mend(road)
    name = item(road, "creditnote")
    given = "original_is_a_draft" if option == "--reason" else name
    told = over(road).json("review", "retry", option, given, "--account", "acme")

    assert told == {"account": "acme", "reason": "original_is_a_draft", "put_back": 1, "not_possible": 0}
    assert road.row("creditnote").priority == "background"


def test_adopt_shows_the_differences_and_needs_a_differing_total_said(setting: Over, road: Road) -> None:
    put(road, road.company.tables["documents"][BY_HAND], total="100.00", date="2025-01-15")
    words = ["review", "adopt", item(road), BY_HAND, "--account", "acme", "--yes"]
    refused = setting.run(*words)
    done = setting.run(*words, "--total-differs")

    assert refused.exit_code == 1
    assert "total: meant was 121.00, the document has 100.00" in refused.stderr
    assert re.search(r"date: meant was 2026-\S+, the document has 2025-01-15", refused.stderr)
    assert "--total-differs" in refused.stderr
    assert done.exit_code == 0
    assert BY_HAND in done.stdout


def test_nobody_is_asked_where_nobody_can_answer(setting: Over, road: Road) -> None:
    name = item(road)
    adopt = setting.run("review", "adopt", name, BY_HAND, "--account", "acme")
    create = setting.run("review", "create", name, "--account", "acme")
    half = setting.run("review", "create", name, "--account", "acme", "--yes")

    assert [adopt.exit_code, create.exit_code, half.exit_code] == [2, 2, 2]
    assert "--i-know-it-may-double" in half.stderr
    assert item(road) == name


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_must_be_typed_is_the_accounts_id_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("acme\nyes\n"))
    sure("Create it?", yes=False, typed="acme")

    with pytest.raises(Rejected, match="not_confirmed"):
        sure("Create it?", yes=False, typed="acme")


def test_create_with_both_confirmations_is_said_once(setting: Over, road: Road) -> None:
    name = item(road)
    words = ["review", "create", name, "--account", "acme", "--yes", "--i-know-it-may-double"]
    first, second = setting.run(*words), setting.run(*words)
    Aftermath(road).live(hours=1)
    third = setting.run(*words)

    assert [first.exit_code, second.exit_code, third.exit_code] == [0, 1, 1]
    assert "not_in_review: it is unknown" in second.stderr
    assert "not_in_review: it is confirmed" in third.stderr
    assert len(road.documents()) == 3


def test_ignore_needs_a_note(setting: Over, road: Road) -> None:
    name = item(road)
    missing = setting.run("review", "ignore", name, "--account", "acme")
    empty = setting.run("review", "ignore", name, "--account", "acme", "--note", "  ")
    done = setting.json("review", "ignore", name, "--account", "acme", "--note", "booked  by hand")

    assert [missing.exit_code, empty.exit_code] == [2, 2]
    assert (done["state"], done["reason"]) == ("ignored", "by_hand_outcome_unknown")


def test_the_change_log_tells_who_did_what(setting: Over, road: Road) -> None:
    name = item(road)
    setting.json("review", "ignore", name, "--account", "acme", "--note", "booked by hand")
    [change] = setting.json("changes", "list", "--account", "acme")
    human = setting.run("changes", "list", "--account", "acme")
    road.clock.advance(7200)

    assert (change["who"], change["what"]) == ("cli:tests", "review ignore")
    assert change["after"] == f"{name} ignored by_hand_outcome_unknown"
    assert "booked" not in human.stdout
    assert setting.json("changes", "list", "--account", "acme", "--since", "1h") == []


@pytest.mark.parametrize(
    "words",
    [
        ["review", "show"],
        ["review", "retry"],
        ["review", "adopt", BY_HAND, "--yes"],
        ["review", "create", "--yes", "--i-know-it-may-double"],
        ["review", "ignore", "--note", "x"],
    ],
    ids=lambda words: words[1],
)
def test_an_item_of_another_account_is_not_found(setting: Over, road: Road, words: list[str]) -> None:
    road.admit("bolt")
    before = dict(road.ledger.rows)
    result = setting.run(*words[:2], item(road), *words[2:], "--account", "bolt")

    assert result.exit_code == 1
    assert "item_unknown" in one_line(result.stderr)
    assert road.ledger.rows == before
    assert road.accounts.log == []


@pytest.mark.parametrize(
    "words",
    [
        ["review", "retry", "--account", "acme"],
        ["review", "retry", "x", "--reason", "y", "--account", "acme"],
        ["review", "list", "--limit", "0"],
        ["changes", "list", "--account", "acme", "--since", "soon"],
        ["changes", "list", "--account", "no such"],
    ],
)
def test_bad_input_is_refused(setting: Over, words: list[str]) -> None:
    assert setting.run(*words).exit_code == 2


def test_a_note_with_data_that_looks_like_markup_stays_text(setting: Over, road: Road) -> None:
    setting.json("review", "ignore", item(road), "--account", "acme", "--note", "[red]seen[/red]")
    shown: dict[str, Any] = json.loads(
        setting.run("review", "show", item_ignored(road), "--account", "acme", "--json").stdout
    )

    assert shown["detail"].startswith("[red]seen[/red] (was ")
    assert shown["remedies"] == []


def item_ignored(road: Road) -> str:
    (row,) = [row for row in road.rows("invoice") if row.state == "ignored"]
    return str(row.key)


def test_a_delivery_that_is_retried_says_when_it_is_read_again() -> None:
    road = Road()
    road.order({"id": 1})
    setting = over(road)
    [listed] = setting.json("review", "list", "--account", "acme")["items"]
    told = setting.json("review", "retry", listed["item"], "--account", "acme")

    assert told["next"] == "it is read again within ten minutes"
