"""The settings of an account: its policy and its mapping tables, as JSON that people edit.

Everything has a default, and the defaults are those of a Spanish mainland company that sells goods from a web shop:
`{}` is a complete settings file. Tables are read from the top, the first row that fits decides; the account's own tax
rows come before the built-in ones (`relay.domain.mapping.builtin`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from relay.domain.mapping.catalogue import TaxKind
from relay.domain.mapping.places import Zone
from relay.errors import BadInput

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Supply = Literal["goods", "services", "voucher", "tip"]
BuyerKind = Literal["consumer", "business"]
_STRICT: dict[str, Any] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What becomes what. `simplified_limit` is in euros with tax: 400, or 3000 for the trades of RD 1619/2012 art. 4.2."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    paid_order: Literal["invoice", "nothing"] = "invoice"
    unpaid_order: Literal["salesorder", "nothing"] = "salesorder"
    simplified: bool = False  # a buyer without tax id gets a `salesreceipt` up to the limit
    simplified_limit: Decimal = Decimal(400)
    refunds: Literal["creditnote", "nothing"] = "creditnote"
    refund_of_draft: Literal["creditnote", "review"] = "creditnote"  # the original is still a draft of ours
    plain_refund_rate: Decimal | None = None  # the tax in refunds that are a bare amount; None: a person judges each
    invoices: Literal["invoice", "nothing"] = "invoice"  # those another system issued
    finish: Literal["draft", "approve", "approve_and_pay"] = "draft"
    payments: Literal["ignore", "pay"] = "ignore"  # a payment event of its own
    contacts: bool = True
    products: bool = True
    test_data: Literal["document", "ignore"] = "document"
    document_date: Literal["source", "today"] = "source"
    zero_lines: Literal["keep", "drop"] = "keep"
    rounding_limit: Decimal = Decimal("0.02")  # the most a `rounding` line may carry; 0: never such a line
    exchange_rate: Literal["holded", "review"] = "holded"  # unknown rate: Holded applies its own, or a person judges
    vies: Literal["required", "trusted"] = (
        "required"  # reverse charge: with a recorded confirmation, or the number alone
    )
    oss: bool = True  # consumers elsewhere in the EU are taxed at their country's rate
    supplies: Literal["goods", "services"] = "goods"  # what a line is when the source does not say
    invalid_tax_id: Literal["keep", "review"] = "keep"
    invalid_tax_id_field: str = "Tax id as given"
    anonymous_name: str = "Clientes varios"
    product_prices_include_tax: bool = True  # where the source of a product does not say
    product_tax_rate: Decimal = Decimal(21)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """One tax of the account: by `key`, or by kind and percentage; `or_kinds` are tried in turn where there is none."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    kind: TaxKind = "vat"
    rate: Decimal | None = None
    country: str = ""
    key: str = ""
    or_kinds: tuple[TaxKind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRule:
    """A row of the tax table. An empty condition fits everything; `rates` are the percentages the source charged on the
    line, all of them: `[]` is "charged nothing", null "whatever it charged". `taxed_by`: countries whose tax it was, as
    far as the source says. The outcome is `take` (all of these taxes) or `review` (a constant word).
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    name: str
    zones: tuple[Zone, ...] = ()
    countries: tuple[str, ...] = ()
    postal_prefixes: tuple[str, ...] = ()
    rates: tuple[Decimal, ...] | None = None
    taxed_by: tuple[str, ...] = ()
    systems: tuple[Literal["iva", "igic", "ipsi", "other"], ...] = ()
    supplies: tuple[Supply, ...] = ()
    buyers: tuple[BuyerKind, ...] = ()
    schemes: tuple[str, ...] = ()
    vies: bool | None = None
    since: date | None = None
    until: date | None = None
    take: tuple[Selector, ...] = ()
    review: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A row of a table that chooses by id or name: series, channel, payment method, warehouse, treasury account, line account.

    Conditions compare without letter case; an empty one fits everything.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    use: str
    doc_types: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    payment_methods: tuple[str, ...] = ()
    warehouses: tuple[str, ...] = ()
    line_kinds: tuple[str, ...] = ()
    sku_prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    series: tuple[Choice, ...] = ()
    sales_channels: tuple[Choice, ...] = ()
    payment_methods: tuple[Choice, ...] = ()
    warehouses: tuple[Choice, ...] = ()
    treasury_accounts: tuple[Choice, ...] = ()
    accounts: tuple[Choice, ...] = ()  # of lines: `use` is the id of an accounting account


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRate:
    """Euros for one unit of `currency`, from a day on."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    currency: str
    rate: Decimal
    since: date = date.min


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """IRPF withheld by Spanish business buyers from services (RIRPF art. 95), on documents that are not paid in full.

    What is withheld is never part of the comparison with the source's total: the document's total is lower by it.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    rate: Decimal = Decimal(15)
    since: date = date(2015, 7, 12)
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconcile:
    """The nightly reconciliation: the last `days`, within `calls` to Holded a run (None: 1 % of the month, at least 3).

    `own_series`: beginnings of numbers (`T26`) that nobody but the relay gives; a document there that no row knows is told of.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    nightly: bool = True
    days: int = 7
    calls: int | None = None
    own_series: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """What of Holded is looked at without being told. `share` is the percentage of the month's calls it may spend, never
    more than `most_calls`; `rereads` the percentage that webhooks of Holded may ask for. `leave_out` and `add` name resources;
    `every_minutes` how often one is looked at where the calls suffice.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    enabled: bool = True
    share: int = 20
    most_calls: int = 6000
    rereads: int = 40
    leave_out: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    every_minutes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`schemes` names the tax scheme of buyers with a tag: `{"recargo": "equivalence"}`. `custom_fields` renames a
    source's extra data on its way into Holded's custom fields; an empty name drops it.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    policy: Policy = field(default_factory=Policy)
    tax_rules: tuple[TaxRule, ...] = ()
    builtin_tax_rules: bool = True
    tables: Tables = field(default_factory=Tables)
    exchange_rates: tuple[ExchangeRate, ...] = ()
    retention: tuple[Retention, ...] = ()
    schemes: Mapping[str, str] = field(default_factory=dict)
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    reconcile: Reconcile = field(default_factory=Reconcile)
    polling: Polling = field(default_factory=Polling)


def default_settings(*, mode: Literal["test", "live"] = "test") -> Settings:
    """The built-in Spanish default. In a live company, what the source marks as a test is not written."""
    return Settings(policy=Policy(test_data="ignore" if mode == "live" else "document"))


@cache
def _adapter() -> TypeAdapter[Settings]:
    """Building one costs more than many a drain: a warm function builds it once."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - as in `parse_settings`

    return TypeAdapter(Settings)


def parse_settings(raw: object) -> Settings:
    """Read settings from parsed JSON. Raises `BadInput` naming the first field that is wrong, never its value."""
    from pydantic import ValidationError  # noqa: PLC0415 - only who parses settings pays for pydantic

    if not isinstance(raw, Mapping):
        raise BadInput("settings_invalid", detail=f"{type(raw).__name__}, expected an object")
    try:
        settings: Settings = _adapter().validate_python(dict(raw))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
        raise BadInput("settings_invalid", field=where, detail=first["msg"]) from None
    for wrong, where, expected in _contradictions(settings):
        if wrong:
            raise BadInput("settings_invalid", field=where, detail=f"expected {expected}")
    return settings


def _contradictions(settings: Settings) -> Iterator[tuple[bool, str, str]]:
    """What types alone do not see, as (is it wrong, field, what was expected)."""
    policy = settings.policy
    yield policy.simplified_limit < 0, "policy.simplified_limit", "an amount not below zero"
    yield not 0 <= policy.rounding_limit <= Decimal("0.02"), "policy.rounding_limit", "0 to 0.02"
    yield not 0 <= policy.product_tax_rate < 100, "policy.product_tax_rate", "a percentage"
    yield not 0 <= (policy.plain_refund_rate or 0) < 100, "policy.plain_refund_rate", "a percentage"
    nightly = settings.reconcile
    yield not 1 <= nightly.days <= 62, "reconcile.days", "1 to 62"
    yield nightly.calls is not None and nightly.calls < 1, "reconcile.calls", "a number of calls, or null"
    yield not all(nightly.own_series), "reconcile.own_series", "beginnings of numbers, none of them empty"
    yield not 1 <= settings.polling.share <= 100, "polling.share", "a percentage from 1 to 100"
    yield not 0 <= settings.polling.rereads <= 100, "polling.rereads", "a percentage from 0 to 100"
    yield settings.polling.most_calls < 1, "polling.most_calls", "a number of calls a month, above zero"
    for name, minutes in settings.polling.every_minutes.items():
        yield minutes < 1, f"polling.every_minutes.{name}"[:80], "minutes, at least 1"
    for place, rule in enumerate(settings.tax_rules):
        yield bool(rule.take) == bool(rule.review), f"tax_rules[{place}]", "either `take` or `review`"
    for place, rate in enumerate(settings.exchange_rates):
        yield rate.rate <= 0, f"exchange_rates[{place}].rate", "euros for one unit, above zero"
    for place, retention in enumerate(settings.retention):
        yield not 0 < retention.rate < 100, f"retention[{place}].rate", "a percentage above zero"


def dump_settings(settings: Settings) -> dict[str, Any]:
    """The JSON value `parse_settings` reads back as the same settings."""
    dumped: dict[str, Any] = _adapter().dump_python(settings, mode="json")
    return dumped
