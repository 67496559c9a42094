"""What the relay's own looks at Holded cost on a plan: polling, and the nightly reconciliation. By the functions that spend it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from relay.domain.nights import usual_night
from relay.domain.plans import DAYS, Load, Part
from relay.domain.polling import Polling
from relay.holded.listings import LARGEST_PAGE
from relay.services.poll_plan import plan_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from relay.domain.settings import Settings

_FORECAST_DAYS = 30
"""What a forecast of polling is told for."""


def own_calls(load: Load, settings: Settings, *, per_month: int) -> Iterator[Part]:
    """Nothing of what the settings switch off."""
    polled = plan_of(settings.polling, per_month)
    if polled.resources:
        expected = sum(polled.forecast(Polling(account=""), now_ms=0).values())
        month = min(Decimal(polled.allowance), Decimal(str(expected)) * DAYS / _FORECAST_DAYS)
        yield Part(what="polling what no webhook tells", count=month / DAYS, calls=Decimal(1))
    if settings.reconcile.nightly:
        a_day = (load.orders, load.refunds)
        calls, nights = usual_night(settings.reconcile, a_day, per_month=per_month, page=LARGEST_PAGE)
        yield Part(what="nightly reconciliation", count=Decimal(1) / nights, calls=Decimal(calls))
