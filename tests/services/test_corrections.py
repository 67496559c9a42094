"""What is given back fits what was sold: in its currency, and together no more than its total."""

from __future__ import annotations

from decimal import Decimal

from holded_sandbox.faults import Fault
from tests.services.killing import Aftermath
from tests.services.standard import sale, tell
from tests.services.test_remedies import said
from tests.services.world import World


def refund(world, number, *, total="121.00", **extra):
    return tell(world, "refund.created", sale(number, total=total, refers_to="1", **extra))


def notes(world):
    return sorted((row.key.object_id, row.state, row.reason) for row in world.rows("creditnote"))


def sold():
    world = World()
    tell(world, "order.paid", sale())
    return world


def test_a_refund_in_another_currency_is_put_before_a_person():
    world = sold()
    refund(world, "r1", currency="USD")
    world.settle(hours=1)

    assert world.documents("creditnote") == []
    assert notes(world) == [("r1", "review", "correction_currency_differs")]


def test_a_second_refund_of_the_whole_is_put_before_a_person():
    world = sold()
    refund(world, "r1")
    refund(world, "r2")
    world.settle(hours=48, step_s=900)

    assert world.totals("creditnote") == [Decimal("121.00")]
    assert notes(world) == [("r1", "confirmed", ""), ("r2", "review", "correction_exceeds_original")]


def test_parts_are_given_back_until_nothing_is_left():
    world = sold()
    for number, total in (("r1", "60.50"), ("r2", "60.50"), ("r3", "0.01")):
        refund(world, number, total=total)

    assert world.totals("creditnote") == [Decimal("60.50"), Decimal("60.50")]
    assert notes(world)[2] == ("r3", "review", "correction_exceeds_original")


def test_refunds_that_waited_for_their_sale_together_give_back_no_more_than_it():
    world = World()
    for number in range(6):
        refund(world, f"r{number}", total="40.33")
    tell(world, "order.paid", sale())
    world.settle(hours=1)

    assert world.totals("creditnote") == [Decimal("40.33")] * 3
    assert [state for _, state, _ in notes(world)].count("review") == 3


def test_a_refund_whose_reply_was_lost_is_counted_once():
    world = sold()
    world.sandbox.faults.faults.append(Fault(kind="lose_reply", method="POST", path="/credit-notes$"))
    refund(world, "r1")
    Aftermath(world).live(hours=2)
    refund(world, "r1")

    assert world.totals("creditnote") == [Decimal("121.00")]
    assert world.row().credited == "r1=121.00"


def test_a_refund_that_was_never_written_leaves_room_for_another():
    world = sold()
    world.sandbox.faults.faults.append(Fault(kind="status_zero", method="POST", path="/credit-notes$"))
    refund(world, "r1")
    assert [state for _, state, _ in notes(world)] == ["review"]
    refund(world, "r2")
    said(world, "retry", str(next(row.key for row in world.rows("creditnote") if row.state == "review")))
    world.settle(hours=1)

    assert world.totals("creditnote") == [Decimal("121.00")]
    assert notes(world) == [("r1", "review", "correction_exceeds_original"), ("r2", "confirmed", "")]
