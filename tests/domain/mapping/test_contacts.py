"""Buyers as Holded's contacts: tax ids, addresses, and what is too little to tell."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from relay.domain.mapping.contacts import buyer_of
from relay.domain.models import Address, Contact, TaxId
from relay.domain.settings import default_settings, parse_settings
from relay.domain.taxids import best, check
from tests.domain.mapping.factories import MADRID, line, order, planned

STDNUM = Path(__file__).resolve().parents[3].parent / "shared/realdata/tax/stdnum"


def buyer(contact: Contact | None, **more):
    return buyer_of(contact, **({"billing": MADRID, "shipping": None, "settings": default_settings()} | more))


@pytest.mark.parametrize(
    ("given", "country", "key", "entity"),
    [
        ("12345678z", None, "ES12345678Z", False),
        ("ES-12.345.678-Z", None, "ES12345678Z", False),
        ("X-2482300-W", "ES", "ESX2482300W", False),
        ("A58818501", "ES", "ESA58818501", True),
        ("ESA58818501", "ES", "ESA58818501", True),
        ("DE 136695976", "ES", "DE136695976", True),
        ("EL094259216", "GR", "GR094259216", True),
        ("094259216", "GR", "GR094259216", True),
        ("GB980780684", "GB", "GB980780684", False),
    ],
)
def test_one_buyer_has_one_key_however_the_id_is_written(given, country, key, entity):
    found = check(TaxId(value=given), buyer_country=country)

    assert (found.status, found.key, found.is_entity) == ("valid", key, entity)


@pytest.mark.parametrize(
    ("given", "country"), [("12345678A", "ES"), ("DE136695977", "DE"), ("", "ES"), ("---", None), ("B1234", "ES")]
)
def test_an_id_whose_digits_do_not_check_out_is_invalid(given, country):
    assert check(TaxId(value=given), buyer_country=country).status == "invalid"


def test_an_id_of_a_country_without_known_rules_is_kept_unchecked():
    assert check(TaxId(value="12-3456789", country="US"), buyer_country="US").status == "unchecked"


def test_greek_vat_numbers_carry_their_own_prefix():
    assert check(TaxId(value="EL094259216"), buyer_country="GR").eu_vat_number == "EL094259216"


def test_a_confirmed_id_is_preferred_and_an_invalid_one_is_not_lost():
    first, invalid = best([TaxId(value="12345678A"), TaxId(value="12345678Z")], buyer_country="ES")

    assert first is not None
    assert (first.key, [one.given for one in invalid]) == ("ES12345678Z", ["12345678A"])


def test_the_public_lists_of_eu_vat_numbers_are_told_apart():
    if not STDNUM.is_dir():
        pytest.skip("the public tax id samples are not beside the repository")
    text = (STDNUM / "test_eu_vat.doctest").read_text()
    blocks = re.findall(r">>> numbers = '''\n(.*?)\n\.\.\.\s*'''", text, re.DOTALL)
    lists = [[row.removeprefix("...").strip() for row in block.splitlines()] for block in blocks]
    good, *bad = [[number for number in numbers if number and not number.startswith("EU")] for numbers in lists]

    assert len(good) > 100
    assert not [number for number in good if check(TaxId(value=number), buyer_country=None).status != "valid"]
    assert sum(map(len, bad)) > 20
    for numbers in bad:
        # A comma between groups is a slip of the pen, not another number.
        assert not [
            number
            for number in numbers
            if check(TaxId(value=number), buyer_country=None).status == "valid" and "," not in number
        ]


def test_a_company_is_called_by_its_name_and_a_person_by_theirs():
    firm = buyer(Contact(company="Firma SL", first_name="Ana", last_name="Gil", tax_ids=(TaxId(value="A58818501"),)))
    person = buyer(Contact(first_name="Ana", last_name="Gil", tax_ids=(TaxId(value="12345678Z"),)))

    assert (firm.draft.name, firm.draft.is_person, firm.kind) == ("Firma SL", False, "business")
    assert (person.draft.name, person.draft.is_person, person.kind) == ("Ana Gil", True, "consumer")


def test_a_guest_is_named_by_the_address_or_the_email():
    assert buyer(None).draft.name == "Ana Gil"
    assert buyer(Contact(email=" Ana@Example.ES "), billing=None).draft.name == "Ana@Example.ES"
    assert buyer(Contact(email="Ana@Example.ES")).draft.email_key == "ana@example.es"


def test_a_buyer_nobody_knows_is_the_collective_contact_without_an_address():
    nobody = buyer(None, billing=Address(country="ES", city="Madrid"))

    assert nobody.anonymous
    assert (nobody.draft.name, nobody.draft.bill_address) == ("Clientes varios", None)


def test_an_invalid_tax_id_is_kept_in_a_custom_field_or_reviewed_by_policy():
    contact = Contact(name="Ana Gil", tax_ids=(TaxId(value="12345678A"),))
    kept = buyer(contact)
    sale = order(line("10"), total="10", contact=contact)

    assert (kept.draft.code, kept.draft.tax_key) == (None, None)
    assert ("Tax id as given", "12345678A") in kept.draft.custom_fields
    assert planned(sale).outcome == "document"
    assert planned(sale, settings={"policy": {"invalid_tax_id": "review"}}).reason == "tax_id_invalid"


def test_extra_data_goes_into_custom_fields_renamed_or_dropped_by_the_settings():
    settings = parse_settings({"custom_fields": {"gift": "Regalo", "internal": ""}})
    contact = Contact(
        name="Ana", custom_fields={"gift": "sí", "internal": "x", "size": "M"}, price_list="VIP", note="Hola"
    )

    fields = dict(buyer(contact, settings=settings).draft.custom_fields)

    assert fields == {"Regalo": "sí", "size": "M", "Price list": "VIP", "Note": "Hola"}


def test_terms_iban_language_and_tags_reach_the_contact():
    contact = Contact(name="Ana", iban="ES9121000418450200051332", payment_terms_days=30, language="es", tags=("vip",))

    draft = buyer(contact).draft

    assert (draft.iban, draft.due_days, draft.language, draft.tags) == (contact.iban, 30, "es", ("vip",))


def test_the_same_person_from_two_shops_has_the_same_keys():
    one = buyer(Contact(id="1", email="ana@example.es", tax_ids=(TaxId(value="12345678-Z", kind="nif"),)))
    other = buyer(Contact(id="cus_9", email="ANA@example.es", tax_ids=(TaxId(value="ES12345678Z", kind="eu_vat"),)))

    assert (one.draft.tax_key, one.draft.email_key) == (other.draft.tax_key, other.draft.email_key)


def test_control_characters_and_endless_names_do_not_reach_holded():
    draft = buyer(Contact(name="An\x00a\u202e " + "x" * 500)).draft

    assert "\x00" not in draft.name
    assert "\u202e" not in draft.name
    assert len(draft.name) == 200


def test_a_contact_event_becomes_a_contact_and_nobody_is_ignored():
    made = planned(Contact(id="5", name="Ana", email="ana@example.es"))

    assert (made.outcome, made.purpose, made.contact.name) == ("document", "contact", "Ana")
    assert planned(Contact(id="5")).reason == "contact_anonymous"
    assert planned(Contact(id="5", name="Ana"), "contact.deleted").reason == "contact_deleted"
    assert planned(Contact(id="5", name="Ana"), settings={"policy": {"contacts": False}}).outcome == "ignored"


def test_a_contacts_digest_sees_a_change_and_nothing_else():
    contact = Contact(id="5", name="Ana", email="ana@example.es")

    assert planned(contact).digest == planned(contact).digest
    assert planned(contact).digest != planned(replace(contact, phone="600")).digest
