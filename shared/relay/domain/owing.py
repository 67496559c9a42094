"""How much of a payment is still to be registered on a document, by what the document shows. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.domain.money import ZERO, plain

if TYPE_CHECKING:
    from decimal import Decimal

    from relay.domain.documents import PaymentDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A document's money as a read by id showed it just now, in its own currency; None: the reply did not tell."""

    total: Decimal | None
    paid: Decimal | None
    pending: Decimal | None
    currency: str | None
    draft: bool

    @property
    def due(self) -> Decimal | None:
        """What is left to be paid. A draft owes its total: what is pending of it is told once it is approved."""
        if self.pending is not None and not self.draft:
            return self.pending
        return None if self.total is None else self.total - (self.paid or ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """Exactly one holds: `amount` is to be registered; `settled`: nothing is due any more, by whoever's hand; `reason`: a
    person must judge; none of them: all of it was registered by us.
    """

    amount: Decimal = ZERO
    settled: bool = False
    reason: str = ""
    detail: str = ""


def owed(payment: PaymentDraft, standing: Standing, *, ours: Decimal) -> Owed:
    """`payment` is all that came in of its fact, `ours` what we registered of that already. Never more than is due, and
    never another currency's number.
    """
    rest = payment.amount - ours
    if rest <= 0:
        return Owed()
    if payment.currency and standing.currency and payment.currency != standing.currency:
        detail = (
            f"{plain(rest)} {payment.currency} came in, the document is in {standing.currency}: register by hand what "
            "that is in its currency, then ignore this"
        )
        return Owed(reason="payment_currency_differs", detail=detail)
    due = standing.due
    if due is not None and due <= 0:
        return Owed(settled=True)
    if due is not None and due < rest:
        detail = (
            f"{plain(rest)} is to be registered and {plain(due)} is due: somebody registered a part already, or more was "
            "paid than is owed. Register by hand what is missing, then run this again"
        )
        return Owed(reason="payment_exceeds_due", detail=detail)
    return Owed(amount=rest)
