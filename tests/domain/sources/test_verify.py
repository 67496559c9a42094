"""Signatures: `faults-and-attacks` section 3a, a test a row, over all five sources where the row is not one source's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from relay.domain.sources import registry, signing
from relay.domain.sources.base import Verdict
from tests.domain.sources.payloads import NOW, samples

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
BODY = b'{"id": 1}'
SOURCES = sorted(registry.SOURCES)
SIGNATURE_HEADER = {
    "holded": "x-holded-webhook-signature",
    "shopify": "x-shopify-hmac-sha256",
    "standard": "webhook-signature",
    "stripe": "stripe-signature",
    "woocommerce": "x-wc-webhook-signature",
}
TIMED = ["standard", "stripe"]


def signed(source: str, body: bytes = BODY, secret: str = SECRET, **fields: Any) -> dict[str, str]:
    return signing.sign(
        source, body, secret, now=fields.pop("now", NOW), topic="orders/paid", delivery_id="d1", **fields
    )


def check(
    source: str, headers: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,), **binding: str
) -> Verdict:
    return registry.get(source).verify(body, headers, secrets, NOW, binding)


@pytest.mark.parametrize("source", SOURCES)
def test_a_right_signature_is_valid(source: str) -> None:
    assert check(source, signed(source)) == Verdict(ok=True, reason="valid", status=200)


def test_published_vectors_are_judged_as_published() -> None:
    vectors = json.loads(samples("signature_vectors/*.json")[0].read_text())
    names = {"standard-webhooks": "standard", "shopify": "shopify", "stripe": "stripe", "woocommerce": "woocommerce"}
    judged = 0
    for vector in vectors:
        source = names.get(vector["scheme"])
        if source is None or vector["valid"] is None:
            continue
        stamp = int(vector["headers"].get("webhook-timestamp", 0))
        now = NOW.fromtimestamp(stamp, NOW.tzinfo)
        verdict = registry.get(source).verify(vector["body"].encode(), vector["headers"], [vector["secret"]], now, {})
        judged += 1
        assert verdict.ok is vector["valid"], vector["id"]
    assert judged >= 3


def test_the_shopify_vectors_hold_for_woocommerce_under_its_own_header() -> None:
    vectors = json.loads(samples("signature_vectors/*.json")[0].read_text())
    for vector in (one for one in vectors if one["scheme"] == "shopify"):
        headers = {"X-WC-Webhook-Signature": vector["headers"]["X-Shopify-Hmac-Sha256"]}
        verdict = check("woocommerce", headers, vector["body"].encode(), (vector["secret"],))
        assert verdict.ok is vector["valid"]


@pytest.mark.row("A01")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kept", [0, 1, 8, -1])
def test_a_signature_shorter_than_expected_is_refused_even_the_bare_prefix(source: str, kept: int) -> None:
    name = SIGNATURE_HEADER[source]
    headers = signed(source)
    prefix = {"holded": "sha256=", "standard": "v1,", "stripe": headers[name].partition("v1=")[0] + "v1="}.get(
        source, ""
    )
    headers[name] = prefix + headers[name].removeprefix(prefix)[:kept]
    assert not check(source, headers).ok


@pytest.mark.row("A02")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("junk", ["ñandú", "签名" * 30, "\udcff\ud800", "\x00", "é" * 44])
def test_the_compare_never_raises_on_non_ascii_or_another_length(source: str, junk: str) -> None:
    headers = signed(source)
    for value in (
        junk,
        headers[SIGNATURE_HEADER[source]] + junk,
        f"sha256={junk}",
        f"t=1772442000,v1={junk}",
        f"v1,{junk}",
    ):
        verdict = check(source, {**headers, SIGNATURE_HEADER[source]: value})
        assert not verdict.ok
        assert verdict.status in {400, 401}


@pytest.mark.row("A03")
@pytest.mark.parametrize("source", SOURCES)
def test_a_missing_signature_header_is_closed(source: str) -> None:
    headers = signed(source)
    del headers[SIGNATURE_HEADER[source]]
    assert check(source, headers) == Verdict(ok=False, reason="signature_missing", status=401)
    assert check(source, {**headers, SIGNATURE_HEADER[source]: "  "}).reason == "signature_missing"


@pytest.mark.row("A03")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("secrets", [(), ("",), ("", "  ")])
def test_a_missing_or_empty_secret_is_closed_even_for_a_signature_made_with_it(
    source: str, secrets: tuple[str, ...]
) -> None:
    name = SIGNATURE_HEADER[source]
    headers = signed(source)
    empty = hmac.new(b"", BODY, hashlib.sha256).digest()
    headers[name] = {"holded": f"sha256={empty.hex()}"}.get(source, headers[name])
    if source in {"shopify", "woocommerce"}:
        headers[name] = base64.b64encode(empty).decode()
    assert check(source, headers, secrets=secrets) == Verdict(ok=False, reason="secret_missing", status=401)


@pytest.mark.row("A04")
@pytest.mark.parametrize("source", SOURCES)
def test_verification_is_over_the_raw_bytes_so_re_serialised_json_fails(source: str) -> None:
    body = b'{ "id":1,\n "name": "\xc3\xb1" }'
    headers = signed(source, body)
    assert check(source, headers, body).ok
    assert check(source, headers, json.dumps(json.loads(body)).encode()).reason == "signature_mismatch"


@pytest.mark.row("A04")
@pytest.mark.parametrize("source", SOURCES)
def test_invalid_utf_8_that_was_signed_verifies(source: str) -> None:
    body = b"\xff\xfe{broken"
    assert check(source, signed(source, body), body).ok


@pytest.mark.row("A05")
@pytest.mark.parametrize("source", TIMED)
@pytest.mark.parametrize(
    ("moved", "reason"),
    [(-300, "valid"), (-301, "timestamp_stale"), (300, "valid"), (301, "timestamp_future"), (3600, "timestamp_future")],
)
def test_a_timestamp_is_refused_when_too_old_and_when_too_far_in_the_future(
    source: str, moved: int, reason: str
) -> None:
    headers = signed(source, now=NOW + timedelta(seconds=moved))
    assert check(source, headers).reason == reason


@pytest.mark.row("A06")
def test_the_timestamp_is_inside_the_signed_text_so_changing_the_header_alone_fails() -> None:
    later = int(NOW.timestamp()) + 10
    standard = {**signed("standard"), "webhook-timestamp": str(later)}
    assert check("standard", standard).reason == "signature_mismatch"
    stripe = signed("stripe")
    stripe["stripe-signature"] = stripe["stripe-signature"].replace(str(int(NOW.timestamp())), str(later))
    assert check("stripe", stripe).reason == "signature_mismatch"


@pytest.mark.row("A07")
@pytest.mark.parametrize("stamp", ["1772442000.5", "1.772442000", " 17724420 00", "-1", "1e9", "٣", "9" * 40, "0x10"])
def test_a_timestamp_with_a_delimiter_or_no_digits_is_malformed(stamp: str) -> None:
    assert check("standard", {**signed("standard"), "webhook-timestamp": stamp}).status == 400
    assert check("stripe", {"stripe-signature": f"t={stamp},v1=" + "0" * 64}).status == 400


@pytest.mark.row("A07")
def test_an_id_with_the_delimiter_cannot_shift_fields() -> None:
    stamp = str(int(NOW.timestamp()))
    original = signing.sign("standard", stamp.encode() + b"." + BODY, SECRET, now=NOW, topic="", delivery_id="msg")
    # The same signed text, cut elsewhere: id "msg.<stamp>", body without its first field.
    shifted = {**original, "webhook-id": f"msg.{stamp}"}
    assert check("standard", shifted, BODY) == Verdict(ok=False, reason="header_malformed", status=400)


@pytest.mark.row("A08")
@pytest.mark.parametrize("source", SOURCES)
def test_one_right_signature_among_several_is_enough(source: str) -> None:
    name = SIGNATURE_HEADER[source]
    headers, wrong = signed(source), signed(source, secret=OTHER)
    if source == "stripe":
        value = headers[name].replace("v1=", f"v1={'0' * 64},v0=abc,v1=")
    elif source == "standard":
        value = f"  {wrong[name]}   v2,xyz {headers[name]} {headers[name]} v1a,AAAA "
    else:
        value = f"{wrong[name]}, {headers[name]},{headers[name]}"
    assert check(source, {**headers, name: value}).ok


@pytest.mark.row("A08")
def test_unknown_versions_alone_prove_nothing() -> None:
    headers = signed("standard")
    headers["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v9,")
    assert check("standard", headers).reason == "signature_missing"
    stripe = signed("stripe")
    stripe["stripe-signature"] = stripe["stripe-signature"].replace("v1=", "v0=")
    assert check("stripe", stripe).reason == "signature_missing"


@pytest.mark.row("A09")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "value", ["=,=", "t=1,,v1=2", "t,v1", "v1==x,t=1", "a b c", ",".join(["v1=x"] * 10_000), "x" * 100_000]
)
def test_a_malformed_header_is_refused_and_never_an_error(source: str, value: str) -> None:
    verdict = check(source, {**signed(source), SIGNATURE_HEADER[source]: value})
    assert not verdict.ok
    assert verdict.status in {400, 401}


@pytest.mark.row("A09")
@pytest.mark.parametrize("source", SOURCES)
def test_a_header_with_ten_thousand_elements_is_malformed(source: str) -> None:
    separator = " " if source == "standard" else ","
    value = separator.join([signed(source)[SIGNATURE_HEADER[source]].split(",")[-1]] * 10_000)
    assert check(source, {**signed(source), SIGNATURE_HEADER[source]: value}) == Verdict(
        ok=False, reason="header_malformed", status=400
    )


@pytest.mark.row("A08")
@pytest.mark.parametrize("source", SOURCES)
def test_the_same_header_twice_with_different_values_is_malformed(source: str) -> None:
    name = SIGNATURE_HEADER[source]
    headers = signed(source)
    assert check(source, {**headers, name.upper(): headers[name] + "x"}).reason == "header_malformed"
    assert check(source, {**headers, name.upper(): headers[name]}).ok


@pytest.mark.parametrize("source", SOURCES)
def test_headers_may_have_any_letter_case(source: str) -> None:
    assert check(source, {name.title(): value for name, value in signed(source).items()}).ok
    assert check(source, {name.upper(): value for name, value in signed(source).items()}).ok


@pytest.mark.row("A10")
def test_the_shop_domain_must_be_the_accounts_own() -> None:
    headers = signed("shopify", binding={"shop_domain": "acme.myshopify.com"})
    assert check("shopify", headers, shop_domain="ACME.myshopify.com").ok
    assert check("shopify", headers, shop_domain="evil.myshopify.com").reason == "account_mismatch"
    del headers["x-shopify-shop-domain"]
    assert check("shopify", headers, shop_domain="acme.myshopify.com").reason == "account_mismatch"


@pytest.mark.row("A10")
def test_the_holded_account_must_be_the_bound_one() -> None:
    headers = signed("holded", binding={"holded_account_id": "5ab"})
    assert check("holded", headers, holded_account_id="5ab").ok
    assert check("holded", headers, holded_account_id="5ac").reason == "account_mismatch"


def linked(*hrefs: str) -> bytes:
    """Orders as WooCommerce links them, one alone or in a list."""
    orders = [{"id": 1, "_links": {"self": [{"href": href}]}} for href in hrefs]
    return json.dumps(orders[0] if len(orders) == 1 else orders).encode()


@pytest.mark.row("A10")
@pytest.mark.parametrize(
    ("body", "told", "ok"),
    [
        (linked("https://tienda.es/wp-json/wc/v3/orders/1"), "https://loja.pt/", True),
        (linked("https://www.tienda.es:443/index.php?rest_route=/wc/v3/orders/1"), None, True),
        (linked("https://loja.pt/wp-json/wc/v3/orders/1"), "https://tienda.es/", False),
        (linked("https://tienda.es/staging/wp-json/wc/v3/orders/1"), "https://tienda.es/", False),
        (linked("https://tienda.es/wp-json/wc/v3/orders/1", "https://loja.pt/wp-json/wc/v3/orders/2"), None, False),
        (b'{"id": 1, "_links": {"self": {"href": "https://tienda.es/api/wc/v2/orders/1"}}}', None, True),
        (BODY, "https://Tienda.es/", True),
        (b'{"order": {"id": 1}}', "http://tienda.es", True),
        (BODY, "https://loja.pt/", False),
        (BODY, "?", False),
        (b"[]", "https://tienda.es", True),
        (BODY, None, False),
    ],
)
def test_the_woocommerce_site_must_be_the_accounts_own(body: bytes, told: str | None, ok: bool) -> None:
    headers = signed("woocommerce", body) | ({"x-wc-webhook-source": told} if told else {})

    for bound in ("tienda.es", "https://www.tienda.es/"):
        assert check("woocommerce", headers, body, site=bound).reason == ("valid" if ok else "account_mismatch")


def test_what_is_signed_for_a_bound_shop_is_of_that_shop() -> None:
    headers = signed("woocommerce", binding={"site": "tienda.es/shop"})

    assert check("woocommerce", headers, site="tienda.es/shop").ok
    assert not check("woocommerce", headers, site="tienda.es").ok


@pytest.mark.row("A12")
@pytest.mark.parametrize("source", SOURCES)
def test_rotation_overlaps_and_then_the_old_secret_is_refused(source: str) -> None:
    headers = signed(source, secret=OTHER)
    assert check(source, headers, secrets=(SECRET, OTHER)).ok
    assert check(source, headers, secrets=(SECRET,)).reason == "signature_mismatch"


@pytest.mark.row("A13")
@pytest.mark.parametrize("source", SOURCES)
def test_a_delivery_signed_for_another_account_is_refused(source: str) -> None:
    assert check(source, signed(source, secret=OTHER)).reason == "signature_mismatch"


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("secret", ["clave-ñ-secreta", "plain", "\ud800"])
def test_any_text_may_be_a_secret(source: str, secret: str) -> None:
    if secret == "\ud800":
        assert check(source, signed(source), secrets=(secret,)).reason == "signature_mismatch"
    else:
        assert check(source, signed(source, secret=secret), secrets=(secret,)).ok


def test_the_woocommerce_ping_is_answered_without_a_signature() -> None:
    ping = Verdict(ok=True, reason="ping", status=200)
    assert check("woocommerce", {}, b"webhook_id=142") == ping
    assert check("woocommerce", {}, b"webhook_id=142", secrets=()) == ping


@pytest.mark.parametrize(
    "body", [b"webhook_id=1&x=2", b"webhook_id=", b'{"webhook_id": 1}', b"webhook_id=1" + b"0" * 40]
)
def test_what_only_resembles_a_ping_needs_a_signature(body: bytes) -> None:
    assert check("woocommerce", {}, body).reason == "signature_missing"


def ed25519(body: bytes = BODY) -> tuple[str, dict[str, str]]:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = "whpk_" + base64.b64encode(key.public_key().public_bytes_raw()).decode()
    stamp = str(int(NOW.timestamp()))
    signature = base64.b64encode(key.sign(b"msg_1." + stamp.encode() + b"." + body)).decode()
    return public, {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": f"v1a,{signature}"}


def test_an_ed25519_signature_is_valid_for_its_public_key_alone() -> None:
    public, headers = ed25519()
    assert check("standard", headers, secrets=(public,)).ok
    assert check("standard", headers, secrets=(SECRET, public)).ok
    assert check("standard", headers, b"{}", secrets=(public,)).reason == "signature_mismatch"
    assert check("standard", headers, secrets=(SECRET,)).reason == "signature_mismatch"
    assert check("standard", headers, secrets=("whpk_AAAA", "whpk_%%")).reason == "signature_mismatch"


def test_a_public_key_is_never_taken_for_a_shared_secret() -> None:
    public, _ = ed25519()
    raw = base64.b64decode(public.removeprefix("whpk_"))
    for key in (public.encode(), public.removeprefix("whpk_").encode(), raw):
        forged = signed("standard", secret="whsec_" + base64.b64encode(key).decode())
        assert check("standard", forged, secrets=(public,)).reason == "signature_mismatch"


@pytest.mark.parametrize("value", ["v1a,", "v1a,AAAA", "v1a,%%%", "v1a," + "A" * 88])
def test_a_broken_ed25519_signature_is_refused(value: str) -> None:
    public, headers = ed25519()
    assert not check("standard", {**headers, "webhook-signature": value}, secrets=(public,)).ok


def test_svix_senders_are_heard_under_their_own_header_names() -> None:
    headers = {name.replace("webhook-", "svix-"): value for name, value in signed("standard").items()}
    assert check("standard", headers).ok


def test_a_raw_secret_and_its_base64_are_both_tried() -> None:
    assert check("standard", signed("standard", secret="not base64!"), secrets=("not base64!",)).ok
    bare = SECRET.removeprefix("whsec_")
    assert check("standard", signed("standard"), secrets=(bare,)).ok


def test_a_secret_without_its_padding_is_the_same_secret() -> None:
    padded = "whsec_" + base64.b64encode(b"x" * 25).decode()
    bare = padded.rstrip("=")
    assert bare != padded

    headers = signed("standard", secret=bare)

    assert check("standard", headers, secrets=(padded,)).ok
    assert check("standard", headers, secrets=(bare,)).ok
