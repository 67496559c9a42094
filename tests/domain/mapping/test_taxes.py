"""Which tax a line bears, by zone, rate and kind of supply."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from relay.domain.mapping.catalogue import Catalogue
from relay.domain.mapping.default_catalogue import default_catalogue
from relay.domain.models import Address, Contact, TaxId
from tests.domain.mapping.factories import AT, D, address, business, keys, line, order, planned, tax

BUYERS = {
    "consumer": Contact(email="ana@example.es"),
    "de": business("DE136695976"),
    "de_vies": business("DE136695976", vies=True),
}


@pytest.mark.parametrize(
    ("rate", "key"), [("21", "s_iva_21"), ("10", "s_iva_10"), ("4", "s_iva_4")], ids=["general", "reduced", "super"]
)
def test_domestic_rates_take_the_accounts_own_key(rate, key):
    amount = str(D(100) * D(rate) / 100)

    made = planned(order(line("100", tax(rate, amount)), total=str(D(100) + D(amount))))

    assert keys(made) == [(key,)]
    assert made.document.total == D(100) + D(amount)


def sold(
    where: Address | None, *taxes, buyer: Contact | None = None, day: datetime = AT, kind: str = "product", **more
):
    total = D(100) + sum((one.amount for one in taxes), D(0))
    return order(
        line("100", *taxes, kind=kind), total=str(total), billing_address=where, issued_at=day,
        contact=buyer or Contact(email="ana@example.es"), **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("made_order", "key"),
    [
        (sold(address("ES", "28001")), "s_iva_exento"),
        (sold(None), "s_iva_exento"),
        (sold(None, tax("21", "21")), "s_iva_21"),
        (sold(None, tax("19", "19", country="DE")), "s_oss_de_19"),
        (sold(address("ES", "35001"), tax("7", "7", name="IGIC")), "s_igic_7"),
        (sold(address("ES", None, "TF"), tax("7", "7")), "s_igic_7"),
        (sold(address("ES", "35001")), "s_iva_export"),
        (sold(address("ES", "51001"), tax("10", "10", name="IPSI")), "s_ipsi_10"),
        (sold(address("ES", "52001")), "s_iva_export"),
        (sold(address("IC", "35001")), "s_iva_export"),
        (sold(address("DE"), buyer=BUYERS["de_vies"]), "s_iva_intra_bienes"),
        (sold(address("DE"), buyer=BUYERS["de_vies"], kind="service"), "s_iva_intra_servicios"),
        (sold(address("DE"), tax("21", "21", country="ES"), buyer=BUYERS["de"]), "s_iva_21"),
        (sold(address("DE"), tax("19", "19")), "s_oss_de_19"),
        (sold(address("FR"), tax("5.5", "5.5")), "s_oss_fr_55"),
        (sold(address("MC"), tax("20", "20")), "s_oss_fr_20"),
        (sold(address("BE"), tax("21", "21")), "s_oss_be_21"),
        (sold(address("BE"), tax("21", "21", country="ES")), "s_iva_21"),
        (sold(address("DE")), "s_iva_exento"),
        (sold(address("US", "10001")), "s_iva_export"),
        (sold(address("GB", "EC1A 1BB")), "s_iva_export"),
        (sold(address("US"), kind="service"), "s_iva_nosujeto"),
        (sold(address("GB", "BT1 1AA"), buyer=business("XI110305878", country="XI", vies=True)), "s_iva_intra_bienes"),
        (sold(address("FR", "97400")), "s_iva_export"),
        (sold(address("IT", "23041")), "s_iva_export"),
        (sold(address("ES", "28001"), tax("18", "18"), day=datetime(2011, 5, 1, tzinfo=UTC)), "s_iva_18"),
        (sold(address("ES", "28001"), tax("7.5", "7.5"), day=datetime(2024, 11, 1, tzinfo=UTC)), "s_iva_75"),
    ],
)  # fmt: skip
def test_the_built_in_table_settles_the_cases_of_spanish_law(made_order, key):
    assert keys(planned(made_order)) == [(key,)]


@pytest.mark.parametrize(
    ("made_order", "reason"),
    [
        (sold(address("US"), tax("6", "6")), "tax_not_settled"),
        (sold(None, tax("10", "10", country="AU")), "tax_not_settled"),
        (sold(address("AU"), tax("10", "10")), "tax_not_settled"),
        (sold(address("AR"), tax("21", "21", name="IVA")), "tax_not_settled"),
        (sold(address("DE"), tax("20", "20")), "tax_not_settled"),
        (sold(address("DE"), tax("19", "19", country="DE"), buyer=BUYERS["de"]), "tax_not_settled"),
        (sold(address("DE"), buyer=BUYERS["de"]), "vies_unconfirmed"),
        (sold(address("ES", "28001"), tax("18", "18")), "tax_not_settled"),
        (sold(address("ES", "28001"), tax("21", "21", name="IGIC")), "tax_not_settled"),
        (sold(address("ES", "35001"), tax("21", "21")), "tax_not_settled"),
        (sold(address("ES", "28001", "GC"), tax("21", "21")), "region_conflict"),
        (sold(address("ES", "28001"), tax("21", "21"), day=datetime(2011, 5, 1, tzinfo=UTC)), "tax_not_settled"),
        (sold(address("EE"), tax("24", "24"), day=datetime(2025, 6, 30, 12, tzinfo=UTC)), "tax_not_settled"),
    ],
)
def test_what_no_row_covers_goes_to_review_with_its_reason(made_order, reason):
    made = planned(made_order)

    assert (made.outcome, made.reason) == ("review", reason)
    assert made.detail


def test_rates_change_at_midnight_in_madrid_not_in_utc():
    before = sold(address("EE"), tax("24", "24"), day=datetime(2025, 6, 30, 21, 59, tzinfo=UTC))
    after = sold(address("EE"), tax("24", "24"), day=datetime(2025, 6, 30, 22, 0, tzinfo=UTC))

    assert planned(before).reason == "tax_not_settled"
    assert keys(planned(after)) == [("s_oss_ee_24",)]


def test_the_equivalence_surcharge_is_a_second_key_however_the_shop_writes_it():
    apart = order(line("100", tax("21", "21"), tax("5.2", "5.2")), total="126.20")
    joined = order(line("100", tax("26.2", "26.2")), total="126.20")

    assert keys(planned(apart)) == keys(planned(joined)) == [("s_iva_21", "s_rec_52")]
    assert planned(joined).document.lines[0].tax == D("26.20")


def test_a_buyer_under_the_surcharge_who_was_charged_vat_alone_is_reviewed():
    buyer = Contact(email="tienda@example.es", tags=("Recargo",))
    made = planned(
        order(line("100", tax("21", "21")), total="121", contact=buyer),
        settings={"schemes": {"recargo": "equivalence"}},
    )

    assert made.reason == "surcharge_not_charged"


def test_vies_can_be_trusted_by_policy_but_an_invalid_number_never_makes_a_business():
    trusted = {"policy": {"vies": "trusted"}}

    assert keys(planned(sold(address("DE"), buyer=BUYERS["de"]), settings=trusted)) == [("s_iva_intra_bienes",)]
    assert keys(planned(sold(address("DE"), buyer=business("DE123456789")), settings=trusted)) == [("s_iva_exento",)]


def test_without_the_one_stop_shop_eu_consumers_pay_spanish_vat_or_are_reviewed():
    off = {"policy": {"oss": False}}

    assert keys(planned(sold(address("BE"), tax("21", "21")), settings=off)) == [("s_iva_21",)]
    assert planned(sold(address("DE"), tax("19", "19")), settings=off).reason == "tax_not_settled"


def test_irpf_withheld_by_the_source_is_a_key_and_part_of_the_total():
    made = planned(order(line("100", tax("21", "21"), tax("-15", "-15"), kind="service"), total="106"))

    assert keys(made) == [("s_iva_21", "s_ret_15")]
    assert (made.document.tax, made.document.total) == (D(6), D(106))


def test_irpf_by_setting_falls_on_unpaid_services_to_spanish_businesses_only():
    settings = {"retention": [{"rate": "15"}]}
    firm = Contact(company="Firma SL", tax_ids=(TaxId(value="A58818501"),))
    service = line("100", tax("21", "21"), kind="service")
    unpaid = order(service, total="121", contact=firm, payment_status="unpaid")

    assert planned(unpaid, settings=settings).document.total == D(106)
    assert planned(replace(unpaid, payment_status="paid"), settings=settings).document.total == D(121)
    assert planned(replace(unpaid, contact=None), settings=settings).document.total == D(121)
    assert planned(replace(unpaid, lines=(replace(service, kind="product"),)), settings=settings).document.total == D(
        121
    )


def test_an_accounts_own_row_comes_before_the_built_in_ones():
    row = {"name": "us", "countries": ["US"], "rates": ["6"], "take": [{"key": "s_iva_0"}]}
    made = planned(
        order(line("100", tax("0", "0")), total="100", billing_address=address("US")),
        settings={"tax_rules": [{"name": "us0", "countries": ["US"], "rates": [], "take": [{"key": "s_iva_0"}]}, row]},
    )

    assert keys(made) == [("s_iva_0",)]


def test_a_row_that_takes_another_rate_than_was_charged_is_caught_by_the_total():
    row = {"name": "us", "countries": ["US"], "rates": ["6"], "take": [{"key": "s_iva_0"}]}

    made = planned(sold(address("US"), tax("6", "6")), settings={"tax_rules": [row]})

    assert made.reason == "total_differs"


def test_the_built_in_rows_can_be_left_out():
    made = planned(sold(address("ES"), tax("21", "21")), settings={"builtin_tax_rules": False})

    assert made.reason == "tax_not_settled"


def test_a_tax_the_account_lacks_or_has_twice_is_reviewed_and_named():
    one = {"name": "IVA 21%", "amount": "21", "scope": "sales", "key": "s_custom_a", "group": "iva"}
    sale = sold(address("ES"), tax("21", "21"))

    assert planned(sale, catalogue=Catalogue.from_json({"taxes": []})).reason == "tax_not_in_account"
    assert keys(planned(sale, catalogue=Catalogue.from_json({"taxes": [one]}))) == [("s_custom_a",)]
    twice = Catalogue.from_json({"taxes": [one, one | {"key": "s_custom_b"}]})
    assert planned(sale, catalogue=twice).reason == "tax_ambiguous"
    standard = Catalogue.from_json({"taxes": [one, one | {"key": "s_iva_21"}]})
    assert keys(planned(sale, catalogue=standard)) == [("s_iva_21",)]


def test_the_ipsi_of_one_city_is_not_the_others():
    row = {"name": "IPSI Melilla 4%", "amount": "4", "scope": "sales", "key": "s_ipsi_melilla4", "group": "ipsi"}
    catalogue = Catalogue.from_json({"taxes": [row]})
    general = Catalogue.from_json({"taxes": [row, row | {"name": "IPSI 4%", "key": "s_ipsi_4"}]})

    assert keys(planned(sold(address("ES", "52001"), tax("4", "4")), catalogue=catalogue)) == [("s_ipsi_melilla4",)]
    assert planned(sold(address("ES", "51001"), tax("4", "4")), catalogue=catalogue).reason == "tax_not_in_account"
    assert keys(planned(sold(address("ES", "52001"), tax("4", "4")), catalogue=general)) == [("s_ipsi_melilla4",)]
    assert keys(planned(sold(address("ES", "51001"), tax("4", "4")), catalogue=general)) == [("s_ipsi_4",)]


def test_a_tax_given_as_an_amount_only_is_the_one_rate_that_makes_it():
    made = planned(order(line("33.33", tax(None, "7.00", name="Impuesto")), total="40.33"))
    unclear = planned(order(line("0.10", tax(None, "0.01", name="Impuesto")), total="0.11"))

    assert keys(made) == [("s_iva_21",)]
    assert unclear.reason == "tax_rate_unclear"


def test_a_tax_of_the_whole_document_is_shared_over_the_lines_it_fits():
    goods, shipping = line("100"), line("10", kind="shipping")
    on_all = order(goods, shipping, total="133.10", taxes=(tax("21", "23.10"),))
    on_goods = order(goods, shipping, total="131", taxes=(tax("21", "21"),))
    on_none = order(goods, shipping, total="128", tax_total=Decimal(18))

    assert keys(planned(on_all)) == [("s_iva_21",), ("s_iva_21",)]
    assert keys(planned(on_goods)) == [("s_iva_21",), ("s_iva_exento",)]
    assert planned(on_none).outcome == "review"


def test_lines_that_cost_nothing_bear_the_tax_of_the_others():
    made = planned(order(line("100", tax("21", "21")), line("0", tax("21", "0")), total="121"))

    assert keys(made) == [("s_iva_21",), ("s_iva_21",)]


def test_every_tax_the_built_in_table_takes_is_in_the_default_catalogue():
    from relay.domain.mapping.builtin import builtin_rules
    from relay.domain.mapping.taxes import select

    for rule in builtin_rules(oss=True):
        assert rule.take or rule.review, rule.name
        for selector in rule.take:
            select(selector, default_catalogue())
