"""`relay reconcile`: what it says, in which shapes, with which exit code; and what its repairs do."""

from __future__ import annotations

import csv
import io
import itertools
import json
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from holded_sandbox.faults import Fault
from relay.cli.reconcile_html import page
from relay.cli.reconcile_shown import _why, csv_of, exit_code
from relay.cli.reconcile_words import said
from relay.domain.nights import reconcile_key
from relay.services.unfold import unfold
from tests.cli.conftest import Over, over
from tests.services.books import Books, order_on
from tests.services.shops import lived, open_shop, watch
from tests.services.test_backfill import bring
from tests.services.test_reconcile_asking import Asking
from tests.services.world import ACCOUNT, shopify_order

if TYPE_CHECKING:
    from pathlib import Path

DAYS = ("--from", "2026-03-01", "--to", "2026-03-31")


@pytest.fixture
def books() -> Books:
    return Books(orders=3)


@pytest.fixture
def setting(books: Books) -> Over:
    return over(books)


def told(setting: Over, *args: str) -> Any:
    return json.loads(setting.run("reconcile", ACCOUNT, *DAYS, "--json", *args).stdout)


# -- exit codes and cost -----------------------------------------------------------------------------------------------


def test_clean_books_say_so_and_exit_with_0(setting: Over) -> None:
    result = setting.run("reconcile", ACCOUNT, *DAYS)

    assert result.exit_code == 0
    assert "no difference" in result.stdout
    assert result.stderr == "acme: 3 documents known, about 2 calls to Holded (an estimate)\n"


def test_differences_exit_with_1(setting: Over, books: Books) -> None:
    books.deletes(books.documents()[0])
    result = setting.run("reconcile", ACCOUNT, *DAYS)

    assert result.exit_code == 1
    assert "deleted_by_hand" in result.stdout


def test_what_could_not_be_read_exits_with_3_and_says_why(setting: Over, books: Books) -> None:
    books.deletes(books.documents()[0])
    books.sandbox.faults.faults.append(Fault(kind="error_before", method="GET", path="/invoices$"))
    result = setting.run("reconcile", ACCOUNT, *DAYS)

    assert result.exit_code == 3
    assert "incomplete: invoice: its list was not read whole" in result.stderr
    assert exit_code({"complete": False, "open": 4}) == 3


def test_what_a_person_has_settled_exits_with_0(setting: Over, books: Books) -> None:
    books.deletes(books.documents()[0])
    setting.run("reconcile", ACCOUNT, *DAYS, "--repair", "--yes")
    (item,) = books.rows("invoice.settlement")
    setting.run("review", "ignore", str(item.key), "--account", ACCOUNT, "--note", "meant")
    result = setting.run("reconcile", ACCOUNT, *DAYS)

    assert result.exit_code == 0
    assert "0 open differences, 1 settled by a person" in result.stdout


def test_the_cost_alone_spends_no_call(setting: Over, books: Books) -> None:
    books.holded.calls.clear()
    found = json.loads(setting.run("reconcile", ACCOUNT, *DAYS, "--cost", "--json").stdout)

    assert (found["documents"], found["calls"], books.holded.calls) == (3, 2, [])


def test_more_calls_than_said_are_asked_about(setting: Over, books: Books) -> None:
    books.holded.calls.clear()
    refused = setting.run("reconcile", ACCOUNT, *DAYS, "--ask-above", "1")

    assert (refused.exit_code, books.holded.calls) == (2, [])
    assert "confirmation_missing" in refused.stderr
    assert setting.run("reconcile", ACCOUNT, *DAYS, "--ask-above", "1", "--yes").exit_code == 0


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (("--from", "yesterday"), "day_malformed"),
        (("--from", "2026-03-02", "--to", "2026-03-01"), "range_empty"),
        (("--from", "2020-03-02"), "range_too_long"),
        (("--last", "--cost"), "last_alone"),
        (("--last", "--ask-source"), "last_alone"),
        (("--output", "no/such/folder/out.csv"), "file_unwritable"),
    ],
)
def test_bad_input_is_refused_before_anything_is_read(setting: Over, args: tuple[str, ...], reason: str) -> None:
    result = setting.run("reconcile", ACCOUNT, *args)

    assert result.exit_code == 2
    assert reason in result.stderr


def test_without_days_it_is_the_last_week(setting: Over) -> None:
    found = json.loads(setting.run("reconcile", ACCOUNT, "--json").stdout)

    assert (found["from"], found["to"], found["documents"]) == ("2026-02-23", "2026-03-02", 3)


# -- shapes ------------------------------------------------------------------------------------------------------------


def test_json_has_amounts_as_text(setting: Over, books: Books) -> None:
    books.edits(books.documents()[0], date="2026-04-02")
    found = told(setting)
    (line,) = found["totals"]

    assert (line["source"]["total"], line["agrees"]) == ("363.00", False)
    assert line["holded"]["by_rate"] == [{"rate": "21", "base": "200.00", "tax": "42.00"}]
    assert [one["class"] for one in found["differences"]] == ["wrong_period"]


def test_csv_opens_in_a_spanish_spreadsheet(setting: Over, books: Books, tmp_path: Path) -> None:
    books.edits(books.documents()[0], items=[{"name": "x", "price": "1000.5", "units": 1, "taxes": ["s_iva_21"]}])
    file = tmp_path / "march.csv"
    setting.run("reconcile", ACCOUNT, *DAYS, "--format", "csv", "--output", str(file))
    raw = file.read_bytes()
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";"))
    difference = dict(zip(rows[-2], rows[-1], strict=True))

    assert raw.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in raw
    assert rows[1][:9] == ["2026-03-02", "invoice", "F26", "EUR", "source", "3", "300,00", "63,00", "363,00"]
    assert ["2026-03-02", "invoice", "F26", "EUR", "source", "21", "300,00", "63,00"] in rows
    assert (difference["class"], difference["ledger"], difference["holded"]) == ("amount_differs", "121,00", "1210,61")


def test_what_limits_the_result_stands_in_every_shape(setting: Over, books: Books, tmp_path: Path) -> None:
    """Whoever reads the file did not see the terminal."""
    lived(books, "shopify")
    open_shop(books, "shopify")
    books.clock.advance(3 * 86_400)
    books.provider_api.away = True
    watch(books)
    books.sandbox.faults.faults += [Fault(kind="error_before", method="GET", path="/invoices$") for _ in range(4)]
    why = "its list was not read whole: server_error; nothing is concluded of what was not read"
    heard = "silent since 2026-03-02T"
    command = "relay import --account acme --source shopify --from 2026-03-02 --to 2026-03-06"
    file = tmp_path / "out"
    for shape in ("table", "csv", "html"):
        result = setting.run("reconcile", ACCOUNT, *DAYS, "--format", shape, "--output", str(file))
        written = file.read_text(encoding="utf-8") if shape != "table" else result.stderr

        assert result.exit_code == 3
        for where in (result.stderr, written):
            assert (why in where, heard in where, command in where) == (True, True, True), (shape, where)

    told_ = told(setting)
    assert told_["incomplete"] == {"invoice": "its list was not read whole: server_error"}
    assert [(one["source"], one["command"]) for one in told_["silent"]] == [("shopify", command)]


@pytest.mark.row("B08")
@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_a_spreadsheet_would_run_is_neutralised(setting: Over, books: Books, begins: str) -> None:
    books.edits(books.documents()[0], date="2026-03-09")
    books.renumbers(books.documents()[0], f"{begins}HYPERLINK(1)")
    found = told(setting)
    made = list(csv.reader(io.StringIO(csv_of(found)[1:], newline=""), delimiter=";"))[-1]

    assert f"'{begins}HYPERLINK(1)" in made
    assert not [cell for cell in made if cell.startswith(begins) and len(cell) > 1]


def test_a_negative_amount_stays_a_number() -> None:
    from relay.cli.reconcile_shown import _cell

    assert [_cell("-12.50"), _cell("-15"), _cell("-cmd"), _cell("-1+1")] == ["-12,50", "-15", "'-cmd", "'-1+1"]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"} or name.startswith("on")]


@pytest.mark.row("B08")
def test_html_is_one_page_without_script_and_with_every_text_escaped(setting: Over, books: Books) -> None:
    evil = '<script>alert("x")</script><img src=x onerror=y>'
    books.edits(books.documents()[0], date="2026-03-09")
    books.renumbers(books.documents()[0], evil)
    found = told(setting)
    found["incomplete"] = {evil: evil}
    made = page(found)
    read = Tags()
    read.feed(made)

    assert "&lt;script&gt;" in made
    assert set(read.tags) == {
        "html", "head", "meta", "title", "style", "body", "h1", "p", "h2", "table", "thead", "tr", "th", "tbody", "td",
        "div", "strong", "ul", "li", "br", "code",
    }  # fmt: skip
    assert read.links == []
    assert "Edited by hand" in made
    assert "url(" not in made


def test_what_is_not_the_relays_is_no_line_of_the_table_and_stands_in_the_other_shapes(
    setting: Over, books: Books
) -> None:
    books.books(day="2026-03-10", price="50")
    table = setting.run("reconcile", ACCOUNT, *DAYS).stdout
    shown = page(told(setting))

    assert "2026-03-02" in table
    assert "2026-03-10" not in table
    assert "2026-03-10;invoice;F26;EUR;not of the relay;1;50,00;10,50;60,50;0;0" in csv_of(told(setting))
    assert "<td>2026-03-10</td><td>invoice</td><td>F26</td><td>not of the relay</td>" in shown


def test_the_table_shows_why_a_line_does_not_agree(setting: Over, books: Books) -> None:
    """The same total under another rate: count and total are alike on all three sides."""
    books.edits(books.documents()[0], items=[{"name": "Silla", "price": "110.00", "units": 1, "taxes": ["s_iva_10"]}])
    printed = setting.run("reconcile", ACCOUNT, *DAYS).stdout.splitlines()
    at = printed.index("2026-03-02 invoice F26 EUR does not agree:")

    assert printed[at + 1 : at + 5] == [
        "  source  net 300.00, tax 63.00; 21 %: 300.00 / 63.00",
        "  ledger  net 300.00, tax 63.00; 21 %: 300.00 / 63.00",
        "  Holded  net 310.00, tax 53.00; 10 %: 110.00 / 11.00, 21 %: 200.00 / 42.00",
        "",
    ]


def test_a_line_that_agrees_needs_no_more_room(setting: Over) -> None:
    assert "does not agree" not in setting.run("reconcile", ACCOUNT, *DAYS).stdout


def test_many_rates_are_folded_at_the_width_of_a_terminal() -> None:
    rates = [{"rate": f"{rate}.5", "base": "12345678.90", "tax": "1234567.89"} for rate in range(1, 9)]
    sums = {"count": 3, "split_unknown": 1, "net": "1.00", "tax": "0.21", "by_rate": rates}
    sides = dict.fromkeys(("source", "ledger", "holded"), sums)
    group = {"day": "2026-03-02", "type": "invoice", "series": "", "currency": "EUR"}
    shown = list(_why({**group, **sides}))

    assert shown[0] == "2026-03-02 invoice not numbered EUR does not agree:"
    assert shown[1].startswith("  source  net 1.00 (2 of 3), tax 0.21 (2 of 3); 1.5 %: 12345678.90 / 1234567.89,")
    assert (max(map(len, shown)) <= 118, " ".join(shown).count(" / ")) == (True, 24)


def test_one_of_anything_is_said_in_the_singular(setting: Over, books: Books) -> None:
    books.edits(books.documents()[0], date="2026-03-09")
    found = told(setting)

    assert said(found) == "3 documents, 1 open difference, 0 under way, 2 calls to Holded"
    assert said({**found, "documents": 1, "open": 0, "calls": 1, "asked": {"shopify": 1}}) == (
        "1 document, 0 open differences, 1 settled by a person, 0 under way, 1 call to Holded, 1 call to shopify"
    )


def test_a_difference_is_named_as_the_source_names_what_it_sold(setting: Over, books: Books) -> None:
    books.edits(books.documents()[0], date="2026-03-09")
    found = told(setting)
    (one,) = found["differences"]

    assert one["sold_as"] == "shopify 450000001"
    assert f"edited_by_hand: 2026-03-02 invoice {one['number']}, shopify 450000001" in (
        setting.run("reconcile", ACCOUNT, *DAYS).stdout
    )
    assert f"<td>invoice {one['number']}, shopify 450000001</td>" in page(found)


def test_a_net_of_some_documents_says_of_how_many_it_is(setting: Over, books: Books) -> None:
    books.inbox.items.clear()
    for row in books.rows("invoice")[:2]:
        books.ledger.rows[row.key] = replace(row, split="")
    found = told(setting)
    shown = page(found)

    assert "<td>source, 3 as the ledger</td>" in shown
    assert '<td class="n">100.00 (1 of 3)</td><td class="n">21.00 (1 of 3)</td><td class="n">363.00 EUR</td>' in shown
    assert "2026-03-02;invoice;F26;EUR;source;3;100,00;21,00;363,00;2;3" in csv_of(found)


# -- the sources themselves --------------------------------------------------------------------------------------------


@pytest.fixture
def asking() -> Asking:
    books = Asking()
    books.sells(order_on(2, 1))
    books.sells(order_on(5, 2, total="60.50"), told=False)
    return books


BRING = "relay import --account acme --source shopify --from 2026-03-05 --to 2026-03-06"


def test_asking_the_source_tells_in_every_shape_what_no_webhook_told(asking: Asking) -> None:
    setting = over(asking)
    asking.holded.calls.clear()
    quiet, loud = setting.run("reconcile", ACCOUNT, *DAYS), setting.run("reconcile", ACCOUNT, *DAYS, "--ask-source")
    found = told(setting, "--ask-source")

    assert (quiet.exit_code, loud.exit_code) == (0, 1)
    assert "shopify: 1 page read, 1 object that the inbox does not hold" in loud.stderr
    assert "missing_in_holded: 2026-03-05 invoice, shopify 450000002" in loud.stdout
    assert "1 open difference, 0 under way, 2 calls to Holded, 1 call to shopify" in loud.stdout
    assert [(one["class"], one["command"], one["event"]) for one in found["differences"]] == [
        ("missing_in_holded", BRING, "")
    ]
    assert found["asked"] == {"shopify": 1}
    for where in (loud.stdout, csv_of(found), page(found)):
        assert BRING in where


def test_the_repair_of_what_a_source_has_is_a_command_of_its_own(asking: Asking) -> None:
    setting = over(asking)
    result = setting.run("reconcile", ACCOUNT, *DAYS, "--ask-source", "--repair", "--yes")

    assert f"an import is a command of its own: {BRING}" in result.stderr
    assert "nothing that the ledger could repair" in result.stderr

    setting.run(*BRING.split()[1:])
    bring(asking)

    assert setting.run("reconcile", ACCOUNT, *DAYS, "--ask-source").exit_code == 0


def test_a_source_that_cannot_be_asked_makes_the_result_incomplete(asking: Asking) -> None:
    asking.provider_api.away = True
    result = over(asking).run("reconcile", ACCOUNT, *DAYS, "--ask-source")

    assert result.exit_code == 3
    assert "incomplete: source shopify: its list was not read whole: not_sent" in result.stderr


def test_without_a_source_to_ask_it_is_refused_and_the_cost_asks_none(setting: Over, asking: Asking) -> None:
    refused = setting.run("reconcile", ACCOUNT, *DAYS, "--ask-source")
    asking.provider_api.away = True
    cost = over(asking).run("reconcile", ACCOUNT, *DAYS, "--ask-source", "--cost")

    assert (refused.exit_code, "provider_unknown" in refused.stderr) == (1, True)
    assert (cost.exit_code, cost.stderr) == (0, "acme: 1 document known, about 2 calls to Holded (an estimate)\n")


# -- the proposed commands ---------------------------------------------------------------------------------------------


def disorder() -> Books:
    """One difference of every kind of repair."""
    books = Books(orders=8)
    documents = books.documents()
    books.deletes(documents[0])
    books.edits(documents[1], date="2026-04-02")
    books.edits(documents[2], date="2026-03-09")
    books.edits(documents[3], items=[{"name": "Silla", "price": "90", "units": 1, "taxes": ["s_iva_21"]}])
    books.unpays(documents[4])
    doubt = next(row for row in books.rows("invoice") if row.holded_id == documents[5]["id"])
    books.ledger.rows[doubt.key] = replace(doubt, state="review", holded_id="", reason="outcome_unknown", indexed=True)
    books.order(order_on(2, 8, total="242.00") | {"updated_at": "2026-03-05T09:00:00+01:00"}, topic="orders/updated")
    books.order(shopify_order(20, total_price="100.00"))
    books.order(shopify_order(21, total_price="100.00"))
    given_up = next(row for row in books.rows("invoice") if row.key.object_id == "450000021")
    books.ledger.rows[given_up.key] = replace(given_up, state="dead", reason="trouble_KeyError")
    books.deliver(shopify_order(22), topic="orders/paid")
    books.clock.advance(3600)
    return books


PUT = f"relay reconcile {ACCOUNT} --from 2026-03-01 --to 2026-03-31 --repair"


def reviewed(books: Books) -> Books:
    over(books).run("reconcile", ACCOUNT, *DAYS, "--repair", "--yes")
    return books


def copied(books: Books, line: str) -> int:
    """The exit code; of a reconciliation that found something 1, as it should."""
    args = shlex.split(line)[1:]
    yes = ("--yes",) if line == PUT or " adopt " in line else ()
    result = over(books).run(*args, *yes)
    return result.exit_code - (1 if line == PUT and "put into review" in result.stderr else 0)


def named(line: str) -> str:
    """`review show`: the words of a command, without what it is about."""
    return " ".join(
        itertools.takewhile(lambda word: word.replace("-", "").isalpha() and word != ACCOUNT, line.split()[1:])
    )


def commands(of: Books) -> list[tuple[str, str]]:
    """What the table prints beneath each repair, and the repair."""
    printed = over(of).run("reconcile", ACCOUNT, *DAYS).stdout.splitlines()
    pairs = itertools.pairwise(line.strip() for line in printed)
    return [(before, line) for before, line in pairs if line.startswith("relay ")]


def test_every_printed_command_works_when_it_is_copied() -> None:
    """A fresh disorder for each, as one command changes what the next is for. `--yes` is the answer to what it asks."""
    new = commands(disorder())
    told_of = commands(reviewed(disorder()))
    tried = [copied(disorder(), line) for _, line in new] + [copied(reviewed(disorder()), line) for _, line in told_of]

    assert [exit_code for exit_code in tried if exit_code] == []
    assert {named(line) for _, line in new} == {
        "review adopt", "review show", "dead-letters replay", "replay", "reconcile",
    }  # fmt: skip
    assert {named(line) for _, line in told_of} >= {"review adopt", "review show", "review ignore"}


def test_an_item_is_settled_only_once_it_was_put_into_review() -> None:
    new, told_of = commands(disorder()), commands(reviewed(disorder()))
    settled = [words for words, line in told_of if line.startswith("relay review ignore ")]

    assert [words for words, line in new if line == PUT] == [f"{words} Put it into review first." for words in settled]
    assert len(settled) == 4


# -- repair ------------------------------------------------------------------------------------------------------------


def test_a_repair_asks_first(setting: Over, books: Books) -> None:
    books.deletes(books.documents()[0])
    result = setting.run("reconcile", ACCOUNT, *DAYS, "--repair")

    assert result.exit_code == 2
    assert "confirmation_missing" in result.stderr
    assert books.rows("invoice.settlement") == []


def test_repairs_go_through_the_ledger_and_are_done_once(setting: Over, books: Books) -> None:
    (ref,) = books.deliver(shopify_order(9), topic="orders/paid")
    books.clock.advance(3600)
    books.deletes(books.documents()[0])
    books.books(tags=["hraaaaaaaaaaaaaa"])
    before = len(books.holded.calls)
    first = told(setting, "--repair", "--yes")
    wrote = [call for call in books.holded.calls[before:] if not call.startswith("GET")]
    books.settle(hours=1)
    second = told(setting, "--repair", "--yes")

    assert wrote == []
    assert first["repaired"]["replayed"] == [ref]
    assert len(first["repaired"]["reviews"]) == 2
    assert len([row for row in books.rows("invoice") if row.state == "confirmed"]) == 4
    assert second["repaired"] == {"replay": "", "replayed": [], "reviews": [], "rereads": []}


def test_what_a_person_changed_is_read_again_and_told_on_the_bus(setting: Over, books: Books) -> None:
    gone, moved, _ = books.documents()
    books.deletes(gone)
    books.edits(moved, date="2026-04-02")
    books.clock.advance(3600)
    found = told(setting, "--repair", "--yes")
    hints = [item.delivery for item in books.inbox.items.values() if item.delivery.source == "holded"]
    books.run([f"{hint.inbox_id}#0" for hint in hints])
    books.settle(hours=0.1)
    rereads = [item.delivery for item in books.inbox.items.values() if item.delivery.topic.startswith("reread.")]

    assert sorted(found["repaired"]["rereads"]) == sorted([gone["id"], moved["id"]])
    assert sorted(unfold(each).events[0].type for each in rereads) == ["invoice.deleted", "invoice.updated"]


def test_every_repair_is_in_the_change_log(setting: Over, books: Books) -> None:
    books.deletes(books.documents()[0])
    setting.run("reconcile", ACCOUNT, *DAYS, "--repair", "--yes")
    setting.run("reconcile", ACCOUNT, *DAYS, "--repair", "--yes")
    changes = setting.json("changes", "list", "--account", ACCOUNT)

    assert [(one["what"].split("/")[0], one["after"]) for one in changes] == [
        ("reconcile acme", "review: deleted_by_hand")
    ]


# -- the last night ----------------------------------------------------------------------------------------------------


def test_the_last_nights_result_costs_nothing(setting: Over, books: Books) -> None:
    assert setting.run("reconcile", ACCOUNT, "--last").exit_code == 1  # none yet
    books.settle(hours=8, step_s=1800)
    books.deletes(books.documents()[0])
    row = books.ledger.rows[reconcile_key(ACCOUNT)]
    books.clock.at = datetime.fromtimestamp(row.due_ms / 1000, UTC)
    books.run()
    books.holded.calls.clear()
    result = setting.run("reconcile", ACCOUNT, "--last")

    assert (result.exit_code, books.holded.calls) == (1, [])
    assert "deleted_by_hand" in result.stdout
    assert "acme: last: 2026-02-24 to 2026-03-02, 3 documents, 1 difference, 3 calls" in result.stderr

    (settling,) = [line for line in result.stdout.splitlines() if "relay review ignore" in line]
    assert copied(books, settling) == 0


def test_of_another_accounts_night_nothing_is_told(setting: Over, books: Books) -> None:
    books.admit("bolt")
    row = books.ledger.rows.get(reconcile_key("bolt"))

    assert row is None
    assert setting.run("reconcile", "bolt", "--last").exit_code == 1


def test_a_window_that_was_never_written_in_costs_its_lists_and_finds_nothing(setting: Over) -> None:
    result = setting.run("reconcile", ACCOUNT, "--from", "2026-01-01", "--to", "2026-01-31")

    assert result.exit_code == 0
    assert "no document of the relay in these days" in result.stdout
