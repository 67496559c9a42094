"""`relay quota`: used, left and forecast, by class."""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from relay.cli.app import app
from relay.domain import budget_rereads as rereads
from relay.domain.budget import grant
from relay.domain.budget_signals import observe_usage
from relay.domain.gate import new_gate, with_budget

if TYPE_CHECKING:
    from tests.cli.conftest import Setting


def test_an_account_without_a_call_has_its_whole_allowance(setting: Setting) -> None:
    setting.add("tienda", "--per-minute", "60", "--per-month", "2000")
    setting.gates.gates.clear()
    told = setting.json("quota", "tienda")

    assert told["minute"]["in_use"] == 0
    assert (told["month"]["used"], told["month"]["left"], told["month"]["ends_on"]) == (0, 2_000, None)


def spent(setting: Setting) -> int:
    """A day of ninety documents, nine calls in the background, and 30 of another program; four calls just now."""
    now_ms = setting.world.now_ms()
    start_ms = now_ms - 24 * 3_600_000
    gate = new_gate("tienda", per_minute=60, per_month=2_000, now_ms=start_ms)
    budget = gate.budget
    for hour in range(3):
        at_ms = start_ms + hour * 3_600_000
        budget = grant(budget, now_ms=at_ms, priority="fiscal", want=30).budget
        budget = grant(budget, now_ms=at_ms, priority="background", want=3).budget
    budget = grant(budget, now_ms=now_ms, priority="fiscal", want=4).budget
    budget = rereads.counted(observe_usage(budget, now_ms=now_ms, used=133), 5)
    setting.gates.gates.clear()  # of what adding the account spent
    asyncio.run(setting.gates.store(with_budget(gate, budget), expected_rev=0))
    return now_ms


def test_quota_says_what_is_used_left_and_expected_by_class_and_the_day_it_ends(setting: Setting) -> None:
    setting.add("tienda", "--per-minute", "60", "--per-month", "2000")
    spent(setting)
    told = setting.json("quota", "tienda")
    month = told["month"]

    assert (told["minute"]["limit"], told["minute"]["in_use_by_class"]["fiscal"]) == (60, 4)
    assert (month["used"], month["left"], month["used_by_others"]) == (133, 2_000 - 133, 30)
    assert month["used_by_class"] == {"fiscal": 94, "normal": 0, "background": 9}
    assert (month["used_by_rereads"], told["polling"]["rereads_allowance"]) == (5, 800)
    assert month["expected_by_class"]["fiscal"] > 10 * 94
    assert month["ends_on"].startswith(f"{setting.world.now():%Y-%m}")


def test_quota_shows_people_the_same(setting: Setting) -> None:
    setting.add("tienda", "--per-minute", "60", "--per-month", "2000")
    spent(setting)
    shown = setting.run("quota", "tienda").stdout

    assert "4 of 60 in use" in shown
    assert "133 of 2000 used, 1867 left" in shown
    assert "5 of 800 calls that webhooks may ask for" in shown
    assert "other programs" in shown


def test_quota_of_an_unknown_account_is_refused(setting: Setting) -> None:
    result = setting.run("quota", "nobody")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "relay account list" in result.stderr


def plan(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["plan", *words])
    return result.exit_code, result.stdout, result.stderr


def test_plan_needs_no_stack_and_shows_its_sum() -> None:
    code, shown, _ = plan("--orders-per-day", "100", "--new-contacts-share", "0.5", "--pay")

    assert code == 0
    (polling,) = [float(line.split()[-1]) for line in shown.splitlines() if line.strip().startswith("polling what")]
    (nights,) = [float(line.split()[-1]) for line in shown.splitlines() if line.strip().startswith("nightly")]
    a_day = 501 + polling + nights  # 501 of documents
    assert (polling, nights) == (171.1, 5)
    assert f"a day {math.ceil(a_day)} calls, a month of 31 days" in shown
    assert "needed: advanced" in shown


def test_plan_without_polling_and_nights_counts_the_documents_alone() -> None:
    _, shown, _ = plan("--orders-per-day", "100", "--pay", "--no-polling", "--no-nightly")

    assert "a day 501 calls, a month of 31 days 15,531" in shown
    assert "polling what" not in shown


def test_plan_says_where_documents_alone_would_fit() -> None:
    _, shown, _ = plan("--orders-per-day", "100", "--refunds-per-day", "5")

    assert shown.endswith(
        "needed: advanced\nstandard holds the documents alone: polling and the nights give way to them, and see later\n"
    )


def test_plan_speaks_json() -> None:
    code, shown, _ = plan("--orders-per-day", "100", "--approve", "--json")
    told = json.loads(shown)

    assert (code, told["plan"]) == (0, "advanced")
    assert sum(float(part["a_day"]) for part in told["parts"]) == pytest.approx(577.1, abs=0.1)
    assert [fit["own"] for fit in told["fits"]] == [
        pytest.approx(own, rel=0.05) for own in (126, 478, 1655, 5429, 5429)
    ]


def test_plan_says_what_it_was_given_instead_of_a_share() -> None:
    _, _, told = plan("--orders-per-day", "5", "--new-contacts-share", "3")

    assert told == "error: share_malformed: --new-contacts-share: expected a number from 0 to 1, got '3'\n"


@pytest.mark.parametrize(
    "words",
    [
        ["--orders-per-day", "-1"],
        ["--orders-per-day", "many"],
        ["--orders-per-day", "5", "--new-contacts-share", "1.5"],
        ["--orders-per-day", "5", "--new-contacts-share", "half"],
        ["--orders-per-day", "5", "--busy-hour-share", "nan"],
    ],
)
def test_plan_refuses_a_load_that_cannot_be(words: list[str]) -> None:
    code, shown, told = plan(*words)

    assert (code, shown) == (2, "")
    assert words[-2].lstrip("-") in told
