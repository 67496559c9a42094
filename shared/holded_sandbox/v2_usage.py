"""`GET /usage`: what the account has spent this month (Holded facts 8.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox.days import today
from holded_sandbox.facts import fact
from holded_sandbox.limits import NEXT_PLAN, PLANS
from holded_sandbox.wire import Response, json_response, not_found

if TYPE_CHECKING:
    from holded_sandbox.routes import Call, Handler, Router

_SCOPE = "developers:usage"
_TYPE = "automation_token"


@fact("12.2 /usage")
def _usage(call: Call) -> Response:
    company = call.desk.company
    month = company.quota.month
    following = NEXT_PLAN.get(company.settings.plan)
    return json_response(
        {
            "type": _TYPE,
            "period": today(call.desk.now)[:7],
            "usage": month.used(call.desk.now),
            "limit": month.limit,
            "count": len(company.tokens),
            "secondary_usages": dict(company.counts.usage),
            "user_usages": {},
            "next_plan": following,
            "next_limit": PLANS[following][1] if following else None,
        }
    )


def _usage_by_type(call: Call) -> Response:
    if call.params["type"] != _TYPE:
        not_found()
    return _usage(call)


def register(router: Router[Handler]) -> None:
    router.add("GET", "/usage", _usage, _SCOPE)
    router.add("GET", "/usage/{type}", _usage_by_type, _SCOPE)
