"""The polled lists of what is sold and where it lies: services, warehouses, stock, taxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from relay.domain.models import Product
from relay.domain.models_company import Stock
from relay.holded import fields
from relay.holded.observing import DAY_MS, HOUR_MS, first, matters, observer, record
from relay.holded.polled import PARENT, SOME_CALLS, Observed, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping

FACTS: Final[Mapping[str, str]] = {
    "service": "2.2 /services",
    "warehouse": "2.2 /warehouses C L R PATCH D",
    "stock": "2.2 GET {id}/stock",
    "tax": "6 v2 GET /taxes",
}


@observer
def service(source: Mapping[str, Any]) -> Observed:
    """A service is a product that is not in stock. Its list lacks code, colour, duration and channel."""
    archived = fields.flag(source, "archived") is True
    found = Product(
        id=fields.required(source, "id"),
        name=fields.text(source, "name") or "",
        description=fields.text(source, "description"),
        kind="service",
        price=fields.number(source, "price"),
        cost=fields.number(source, "cost"),
        active=not archived,
        tags=fields.texts(source, "tags"),
    )
    return Observed(
        id=found.id,
        data=found,
        matters=matters(
            name=found.name,
            description=found.description,
            price=found.price,
            cost=found.cost,
            tags=sorted(found.tags),
            taxes=sorted(fields.texts(source, "taxes")),
            archived=archived,
        ),
    )


@observer
def stock(source: Mapping[str, Any]) -> Observed:
    """A line of a warehouse's stock has no id of its own: warehouse, product and variant are one.

    The names of its fields are not on record ("product ID, variant ID, current stock quantity"), so both likely ones are read.
    """
    product = fields.required(source, "product_id")
    variant = fields.reference(source, "variant_id")
    warehouse = fields.required(source, first(source, "warehouse_id", PARENT))
    found = Stock(
        id="-".join(part for part in (warehouse, product, variant) if part),
        product_id=product,
        variant_id=variant,
        warehouse_id=warehouse,
        quantity=fields.number(source, first(source, "stock", "quantity")),
    )
    return Observed(id=found.id, data=found, matters=matters(quantity=found.quantity))


CATALOGUE: Final[tuple[Resource, ...]] = (
    Resource(
        name="service",
        path="/api/v2/services",
        read="/api/v2/services/{id}",
        listing="full",
        # An archived one would otherwise leave the list, which reads like a deletion.
        query=(("include_archived", "true"),),
        model="product",
        observe=service,
        scope="sales:services.read",
        cadence_ms=DAY_MS,
        hint="read",
        from_calls=SOME_CALLS,
    ),
    Resource(
        name="warehouse",
        path="/api/v2/warehouses",
        read="/api/v2/warehouses/{id}",
        listing="full",
        model="warehouse",
        observe=record("warehouse", texts=("email", "phone"), words=("default",)),
        scope="inventory:warehouses.read",
        cadence_ms=DAY_MS,
        hint="read",
        from_calls=SOME_CALLS,
    ),
    Resource(
        name="stock",
        path="/api/v2/warehouses/{parent}/stock",
        parent="warehouse",
        listing="full",
        model="stock",
        observe=stock,
        scope="inventory:warehouses.read",
        cadence_ms=6 * HOUR_MS,
        hint="list",
        weight=2,
        from_calls=SOME_CALLS,
    ),
    Resource(
        name="tax",
        path="/api/v2/taxes",
        listing="single",
        model="tax",
        # v1 taxes have no id; the key is what lines take.
        observe=record(
            "tax",
            ids=("id", "key"),
            status="status",
            amount="amount",
            texts=("key", "scope", "group", "type"),
            words=("visible",),
            lists=("items",),
        ),
        scope="accounting:taxes.read",
        cadence_ms=DAY_MS,
        from_calls=SOME_CALLS,
    ),
)
