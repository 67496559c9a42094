"""A sale on its way to a document: what the source says, who buys, the account's rules; and where and what it is for tax."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from relay.domain.mapping.places import UNKNOWN, Place, place_of
from relay.domain.models import Address

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from relay.domain.mapping.catalogue import Catalogue
    from relay.domain.mapping.contacts import Buyer
    from relay.domain.mapping.evidence import Charged, SalesModel
    from relay.domain.settings import Settings, Supply

MADRID = ZoneInfo("Europe/Madrid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    document: SalesModel
    source: str
    buyer: Buyer
    settings: Settings
    catalogue: Catalogue
    today: date | None

    @property
    def tax_day(self) -> date:
        """The day whose rates apply: the source's, in Madrid."""
        return self.document.issued_at.astimezone(MADRID).date()

    @property
    def day(self) -> date:
        """The document's day: the source's, or today by policy."""
        if self.settings.policy.document_date == "today" and self.today is not None:
            return self.today
        return self.tax_day

    @property
    def paid_in_full(self) -> bool:
        return self.document.payment_status in {"paid", "refunded", "partially_refunded"}

    def place(self, *, goods: bool, taxed_by: str = "") -> Place:
        """Goods are taxed where they go, services where the buyer is; without an address, where the tax was charged for."""
        draft, document = self.buyer.draft, self.document
        shipping = document.shipping_address or draft.shipping_address
        billing = document.billing_address or draft.bill_address
        for address in (shipping, billing) if goods else (billing, shipping):
            if address is not None and address.country:
                return place_of(address, goods=goods)
        return place_of(Address(country=taxed_by), goods=goods) if len(taxed_by) == 2 else UNKNOWN

    def main_supply(self, charged: Sequence[Charged]) -> Supply:
        """What most lines are: shipping and fees share their lot."""
        kinds = Counter(self.supply(one, "goods") for one in charged if one.line.kind in {"product", "service"})
        if not kinds:
            return self.settings.policy.supplies
        return "services" if kinds["services"] > kinds["goods"] else "goods"

    def supply(self, one: Charged, main: Supply) -> Supply:
        match one.line.kind:
            case "gift_card":
                return "voucher"
            case "tip":
                return "tip"
            case "service":
                return "services"
            case "product":
                return self.settings.policy.supplies
            case _:
                return main
