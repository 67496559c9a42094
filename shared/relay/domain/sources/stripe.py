"""Stripe: `t=,v1=` signatures with a tolerance both ways; event envelopes of any API version, and bare objects."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from relay.domain.sources import _json, _signing, _stripe_shape
from relay.domain.sources.base import Identity, Normalised
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from relay.domain.sources.base import Delivery, Verdict

SOURCE = "stripe"
TOPICS = _stripe_shape.TOPICS
# Retries for three days; undelivered events can be listed, and sent again, for thirty. https://docs.stripe.com/webhooks/process-undelivered-events
REPLAY_WINDOW = timedelta(days=30)
# An event tells everything in its body; an object posted without one may come with its topic beside it. Not Stripe's: ours.
TOPIC_HEADER = "relay-topic"
KEPT_HEADERS = frozenset({TOPIC_HEADER})
SECRET_HINT = "Developers > Webhooks > the endpoint > Signing secret, beginning with whsec_."  # noqa: S105 - where it is found, not a secret


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime, binding: Mapping[str, str]
) -> Verdict:
    """https://docs.stripe.com/webhooks#verify-manually : hex HMAC of `<t>.<body>`; other schemes than v1 are ignored."""
    del binding
    keys = _signing.usable(secrets)
    if not keys:
        return _signing.SECRET_MISSING
    try:
        value = _signing.header(headers, "stripe-signature")
        if value is None:
            return _signing.SIGNATURE_MISSING
        stamps, given = _parts(value)
        if len(stamps) != 1:
            return _signing.MALFORMED
        verdict = _signing.age(_signing.unix_seconds(stamps[0]), now)
    except _signing.Malformed:
        return _signing.MALFORMED
    if verdict:
        return verdict
    if not given:
        return _signing.SIGNATURE_MISSING
    signed = stamps[0].encode("ascii") + b"." + body
    expected = [_signing.mac(key, signed).hex() for key in keys]
    return _signing.VALID if _signing.matches_any(given, expected) else _signing.SIGNATURE_MISMATCH


def _parts(value: str) -> tuple[list[str], list[str]]:
    stamps: list[str] = []
    given: list[str] = []
    for element in _signing.elements(value, ","):
        name, equals, text = element.partition("=")
        if not equals or not text or "=" in text:
            raise _signing.Malformed
        if name == "t":
            stamps.append(text)
        elif name == "v1":
            given.append(text)
    return stamps, given


def identify(body: bytes, headers: Mapping[str, str]) -> Identity:
    """The signed event's type; only a body that is no event takes the topic from the header beside it."""
    return _stripe_shape.identify(_json.peek(body), _signing.topic(headers, TOPIC_HEADER))


def normalise(delivery: Delivery) -> Normalised:
    try:
        elements = _stripe_shape.unwrap(_json.loads(delivery.body), delivery.topic)
    except BadInput as error:
        return Normalised(review=error.reason, detail=error.detail)
    from relay.domain.sources import (
        _facts,
        _stripe_checkouts,
        _stripe_contacts,
        _stripe_credit_notes,
        _stripe_invoices,
        _stripe_payments,
    )

    build = {
        "invoice": _stripe_invoices.facts,
        "credit_note": _stripe_credit_notes.facts,
        "checkout.session": _stripe_checkouts.facts,
        "payment_intent": _stripe_payments.payment_facts,
        "charge": _stripe_payments.refund_facts,
        "customer": _stripe_contacts.facts,
    }

    def one(element: _stripe_shape.Element) -> Sequence[_facts.Fact]:
        if element.ignored:
            raise _facts.Ignored(element.ignored, element.detail)
        if element.resource not in build:
            raise BadInput(
                "topic_mismatch", field="type", detail="the event's object is not of the kind its type announces"
            )
        return build[element.resource](element)

    return _facts.collect(delivery, elements, one)
