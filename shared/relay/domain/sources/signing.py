"""Sign a body the way its sender does: the other half of every source's `verify`, for `relay send`, tests and the demo.

Pure: the instant and the delivery's id are arguments. A secret is used as its sender uses it; none is ever put in an error.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.domain.sources._standard_shape import padded
from relay.domain.sources.stripe import TOPIC_HEADER
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outgoing:
    body: bytes
    secret: str
    now: datetime
    topic: str
    delivery_id: str
    binding: Mapping[str, str]


def _mac(secret: bytes, signed: bytes) -> bytes:
    return hmac.new(secret, signed, hashlib.sha256).digest()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _holded(out: _Outgoing) -> dict[str, str]:
    """Hex HMAC over the raw body, the secret as it is (Holded facts 7)."""
    headers = {
        "x-holded-webhook-event": out.topic,
        "x-holded-webhook-id": out.delivery_id,
        "x-holded-webhook-date": out.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-holded-webhook-version": "v1",
        "x-holded-webhook-signature": "sha256=" + _mac(out.secret.encode(), out.body).hex(),
    }
    if "holded_account_id" in out.binding:
        headers["x-holded-webhook-account-id"] = out.binding["holded_account_id"]
    return headers


def _shopify(out: _Outgoing) -> dict[str, str]:
    """Base64 HMAC over the raw body. https://shopify.dev/docs/apps/build/webhooks/subscribe/https ."""
    headers = {
        "x-shopify-topic": out.topic,
        "x-shopify-webhook-id": out.delivery_id,
        "x-shopify-event-id": out.delivery_id,
        "x-shopify-triggered-at": out.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "x-shopify-hmac-sha256": _base64(_mac(out.secret.encode(), out.body)),
    }
    if "shop_domain" in out.binding:
        headers["x-shopify-shop-domain"] = out.binding["shop_domain"]
    return headers


def _stripe(out: _Outgoing) -> dict[str, str]:
    """Hex HMAC over "<unix seconds>.<body>". https://docs.stripe.com/webhooks#verify-manually ."""
    stamp = str(int(out.now.timestamp()))
    headers = {"stripe-signature": f"t={stamp},v1={_mac(out.secret.encode(), stamp.encode() + b'.' + out.body).hex()}"}
    # An object without its event around it does not say what happened to it; an event ignores this (`stripe.identify`).
    return {**headers, TOPIC_HEADER: out.topic} if out.topic else headers


def _woocommerce(out: _Outgoing) -> dict[str, str]:
    """Base64 HMAC over the raw body. https://developer.woocommerce.com/docs/best-practices/urls-and-routing/webhooks/ ."""
    resource, _, verb = out.topic.partition(".")
    shop = {"x-wc-webhook-source": f"https://{out.binding['site']}/"} if "site" in out.binding else {}
    return {
        **shop,
        "x-wc-webhook-topic": out.topic,
        "x-wc-webhook-resource": resource,
        "x-wc-webhook-event": verb,
        "x-wc-webhook-delivery-id": out.delivery_id,
        "x-wc-webhook-signature": _base64(_mac(out.secret.encode(), out.body)),
    }


def _standard(out: _Outgoing) -> dict[str, str]:
    """Base64 HMAC over "<id>.<unix seconds>.<body>"; `whsec_` secrets are base64. https://www.standardwebhooks.com ."""
    if out.secret.startswith("whpk_"):
        raise BadInput(
            "secret_cannot_sign", field="secret", detail="a public key verifies; signing needs a shared secret"
        )
    key = out.secret.encode()
    if out.secret.startswith("whsec_"):
        try:
            key = base64.b64decode(padded(out.secret.removeprefix("whsec_")), validate=True)
        except binascii.Error:
            raise BadInput("secret_malformed", field="secret", detail="expected base64 after whsec_") from None
    stamp = str(int(out.now.timestamp()))
    signed = b".".join((out.delivery_id.encode(), stamp.encode(), out.body))
    return {
        "webhook-id": out.delivery_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + _base64(_mac(key, signed)),
    }


_SIGNERS: dict[str, Callable[[_Outgoing], dict[str, str]]] = {
    "holded": _holded,
    "shopify": _shopify,
    "stripe": _stripe,
    "woocommerce": _woocommerce,
    "standard": _standard,
}


def sign(
    source: str,
    body: bytes,
    secret: str,
    *,
    now: datetime,
    topic: str,
    delivery_id: str,
    binding: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Headers (lower-case names) with which `source` would deliver `body`.

    `topic` goes into the headers of the sources that tell it there; in the others it is part of the body. `binding` is the
    account's, as in `verify`: the shop domain or Holded account the delivery claims to come from.
    Raises `BadInput` for an unknown source, an empty secret or a secret that cannot sign.
    """
    signer = _SIGNERS.get(source)
    if signer is None:
        raise BadInput("source_unknown", field="source", detail=f"expected one of {', '.join(sorted(_SIGNERS))}")
    if not secret:
        raise BadInput("secret_missing", field="secret", detail="empty, expected the secret shared with the sender")
    outgoing = _Outgoing(body=body, secret=secret, now=now, topic=topic, delivery_id=delivery_id, binding=binding or {})
    return {"content-type": JSON, **signer(outgoing)}
