"""Builders of v2 requests for products. Pure: a draft and ids in, a `Request` out; `BadInput` for an id that is not one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.errors import BadInput
from relay.holded import bodies, paths, replies
from relay.holded.listings import listed
from relay.holded.protocol import Request

if TYPE_CHECKING:
    from relay.domain.documents import ProductDraft
    from relay.holded.replies import Created, Page, ProductRecord

PRODUCTS = "/api/v2/products"

_PRODUCT_WRITES = (
    "name", "description", "sku", "barcode", "price", "cost", "tags", "taxes", "for_sale", "for_purchase", "archived",
    "variants", "pack_items", "show_start_date", "show_end_date",
)  # fmt: skip


def create_product(draft: ProductDraft) -> Request[Created]:
    body = bodies.product_body(draft) | {
        "kind": draft.kind,
        "has_stock": draft.has_stock,
        "for_sale": True,
        "for_purchase": False,
    }
    return Request(method="POST", path=PRODUCTS, json=body, reads=replies.created, writes=True)


def update_product(product_id: str, draft: ProductDraft, *, current: ProductRecord) -> Request[None]:
    """The draft over what `get_product` just read: the update wants `for_sale`, `for_purchase` and `archived` each time."""
    kept = {name: current.raw[name] for name in _PRODUCT_WRITES if name in current.raw}
    body = bodies.merged(kept, bodies.product_body(draft) | {"archived": draft.archived})
    body = {"for_sale": True, "for_purchase": False} | body
    path = _one(product_id)
    return Request(method="PUT", path=path, json=body, reads=replies.done, writes=True, names_object=True)


def get_product(product_id: str) -> Request[ProductRecord]:
    path = _one(product_id)
    return Request(method="GET", path=path, reads=replies.product, names_object=True)


def find_products(*, sku: str, cursor: str | None = None) -> Request[Page[ProductRecord]]:
    """A page of products, only those with this sku (a variant's counts). Walk on while there is a cursor.

    Holded's list takes no filter and would ignore one, so the page is searched here (Holded facts 2.2, 8.3).
    """
    if not sku:
        raise BadInput("filter_missing", field="sku", detail="expected a sku")

    def wanted(found: ProductRecord) -> bool:
        return sku in (found.sku, *found.variant_skus)

    return listed(PRODUCTS, replies.product, cursor=cursor, wanted=wanted)


def _one(product_id: str) -> str:
    return f"{PRODUCTS}/{paths.segment(product_id, 'product_id')}"
