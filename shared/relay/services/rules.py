"""What an account's settings and catalogue make of an event: its business key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.domain.mapping.catalogue import Catalogue
from relay.domain.mapping.plan import plan as plan_for
from relay.domain.settings import parse_settings
from relay.services.job import fact_of

if TYPE_CHECKING:
    from datetime import datetime

    from relay.domain.ledger import Key
    from relay.domain.models import Event
    from relay.domain.settings import Settings
    from relay.ports.accounts import Account

    Rules = tuple[Settings, Catalogue]

GRACE_MS = 15 * 60_000
"""An event that has no end yet is an error when its delivery is older than this."""


def key_of(event: Event, rules: Rules, now: datetime) -> Key:
    """The business key that the account's settings give an event."""
    settings, catalogue = rules
    return fact_of(event, plan_for(event, settings, catalogue, today=now.date())).key


def rules_of(account: Account) -> Rules:
    return parse_settings(account.settings), Catalogue.from_json(account.catalogue)
