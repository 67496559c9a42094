"""`relay check-signature` judges a stored delivery as the receiver would."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from relay.cli.app import app
from relay.domain.sources import registry
from relay.domain.sources.signing import sign
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

VECTORS = (
    Path(__file__).resolve().parents[2].parent
    / "shared" / "realdata" / "webhooks" / "signature_vectors" / "vectors_dev.json"
)  # fmt: skip
SCHEMES = {"standard-webhooks": "standard", "shopify": "shopify"}
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BODY = b'{"id": 1, "name": "caf\xc3\xa9"}'
SECRETS = {
    "holded": "whsec_holded",
    "shopify": "hush",
    "stripe": "whsec_stripe",
    "woocommerce": "blue",
    "standard": "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQ=",
}


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., Result]:
    def run(source: str, headers: Any, body: bytes, *options: str) -> Result:
        header_file, body_file = tmp_path / "headers.json", tmp_path / "body"
        header_file.write_text(headers if isinstance(headers, str) else json.dumps(headers))
        body_file.write_bytes(body)
        args = [
            "check-signature",
            "--source",
            source,
            "--headers",
            str(header_file),
            "--body",
            str(body_file),
            *options,
        ]
        return CliRunner().invoke(app, args)

    return run


def signed(source: str, body: bytes = BODY) -> dict[str, str]:
    return sign(source, body, SECRETS[source], now=NOW, topic="orders/paid", delivery_id="msg_1")


@pytest.mark.parametrize("source", sorted(SECRETS))
def test_what_sign_signs_the_source_verifies(source: str) -> None:
    verify = registry.get(source).verify

    assert verify(BODY, signed(source), [SECRETS[source]], NOW, {}).reason == "valid"
    assert verify(BODY + b" ", signed(source), [SECRETS[source]], NOW, {}).reason == "signature_mismatch"


@pytest.mark.parametrize(("source", "binding"), [("shopify", "shop_domain"), ("holded", "holded_account_id")])
def test_sign_carries_the_accounts_binding(source: str, binding: str) -> None:
    bound = {binding: "acme.myshopify.com"}
    headers = sign(source, BODY, SECRETS[source], now=NOW, topic="t", delivery_id="m", binding=bound)
    verify = registry.get(source).verify

    assert verify(BODY, headers, [SECRETS[source]], NOW, bound).reason == "valid"
    assert verify(BODY, headers, [SECRETS[source]], NOW, {binding: "other"}).reason == "account_mismatch"


def test_a_public_key_cannot_sign() -> None:
    with pytest.raises(BadInput, match="secret_cannot_sign"):
        sign("standard", BODY, "whpk_AAAA", now=NOW, topic="", delivery_id="m")


def test_signing_agrees_with_the_published_vector() -> None:
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS.name} is not there")
    vector = next(one for one in json.loads(VECTORS.read_text()) if one["id"] == "sw-1")
    at = datetime.fromtimestamp(int(vector["headers"]["webhook-timestamp"]), tz=UTC)

    made = sign(
        "standard",
        vector["body"].encode(),
        vector["secret"],
        now=at,
        topic="",
        delivery_id=vector["headers"]["webhook-id"],
    )

    assert made["webhook-signature"] == vector["headers"]["webhook-signature"]


def test_the_published_vectors_get_their_verdict(check: Callable[..., Result]) -> None:
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS.name} is not there")
    vectors = [one for one in json.loads(VECTORS.read_text()) if one["scheme"] in SCHEMES and "body" in one]
    assert vectors
    for vector in vectors:
        stamp = vector["headers"].get("webhook-timestamp", "0")
        now = datetime.fromtimestamp(int(stamp), tz=UTC).isoformat()

        result = check(
            SCHEMES[vector["scheme"]],
            vector["headers"],
            vector["body"].encode(),
            "--secret",
            vector["secret"],
            "--now",
            now,
        )

        assert result.exit_code == (0 if vector["valid"] else 1), vector["id"]


def test_the_verdict_is_json_on_request(check: Callable[..., Result]) -> None:
    good = check("shopify", signed("shopify"), BODY, "--secret", "hush", "--json")
    bad = check("shopify", signed("shopify"), BODY, "--secret", "other", "--json")

    assert (good.exit_code, json.loads(good.stdout)) == (0, {"valid": True, "reason": "valid"})
    assert (bad.exit_code, json.loads(bad.stdout)) == (1, {"valid": False, "reason": "signature_mismatch"})


@pytest.mark.row("A08")
def test_one_of_several_secrets_is_enough(check: Callable[..., Result]) -> None:
    assert check("shopify", signed("shopify"), BODY, "--secret", "new", "--secret", "hush").exit_code == 0


def test_a_secret_may_stand_in_a_file(check: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")

    assert check("shopify", signed("shopify"), BODY, "--secret-file", str(tmp_path / "secret")).exit_code == 0


@pytest.mark.parametrize(
    "form",
    [
        lambda headers: {name.upper(): value for name, value in headers.items()},
        lambda headers: {name: [value] for name, value in headers.items()},
        lambda headers: [[name.title(), value] for name, value in headers.items()],
        lambda headers: headers | {name.upper(): value for name, value in headers.items()},
    ],
    ids=["upper case", "lists of strings", "pairs", "twice in two cases"],
)
def test_headers_may_come_in_any_usual_form(check: Callable[..., Result], form: Callable[[Any], Any]) -> None:
    assert (
        check("stripe", form(signed("stripe")), BODY, "--secret", SECRETS["stripe"], "--now", NOW.isoformat()).exit_code
        == 0
    )


def test_two_signature_headers_of_a_rotation_are_both_tried(check: Callable[..., Result]) -> None:
    right = signed("standard")
    headers = {**right, "webhook-signature": ["v1,AAAA", right["webhook-signature"]]}

    assert check("standard", headers, BODY, "--secret", SECRETS["standard"], "--now", NOW.isoformat()).exit_code == 0
    svix = {name.replace("webhook-", "Svix-"): value for name, value in headers.items()}
    assert check("standard", svix, BODY, "--secret", SECRETS["standard"], "--now", NOW.isoformat()).exit_code == 0


@pytest.mark.parametrize(
    ("now", "reason"), [("2026-03-02T09:05:01Z", "timestamp_stale"), ("2026-03-02T08:54:59+00:00", "timestamp_future")]
)
def test_now_is_what_timestamps_are_judged_by(check: Callable[..., Result], now: str, reason: str) -> None:
    result = check("stripe", signed("stripe"), BODY, "--secret", SECRETS["stripe"], "--now", now)

    assert (result.exit_code, result.stdout.strip()) == (1, f"refused: {reason}")


def test_an_instant_without_offset_is_utc(check: Callable[..., Result]) -> None:
    result = check("stripe", signed("stripe"), BODY, "--secret", SECRETS["stripe"], "--now", "2026-03-02T09:00:00")

    assert result.exit_code == 0


def test_an_unsigned_ping_proves_nothing(check: Callable[..., Result]) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}

    result = check("woocommerce", headers, b"webhook_id=7", "--secret", "blue", "--json")

    assert (result.exit_code, json.loads(result.stdout)) == (1, {"valid": False, "reason": "ping"})


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ("{", "line 1"),
        ("7", "a number; expected an object"),
        ('{"a": 7}', "headers.a: a number; expected text"),
        ('[["a"]]', "headers[0]"),
        ('{"a": [null]}', "headers.a: nothing"),
        ("\\ud800", "json_malformed"),
    ],
)
def test_headers_that_cannot_be_read_are_bad_input(check: Callable[..., Result], headers: str, told: str) -> None:
    result = check("shopify", headers, BODY, "--secret", "hush")

    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--secret", "hush", "--now", "yesterday"), "instant_malformed"),
        ((), "secret_missing"),
    ],
)
def test_options_that_cannot_be_read_are_bad_input(
    check: Callable[..., Result], options: tuple[str, ...], told: str
) -> None:
    result = check("shopify", signed("shopify"), BODY, *options)

    assert result.exit_code == 2
    assert told in result.stderr


def test_an_unknown_source_is_bad_input(check: Callable[..., Result]) -> None:
    result = check("paypal", {}, BODY, "--secret", "hush")

    assert result.exit_code == 2
    assert "expected one of holded, shopify, stripe, woocommerce, standard" in result.stderr


def test_a_missing_body_file_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "headers.json").write_text("{}")

    result = CliRunner().invoke(
        app,
        [
            "check-signature",
            "--source",
            "shopify",
            "--secret",
            "s",
            "--headers",
            str(tmp_path / "headers.json"),
            "--body",
            str(tmp_path / "none"),
        ],
    )

    assert result.exit_code == 2
    assert "file_unreadable" in result.stderr


@pytest.mark.row("E04")
def test_no_answer_ever_holds_the_secret(check: Callable[..., Result]) -> None:
    for body in (BODY, b"", b"\xff"):
        result = check("shopify", signed("shopify"), body, "--secret", "a-very-secret-word")
        assert "a-very-secret-word" not in result.output
