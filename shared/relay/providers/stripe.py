"""Stripe: its events of the last 30 days, newest first, and webhook endpoints.

An event never changes and has its place for ever, so `starting_after` neither skips nor doubles. `delivery_success=false`
lists what an endpoint refused or still waits for; events from a time without an endpoint are not among them, so the whole
list is read unless the endpoint is known to have stood.
https://docs.stripe.com/api/events/list , https://docs.stripe.com/webhooks/process-undelivered-events
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from relay.errors import BadInput
from relay.providers.protocol import Page, Request, objects
from relay.providers.subscription import Created, Subscription, Subscriptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from relay.providers.protocol import Window

SOURCE: Final = "stripe"
PARTS: Final = ("events",)
SOLD: Final = PARTS
SINGLE: Final = False
KNOWS_UNDELIVERED: Final = True
OWN_SECRET: Final = False
_DAYS: Final = 30
TOPICS: Final = (
    "invoice.finalized", "invoice.paid", "invoice.payment_succeeded", "invoice.voided", "credit_note.created",
    "checkout.session.completed", "checkout.session.async_payment_succeeded", "payment_intent.succeeded",
    "charge.refunded", "customer.created", "customer.updated",
)  # fmt: skip
PAGE: Final = 100
PENDING: Final = "pending"
_FAR_S: Final = 1 << 33
_MARK: Final = "relay"
"""The endpoint's metadata: `pending` until the secret that only its creation shows is stored."""


def headers(token: str) -> dict[str, str]:
    """https://docs.stripe.com/api/authentication : a restricted key needs events: read, webhook endpoints: write."""
    return {"authorization": f"Bearer {token}"}


def reach(since: datetime, now: datetime) -> tuple[datetime, str]:
    """https://docs.stripe.com/api/events : what is older is not listed, and nothing says so."""
    first = now - timedelta(days=_DAYS)
    return (first, f"Stripe keeps its events {_DAYS} days") if since < first else (since, "")


def page(part: str, window: Window, mark: str, *, undelivered: bool = False) -> Request[Page]:
    """`mark` is empty or the id of the last event seen; at most 20 types may be named."""
    query = (
        ("created[gte]", str(int(window.since.timestamp()))),
        ("created[lte]", str(int(window.until.timestamp()) + 1)),
        *((("delivery_success", "false"),) if undelivered else ()),
        *(("types[]", topic) for topic in TOPICS),
        ("limit", str(PAGE)),
        *((("starting_after", mark),) if mark else ()),
    )

    def reads(parsed: Any, _: Mapping[str, str]) -> Page:
        found = objects(parsed, "data")
        following = _following(parsed, found)
        return Page(items=found, mark=following, resume=following)

    return Request(method="GET", path=f"/v1/{part}", query=query, reads=reads)


def _following(parsed: Any, found: Sequence[Mapping[str, Any]]) -> str:
    """The id behind which the list goes on, empty at its end. A full page that says nothing of more is not taken for the last."""
    more = parsed.get("has_more") if isinstance(parsed, dict) else None
    if more is False or (more is None and len(found) < PAGE):
        return ""
    last = found[-1].get("id") if found else None
    if (more is not None and more is not True) or not (isinstance(last, str) and last):
        raise BadInput("reply_unexpected", field="has_more", detail="more is to come, and not known behind which id")
    return last


def facts(part: str, value: Mapping[str, Any]) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """An event is its webhook's body, to the letter."""
    del part
    return ((str(value.get("type", "")), value),)


def changed(value: Mapping[str, Any]) -> datetime | None:
    at = value.get("created")
    return datetime.fromtimestamp(at, UTC) if isinstance(at, int) and 0 < at < _FAR_S else None


def subscriptions(mark: str = "") -> Request[Subscriptions]:
    """https://docs.stripe.com/api/webhook_endpoints/list ."""
    query = (("limit", str(PAGE)), *((("starting_after", mark),) if mark else ()))

    def reads(parsed: Any, _: Mapping[str, str]) -> Subscriptions:
        found = objects(parsed, "data")
        return Subscriptions(items=tuple(_subscription(one) for one in found), mark=_following(parsed, found))

    return Request(method="GET", path="/v1/webhook_endpoints", query=query, reads=reads)


def _subscription(one: Mapping[str, Any]) -> Subscription:
    events = one.get("enabled_events")
    topics = frozenset(str(topic) for topic in events) if isinstance(events, list) else frozenset()
    metadata = one.get("metadata")
    return Subscription(
        id=str(one.get("id", "")),
        url=str(one.get("url", "")),
        topics=frozenset(TOPICS) if "*" in topics else topics,
        active=one.get("status") == "enabled",
        orphan=isinstance(metadata, dict) and metadata.get(_MARK) == PENDING,
    )


def create(topics: Sequence[str], *, url: str, secret: str) -> Request[Created]:
    """https://docs.stripe.com/api/webhook_endpoints/create : Stripe makes the secret and shows it this once."""
    del secret
    form = (
        ("url", url),
        ("description", "Holded Relay"),
        (f"metadata[{_MARK}]", PENDING),
        *(("enabled_events[]", topic) for topic in topics),
    )
    return Request(method="POST", path="/v1/webhook_endpoints", form=form, reads=_made)


def activate(subscription_id: str, *, secret: str) -> Request[Created]:
    """Its secret is Stripe's own and stays. https://docs.stripe.com/api/webhook_endpoints/update ."""
    del secret
    path = f"/v1/webhook_endpoints/{subscription_id}"
    return Request(method="POST", path=path, form=(("disabled", "false"),), reads=_made)


def delete(subscription_id: str) -> Request[None]:
    return Request(method="DELETE", path=f"/v1/webhook_endpoints/{subscription_id}", reads=lambda *_: None)


def settled(subscription_id: str) -> Request[Created]:
    """Its secret is stored: it is no orphan any more."""
    path = f"/v1/webhook_endpoints/{subscription_id}"
    return Request(method="POST", path=path, form=((f"metadata[{_MARK}]", "kept"),), reads=_made)


def _made(parsed: Any, _: Mapping[str, str]) -> Created:
    if not isinstance(parsed, dict) or not isinstance(parsed.get("id"), str):
        raise BadInput("reply_unexpected", detail="expected the webhook endpoint")
    secret = parsed.get("secret")
    return Created(id=parsed["id"], secret=secret if isinstance(secret, str) else "")
