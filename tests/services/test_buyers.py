"""Who buys: a newer version that names another buyer, and a tax id that comes after the e-mail."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holded_sandbox import contacts
from holded_sandbox.faults import Fault
from tests.services.killing import Aftermath
from tests.services.world import World, shopify_order

LATER = "2026-03-02T10:00:00+01:00"
NIF = {"note_attributes": [{"name": "NIF", "value": "B58378431"}]}
OTHER = {
    "email": "facturas@example.org",
    "customer": {"id": 8, "email": "facturas@example.org", "first_name": "Bob", "last_name": "Otro"},
    "billing_address": {
        "name": "Bob Otro",
        "address1": "Calle Menor 2",
        "city": "Madrid",
        "zip": "28014",
        "country_code": "ES",
    },
}


def contact_of(world, document):
    return world.company.tables["contacts"][document["contact_id"]]


def corrected(**extra):
    return shopify_order(updated_at=LATER, **OTHER, **extra)


@pytest.mark.parametrize(
    ("newer", "name"),
    [(corrected(total="242.00"), "Bob Otro"), (corrected(**NIF), "Bob Otro")],
    ids=["another customer", "a tax id that comes later"],
)
def test_a_draft_whose_buyer_changes_gets_the_other_contact(newer, name):
    world = World()
    world.order(shopify_order())
    world.order(newer, topic="orders/updated")
    world.settle(hours=48, step_s=600)

    (document,) = world.documents()
    assert contact_of(world, document)["name"] == name
    assert world.row().contact_id == document["contact_id"]
    assert [row for row in world.rows() if row.state == "review"] == []


@pytest.mark.parametrize("kind", ["lose_reply", "reset"])
def test_the_other_contact_is_written_though_the_reply_was_lost(kind):
    world = World()
    world.order(shopify_order())
    world.sandbox.faults.faults.append(Fault(kind=kind, method="PUT", path=r"invoices/[0-9a-f]{24}$"))
    world.order(corrected(total="242.00"), topic="orders/updated")
    Aftermath(world).live(hours=2)

    (document,) = world.documents()
    assert (contact_of(world, document)["name"], Decimal(document["total"])) == ("Bob Otro", Decimal(242))
    assert world.row().contact_id == document["contact_id"]


def test_a_version_that_is_only_for_a_person_creates_no_contact():
    world = World(settings={"policy": {"finish": "approve"}})
    world.order(shopify_order())
    world.order(corrected(total="242.00"), topic="orders/updated")

    assert world.row("invoice.update").reason == "newer_version_of_approved"
    assert len(world.company.tables["contacts"]) == 1


def given_another_contact(world):
    desk = world.sandbox.desk(world.company, world.clock.now().timestamp())
    made = contacts.create(desk, contacts.blank(desk.now) | {"name": "Cara"})
    (document,) = world.documents()
    document["contact_id"] = made["id"]


def test_a_contact_that_a_person_chose_stays_while_the_source_names_the_same_buyer():
    world = World()
    world.order(shopify_order())
    given_another_contact(world)
    world.order(shopify_order(total="242.00", updated_at=LATER), topic="orders/updated")

    (document,) = world.documents()
    assert (contact_of(world, document)["name"], Decimal(document["total"])) == ("Cara", Decimal(242))


def test_a_contact_that_a_person_chose_and_another_buyer_are_put_before_a_person():
    world = World()
    world.order(shopify_order())
    given_another_contact(world)
    world.order(corrected(total="242.00"), topic="orders/updated")

    (document,) = world.documents()
    assert (contact_of(world, document)["name"], Decimal(document["total"])) == ("Cara", Decimal(121))
    assert world.row("invoice.update").reason == "newer_version_of_edited"


def test_a_customer_known_by_e_mail_gets_the_tax_id_that_a_later_order_brings():
    world = World()
    world.order(shopify_order(1))
    world.order(shopify_order(2, **NIF))
    (contact,) = world.company.tables["contacts"].values()
    world.holded.calls.clear()
    world.order(shopify_order(3, **NIF))

    assert contact["code"] == "B58378431"
    assert {document["contact_id"] for document in world.documents()} == {contact["id"]}
    assert world.holded.calls == ["POST /api/v2/invoices"]  # by now known under its tax id


@pytest.mark.parametrize("written", ["B58378431", "b-58378431", "ESB58378431"])
def test_a_tax_id_that_a_person_entered_already_is_left_as_it_is(written):
    world = World()
    world.order(shopify_order(1))
    (contact,) = world.company.tables["contacts"].values()
    contact["code"] = written
    world.order(shopify_order(2, **NIF))

    assert [each["code"] for each in world.company.tables["contacts"].values()] == [written]
    assert len(world.documents()) == 2


def test_a_contact_with_another_tax_id_is_another_customer():
    world = World()
    world.order(shopify_order(1))
    (contact,) = world.company.tables["contacts"].values()
    contact["code"] = "12345678Z"
    world.order(shopify_order(2, **NIF))

    assert contact["code"] == "12345678Z"
    assert contact_of(world, world.documents()[1])["code"] == "B58378431"


@pytest.mark.parametrize("kind", ["lose_reply", "reset", "limit_minute"])
def test_the_tax_id_is_written_before_the_document_whatever_becomes_of_the_reply(kind):
    world = World()
    world.order(shopify_order(1))
    world.sandbox.faults.faults.append(Fault(kind=kind, seconds=30, method="PUT", path=r"contacts/[0-9a-f]{24}$"))
    world.order(shopify_order(2, **NIF))
    assert len(world.documents()) == 1
    Aftermath(world).live(hours=2)

    (contact,) = world.company.tables["contacts"].values()
    assert contact["code"] == "B58378431"
    assert len(world.documents()) == 2


def test_a_contact_that_was_deleted_is_not_given_a_tax_id():
    world = World()
    world.order(shopify_order(1))
    world.company.tables["contacts"].clear()
    world.order(shopify_order(2, **NIF))

    assert [each["code"] for each in world.company.tables["contacts"].values()] == ["B58378431"]
