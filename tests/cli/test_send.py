"""`relay send` signs and posts a body as its source would."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import httpx
import pytest

from relay.domain.sources import registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Setting

TOPICS = {
    "shopify": "orders/paid",
    "woocommerce": "order.updated",
    "holded": "invoice.update",
    "stripe": "",
    "standard": "",
}


@pytest.fixture
def body(tmp_path: Path) -> Path:
    file = tmp_path / "order.json"
    file.write_bytes(b'{"id": 1,\r\n "name":"caf\xc3\xa9"}\n')
    return file


@pytest.mark.parametrize("source", sorted(TOPICS))
def test_the_files_raw_bytes_are_signed_with_the_accounts_newest_secret(
    setting: Setting, body: Path, source: str
) -> None:
    setting.add("acme", "--bind", "shopify.shop_domain=acme.myshopify.com")
    setting.json("secret", "rotate", "--account", "acme", "--source", source)
    held = setting.accounts.secrets["acme"]

    result = setting.run("send", "--source", source, "--topic", TOPICS[source], "--account", "acme", str(body))

    [posted] = setting.posted
    newest = [held.secrets[source][0]]
    verdict = registry.get(source).verify(
        posted.content, dict(posted.headers), newest, setting.clock.now(), held.bindings.get(source, {})
    )
    assert result.exit_code == 0
    assert posted.content == body.read_bytes()
    assert str(posted.url) == f"https://relay.example/v1/acme/{source}"
    assert verdict.reason == "valid"


def test_each_file_gets_its_line(setting: Setting, body: Path, tmp_path: Path) -> None:
    setting.add()
    second = tmp_path / "second.json"
    second.write_bytes(b"{}")
    setting.answers += [
        lambda _: httpx.Response(200, json={"result": "accepted", "id": "abc"}),
        lambda _: httpx.Response(401, json={"result": "signature_mismatch"}),
    ]

    result = setting.run(
        "send", "--source", "shopify", "--topic", "orders/paid", "--account", "acme", str(body), str(second)
    )

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{body}: 200 result accepted, id abc",
        f"{second}: 401 result signature_mismatch",
    ]


def test_the_answers_are_json_on_request(setting: Setting, body: Path) -> None:
    setting.add()

    told = setting.json("send", "--source", "stripe", "--account", "acme", str(body))

    assert told == [{"file": str(body), "accepted": True, "status": 200, "answer": {"result": "accepted", "id": "abc"}}]


def test_a_relay_that_is_not_there_is_told_in_one_line(setting: Setting, body: Path) -> None:
    setting.add()

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    setting.answers.append(away)

    result = setting.run("send", "--source", "stripe", "--account", "acme", str(body))

    assert result.exit_code == 1
    assert result.stdout == f"{body}: not sent ConnectError\n"


def test_another_url_may_be_given(setting: Setting, body: Path) -> None:
    setting.add()

    setting.run("send", "--source", "stripe", "--account", "acme", "--url", "http://127.0.0.1:9/x", str(body))

    assert str(setting.posted[0].url) == "http://127.0.0.1:9/x"


def test_a_body_may_come_from_standard_input(setting: Setting) -> None:
    setting.add()

    result = setting.run("send", "--source", "stripe", "--account", "acme", "-", stdin=b"\xff\x00")

    assert result.exit_code == 0
    assert setting.posted[0].content == b"\xff\x00"


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--source", "shopify"), 2, "topic_missing"),
        (("--source", "paypal"), 2, "source_unknown"),
        (("--source", "stripe", "--account", "nobody"), 1, "account_unknown"),
    ],
)
def test_what_cannot_be_sent_is_told_before_anything_is(
    setting: Setting, body: Path, options: tuple[str, ...], code: int, told: str
) -> None:
    setting.add()

    result = setting.run("send", "--account", "acme", *options, str(body))

    assert result.exit_code == code
    assert told in result.stderr
    assert setting.posted == []


def test_a_missing_file_stops_the_sending_of_all(setting: Setting, body: Path, tmp_path: Path) -> None:
    setting.add()

    result = setting.run("send", "--source", "stripe", "--account", "acme", str(body), str(tmp_path / "none"))

    assert result.exit_code == 2
    assert setting.posted == []


def test_no_secret_is_printed(setting: Setting, body: Path) -> None:
    setting.add()
    secret = setting.accounts.secrets["acme"].secrets["shopify"][0]

    result = setting.run("send", "--source", "shopify", "--topic", "t", "--account", "acme", str(body), "--json")

    assert secret not in result.output
    assert base64.b64encode(secret.encode()).decode() not in result.output
    assert json.loads(result.stdout)
