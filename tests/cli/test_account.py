"""`relay account`: adding, changing, removing and erasing, each checked first and logged."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from relay.domain.budget import forecast
from relay.domain.gate import MANY
from relay.ports.accounts import Credential
from relay.services.settlement import settle_key
from tests import fakes
from tests.cli.conftest import TOKEN, Company
from tests.test_fakes import a_row

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Setting


def test_adding_an_account_stores_it_active_with_what_holded_told(setting: Setting) -> None:
    told = setting.add("acme", "--name", "Acme SL")

    account = setting.accounts.accounts["acme"]
    assert (account.status, account.mode, account.name) == ("active", "test", "Acme SL")
    assert (account.per_minute, account.per_month) == (60, 2000)
    assert account.catalogue["taxes"][0]["key"] == "s_iva_21"
    assert sorted(account.catalogue["numbering_series"]) == ["creditnote", "invoice", "salesorder", "salesreceipt"]
    assert account.company_id.startswith("oldest-")
    assert len(account.salt) == 32
    assert told["used_this_month"] == 12
    assert told["missing_scopes"] == []


def test_balances_and_account_numbers_are_not_kept(setting: Setting) -> None:
    setting.add()

    assert "ES00" not in json.dumps(dict(setting.accounts.accounts["acme"].catalogue))


def test_each_source_gets_its_url_and_a_secret_of_its_own(setting: Setting) -> None:
    told = setting.add()

    urls = {source: of["url"] for source, of in told["sources"].items()}
    secrets = {of["secret"] for of in told["sources"].values()}
    assert urls["shopify"] == "https://relay.example/v1/acme/shopify"
    assert len(urls) == len(secrets) == 5
    assert told["sources"]["standard"]["secret"].startswith("whsec_")
    assert setting.accounts.secrets["acme"].secrets["stripe"] == (told["sources"]["stripe"]["secret"],)


def test_secrets_the_senders_made_are_taken_from_a_file_and_not_printed(setting: Setting, tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({"stripe": "whsec_from_stripe"}))

    result = setting.run(
        "account", "add", "acme", "--mode", "live", "--source", "stripe", "--secrets-file", str(file),
        env={"RELAY_HOLDED_TOKEN": TOKEN},
    )  # fmt: skip

    assert result.exit_code == 0
    assert setting.accounts.secrets["acme"].secrets == {"stripe": ("whsec_from_stripe",)}
    assert "whsec_from_stripe" not in result.output
    assert TOKEN not in result.output


def test_the_token_comes_from_standard_input_with_a_dash(setting: Setting) -> None:
    result = setting.run("account", "add", "acme", "--mode", "test", "--token-file", "-", stdin=TOKEN + "\n")

    assert result.exit_code == 0
    assert setting.accounts.credentials["acme"].token == TOKEN


def test_without_a_token_the_command_says_how_to_give_one(setting: Setting) -> None:
    result = setting.run("account", "add", "acme", "--mode", "test", env={"RELAY_HOLDED_TOKEN": ""})

    assert result.exit_code == 2
    assert "RELAY_HOLDED_TOKEN" in result.stderr
    assert setting.accounts.accounts == {}


def test_a_wrong_token_is_told_at_once_and_nothing_is_stored(setting: Setting) -> None:
    result = setting.run("account", "add", "acme", "--mode", "test", env={"RELAY_HOLDED_TOKEN": "pat_wrong"})

    assert result.exit_code == 1
    assert "credential_invalid" in result.stderr
    assert "pat_wrong" not in result.output
    assert (setting.accounts.accounts, setting.accounts.credentials) == ({}, {})


@pytest.mark.parametrize("scope", ["sales:invoices.write", "contacts:contacts.write", "accounting:taxes.read"])
def test_a_scope_no_invoice_can_do_without_is_named_and_refused(setting: Setting, scope: str) -> None:
    setting.company.scopes_missing = {scope}

    result = setting.run("account", "add", "acme", "--mode", "test", env={"RELAY_HOLDED_TOKEN": TOKEN})

    assert result.exit_code == 1
    assert scope in result.stderr
    assert setting.accounts.accounts == {}


def test_other_missing_scopes_are_named_and_the_account_is_added(setting: Setting) -> None:
    setting.company.scopes_missing = {"sales:receipts.write", "developers:usage.read"}

    told = setting.add()

    assert told["missing_scopes"] == ["developers:usage.read", "sales:receipts.write"]
    assert told["used_this_month"] is None


@pytest.mark.parametrize(
    ("limit", "header", "expected"),
    [
        (500, None, (60, 500)),
        (7500, None, (120, 7500)),
        (5000, None, (60, 5000)),
        (5000, 100, (100, 5000)),
        (2_000_000, None, (600, 100_000)),
    ],
)
def test_the_quota_is_what_holded_tells_else_the_plans(
    setting: Setting, limit: int, header: int | None, expected: tuple[int, int]
) -> None:
    setting.company.usage["limit"] = limit
    setting.company.per_minute = header

    told = setting.add()

    assert (told["per_minute"], told["per_month"]) == expected


def test_the_checks_own_calls_and_the_months_usage_are_in_the_budget(setting: Setting) -> None:
    setting.company.usage["usage"] = 700

    setting.add()

    gate = setting.gates.gates["acme"]
    seen = forecast(gate.budget, fakes.ms(setting.clock.now()))
    assert seen.used == 700
    assert sum(count for _, _, count in gate.budget.recent) == len(setting.company.paths)


def test_the_settlement_sweep_waits_from_the_beginning(setting: Setting) -> None:
    setting.add()

    sweep = setting.ledger.rows[settle_key("acme")]
    assert setting.gates.gates["acme"].next_due_ms == sweep.due_ms


def test_one_holded_company_serves_one_account_only(setting: Setting) -> None:
    setting.add("acme")

    result = setting.run("account", "add", "other", "--mode", "live", env={"RELAY_HOLDED_TOKEN": TOKEN})

    assert result.exit_code == 1
    assert "company_bound" in result.stderr
    assert "acme (test)" in result.stderr


def test_another_company_is_welcome_beside_it(setting: Setting) -> None:
    setting.add("acme")
    setting.company.first_id += 0x1000000

    setting.add("other")

    assert sorted(setting.accounts.accounts) == ["acme", "other"]


def test_an_interrupted_add_is_completed_by_a_second_one(setting: Setting) -> None:
    setting.add("acme")
    asyncio.run(_interrupted(setting))

    setting.add("acme")

    assert setting.accounts.accounts["acme"].status == "active"


async def _interrupted(setting: Setting) -> None:
    there = setting.accounts.accounts["acme"]
    assert await setting.accounts.put(
        replace(there, status="paused", status_reason="being_added"), expected_rev=there.rev
    )


def test_an_account_that_is_there_is_not_added_again(setting: Setting) -> None:
    setting.add("acme")

    result = setting.run("account", "add", "acme", "--mode", "test", env={"RELAY_HOLDED_TOKEN": TOKEN})

    assert result.exit_code == 1
    assert "account_exists" in result.stderr


@pytest.mark.parametrize("account", ["a", "-acme", "Acme", "acme_1", "a" * 40, "acme#1", "ácme"])
def test_a_malformed_account_id_is_bad_input(setting: Setting, account: str) -> None:
    result = setting.run("account", "show", "--", account)

    assert result.exit_code == 2
    assert "account_malformed" in result.stderr


def test_the_company_id_binds_holded_webhooks_to_it(setting: Setting) -> None:
    setting.add("acme", "--company-id", "6" * 24, "--bind", "shopify.shop_domain=acme.myshopify.com")

    assert setting.accounts.accounts["acme"].company_id == "6" * 24
    assert setting.accounts.secrets["acme"].bindings == {
        "holded": {"holded_account_id": "6" * 24},
        "shopify": {"shop_domain": "acme.myshopify.com"},
    }


def test_an_unknown_binding_is_bad_input(setting: Setting) -> None:
    result = setting.run("account", "add", "acme", "--mode", "test", "--bind", "shopify.shop=x")

    assert result.exit_code == 2
    assert "binding_unknown" in result.stderr


def test_broken_settings_are_refused_before_any_call(setting: Setting, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"policy": {"finish": "immediately"}}')

    result = setting.run(
        "account", "add", "acme", "--mode", "test", "--settings", str(file), env={"RELAY_HOLDED_TOKEN": TOKEN}
    )

    assert result.exit_code == 2
    assert "policy.finish" in result.stderr
    assert "immediately" not in result.stderr
    assert setting.company.paths == []


@pytest.mark.row("E04")
def test_accounts_are_listed_and_shown_without_a_secret(setting: Setting) -> None:
    told = setting.add("acme")
    secrets = [of["secret"] for of in told["sources"].values()]

    listed, shown = setting.run("account", "list"), setting.run("account", "show", "acme")
    as_json = setting.json("account", "show", "acme")

    assert listed.exit_code == shown.exit_code == 0
    assert "acme" in listed.output
    assert as_json["sources"]["shopify"] == {
        "url": "https://relay.example/v1/acme/shopify",
        "secrets": 1,
        "bindings": {},
    }
    for secret in [*secrets, TOKEN]:
        assert secret not in listed.output + shown.output + json.dumps(as_json)


def test_settings_and_status_are_changed_and_the_change_is_recorded(setting: Setting, tmp_path: Path) -> None:
    setting.add("acme")
    file = tmp_path / "settings.json"
    file.write_text('{"policy": {"finish": "approve"}}')

    told = setting.json("account", "set", "acme", "--settings", str(file), "--status", "paused")

    account = setting.accounts.accounts["acme"]
    assert (account.status, account.status_reason) == ("paused", "by_operator")
    assert account.settings == {"policy": {"finish": "approve"}}
    assert told["changed"] == ["settings", "status", "status_reason"]
    assert setting.accounts.log[-1].after == "status=paused, status_reason=by_operator, policy.finish=approve"


def test_a_changed_quota_reaches_the_gate(setting: Setting) -> None:
    setting.add("acme")

    setting.json("account", "set", "acme", "--per-minute", "120")

    assert setting.gates.gates["acme"].budget.per_minute == 120


def test_a_new_token_of_the_same_company_is_taken(setting: Setting) -> None:
    setting.add("acme")

    told = setting.json("account", "set", "acme", "--token-file", "-", stdin=TOKEN)

    assert told["changed"] == ["catalogue"]


def test_a_new_token_is_told_to_the_change_log_before_it_is_stored(setting: Setting) -> None:
    setting.add("acme")
    setting.accounts.credentials["acme"] = Credential(token="pat_old")
    setting.accounts.log.clear()
    inner, told = setting.accounts.set_credential, []

    async def set_credential(account: str, credential: Credential) -> None:
        told.extend((change.what, change.before, change.after) for change in setting.accounts.log)
        await inner(account, credential)

    setting.accounts.set_credential = set_credential  # type: ignore[method-assign]  # to look at the moment of storing
    setting.json("account", "set", "acme", "--token-file", "-", stdin=TOKEN)

    assert told == [("credential", "token", "token replaced")]


def test_a_new_token_opens_an_account_that_holded_had_refused(setting: Setting) -> None:
    setting.add("acme")
    there = setting.accounts.accounts["acme"]
    setting.accounts.accounts["acme"] = replace(there, status="blocked", status_reason="credential_invalid")

    told = setting.json("account", "set", "acme", "--token-file", "-", stdin=TOKEN)

    assert told["status"] == "active"


def test_a_new_token_of_another_company_is_refused(setting: Setting) -> None:
    setting.add("acme")
    before = setting.accounts.credentials["acme"]
    other = Company(first_id=setting.company.first_id + 0x1000000)
    setting.world.holded = fakes.FakeHolded(other.answer)

    result = setting.run("account", "set", "acme", "--token-file", "-", stdin=TOKEN)

    assert result.exit_code == 1
    assert "company_mismatch" in result.stderr
    assert setting.accounts.credentials["acme"] == before


@pytest.mark.row("E03")
def test_removing_stops_acceptance_and_keeps_the_ledger(setting: Setting) -> None:
    setting.add("acme")
    asyncio.run(setting.ledger.insert(a_row(state="confirmed")))

    setting.json("account", "remove", "acme", "--yes")

    account = setting.accounts.accounts["acme"]
    assert (account.status, account.status_reason) == ("paused", "removed")
    assert setting.accounts.secrets["acme"].secrets == {}
    assert a_row().key in setting.ledger.rows


@pytest.mark.row("D22")
def test_removing_with_unfinished_work_needs_force(setting: Setting) -> None:
    setting.add("acme")
    asyncio.run(setting.ledger.insert(a_row(state="waiting", indexed=True)))

    refused = setting.run("account", "remove", "acme", "--yes")
    forced = setting.run("account", "remove", "acme", "--yes", "--force")

    assert (refused.exit_code, forced.exit_code) == (1, 0)
    assert "work_unfinished" in refused.stderr


@pytest.mark.parametrize("command", ["remove", "erase"])
def test_nothing_is_ended_without_a_yes(setting: Setting, command: str) -> None:
    setting.add("acme")

    result = setting.run("account", command, "acme")

    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert setting.accounts.accounts["acme"].status == "active"


def test_erasing_deletes_credentials_secrets_and_salt(setting: Setting) -> None:
    setting.add("acme", "--name", "Acme SL")

    told = setting.json("account", "erase", "acme", "--yes")

    account = setting.accounts.accounts["acme"]
    assert told["items"] == 3
    assert (account.salt, account.name, account.status) == ("", "", "paused")
    assert (setting.accounts.credentials, setting.accounts.secrets) == ({}, {})


def test_a_removed_account_is_not_changed_but_may_be_added_again_with_its_salt(setting: Setting) -> None:
    setting.add("acme")
    salt = setting.accounts.accounts["acme"].salt
    setting.json("account", "remove", "acme", "--yes")

    changed = setting.run("account", "set", "acme", "--status", "active")
    setting.add("acme")

    assert changed.exit_code == 1
    assert "account_ended" in changed.stderr
    account = setting.accounts.accounts["acme"]
    assert (account.status, account.salt) == ("active", salt)
    assert len(setting.accounts.secrets["acme"].secrets) == 5


def test_a_removed_account_is_not_added_again_for_another_company(setting: Setting) -> None:
    setting.add("acme")
    setting.json("account", "remove", "acme", "--yes")
    setting.company.first_id += 0x1000000

    result = setting.run("account", "add", "acme", "--mode", "test", env={"RELAY_HOLDED_TOKEN": TOKEN})

    assert result.exit_code == 1
    assert "company_mismatch" in result.stderr


@pytest.mark.parametrize("command", ["remove", "erase"])
def test_the_company_of_an_ended_account_takes_its_former_id_or_a_word(setting: Setting, command: str) -> None:
    setting.add("acme")
    setting.json("account", command, "acme", "--yes")

    refused = setting.run("account", "add", "acme-two", "--mode", "test", env={"RELAY_HOLDED_TOKEN": TOKEN})
    assert refused.exit_code == 1
    assert "company_known" in refused.stderr
    assert "add it as acme again" in " ".join(refused.stderr.split())
    assert "acme-two" not in setting.accounts.accounts
    setting.add("acme-two", "--another-id")

    assert setting.accounts.accounts["acme-two"].status == "active"


def test_an_account_that_is_opened_again_is_due_at_once(setting: Setting) -> None:
    setting.add("acme")
    setting.json("account", "set", "acme", "--status", "paused")
    before, woken = setting.gates.gates["acme"].rev, len(setting.wakes.sent)
    setting.json("account", "set", "acme", "--status", "active")

    gate = setting.gates.gates["acme"]
    assert gate.rev == before + 1
    assert gate.next_due_ms == round(setting.clock.now().timestamp() * 1000)
    assert [wake.message for wake in setting.wakes.sent[woken:]] == [{"account": "acme"}]


def test_a_drain_under_way_is_told_of_a_pause(setting: Setting) -> None:
    setting.add("acme")
    now_ms = round(setting.clock.now().timestamp() * 1000)
    gate = setting.gates.gates["acme"]
    setting.gates.gates["acme"] = replace(gate, owner="a drain", lease_until_ms=now_ms + 60_000)
    setting.json("account", "set", "acme", "--status", "paused")

    assert setting.gates.wakes["acme"] == {MANY}
