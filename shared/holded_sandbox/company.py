"""One Holded company: its switches, credentials, tables, quota and counters. Every write goes through `put` and `drop`."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from holded_sandbox.limits import PLANS, Quota, WindowKind, make_window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holded_sandbox.wire import Record

TABLES = (
    "contacts", "contact_groups", "products", "services", "taxes", "series", "channels", "expense_accounts",
    "warehouses", "payment_methods", "treasuries", "documents", "payments", "tags", "webhooks", "gone",
    "ledger", "entries", "accounts", "counters", "movements", "leads", "funnels", "events", "projects", "tasks",
    "project_times", "employees", "employee_times",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The switches of a company. Where live reports of Holded conflict, both ways can be chosen."""

    name: str = "Sandbox Company SL"
    country: str = "ES"
    plan: str = "standard"
    minute_limit: int | None = None  # None: the plan's
    month_limit: int | None = None
    minute_window: WindowKind = "sliding"
    month_window: WindowKind = "fixed"
    minute_phase: float = 0.0  # seconds the fixed window's border lies after the full minute
    month_phase: float = 0.0
    quota_headers: Literal["always", "refusals"] = "always"
    retry_after: Literal["seconds", "date"] = "seconds"
    decimal_style: Literal["es", "es_plain", "dot"] = "es"
    put: Literal["replace", "merge"] = "replace"  # what PUT does to an omitted field (Holded facts 3.4)
    put_fields: Literal["by_kind", "all"] = (
        "by_kind"  # whether PUT of most documents takes the dates only, or everything
    )
    auto_approve: bool = False
    custom_id_by_v2: bool = False  # whether v2 stores `custom_id` when it is sent (Holded facts 4.3)
    list_lag_seconds: float = 0.0  # a new object appears in lists this much later
    delete_approved: Literal["refuse", "allow"] = "refuse"
    webhook_id: Literal["delivery", "endpoint"] = "delivery"  # what x-holded-webhook-id holds (Holded facts 7)
    payment_names_document: bool = False  # whether the webhook of a payment says whose it is (not known, facts 7)
    payment_updates_document: bool = False  # whether a payment also sends `<document>.update` (not known, facts 13.10)
    v1_page_size: int = 500

    def changed(self, values: Record) -> Settings:
        """These settings with `values` in place; raises ValueError naming an unknown or badly valued switch."""
        known = {item.name: item.type for item in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"{name}: no such switch of a company")
            _check_switch(name, str(known[name]), value)
        return replace(self, **values)


def _check_switch(name: str, annotation: str, value: object) -> None:
    choices = {"WindowKind": "'fixed' 'sliding'"}.get(annotation, annotation)
    if "Literal" in annotation or annotation == "WindowKind":
        if f"'{value}'" not in choices.replace('"', "'"):
            raise ValueError(f"{name}: not one of the switch's values")
    elif annotation == "bool":
        _require(isinstance(value, bool), name, "true or false")
    elif annotation == "str":
        _require(isinstance(value, str), name, "text")
    else:
        numeric = isinstance(value, int | float | Decimal) and not isinstance(value, bool) and value >= 0
        _require(numeric or (value is None and "None" in annotation), name, "a number, zero or more")


def _require(holds: bool, name: str, expected: str) -> None:
    if not holds:
        raise ValueError(f"{name}: expected {expected}")


@dataclass(slots=True, kw_only=True)
class Counts:
    """What was called: `calls` and `refused` by `METHOD /path/{template}`, `delivered` and `failed` webhooks by event."""

    calls: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    usage: Counter[str] = field(default_factory=Counter)
    delivered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    def describe(self) -> Record:
        return {
            "calls": dict(self.calls),
            "refused": dict(self.refused),
            "total": self.calls.total(),
            "webhooks": {"delivered": dict(self.delivered), "failed": dict(self.failed)},
        }

    def clear(self) -> None:
        """Start counting anew; `usage` stays, because it belongs to Holded's month."""
        for counter in (self.calls, self.refused, self.delivered, self.failed):
            counter.clear()


class Company:
    """`tables[name][id]` are plain records; a key that begins with `_` is the sandbox's own and never shown."""

    def __init__(self, company_id: str, settings: Settings) -> None:
        self.id = company_id
        self.settings = settings
        self.tokens: dict[str, frozenset[str] | None] = {}  # v2 token -> scopes; None: every scope
        self.v1_keys: dict[str, bool] = {}  # v1 key -> whether it may write
        self.tables: dict[str, dict[str, Record]] = {name: {} for name in TABLES}
        self.counts = Counts()
        self.dirty: set[tuple[str, str]] = set()
        self.extra_lag_seconds = 0.0  # of the call being handled, when a fault asks for late visibility
        self.quota = self._make_quota()
        self._rates: dict[str, Decimal] | None = None

    def _make_quota(self) -> Quota:
        settings = self.settings
        minute, month = PLANS.get(settings.plan, PLANS["standard"])
        return Quota(
            make_window("minute", settings.minute_window, settings.minute_limit or minute, settings.minute_phase),
            make_window("month", settings.month_window, settings.month_limit or month, settings.month_phase),
            month_is_hard=settings.plan != "premium",
        )

    def configure(self, values: Record) -> None:
        """Change switches. Changing a window starts it empty; raises ValueError for a switch that does not exist."""
        self.settings = self.settings.changed(values)
        if any(name == "plan" or name.startswith(("minute_", "month_")) for name in values):
            self.quota = self._make_quota()
        self.dirty.add(("company", self.id))

    def put(self, table: str, record: Record, now: float) -> Record:
        """Store a record under its `id`; a new one becomes visible in lists after the company's lag."""
        known = self.tables[table].get(record["id"])
        if known is None:
            lag = self.settings.list_lag_seconds + self.extra_lag_seconds
            record.setdefault("_visible", now + lag if lag else 0.0)
        self.tables[table][record["id"]] = record
        self._rates = None if table == "taxes" else self._rates
        self.dirty.add((table, record["id"]))
        return record

    def drop(self, table: str, record_id: str) -> None:
        """Remove a record; what lists sort by stays behind in `gone`, so that a cursor on it still has a place."""
        record = self.tables[table].pop(record_id)
        kept = {name: record.get(name) for name in ("id", "date", "due_date", "total")}
        self.tables["gone"][record_id] = kept
        self._rates = None if table == "taxes" else self._rates
        self.dirty |= {(table, record_id), ("gone", record_id)}

    def get(self, table: str, record_id: str) -> Record | None:
        return self.tables[table].get(record_id)

    def visible(self, table: str, now: float) -> Iterator[Record]:
        return (record for record in self.tables[table].values() if record.get("_visible", 0.0) <= now)

    def tax_rates(self) -> dict[str, Decimal]:
        """Percent by tax key and by tax id: a line may name either (Holded facts 6)."""
        if self._rates is None:
            self._rates = {}
            for tax in self.tables["taxes"].values():
                self._rates[tax["key"]] = self._rates[tax["id"]] = Decimal(tax["amount"] or 0)
        return self._rates

    def describe(self) -> Record:
        """Settings and credentials, as the control API shows and the store keeps them."""
        tokens = {token: None if scopes is None else sorted(scopes) for token, scopes in self.tokens.items()}
        return {"id": self.id, "settings": asdict(self.settings), "tokens": tokens, "v1_keys": dict(self.v1_keys)}
