"""The polled money and books: treasury accounts, bank movements, ledger lines, the chart of accounts.

Holded sends no webhook of any of them. The chart is the cheapest look there is at the whole ledger: one reply tells every
account's balance, and only what an account whose balance moved was booked on need be read again (Holded facts 5).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from relay.domain.models_company import BankMovement, LedgerEntry
from relay.holded import fields
from relay.holded.formats import unreadable
from relay.holded.observing import DAY_MS, HOUR_MS, day, first, matters, moment, observer, record
from relay.holded.polled import MANY_CALLS, PARENT, SOME_CALLS, Observed, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping

FACTS: Final[Mapping[str, str]] = {
    "treasury": "10.2 GET /treasury/accounts",
    "bank_movement": "10.2 GET …/{id}/bank-movements",
    "ledger_entry": "10.2 GET /ledger-entries",
    "account": "10.2 GET /accounting-accounts",
}

_ZERO: Final = Decimal(0)


@observer
def bank_movement(source: Mapping[str, Any]) -> Observed:
    currency = fields.text(source, "currency")
    found = BankMovement(
        id=fields.required(source, "id"),
        treasury_id=fields.reference(source, first(source, "banking_account_id", PARENT)),
        amount=fields.number(source, "amount"),
        currency=currency.upper() if currency else None,
        balance=fields.number(source, "balance"),
        booked_on=day(source, "booking_date"),
        value_on=day(source, "value_date"),
        description=fields.text(source, "description"),
        note=fields.text(source, "note"),
        status=fields.text(source, "status"),
        reconciled_amount=fields.number(source, "reconciled_amount"),
        origin=fields.text(source, "origin"),
        flagged_at=moment(source, "flagged_at"),
    )
    return Observed(
        id=found.id,
        data=found,
        # Not the balance after it: one movement put in late would change those of all that follow.
        matters=matters(
            treasury_id=found.treasury_id,
            amount=found.amount,
            currency=found.currency,
            booked_on=found.booked_on,
            value_on=found.value_on,
            description=found.description,
            note=found.note,
            status=found.status,
            reconciled_amount=found.reconciled_amount,
            origin=found.origin,
            flagged_at=found.flagged_at,
        ),
    )


@observer
def ledger_entry(source: Mapping[str, Any]) -> Observed:
    """A line has no id: its year, entry number and line are one (the year, should entries be numbered anew with each)."""
    booked = day(source, "date")
    if booked is None:
        raise unreadable("date", source.get("date"), "the day of the entry")
    number, line = _place(source, "entry_number"), _place(source, "line")
    found = LedgerEntry(
        id=f"{booked.year}-{number}-{line}",
        entry_number=number,
        line=line,
        date=booked,
        account=fields.required(source, "account"),
        debit=fields.number(source, "debit") or _ZERO,
        credit=fields.number(source, "credit") or _ZERO,
        type=fields.text(source, "type"),
        description=fields.text(source, "description"),
        document_description=fields.text(source, "doc_description"),
        tags=fields.texts(source, "tags"),
        checked=fields.flag(source, "checked"),
    )
    return Observed(
        id=found.id,
        data=found,
        matters=matters(
            date=found.date,
            account=found.account,
            debit=found.debit,
            credit=found.credit,
            type=found.type,
            description=found.description,
            document_description=found.document_description,
            tags=sorted(found.tags),
            checked=found.checked,
        ),
    )


def _place(source: Mapping[str, Any], name: str) -> int:
    found = fields.whole(source, name)
    if found is None:
        raise unreadable(name, source.get(name), "a whole number")
    return found


ACCOUNTING: Final[tuple[Resource, ...]] = (
    Resource(
        name="treasury",
        path="/api/v2/treasury/accounts",
        read="/api/v2/treasury/accounts/{id}",
        listing="full",
        model="treasury",
        observe=record(
            "treasury", amount="balance", texts=("type", "iban", "bic", "account_number"), words=("archived",)
        ),
        scope="accounting:banks.read",
        cadence_ms=6 * HOUR_MS,
        from_calls=SOME_CALLS,
    ),
    Resource(
        name="bank_movement",
        path="/api/v2/treasury/accounts/{parent}/bank-movements",
        parent="treasury",
        listing="window",
        model="bank_movement",
        observe=bank_movement,
        scope="accounting:banks.read",
        cadence_ms=HOUR_MS,
        again=((("status", "pending,partial"),),),
        recent_days=7,
        weight=4,
        from_calls=SOME_CALLS,
    ),
    Resource(
        name="ledger_entry",
        path="/api/v2/ledger-entries",
        listing="window",
        model="ledger_entry",
        observe=ledger_entry,
        scope="accounting:daily-ledger.read",
        recent_days=14,
        cadence_ms=6 * HOUR_MS,
        weight=2,
        from_calls=MANY_CALLS,
    ),
    Resource(
        name="account",
        path="/api/v2/accounting-accounts",
        listing="single",
        query=(("archived", "true"), ("include_empty", "true")),
        model="account",
        observe=record(
            "account",
            amount="balance",
            texts=("number", "group", "description"),
            numbers=("debit", "credit"),
            words=("archived", "non_deductible"),
        ),
        scope="accounting:chart-of-accounts.read",
        cadence_ms=DAY_MS,
        weight=2,
        from_calls=SOME_CALLS,
    ),
)
