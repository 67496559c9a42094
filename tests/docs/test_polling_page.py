"""docs/polling.md holds the table of what is polled as the code has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.paths import ROOT
from relay.holded.polled import MANY_CALLS, SOME_CALLS
from relay.holded.polled_table import POLLED
from tests.docs.pages import table

if TYPE_CHECKING:
    from relay.holded.polled import Resource

PAGE = ROOT / "docs" / "polling.md"
_FROM = {0: "every plan", SOME_CALLS: "2,000 and more", MANY_CALLS: "7,500 and more"}


def row(resource: Resource) -> list[str]:
    return [
        resource.name,
        f"`{resource.path}`",
        _change(resource),
        _deletion(resource),
        _cost(resource),
        f"{resource.cadence_ms / 3600_000:g} h",
        str(resource.weight),
        _FROM[resource.from_calls] if resource.standard else "where added",
    ]


def _change(resource: Resource) -> str:
    told = {"read": "webhook, ", "list": "webhook (hurries a pass), ", "": ""}[resource.hint]
    if not resource.recent_days:
        return f"{told}full pass"
    again = ", what is open" if resource.again else ""
    return f"{told}last {resource.recent_days} days{again}, full pass"


def _deletion(resource: Resource) -> str:
    if resource.listing == "window":
        return "not seen"
    return "full pass, then 404" if resource.read else "two full passes"


def _cost(resource: Resource) -> str:
    full = "1" if resource.listing == "single" else "1 a 200 rows"
    full = f"{len(resource.parts)}, {full}" if len(resource.parts) > 1 else full
    full += " a parent" if resource.parent else ""
    return f"{1 + len(resource.again)}; {full}" if resource.recent_days else full


def test_every_polled_resource_is_in_the_table_as_it_is_polled() -> None:
    assert table(PAGE, "resource") == [row(each) for each in POLLED]
