"""What `make local` says: where everything is, and commands to copy."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.local.first_order import ACCOUNT, first_order
from infra.local.first_shop import first_shop

if TYPE_CHECKING:
    from infra.local.run import LocalStack


def tour(stack: LocalStack) -> str:
    """What there is to try, with commands to copy."""
    order, secret = first_order(stack)
    shop = first_shop(stack, secret=secret)
    today = datetime.now(UTC).date().isoformat()
    return f"""
relay    {stack.outputs["ApiUrl"]}/v1/<account>/<source>
holded   {stack.sandbox_url}
shops    {stack.shops_url}/<kind>/<shop>
aws      {stack.endpoint_url} (region {stack.region}, any key)

An order, signed as a shop would, for the account that is there:
  {order}
and what became of it:
  .venv/bin/relay events list --local --account {ACCOUNT}
  .venv/bin/relay status --local

A shop is there too. The watchdog registers at it and heals it every 15 minutes, or now; then sell:
  .venv/bin/python -m infra.local.call WatchSourcesFunction
  {shop["sell"]}
Let it forget our webhooks and sell again; what it did not tell is brought by the watchdog within six hours, or now:
  {shop["drop"]}
  {shop["sell again"]}
  .venv/bin/relay import --local --account {ACCOUNT} --source shopify --from {today}

What is done in Holded without a webhook is polled, at a cadence that the plan pays for, or now:
  .venv/bin/relay poll {ACCOUNT} --now --local
  .venv/bin/relay reconcile {ACCOUNT} --local

Ctrl-C ends it all."""
