"""The sandbox without sockets: `handle(request, now)` over companies, with clock, ids and randomness from outside.

A simulation drives this object directly: it passes its own `now`, reads `Exchange.action` for what the network does, and
posts `emitter.due(now)` itself. The server is a thin shell around the same object.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from holded_sandbox import seeds, v1, v2
from holded_sandbox.company import Company, Settings
from holded_sandbox.documents import Desk
from holded_sandbox.facts import fact
from holded_sandbox.faults import Fault, FaultPlan
from holded_sandbox.ids import IdMint
from holded_sandbox.limits import Refusal, quota_headers
from holded_sandbox.webhooks import Emitter
from holded_sandbox.wire import Exchange, ProblemError, Record, Request, Response, json_response, problem_response

if TYPE_CHECKING:
    from random import Random

    from holded_sandbox.routes import Handler, Route

_HTML = "<!DOCTYPE html><html><head><title>Holded</title></head><body><h1>{title}</h1></body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Who is called and by which route."""

    company: Company
    api: str
    found: tuple[Route[Handler], dict[str, str]] | None

    def label(self, request: Request) -> str:
        return f"{request.method} {self.found[0].template if self.found else '(unknown)'}"


class Sandbox:
    """Every Holded company of one sandbox. Not thread safe: one call at a time."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.ids = IdMint(random)
        self.emitter = Emitter(self.ids, random)
        self.faults = FaultPlan(random)
        self.companies: dict[str, Company] = {}
        self._late: list[tuple[float, Request, _Target]] = []

    def add_company(self, values: Record, now: float, *, company_id: str | None = None) -> Company:
        """A new company with the seeds; `values` are its switches. Raises ValueError naming a wrong one."""
        settings = Settings().changed(values)
        company = Company(company_id or self.ids.mint(now), settings)
        if company.id in self.companies:
            raise ValueError("id: such a company exists already")
        seeds.fill(company, self.ids, now)
        self.companies[company.id] = company
        company.dirty.add(("company", company.id))
        return company

    def add_default_company(self, now: float) -> Company:
        """The company that is there without asking, under well-known credentials."""
        company = self.add_company({}, now, company_id=seeds.DEFAULT_COMPANY_ID)
        company.tokens[seeds.DEFAULT_TOKEN] = None
        company.v1_keys[seeds.DEFAULT_V1_KEY] = True
        return company

    def clear(self) -> None:
        """Forget every company, fault, delivery and late commit."""
        self.companies.clear()
        self.faults.clear()
        self.emitter.clear()
        self._late.clear()

    def desk(self, company: Company, now: float) -> Desk:
        return Desk(company=company, now=now, ids=self.ids, emitter=self.emitter)

    def advance(self, now: float) -> None:
        """Carry out what was to happen up to `now` without a caller: commits after their time-out."""
        due = [item for item in self._late if item[0] <= now]
        self._late = [item for item in self._late if item[0] > now]
        for at, request, target in sorted(due, key=lambda item: item[0]):
            self._answer(target, request, at)

    def handle(self, request: Request, now: float, *, fault: Fault | None = None) -> Exchange:
        """One call of a client, from authentication to what the network makes of the answer.

        `fault` strikes this very call, whatever the plan of faults says: a simulation decides call by call.
        """
        self.advance(now)
        target = self._authenticate(request)
        if isinstance(target, Response):
            return Exchange(action="reply", response=target)
        company, label = target.company, target.label(request)
        fault = fault or self.faults.pick(company.id, request.method, request.path, now)
        if fault is not None and fault.kind == "reset":
            return Exchange(action="reset")
        refusal = company.quota.take(now) if fault is None else _forced(fault, company, now) or company.quota.take(now)
        if refusal is not None:
            company.counts.refused[f"{refusal.window} {label}"] += 1
            return Exchange(action="reply", response=self._too_many(target, refusal, now))
        company.counts.calls[label] += 1
        company.counts.usage[
            v2.usage_key(target.found[0]) if target.api == "v2" and target.found else v1.USAGE_KEY
        ] += 1
        return self._strike(fault, target, request, now)

    def _strike(self, fault: Fault | None, target: _Target, request: Request, now: float) -> Exchange:
        if fault is None:
            return Exchange(action="reply", response=self._answer(target, request, now))
        if fault.kind == "late_commit":
            self._late.append((now + fault.seconds, request, target))
            return Exchange(action="hang")
        if fault.kind == "error_before":
            return Exchange(action="reply", response=_broken(fault.status))
        if fault.kind == "status_zero":
            return Exchange(action="reply", response=json_response({"status": 0, "info": "Something went wrong"}))
        if fault.kind == "html":
            return Exchange(action="reply", response=_page(200, "Page not found"))
        target.company.extra_lag_seconds = fault.seconds if fault.kind == "hide" else 0.0
        try:
            response = self._answer(target, request, now)
        finally:
            target.company.extra_lag_seconds = 0.0
        if fault.kind == "error_after":
            return Exchange(action="reply", response=_broken(fault.status))
        if fault.kind == "lose_reply":
            return Exchange(action="reset")
        if fault.kind == "hang":
            return Exchange(action="hang")
        if fault.kind == "truncate":
            cut = Response(
                status=response.status, headers=response.headers, body=response.body[: len(response.body) // 2]
            )
            return Exchange(action="reply", response=cut)
        delay = fault.seconds if fault.kind == "slow" else 0.0
        return Exchange(action="reply", response=response, delay_seconds=delay)

    def _authenticate(self, request: Request) -> _Target | Response:
        if request.path.startswith(v2.PREFIX + "/"):
            token = v2.token_of(request)
            for company in self.companies.values():
                if token and token in company.tokens:
                    return _Target(company=company, api="v2", found=v2.ROUTER.find(request.method, request.path))
            return v2.denied()
        key = request.headers.get("key", "")
        for company in self.companies.values():
            if key and key in company.v1_keys:
                return _Target(company=company, api="v1", found=v1.find(request.method, request.path))
        return v1.denied(key)

    def _answer(self, target: _Target, request: Request, now: float) -> Response:
        desk = self.desk(target.company, now)
        if target.api == "v1":
            return v1.answer(desk, request, target.found)
        response = v2.answer(desk, request, target.found)
        if target.company.settings.quota_headers == "always":
            minute = target.company.quota.minute
            shown = quota_headers("minute", minute.limit, minute.used(now), minute.resets_at(now))
            return Response(status=response.status, headers=shown | response.headers, body=response.body)
        return response

    def _too_many(self, target: _Target, refusal: Refusal, now: float) -> Response:
        wait = max(1, int(-(-(refusal.reset - now) // 1)))
        retry_after = str(wait)
        if target.company.settings.retry_after == "date":
            retry_after = format_datetime(datetime.fromtimestamp(now + wait, UTC), usegmt=True)
        headers = quota_headers(refusal.window, refusal.limit, refusal.limit, refusal.reset) | {
            "retry-after": retry_after
        }
        word = "minute" if refusal.window == "minute" else "monthly"
        detail = f"You have reached the per-{word} limit ({refusal.limit}). Retry in {wait} seconds."
        detail = detail.replace("per-monthly", "monthly")
        return problem_response(ProblemError(429, "rate-limit", "Rate limit exceeded", detail), headers)

    def new_token(self) -> str:
        return f"pat_{self.random.getrandbits(128):032x}"

    def new_key(self) -> str:
        return f"{self.random.getrandbits(128):032x}"


def _forced(fault: Fault, company: Company, now: float) -> Refusal | None:
    if fault.kind == "limit_minute":
        return Refusal("minute", company.quota.minute.limit, now + fault.seconds)
    if fault.kind == "limit_month":
        return Refusal("month", company.quota.month.limit, now + fault.seconds)
    return None


def _page(status: int, title: str) -> Response:
    return Response(
        status=status, headers={"content-type": "text/html; charset=utf-8"}, body=_HTML.format(title=title).encode()
    )


@fact("12.5 5xx")
def _broken(status: int) -> Response:
    """No contract is known for the body of a 5xx (Holded facts 8.2)."""
    return _page(status, "Something went wrong")
