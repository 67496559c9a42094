"""What the synthesised template promises, on both stages. Synthesis itself fails on an unaccepted security finding."""

from __future__ import annotations

import json
import re

import pytest

from infra.environments import DEFAULT_REGION, STAGES
from infra.local.beat import EVERY_SECONDS
from infra.paths import LOCAL, ROOT
from relay.adapters.sqs_dead_letters import HIDDEN_SECONDS
from tests import cfn_lint

OUTPUTS = {
    "ApiUrl", "InboxTable", "StateTable", "BodiesBucket", "BusName", "FiscalQueueUrl", "NormalQueueUrl", "FiscalDlqUrl",
    "NormalDlqUrl", "SecretsKeyId", "ReceiveWebhookFunction", "PublishEventFunction", "WriteHoldedFunction",
    "ReleaseDueFunction", "SweepInboxFunction", "IndexDeadLettersFunction", "PollHoldedFunction", "WatchSourcesFunction",
    "UndeliveredUrl", "UnpublishedUrl", "UnscheduledUrl",
}  # fmt: skip


def of_type(template, kind):
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def properties(template, kind):
    return [each["Properties"] for each in of_type(template, kind).values()]


def test_the_outputs_that_the_command_line_reads_are_all_there(synthesised):
    assert set(synthesised["Outputs"]) >= OUTPUTS


def test_cfn_lint_has_nothing_to_say(stage_name, templates):
    file = (
        LOCAL / "cdk.out" / f"holded-relay-{stage_name}-{DEFAULT_REGION}" / f"holded-relay-{stage_name}.template.json"
    )
    assert cfn_lint.said(file) == (0, "")


def test_the_stages_hold_the_same_resources_with_the_same_permissions(templates):
    shape = {
        name: (
            {key: each["Type"] for key, each in held["Resources"].items()},
            {key: each["Properties"]["PolicyDocument"] for key, each in of_type(held, "AWS::IAM::Policy").items()},
        )
        for name, held in templates.items()
    }

    assert shape["dev"] == shape["prod"]


def test_functions_run_on_the_runtime_that_their_packages_are_made_for(synthesised):
    for function in properties(synthesised, "AWS::Lambda::Function"):
        assert function["Runtime"] == "python3.13"
        assert function["Architectures"] == ["arm64"]
        assert "TracingConfig" not in function
        assert function["LoggingConfig"]["LogGroup"]


def test_both_tables_are_on_demand_with_recovery_and_our_key(synthesised, stage_name):
    tables = of_type(synthesised, "AWS::DynamoDB::Table")
    assert len(tables) == 2
    for table in tables.values():
        held = table["Properties"]
        assert held["BillingMode"] == "PAY_PER_REQUEST"
        assert held["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
        assert held["SSESpecification"]["SSEType"] == "KMS"
        assert held["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert held.get("DeletionProtectionEnabled", False) is STAGES[stage_name].keep_data
        assert table["DeletionPolicy"] == ("Retain" if STAGES[stage_name].keep_data else "Delete")
        assert {index["Projection"]["ProjectionType"] for index in held["GlobalSecondaryIndexes"]} == {"KEYS_ONLY"}


def test_the_indexes_are_the_ones_the_adapters_query(synthesised):
    keys = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for table in properties(synthesised, "AWS::DynamoDB::Table")
        for index in table["GlobalSecondaryIndexes"]
    }

    assert keys == {
        "open": ["open_pk", "open_sk"],
        "work": ["work_pk", "work_sk"],
        "holded": ["holded_pk"],
        "wake": ["wake_pk", "wake_ms"],
    }


def test_the_stream_brings_new_deliveries_only_and_gives_up_into_a_queue(synthesised):
    (mapping,) = [
        each for each in properties(synthesised, "AWS::Lambda::EventSourceMapping") if "StartingPosition" in each
    ]

    assert [json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"]] == [{"eventName": ["INSERT"]}]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] == 10
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"]


def test_both_work_queues_feed_the_writer_a_bounded_number_at_a_time(synthesised):
    mappings = [
        each for each in properties(synthesised, "AWS::Lambda::EventSourceMapping") if "StartingPosition" not in each
    ]

    assert len(mappings) == 2
    for mapping in mappings:
        assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.row("D08")
def test_a_message_stays_hidden_longer_than_any_call_of_the_writer(synthesised):
    functions = properties(synthesised, "AWS::Lambda::Function")
    (writer,) = [each for each in functions if each["Handler"] == "functions.write_holded.main.handler"]
    hidden = {q["VisibilityTimeout"] for q in properties(synthesised, "AWS::SQS::Queue") if "RedrivePolicy" in q}

    assert hidden == {6 * writer["Timeout"]}


@pytest.mark.row("D11")
def test_rules_pass_ids_only_and_have_somewhere_to_put_what_fails(synthesised):
    rules = properties(synthesised, "AWS::Events::Rule")
    assert len(rules) == 2
    for rule in rules:
        (target,) = rule["Targets"]
        assert target["DeadLetterConfig"]["Arn"]
        assert target["InputTransformer"]["InputPathsMap"].keys() == {"detail-account", "detail-id"}
        assert json.loads(target["InputTransformer"]["InputTemplate"].replace("<", '"').replace(">", '"')) == {
            "account": "detail-account", "event": "detail-id",
        }  # fmt: skip


def test_every_event_type_of_a_writer_goes_to_exactly_one_queue(synthesised):
    prefixes = [each["prefix"] for rule in properties(synthesised, "AWS::Events::Rule")
                for each in rule["EventPattern"]["detail-type"]]  # fmt: skip

    assert sorted(prefixes) == sorted(
        ["order.", "invoice.", "credit_note.", "refund.", "payment.", "contact.", "product."]
    )


def test_the_archive_keeps_events_as_long_as_the_inbox_keeps_deliveries(synthesised):
    (archive,) = properties(synthesised, "AWS::Events::Archive")

    assert archive["RetentionDays"] == 35


def test_schedules_run_as_often_as_the_local_beat_believes(synthesised):
    outputs = {json.dumps(each["Value"]["Ref"]): name for name, each in synthesised["Outputs"].items()
               if name.endswith("Function")}  # fmt: skip
    every = {}
    for schedule in properties(synthesised, "AWS::Scheduler::Schedule"):
        name = outputs[json.dumps(schedule["Target"]["Arn"]["Fn::GetAtt"][0])]
        every[name] = 60 * int(schedule["ScheduleExpression"].removeprefix("rate(").split()[0])
        assert schedule["Target"]["DeadLetterConfig"]["Arn"]

    assert every == EVERY_SECONDS


def alarms_of(synthesised, metric):
    return [each for each in properties(synthesised, "AWS::CloudWatch::Alarm") if each.get("MetricName") == metric]


def dimensions_of(alarm):
    return {each["Name"]: each["Value"] for each in alarm.get("Dimensions", ())}


@pytest.mark.parametrize(
    "metric", ["OldestOpenEventSeconds", "OldestDueRowSeconds", "SourcesSilent", "SourcesNotMended"]
)
def test_an_alarm_for_what_lasts_does_not_end_between_two_measurements(synthesised, metric):
    (alarm,) = alarms_of(synthesised, metric)
    output = f"{dimensions_of(alarm)['service'].title().replace('_', '')}Function"

    assert alarm["Period"] >= 3 * EVERY_SECONDS[output]


def test_an_alarm_for_a_function_that_fails_each_time_does_not_end_between_two_turns(synthesised):
    named = {each["Value"]["Ref"]: name for name, each in synthesised["Outputs"].items() if name.endswith("Function")}
    periods = {
        named[dimensions_of(each)["FunctionName"]["Ref"]]: each["Period"] for each in alarms_of(synthesised, "Errors")
    }

    assert set(periods) == set(named.values())
    assert all(periods[name] >= 3 * every for name, every in EVERY_SECONDS.items())


def test_an_alarm_for_dead_letters_does_not_end_while_the_index_hides_them(synthesised):
    periods = {each["Period"] for each in alarms_of(synthesised, "ApproximateNumberOfMessagesVisible")}

    assert min(periods) > 2 * HIDDEN_SECONDS + EVERY_SECONDS["IndexDeadLettersFunction"]


def test_a_quota_alarm_lasts_until_less_is_measured(synthesised):
    assert {(each["TreatMissingData"], each["Period"]) for each in alarms_of(synthesised, "QuotaUsedPercent")} == {
        ("ignore", 24 * 3600)
    }


def test_a_webhook_that_is_not_given_a_yes_has_an_alarm_though_no_function_failed(synthesised):
    (refused,), (throttled,) = alarms_of(synthesised, "5xx"), alarms_of(synthesised, "Throttles")
    (api,) = of_type(synthesised, "AWS::ApiGatewayV2::Api")

    assert (refused["Namespace"], refused["Statistic"]) == ("AWS/ApiGateway", "Sum")
    assert dimensions_of(refused) == {"ApiId": {"Ref": api}}
    assert (
        dimensions_of(throttled)["FunctionName"]["Ref"]
        == synthesised["Outputs"]["ReceiveWebhookFunction"]["Value"]["Ref"]
    )
    assert refused["AlarmActions"] == throttled["AlarmActions"]


def test_a_scheduled_call_is_not_tried_beside_the_ones_that_come_after_it(synthesised):
    named = {each["Value"]["Ref"]: name for name, each in synthesised["Outputs"].items() if name.endswith("Function")}
    kept = {
        named[each["FunctionName"]["Ref"]]: (each["MaximumEventAgeInSeconds"], each["MaximumRetryAttempts"])
        for each in properties(synthesised, "AWS::Lambda::EventInvokeConfig")
    }

    assert kept == {name: (every, 0) for name, every in EVERY_SECONDS.items()}


def test_the_readme_counts_alarms_and_metrics_as_they_are(synthesised):
    said = re.search(r"(\d+) alarms .*?\n?.*?(\w+) custom metrics", (ROOT / "README.md").read_text(encoding="utf-8"))
    alarms = properties(synthesised, "AWS::CloudWatch::Alarm")
    written = {
        name
        for file in (ROOT / "functions").glob("*/main.py")
        for name in re.findall(r"add_metric\(\s*\"(\w+)\"", file.read_text(encoding="utf-8"))
    }

    assert said is not None
    assert int(said[1]) == len(alarms)
    assert said[2] == {8: "eight", 9: "nine", 10: "ten", 11: "eleven"}[len(written)]
    assert {each["MetricName"] for each in alarms if each["Namespace"] == "HoldedRelay"} <= written


@pytest.mark.parametrize("threshold", [50, 70, 90, 100])
def test_each_step_of_the_quota_has_its_alarm(synthesised, threshold):
    alarms = [each for each in properties(synthesised, "AWS::CloudWatch::Alarm")
              if each.get("MetricName") == "QuotaUsedPercent" and each["Threshold"] == threshold]  # fmt: skip

    assert len(alarms) == 1
    assert alarms[0]["AlarmActions"]


def test_alarms_may_publish_to_their_topic(synthesised):
    (policy,) = properties(synthesised, "AWS::SNS::TopicPolicy")
    allowed = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]

    assert [(each["Principal"], each["Action"]) for each in allowed] == [
        ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    ]


@pytest.mark.row("D11")
def test_each_queue_without_a_queue_behind_it_has_an_alarm(synthesised):
    last = {name for name, each in of_type(synthesised, "AWS::SQS::Queue").items()
            if "RedrivePolicy" not in each["Properties"]}  # fmt: skip
    watched = {
        dimension["Value"]["Fn::GetAtt"][0]
        for alarm in properties(synthesised, "AWS::CloudWatch::Alarm")
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
        for dimension in alarm["Dimensions"]
    }

    assert watched == last


def test_what_waits_or_is_late_has_its_alarm(synthesised):
    watched = {alarm["MetricName"] for alarm in properties(synthesised, "AWS::CloudWatch::Alarm")}

    assert watched >= {
        "OldestOpenEventSeconds", "OldestDueRowSeconds", "ReviewCount", "IteratorAge", "Errors", "Invocations",
        "AccountsBlocked", "Drift", "SourcesSilent", "SourcesNotMended",
    }  # fmt: skip


@pytest.mark.row("B07")
def test_the_api_is_throttled_and_its_log_holds_nothing_of_the_caller(synthesised, stage_name):
    (stage,) = properties(synthesised, "AWS::ApiGatewayV2::Stage")

    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == STAGES[stage_name].requests_per_second
    written = stage["AccessLogSettings"]["Format"]
    assert not any(word in written for word in ("sourceIp", "userAgent", "header", "querystring"))
    (route,) = properties(synthesised, "AWS::ApiGatewayV2::Route")
    assert route["RouteKey"] == "POST /v1/{account}/{source}"
