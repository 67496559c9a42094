"""What the pages say of the project is so: links, decisions, settings, tables, figures."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from infra.environments import DEFAULT_REGION
from infra.local.synth import template
from infra.packaging import function_names
from infra.paths import ROOT
from relay.cli.onboarding import REQUIRED
from relay.domain.settings import Settings, parse_settings
from relay.domain.sources import registry
from tests import cfn_lint
from tests.docs.pages import DECISIONS, PAGES, Block, blocks, links, named, table, text_of

if TYPE_CHECKING:
    from pathlib import Path

README, OPERATIONS, SECURITY = ROOT / "README.md", ROOT / "docs" / "operations.md", ROOT / "docs" / "security.md"
LONGEST_DECISION = 100
JSON_BLOCKS = blocks("json")
Resources = dict[str, Any]


@pytest.fixture(scope="module")
def resources() -> Resources:
    held: Resources = template("holded-relay-dev", stage_name="dev", region=DEFAULT_REGION)["Resources"]
    return held


def of_type(resources: Resources, kind: str) -> Resources:
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}


def function_of(resources: Resources, logical_id: str) -> str:
    return str(resources[logical_id]["Properties"]["Handler"].split(".")[1])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    inside = [link.partition("#")[0] for link in links(page) if "://" not in link]

    assert [link for link in inside if link and not (page.parent / link).exists()] == []


def test_the_links_of_a_page_are_found() -> None:
    assert "LICENSE" in links(README)


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [page.name[:4] for page in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_is_short_and_says_why_what_and_what_follows(page: Path) -> None:
    lines = text_of(page).splitlines()

    assert len(lines) <= LONGEST_DECISION
    assert lines[0].startswith(f"# {int(page.name[:4])}. ")
    assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]
    assert any(line.startswith("Rejected: ") for line in lines)


@pytest.mark.parametrize("block", JSON_BLOCKS, ids=lambda block: block.page.name)
def test_a_json_block_is_settings_or_a_template_and_is_right(block: Block, tmp_path: Path) -> None:
    held = json.loads(block.text)
    if "Resources" not in held:
        assert parse_settings(held) != Settings()
        return
    file = tmp_path / "example.json"
    file.write_text(block.text, encoding="utf-8")
    assert cfn_lint.said(file) == (0, "")


def test_there_are_settings_and_a_template_to_check() -> None:
    assert {"Resources" in json.loads(block.text) for block in JSON_BLOCKS} == {True, False}


def test_the_table_of_functions_names_each_function_with_its_trigger(resources: Resources) -> None:
    told = {named(row[0])[0]: row[1] for row in table(README, "Function")}
    minutes = {
        "rate(1 minute)": "every minute",
        "rate(5 minutes)": "every 5 minutes",
        "rate(15 minutes)": "every 15 minutes",
        "rate(60 minutes)": "every hour",
    }
    triggers = {
        function_of(resources, each["Target"]["Arn"]["Fn::GetAtt"][0]): minutes[each["ScheduleExpression"]]
        for each in of_type(resources, "AWS::Scheduler::Schedule").values()
    }
    for each in of_type(resources, "AWS::Lambda::EventSourceMapping").values():
        source = each["EventSourceArn"]["Fn::GetAtt"][1]
        function = function_of(resources, each["FunctionName"]["Ref"])
        triggers[function] = "stream of the inbox (new items)" if source == "StreamArn" else "queues fiscal and normal"
    (route,) = [each["RouteKey"] for each in of_type(resources, "AWS::ApiGatewayV2::Route").values()]

    assert set(told) == set(function_names())
    assert told == {**triggers, "receive_webhook": f"`{route}`"}


def test_every_source_says_where_its_url_is_pasted() -> None:
    assert {named(row[0])[0] for row in table(README, "Source")} == set(registry.SOURCES)
    assert {named(row[0])[0] for row in table(SECURITY, "Source")} == set(registry.SOURCES)


def test_the_stripe_topics_to_subscribe_are_understood_and_bring_every_kind_of_fact() -> None:
    (row,) = [row for row in table(README, "Source") if row[0] == "`stripe`"]
    told, understood = set(named(row[2])), registry.get("stripe").TOPICS

    assert told <= understood
    assert {topic.partition(".")[0] for topic in told} == {topic.partition(".")[0] for topic in understood}


def test_the_scopes_without_which_a_token_is_refused_are_named() -> None:
    assert [scope for scope in REQUIRED if f"`{scope}`" not in text_of(README)] == []


def test_every_alarm_of_the_template_says_what_to_do(resources: Resources) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    ours = {
        re.sub(r"^(Intake|Publishing|Delivery|Upkeep|Watching|Observability)|[0-9A-F]{8}$", "", name) for name in alarms
    }

    assert {name for row in table(OPERATIONS, "Alarm") for name in named(row[0])} == ours
    assert f"{len(alarms)} alarms (0.10 each)" in text_of(README)


def test_the_table_of_cost_adds_up() -> None:
    rows = table(README, "What")
    *parts, (_, _, together) = rows

    assert together == f"**about {sum(float(row[2]) for row in parts):.0f}**"


@pytest.mark.parametrize(
    ("start", "end"), [("**Waiting.**", "**Review.**"), ("\n## Review\n", "\n## Verify\n")], ids=["waiting", "review"]
)
def test_every_reason_in_the_operations_page_is_one_of_the_code(start: str, end: str) -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "shared" / "relay").rglob("*.py"))
    part = text_of(OPERATIONS).split(start)[1].split(end)[0]
    told = {
        name
        for line in part.splitlines()
        if line.startswith("| `")
        for name in named(line.split("|")[1])
        if not name.endswith("...")
    }
    composed = ("quota_", "newer_version_of_", ".")

    assert told
    for name in told:
        head = next((each for each in composed if name.startswith(each) and f'"{name}"' not in code), "")
        assert f'"{name.removeprefix(head)}"' in code, name
        assert f'f"{head}{{' in code or not head, name


def test_every_schedule_is_told_in_the_table_of_what_runs_by_itself(resources: Resources) -> None:
    told = {named(row[0])[0] for row in table(OPERATIONS, "What") if named(row[0])}

    assert told == {
        function_of(resources, each["Target"]["Arn"]["Fn::GetAtt"][0])
        for each in of_type(resources, "AWS::Scheduler::Schedule").values()
    }


def test_every_test_that_a_page_names_is_there() -> None:
    told = {
        name
        for page in PAGES
        for name in re.findall(r"`(?:[a-z_/]+\.py::)?(test_[a-z0-9]+_[a-z0-9]+_[a-z0-9_]+)`", text_of(page))
    }
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))

    assert told
    assert {name for name in told if f"def {name}(" not in code} == set()


def test_the_changelog_begins_with_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    newest = re.search(r"^## \[([^\]]+)\]", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)

    assert newest
    assert newest[1] == project["version"]
