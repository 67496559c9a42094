"""What an account's settings and catalogue make of an event: its business key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain.mapping.catalogue import Catalogue
from relay.domain.mapping.plan import plan as plan_for
from relay.domain.mapping.sales import may_be_sold
from relay.domain.settings import parse_settings
from relay.services.job import fact_of

if TYPE_CHECKING:
    from datetime import datetime

    from relay.domain.documents import Plan
    from relay.domain.ledger import Key
    from relay.domain.models import Event
    from relay.domain.settings import Settings
    from relay.ports.accounts import Account
    from relay.ports.ledger import Ledger

    Rules = tuple[Settings, Catalogue]

GRACE_MS = 15 * 60_000
"""An event that has no end yet is an error when its delivery is older than this."""


def key_of(event: Event, rules: Rules, now: datetime) -> Key:
    """The business key that the account's settings give an event."""
    settings, catalogue = rules
    return fact_of(event, plan_for(event, settings, catalogue, today=now.date())).key


async def plan_of(ledger: Ledger, event: Event, rules: Rules, *, now: datetime) -> Plan:
    """The plan of an event that is to be written. An order that has its invoice gets no sales order beside it, whatever of it
    is unpaid by now: this is a version of the invoice.
    """
    settings, catalogue = rules
    plan = plan_for(event, settings, catalogue, today=now.date())
    if plan.purpose != "salesorder" or not may_be_sold(event):
        return plan
    row = await ledger.get(replace(fact_of(event, plan).key, purpose="invoice"))
    if row is None or row.state in {"ignored", "superseded"}:
        return plan
    return plan_for(event, settings, catalogue, today=now.date(), sold=True)


def rules_of(account: Account) -> Rules:
    return parse_settings(account.settings), Catalogue.from_json(account.catalogue)
