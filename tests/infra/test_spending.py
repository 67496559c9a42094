"""The month's budget: there when a deployment names one, absent when it does not, and heard on the alarms' topic."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from infra.paths import ROOT
from infra.spending import dollars
from tests import cfn_lint


def of_type(template, kind):
    return [each["Properties"] for each in template["Resources"].values() if each["Type"] == kind]


@pytest.fixture(scope="module", params=["option", "context"])
def budgeted(request, tmp_path_factory):
    """The template of a deployment that names a budget, as `make synth` and as `cdk deploy -c` do; and its file."""
    outdir = tmp_path_factory.mktemp("synth")
    command = [sys.executable, "-m", "infra.app", "--bare", "--stage", "dev", "--outdir", str(outdir)]
    told = {"option": ["--budget-usd", "20"], "context": []}[request.param]
    context = {"CDK_CONTEXT_JSON": json.dumps({"budget_usd": "20"})} if request.param == "context" else {}
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(outdir), "PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}", **context}
    subprocess.run([*command, *told], cwd=ROOT, check=True, env=environ)
    file = outdir / "holded-relay-dev.template.json"
    return json.loads(file.read_text("utf-8")), file


def test_without_a_budget_there_is_none(synthesised):
    assert of_type(synthesised, "AWS::Budgets::Budget") == []


@pytest.mark.row("B07")
def test_a_deployment_that_names_a_budget_is_told_of_its_spending(budgeted):
    template, _ = budgeted
    (budget,) = of_type(template, "AWS::Budgets::Budget")
    (topic,) = [name for name, each in template["Resources"].items() if each["Type"] == "AWS::SNS::Topic"]
    tells = budget["NotificationsWithSubscribers"]

    assert budget["Budget"] == {
        "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": 20, "Unit": "USD"},
    }  # fmt: skip
    assert [(each["Notification"]["NotificationType"], each["Notification"]["Threshold"]) for each in tells] == [
        ("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100),
    ]  # fmt: skip
    assert {json.dumps(each["Subscribers"]) for each in tells} == {
        json.dumps([{"Address": {"Ref": topic}, "SubscriptionType": "SNS"}])
    }


@pytest.mark.row("B07")
def test_budgets_of_this_account_may_publish_to_the_topic_and_no_other(budgeted):
    template, _ = budgeted
    (policy,) = of_type(template, "AWS::SNS::TopicPolicy")
    allowed = {
        each["Principal"]["Service"]: each
        for each in policy["PolicyDocument"]["Statement"]
        if each["Effect"] == "Allow"
    }

    assert set(allowed) == {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
    statement = allowed["budgets.amazonaws.com"]
    assert statement["Action"] == "sns:Publish"
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert statement["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Join"][1][-3:] == [
        ":budgets::", {"Ref": "AWS::AccountId"}, ":*",
    ]  # fmt: skip


def test_the_budget_is_made_after_the_topics_policy(budgeted):
    template, _ = budgeted
    resources = template["Resources"]
    (policy,) = [name for name, each in resources.items() if each["Type"] == "AWS::SNS::TopicPolicy"]
    (budget,) = [each for each in resources.values() if each["Type"] == "AWS::Budgets::Budget"]

    assert policy in budget["DependsOn"]


def test_cfn_lint_has_nothing_to_say_of_it(budgeted):
    _, file = budgeted
    assert cfn_lint.said(file) == (0, "")


def test_a_budget_is_whole_dollars():
    assert [dollars(told) for told in ("20", " 1 ", 500)] == [20, 1, 500]
    for wrong in ("0", "-5", "20.5", "20 USD", "1e3", "", "٢٠", "9" * 12, True):
        with pytest.raises(SystemExit, match="budget_usd"):
            dollars(wrong)
