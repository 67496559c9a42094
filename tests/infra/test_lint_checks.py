"""The dependency audit and the secret scan find what is planted, and pass what stands here."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from infra import audit, secret_scan
from infra.audit import Pin
from tests.listening import listening

HASH = "--hash=sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (f"thing==1.0 \\\n    {HASH} \\\n    {HASH}", []),
        (f"thing==1.0 ; python_version < '3.12' \\\n    {HASH}", []),
        ("thing==1.0", ["x.txt: thing: without a sha256 hash, or with another option"]),
        (f"thing>=1.0 \\\n    {HASH}", ["x.txt: not pinned by ==: thing>=1.0"]),
        (f"thing @ git+ssh://host/thing \\\n    {HASH}", ["x.txt: not pinned by ==: thing @ git+ssh://host/thing"]),
        ("thing==1.0 \\\n    --hash=md5:00", ["x.txt: thing: without a sha256 hash, or with another option"]),
        ("-e .", ["x.txt: not pinned by ==: -e ."]),
    ],
)
def test_a_line_is_a_pin_with_hashes_or_is_told(tmp_path, line, wrong):
    file = tmp_path / "x.txt"
    file.write_text(f"# made by uv\n{line}\n", encoding="utf-8")

    assert audit.read_pins(file)[1] == wrong


def test_what_the_project_asks_for_must_stand_in_its_file():
    project = {
        "project": {"dependencies": ["httpx>=0.28"]},
        "dependency-groups": {"dev": ["ruff>=1"], "infra": ["cdk-nag"]},
    }
    pins = [Pin(file="dev.txt", name="httpx", version="0.27"), Pin(file="dev.txt", name="ruff", version="1.2")]

    assert audit.incomplete(project, pins) == [
        "dev.txt: httpx>=0.28: 0.27; run requirements/compile.sh",
        "dev.txt: cdk-nag: missing; run requirements/compile.sh",
    ]


@pytest.mark.parametrize(("version", "told"), [("1.9", True), ("2.0", False), ("1.10rc1", True)])
def test_a_denied_version_is_told_with_its_reason(version, told):
    rules = [{"package": "Some_Thing", "versions": "<2.0", "why": "CVE-0"}]
    found = audit.denied([Pin(file="dev.txt", name="some-thing", version=version)], rules)

    assert found == ([f"dev.txt: some-thing {version}: CVE-0"] if told else [])


@pytest.fixture
def database():
    """The vulnerability database on this machine: `answer` is what it says."""

    made = SimpleNamespace()
    with listening(lambda body: (200, json.dumps(made.answer(json.loads(body))).encode())) as port:
        made.url = f"http://127.0.0.1:{port}/v1/querybatch"
        yield made


PINS = [
    Pin(file="a.txt", name="one", version="1"),
    Pin(file="b.txt", name="one", version="1"),
    Pin(file="a.txt", name="two", version="2"),
]


def test_a_known_weakness_is_told_unless_it_was_accepted(database):
    database.answer = lambda asked: {
        "results": [{"vulns": [{"id": f"GHSA-{query['package']['name']}"}]} for query in asked["queries"]]
    }

    assert audit.known_weak(PINS, {"GHSA-two": "not reached"}, url=database.url) == (["one 1: GHSA-one"], "")


def test_nothing_known_is_nothing_told(database):
    database.answer = lambda asked: {"results": [{} for _ in asked["queries"]]}

    assert audit.known_weak(PINS, {}, url=database.url) == ([], "")


@pytest.mark.parametrize("answer", [{}, {"results": []}, [], {"results": [1, 2]}])
def test_a_database_that_answers_otherwise_counts_as_not_reached(database, answer):
    database.answer = lambda _asked: answer
    found, unasked = audit.known_weak(PINS, {}, url=database.url)

    assert found == []
    assert "cannot be reached" in unasked


def test_without_a_network_the_audit_says_so_and_decides_nothing():
    found, unasked = audit.known_weak(PINS, {}, url="http://127.0.0.1:9/")

    assert found == []
    assert "cannot be reached" in unasked


PLANTED = {
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "an AWS key": "aws = 'AKIA" + "QX7GYM2LZP4WNB3T'",
    "a Stripe key": "key = 'sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc'",
    "a Holded token": "token pat_" + "q7Xn2mVb9LpRt5Kc8WzYd3Hf",
    "a webhook secret": "whsec_" + "q7Xn2mVb9LpRt5Kc8WzYd3HfJg6Ns4Qa",
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_credential_is_found_and_not_told(tmp_path, name):
    file = tmp_path / "test_x.py"
    file.write_text(f"# a file of tests\nx = 1  # {PLANTED[name]}\n", encoding="utf-8")
    found = secret_scan.scan([file], guess=[])

    assert [line.split(":")[1] for line in found] == ["2"]
    assert PLANTED[name][-12:] not in found[0]


def test_in_shipped_files_a_guess_is_enough(tmp_path):
    file = tmp_path / "shipped.py"
    file.write_text('password = "correct-horse-battery"\n', encoding="utf-8")

    assert secret_scan.scan([file], guess=[]) == []
    (told,) = secret_scan.scan([file], guess=[file])
    digest = told.rpartition("sha1 ")[2].rstrip(")")
    assert secret_scan.scan([file], guess=[file], accepted=[digest]) == []


def test_what_is_tracked_passes():
    assert secret_scan.main() == 0


def test_every_requirement_file_passes():
    assert audit.main() == 0
