"""Faults on demand: which one strikes a call, decided before the call is carried out."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Literal, get_args

from holded_sandbox.facts import fact

if TYPE_CHECKING:
    from random import Random

    from holded_sandbox.wire import Record

Kind = Literal[
    "lose_reply",  # commits, then the connection is reset
    "hang",  # commits, then never answers: the caller's time-out
    "late_commit",  # never answers, commits `seconds` later
    "error_before",  # `status` without commit
    "error_after",  # commits, then `status`
    "reset",  # the connection is reset before anything is done
    "slow",  # commits, answers `seconds` later
    "truncate",  # commits, answers half of the JSON
    "status_zero",  # 200 with `{"status": 0, ...}`, without commit; v2 too is said to do it (Holded facts 8.3)
    "html",  # 200 with an HTML page, without commit
    "limit_minute",  # 429 of the minute window
    "limit_month",  # 429 of the month window
    "hide",  # commits; what it creates shows in lists `seconds` later
]


@fact("12.5 429", "12.5 5xx", "12.5 timeout after commit", "12.5 truncated JSON", "12.5 HTML")
@dataclass(slots=True, kw_only=True)
class Fault:
    """Strikes calls whose method, path and company match: the next `times` of them (None: all), each with `probability`.

    `path` is a regular expression searched in the path; `skip` matching calls are let through first. `seconds` belongs to
    `late_commit`, `slow` and `hide`, and is the Retry-After of the 429s; `status` belongs to the two errors.
    """

    kind: Kind
    company: str | None = None
    method: str | None = None
    path: str = ""
    skip: int = 0
    times: int | None = 1
    probability: float = 1.0
    seconds: float = 5.0
    status: int = 503

    @classmethod
    def parse(cls, values: Record) -> Fault:
        """A fault from the control API's JSON; raises ValueError naming the field that is wrong."""
        known = {item.name for item in fields(cls)}
        for name in values:
            if name not in known:
                raise ValueError(f"{name}: no such field of a fault")
        if values.get("kind") not in get_args(Kind):
            raise ValueError(f"kind: expected one of {', '.join(get_args(Kind))}")
        floats = {name: float(values[name]) for name in ("probability", "seconds") if name in values}
        given: Record = values | floats
        fault = cls(**given)
        re.compile(fault.path)
        return fault

    def matches(self, company: str, method: str, path: str) -> bool:
        return (
            self.company in {None, company} and self.method in {None, method} and re.search(self.path, path) is not None
        )

    def describe(self) -> Record:
        return asdict(self)


class FaultPlan:
    """The faults that are set, in their order; the first that strikes wins."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.faults: list[Fault] = []
        self.struck: list[Record] = []

    def clear(self) -> None:
        self.faults.clear()
        self.struck.clear()

    def pick(self, company: str, method: str, path: str, now: float) -> Fault | None:
        for fault in self.faults:
            if not fault.matches(company, method, path) or fault.times == 0:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.probability < 1 and self._random.random() >= fault.probability:
                continue
            if fault.times is not None:
                fault.times -= 1
            self.struck.append({"kind": fault.kind, "company": company, "method": method, "path": path, "at": now})
            return fault
        return None
