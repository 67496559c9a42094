"""What an operator changes of an account: what the change log then says of it, and what it leaves as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from relay.domain.mapping.catalogue import Catalogue
from relay.domain.mapping.choices import not_in_account
from relay.domain.setting_changes import changed_settings
from relay.domain.settings import parse_settings
from tests.cli.conftest import Setting, over
from tests.services.world import World as Road
from tests.services.world import shopify_order

if TYPE_CHECKING:
    from pathlib import Path


def test_changed_settings_are_logged_with_their_path_and_what_was_before(setting: Setting, tmp_path: Path) -> None:
    setting.add("acme")
    file = tmp_path / "settings.json"
    file.write_text('{"policy": {"finish": "approve", "simplified": true}}')
    setting.json("account", "set", "acme", "--settings", str(file))
    listed = setting.json("changes", "list", "--account", "acme")
    (newest,) = [one for one in listed if one["what"] == "settings"]

    assert newest["before"] == "policy.simplified=no, policy.finish=draft"
    assert newest["after"] == "policy.simplified=yes, policy.finish=approve"


def test_names_and_tables_are_logged_as_a_digest_only() -> None:
    before = {"policy": {"anonymous_name": "Pepe Conocido"}, "tables": {"series": [{"use": "Pepe"}]}}
    after = {"policy": {"anonymous_name": "Otra Persona"}, "tables": {"series": [{"use": "Otra"}]}}
    was, becomes = changed_settings(before, after)
    names = [[one.partition("=")[0] for one in each] for each in (was, becomes)]

    assert names == [["policy.anonymous_name", "tables.series"]] * 2
    assert all(one.partition("=")[2].startswith("#") for one in [*was, *becomes])
    assert set(was).isdisjoint(becomes)


def test_settings_that_another_release_stored_are_compared_as_they_are() -> None:
    assert changed_settings({"policy": {"gone": "a"}}, {"policy": {"gone": "b"}}) == (
        ["policy.gone=a"],
        ["policy.gone=b"],
    )


def test_a_default_written_out_is_no_change() -> None:
    assert changed_settings({}, {"policy": {"finish": "draft"}}) == ([], [])


def test_a_second_pause_keeps_the_reason_and_is_not_logged(setting: Setting) -> None:
    setting.add("acme")
    setting.json("pause", "acme", "--reason", "stocktaking")
    logged = len(setting.accounts.log)
    told = setting.json("pause", "acme")

    assert told["status_reason"] == "stocktaking"
    assert len(setting.accounts.log) == logged


def test_a_second_pause_with_another_reason_is_a_change(setting: Setting) -> None:
    setting.add("acme")
    setting.json("pause", "acme", "--reason", "stocktaking")
    told = setting.json("pause", "acme", "--reason", "audit")

    assert told["status_reason"] == "audit"
    assert setting.accounts.log[-1].before == "status_reason=stocktaking"


def test_resuming_an_active_account_is_not_logged_and_wakes_it(setting: Setting) -> None:
    setting.add("acme")
    logged = len(setting.accounts.log)
    setting.json("resume", "acme")

    assert len(setting.accounts.log) == logged
    assert [wake.message for wake in setting.wakes.sent] == [{"account": "acme"}]


@pytest.fixture
def blocked() -> Road:
    road = Road()
    road.order(shopify_order(1))
    road.company.tokens.clear()
    road.order(shopify_order(2))
    assert road.accounts.accounts["acme"].status == "blocked"
    return road


def test_resuming_a_blocked_account_tries_one_row_at_once_and_opens_it_if_it_is_let_through(blocked: Road) -> None:
    blocked.company.tokens["pat_test"] = None
    told = over(blocked).json("resume", "acme")
    assert (told["status"], told["next"]) == (
        "blocked",
        "one waiting row is tried now; the account opens if Holded lets its call through",
    )
    blocked.run([])

    assert blocked.accounts.accounts["acme"].status == "active"
    assert len(blocked.documents()) == 2


def test_resuming_an_account_that_holded_still_refuses_leaves_it_blocked(blocked: Road) -> None:
    calls = len(blocked.holded.calls)
    over(blocked).json("account", "set", "acme", "--status", "active")
    blocked.run([])

    assert len(blocked.holded.calls) == calls + 1
    assert blocked.accounts.accounts["acme"].status == "blocked"
    assert blocked.accounts.log[-1].what == "trial of a blocked account"


def test_the_id_of_unreadable_dead_letters_is_nobodys(setting: Setting) -> None:
    refused = setting.run("account", "add", "unknown", "--mode", "test", env={"RELAY_HOLDED_TOKEN": "pat_x"})

    assert refused.exit_code == 2
    assert "account_reserved" in refused.stderr
    assert setting.accounts.accounts == {}


def test_settings_that_name_what_the_company_lacks_are_stored_and_warned_of(setting: Setting, tmp_path: Path) -> None:
    setting.add("acme")
    file = tmp_path / "settings.json"
    file.write_text('{"tables": {"warehouses": [{"use": "warehouses"}, {"use": "Web"}]}}')
    told = setting.json("account", "set", "acme", "--settings", str(file))
    human = setting.run("account", "set", "acme", "--settings", str(file))
    warning = 'tables.warehouses[1].use "Web" is not the id or name of exactly one entry of warehouses of this account'

    assert told["warnings"] == [warning]
    assert f"warning: {warning}" in human.stderr
    assert setting.accounts.accounts["acme"].settings["tables"]["warehouses"][1]["use"] == "Web"


def test_a_row_is_compared_with_the_series_of_its_documents_and_a_rule_with_the_taxes() -> None:
    catalogue = Catalogue.from_json(
        {
            "numbering_series": {"invoice": [{"id": "a" * 24, "name": "Web"}], "creditnote": []},
            "taxes": [{"id": "b" * 24, "key": "s_iva_21", "name": "IVA 21%", "amount": "21", "scope": "sales"}],
        }
    )
    settings = parse_settings(
        {
            "tables": {
                "series": [{"use": "Web", "doc_types": ["invoice"]}, {"use": "Web", "doc_types": ["creditnote"]}]
            },
            "tax_rules": [
                {"name": "known", "take": [{"key": "s_iva_21"}]},
                {"name": "unknown", "take": [{"key": "s_iva_99"}]},
            ],
        }
    )

    assert [one.split(" is not")[0] for one in not_in_account(settings, catalogue)] == [
        'tables.series[1].use "Web"',
        'tax_rules[1].take[0].key "s_iva_99"',
    ]


@pytest.mark.parametrize("command", ["pause", "resume", "quota"])
def test_an_account_is_given_by_place_or_by_option_and_once(setting: Setting, command: str) -> None:
    setting.add("acme")
    by_place, by_option = setting.json(command, "acme"), setting.json(command, "--account", "acme")

    assert by_place == by_option
    for wrong in ([], ["acme", "--account", "acme"]):
        refused = setting.run(command, *wrong)

        assert refused.exit_code == 2
        assert "account_not_chosen" in refused.stderr


def test_a_reason_that_nothing_waits_for_is_said(setting: Setting) -> None:
    setting.add("acme")

    assert setting.run("waiting", "list", "--account", "acme", "--reason", "bogus").stdout == "nothing waits\n"


def test_what_an_option_holds_wrongly_is_named_as_it_is_typed(setting: Setting, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[]")
    source = setting.run("send", str(tmp_path / "list.json"), "--account", "acme", "--source", "paypal")
    settings = setting.run("account", "set", "acme", "--settings", str(tmp_path / "list.json"))

    assert "--source" in source.stderr
    assert "--settings" in settings.stderr
