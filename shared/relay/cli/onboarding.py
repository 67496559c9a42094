"""Look at a Holded credential before anything of it is stored: what it may do, whose it is, how many calls it has.

Holded offers no introspection: a scope is learnt by using it and reading the 403 (Holded facts 1). Reads are asked for
one item; writes are asked of an object that cannot exist, so that nothing can change. Some twenty calls in all.

Nor does the API tell the company's id; only Holded's webhooks carry it (Holded facts 7). A company is therefore known by
the ids of its own settings (series, payment methods, warehouses ...): two credentials that see one id in common are of
one company, and the oldest id stands for the company until `--company-id` names it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from relay.domain.plans import PLANS
from relay.errors import BadInput, NotAllowed, NotFound, Rejected
from relay.holded import listings, replies, requests, requests_v1
from relay.holded.protocol import Request

if TYPE_CHECKING:
    from relay.ports.accounts import Credential
    from relay.ports.holded import HoldedApi

TIMEOUT_MS = 23_000
NO_ID = "0" * 24
SERIES = ("invoice", "salesreceipt", "creditnote", "salesorder")
LISTS: dict[str, Callable[[], Request[Any]]] = {
    "payment_methods": listings.list_payment_methods,
    "sales_channels": listings.list_sales_channels,
    "warehouses": listings.list_warehouses,
    "treasury_accounts": listings.list_treasury_accounts,
}
KEPT = ("id", "key", "name", "amount", "scope", "group", "type", "items", "status", "visible", "format", "archived")
"""What the mapping needs of a list's item; balances and account numbers are not ours to keep."""

WRITTEN = ("contacts", "invoices", "sales-receipts", "sales-orders", "products")
REQUIRED = frozenset(
    {
        "accounting:taxes.read",
        "contacts:contacts.read",
        "contacts:contacts.write",
        "sales:invoices.read",
        "sales:invoices.write",
    }
)
"""Without these no invoice can be written; without another one, only what needs it is parked."""

_SCOPE = re.compile(r"[a-z-]+:[a-z-]+\.(?:read|write)")
_OBJECT_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(slots=True, kw_only=True)
class Found:
    """`limit` and `used` are the month's, `per_minute` what reply headers said; None where Holded did not tell."""

    catalogue: dict[str, Any] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    calls: int = 0
    per_minute: int | None = None
    used: int | None = None
    limit: int | None = None
    period: str | None = None

    @property
    def lacking(self) -> list[str]:
        return sorted(self.missing & REQUIRED)


class _Look:
    def __init__(self, holded: "HoldedApi", credential: "Credential") -> None:
        self._holded = holded
        self._credential = credential
        self.found = Found()

    async def ask(self, request: Request[Any]) -> Any:
        """The reply's value; None when the scope is missing (noted) or the object is not there."""
        self.found.calls += 1
        try:
            reply = await self._holded.call(request, self._credential, timeout_ms=TIMEOUT_MS)
        except NotAllowed as refusal:
            scope = _SCOPE.search(refusal.detail) if refusal.reason == "scope_missing" else None
            if scope is None:
                raise
            self.found.missing.add(scope[0])
            return None
        for signal in reply.limits:
            if signal.window == "minute" and signal.limit:
                self.found.per_minute = signal.limit
        return reply.value

    async def refused_politely(self, request: Request[Any]) -> None:
        """A write to what cannot exist: allowed if Holded looks for it, or finds the request wanting."""
        try:
            await self.ask(request)
        except (NotFound, Rejected):
            return


async def look(holded: "HoldedApi", credential: "Credential") -> Found:
    """Raises `NotAllowed` for a credential that is wrong, read-only (v1) or not of a paying company; `RetryAt` as it comes."""
    seen = _Look(holded, credential)
    found = seen.found
    taxes = await seen.ask(listings.list_taxes())
    found.catalogue["taxes"] = _kept(taxes)
    await seen.ask(requests.list_contacts(limit=1))
    await seen.ask(requests.list_documents("invoice", limit=1))
    for name in WRITTEN:
        await seen.refused_politely(
            Request(method="PUT", path=f"/api/v2/{name}/{NO_ID}", json={}, reads=replies.done, names_object=True)
        )
    found.catalogue["numbering_series"] = {
        kind: _kept(await seen.ask(listings.list_numbering_series(kind)))  # type: ignore[arg-type]  # SERIES are document types
        for kind in SERIES
    }
    for name, listed in LISTS.items():
        page = await seen.ask(listed())
        if page is not None:
            found.catalogue[name] = _kept(page)
    if credential.v1_key:
        await _v1(seen)
    usage = await seen.ask(listings.usage())
    if usage is not None:
        found.used, found.limit, found.period = usage.used, usage.limit, usage.period
    return found


async def _v1(seen: _Look) -> None:
    """A v1 key that Holded does not know, or that may only read, is told now and not at the first document."""
    try:
        await seen.ask(requests_v1.v1_ping())
    except NotAllowed as refusal:
        raise NotAllowed("v1_key_refused", detail=f"the v1 key: {refusal.detail}") from None
    try:
        await seen.ask(requests_v1.v1_ping_write())
    except NotFound:
        raise NotAllowed("v1_key_read_only", detail="the v1 key may read, not write; give one that may") from None
    except Rejected:
        return


def _kept(page: Any) -> list[dict[str, Any]]:
    """Plain JSON: numbers as text, so that no percentage becomes a float."""
    items = page.items if page is not None else ()
    return [{name: _plain(item.raw[name]) for name in KEPT if item.raw.get(name) is not None} for item in items]


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | bool) else str(value)


def quota(found: Found, *, per_minute: int | None, per_month: int | None) -> tuple[int, int]:
    """Calls a minute and a month: as given, else as Holded told, else of the smallest plan."""
    smallest, *_, largest = PLANS.values()
    month = per_month or min(found.limit or smallest[1], largest[1])  # beyond it, `limit` is the ceiling of overage
    of_plan = next((minute for minute, calls in reversed(PLANS.values()) if calls <= month), smallest[0])
    minute = per_minute or found.per_minute or of_plan
    if minute < 1 or month < 1:
        raise BadInput("quota_malformed", field="--per-minute, --per-month", detail="expected numbers above 0")
    return minute, month


def company_ids(catalogue: Mapping[str, Any]) -> frozenset[str]:
    """Ids that only this company has. Taxes are left out: whether their ids are a company's own is not known."""
    return frozenset(_ids([catalogue.get("numbering_series"), *(catalogue.get(name) for name in LISTS)]))


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        found = str(value.get("id", ""))
        if _OBJECT_ID.fullmatch(found):
            yield found
        for part in value.values():
            yield from _ids(part)
    elif isinstance(value, list):
        for part in value:
            yield from _ids(part)


def company(found: Found, given: str | None) -> str:
    """The company's id as given, else its oldest settings id: ObjectIds begin with the time they were made."""
    if given:
        if not _OBJECT_ID.fullmatch(given):
            raise BadInput("company_malformed", field="--company-id", detail="expected 24 hexadecimal digits")
        return given
    ids = company_ids(found.catalogue)
    if not ids:
        raise BadInput(
            "company_unknown",
            field="--company-id",
            detail="this token sees nothing that tells the company; give its id",
        )
    return f"oldest-{min(ids)}"
