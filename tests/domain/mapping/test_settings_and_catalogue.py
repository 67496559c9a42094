"""Settings and what was read of the account: accepted, refused by name, and read back."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from relay.domain.mapping.catalogue import Catalogue, kind_of
from relay.domain.mapping.countries import country_named
from relay.domain.settings import Policy, Settings, default_settings, dump_settings, parse_settings
from relay.errors import BadInput


def test_an_empty_object_is_the_default_and_settings_survive_json():
    full = {
        "policy": {"finish": "approve", "simplified_limit": "3000.00"},
        "tax_rules": [{"name": "x", "zones": ["eu"], "rates": ["21"], "since": "2026-01-01", "take": [{"key": "k"}]}],
        "exchange_rates": [{"currency": "USD", "rate": "0.9"}],
    }

    assert parse_settings({}) == default_settings() == Settings()
    assert parse_settings(json.loads(json.dumps(dump_settings(parse_settings(full))))) == parse_settings(full)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"policy": {"finish": "publish"}}, "policy.finish"),
        ({"policy": {"finnish": "draft"}}, "policy.finnish"),
        ({"polcy": {}}, "polcy"),
        ({"policy": {"simplified_limit": "-1"}}, "policy.simplified_limit"),
        ({"policy": {"rounding_limit": "NaN"}}, "policy.rounding_limit"),
        ({"policy": {"rounding_limit": "5"}}, "policy.rounding_limit"),
        ({"tax_rules": [{"name": "a", "take": [{"kind": "vat"}]}, {"rates": ["x"]}]}, "tax_rules[1].name"),
        ({"tax_rules": [{"name": "a"}]}, "tax_rules[0]"),
        ({"exchange_rates": [{"currency": "USD", "rate": "0"}]}, "exchange_rates[0].rate"),
        ({"tables": {"series": [{"sources": ["x"]}]}}, "tables.series[0].use"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(raw, field):
    with pytest.raises(BadInput) as caught:
        parse_settings(raw)

    assert caught.value.field == field
    assert "publish" not in str(caught.value)


@pytest.mark.parametrize("raw", [[], "x", None, 3])
def test_settings_are_an_object(raw):
    with pytest.raises(BadInput):
        parse_settings(raw)


@pytest.mark.parametrize(
    ("name", "key", "group", "kind"),
    [
        ("IVA 21%", "s_iva_21", "iva", "vat"),
        ("Exento de IVA", "s_iva_exento", "iva", "exempt"),
        ("No sujeto", "s_iva_nosujeto", "iva", "not_subject"),
        ("Inversión del sujeto pasivo", "s_iva_isp", "iva", "reverse"),
        ("Recargo de equivalencia 5,2%", "s_rec_52", "rec", "surcharge"),
        ("Retención IRPF 15%", "s_ret_15", "ret", "retention"),
        ("Retención 2%", "s_retencion2", "ret", "retention"),
        ("Entregas intracomunitarias", "s_iva_intra", "intra", "intra_goods"),
        ("Prestación de servicios intracomunitaria", "s_iva_intras", "intra", "intra_services"),
        ("Intracomunitario", "s_iva_ic", "intra", "intra"),
        ("Exportaciones", "s_iva_exp", "impexp", "export"),
        ("IGIC 7%", "s_igic_7", "igic", "igic"),
        ("IPSI Ceuta 10%", "s_ipsi_ceuta10", "ipsi", "ipsi"),
        ("OSS DE 19%", "s_oss_de_19", "oss", "oss"),
        ("Tasa turística", "s_tasa", "otros", "other"),
    ],
)
def test_a_tax_is_known_by_its_group_and_words(name, key, group, kind):
    assert kind_of(name=name, key=key, group=group) == kind


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("OSS DE 19%", "DE"),
        ("Ventanilla única de Alemania 19%", "DE"),
        ("OSS Países Bajos", "NL"),
        ("OSS", ""),
        ("Francia o Italia", ""),
    ],
)
def test_the_country_of_a_one_stop_shop_tax_is_read_from_its_name(text, country):
    assert country_named(text) == country


def test_the_catalogue_reads_both_api_versions_and_only_sales_taxes():
    v1 = {"name": "IVA 21%", "amount": "21", "scope": "sales", "key": "s_iva_21", "group": "iva", "type": "percentage"}
    v2 = v1 | {"id": "a" * 24, "items": None, "status": True, "visible": True}
    others = [v1 | {"scope": "purchases", "key": "p_iva_21"}, v2 | {"status": False, "key": "off"}]

    for raw in ({"taxes": [v1, *others]}, {"taxes": {"items": [v2, *others]}}):
        assert [tax.key for tax in Catalogue.from_json(raw).taxes] == ["s_iva_21"]


def test_a_retention_is_negative_however_holded_writes_it_and_a_composite_has_its_parts_rates():
    row = {"name": "Retención 15%", "amount": "15", "scope": "sales", "key": "s_ret_15", "group": "ret"}
    iva = {"name": "IVA 21%", "amount": "21", "scope": "sales", "key": "s_iva_21", "group": "iva"}
    both = {
        "name": "IVA y recargo",
        "amount": "26.2",
        "scope": "sales",
        "key": "s_x",
        "group": "iva",
        "items": ["s_iva_21", "s_rec_52"],
    }
    rec = {"name": "Recargo 5,2", "amount": "5,2", "scope": "sales", "key": "s_rec_52", "group": "rec"}

    catalogue = Catalogue.from_json({"taxes": [row, iva, rec, both]})

    assert [str(rate) for rate in catalogue.rates_of("s_ret_15")] == ["-15"]
    assert [str(rate) for rate in catalogue.rates_of("s_x")] == ["21", "5.2"]
    assert catalogue.rates_of("nope") == ()


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"taxes": "x"}, "taxes"),
        ({"taxes": [{"name": "x", "scope": "sales"}]}, "taxes[0].key"),
        ({"taxes": [{"key": "k", "amount": "abc", "scope": "sales"}]}, "taxes[0].amount"),
        ({"taxes": [3]}, "taxes[0]"),
        ({"warehouses": {"id": 1}}, "warehouses"),
        ({"numbering_series": []}, ""),
    ],
)
def test_a_catalogue_that_cannot_be_read_is_named(raw, field):
    if field == "":
        assert Catalogue.from_json(raw).series == {}
        return
    with pytest.raises(BadInput) as caught:
        Catalogue.from_json(raw)

    assert caught.value.field == field


def test_the_sandboxs_company_has_every_tax_of_everyday_trade():
    from holded_sandbox.seed_taxes import SPANISH_TAXES
    from relay.domain.mapping.builtin import builtin_rules
    from relay.domain.mapping.taxes import select

    catalogue = Catalogue.from_json({"taxes": [tax._asdict() for tax in SPANISH_TAXES]})
    everyday = {
        "iva_21",
        "iva_10",
        "iva_4",
        "iva_21_surcharge_5.2",
        "intra_goods",
        "intra_services",
        "export",
        "untaxed",
        "untaxed_home",
        "voucher",
    }

    for rule in builtin_rules(oss=True):
        if rule.name in everyday:
            assert [select(selector, catalogue).key for selector in rule.take]


def test_the_example_in_the_documentation_is_a_settings_file():
    text = (Path(__file__).resolve().parents[3] / "docs/mapping.md").read_text()
    example = json.loads(text.split("```json")[1].split("```")[0])

    assert parse_settings(example).policy.finish == "approve"


def test_the_documentation_names_every_policy():
    text = (Path(__file__).resolve().parents[3] / "docs/mapping.md").read_text()
    quiet = {
        "document_date",
        "zero_lines",
        "supplies",
        "invalid_tax_id_field",
        "product_prices_include_tax",
        "product_tax_rate",
    }

    assert {one.name for one in fields(Policy)} - quiet <= set(re.findall(r"[a-z_]+", text))


def test_a_tax_of_a_scope_that_is_no_text_is_none_of_sales():
    assert Catalogue.from_json({"taxes": [{"key": "s_iva_21", "amount": "21", "scope": ["sales"]}]}).taxes == ()
