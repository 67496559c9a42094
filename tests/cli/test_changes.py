"""What an operator changes of an account: what the change log then says of it, and what it leaves as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from relay.cli.change_words import of_credential
from relay.domain.mapping.catalogue import Catalogue
from relay.domain.mapping.choices import not_in_account
from relay.domain.setting_changes import changed_settings
from relay.domain.settings import parse_settings
from relay.ports.accounts import Credential
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


def newest(setting: Setting) -> tuple[str, str, str]:
    last = setting.accounts.log[-1]
    return last.what, last.before, last.after


@pytest.mark.row("E04")
def test_a_provider_is_logged_with_where_it_was_asked_before(setting: Setting) -> None:
    setting.add("acme")
    source = ("source", "set", "acme", "woocommerce", "--base-url")
    setting.json(*source, "https://old.example", env={"RELAY_PROVIDER_TOKEN": "ck_one:cs_one"})
    assert newest(setting) == ("provider.woocommerce", "none", "https://old.example, token given")
    setting.json(*source, "https://new.example", "--no-register", env={"RELAY_PROVIDER_TOKEN": "ck_two:cs_two"})
    assert newest(setting) == (
        "provider.woocommerce",
        "https://old.example",
        "https://new.example, registers no webhooks, token given",
    )
    setting.json("source", "remove", "acme", "woocommerce")

    assert newest(setting) == ("provider.woocommerce", "https://new.example, registers no webhooks", "removed")
    assert "cs_" not in repr(setting.accounts.log)


@pytest.mark.row("E04")
def test_a_rotation_is_logged_with_how_many_secrets_there_are_and_until_when(setting: Setting) -> None:
    setting.add("acme")
    rotate = ("secret", "rotate", "--account", "acme", "--source", "shopify")
    setting.json(*rotate, "--overlap", "24h")
    assert newest(setting) == ("secret.shopify", "1 secret", "rotated: 2 secrets, 1 of them until 2026-03-03T09:00Z")
    setting.json(*rotate, "--overlap", "0")
    assert newest(setting) == ("secret.shopify", "2 secrets, 1 of them until 2026-03-03T09:00Z", "rotated: 1 secret")

    logged = len(setting.accounts.log)
    for _ in range(2):
        setting.json(*rotate, "--secret-file", "-", stdin="made-by-shopify")
    assert len(setting.accounts.log) == logged + 1
    assert not any(
        secret in repr(setting.accounts.log) for secret in setting.accounts.secrets["acme"].secrets["shopify"]
    )


def test_a_binding_is_logged_with_its_values_and_once(setting: Setting) -> None:
    setting.add("acme")
    for shop in ("a.myshopify.com", "b.myshopify.com", "b.myshopify.com"):
        setting.json("account", "set", "acme", "--bind", f"shopify.shop_domain={shop}")

    assert [(one.before, one.after) for one in setting.accounts.log if one.what == "bindings of shopify"] == [
        ("", "shopify.shop_domain=a.myshopify.com"),
        ("shopify.shop_domain=a.myshopify.com", "shopify.shop_domain=b.myshopify.com"),
    ]


def test_a_name_is_logged_by_a_digest_that_tells_one_from_another(setting: Setting) -> None:
    setting.add("acme")
    setting.json("account", "set", "acme", "--name", "Pepe Conocido")
    what, was, becomes = newest(setting)
    setting.json("account", "set", "acme", "--name", "Otra Persona")

    assert what == "name"
    assert newest(setting)[1] == becomes != was
    assert becomes.startswith("name=#")
    assert not any(word in repr(setting.accounts.log) for word in ("Pepe", "Otra"))


@pytest.mark.row("E04")
def test_of_a_credential_its_parts_are_logged_and_nothing_in_them() -> None:
    old, new = Credential(token="pat_a"), Credential(token="pat_a", v1_key="k")

    assert of_credential(old, new) == ("token", "token kept, v1 key added")
    assert of_credential(new, Credential(token="pat_b", v1_key="l")) == (
        "token, v1 key",
        "token replaced, v1 key replaced",
    )


def test_lists_read_again_are_no_change_of_the_credential(setting: Setting) -> None:
    setting.add("acme")
    setting.json("account", "set", "acme", "--refresh")

    assert "credential" not in [one.what for one in setting.accounts.log]


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
    last = blocked.accounts.log[-1]
    assert (last.what, last.before.partition(":")[0], last.after) == (
        "trial of a blocked account",
        "blocked",
        "one row is tried",
    )


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


@pytest.mark.parametrize("command", [("changes", "list"), ("replays", "list"), ("dead-letters", "list")])
def test_a_misspelt_account_is_told_and_not_taken_for_one_without_any(command: tuple[str, str]) -> None:
    here = over(Road())
    told = here.run(*command, "--account", "acmee")

    assert told.exit_code == 1
    assert "account_unknown" in told.stderr
    assert here.json(*command, "--account", "acme") == []
