"""Control: what happened (deliveries, counters, state), quota spent by others, and the faults to come."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from holded_sandbox.faults import Fault

if TYPE_CHECKING:
    from holded_sandbox.control_call import ControlCall
    from holded_sandbox.wire import Record


def deliveries(call: ControlCall) -> Record:
    company = call.company()
    shown = [
        asdict(delivery) | {"body": delivery.body.decode()}
        for delivery in call.sandbox.emitter.deliveries
        if delivery.company_id == company.id
    ]
    return {"deliveries": shown}


def spend(call: ControlCall) -> Record:
    """`calls` of another program on the same account, now."""
    company, calls = call.company(), call.body.get("calls")
    if not isinstance(calls, int) or isinstance(calls, bool) or calls < 1:
        raise ValueError("calls: expected a whole number above zero")
    company.quota.spend(call.now, calls)
    return quota(call)


def quota(call: ControlCall) -> Record:
    quota = call.company().quota
    return {
        name: {"limit": window.limit, "used": window.used(call.now), "resets_at": window.resets_at(call.now)}
        for name, window in (("minute", quota.minute), ("month", quota.month))
    }


def state(call: ControlCall) -> Record:
    company = call.company()
    tables = {name: list(records.values()) for name, records in company.tables.items()}
    return company.describe() | {"tables": tables}


def faults(call: ControlCall) -> Record:
    plan = call.sandbox.faults
    return {"faults": [fault.describe() for fault in plan.faults], "struck": plan.struck}


def add_fault(call: ControlCall) -> tuple[Record, int]:
    fault = Fault.parse(call.body)
    call.sandbox.faults.faults.append(fault)
    return fault.describe(), 201


def clear_faults(call: ControlCall) -> Record:
    call.sandbox.faults.clear()
    return faults(call)


def counters(call: ControlCall) -> Record:
    return {company.id: company.counts.describe() for company in call.sandbox.companies.values()}


def clear_counters(call: ControlCall) -> Record:
    for company in call.sandbox.companies.values():
        company.counts.clear()
    return counters(call)
