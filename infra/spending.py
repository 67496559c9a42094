"""What a flood may cost: a budget of the month that tells the alarms' topic, where a deployment names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_iam as iam
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns

STEPS = (("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
"""Percent of the month's budget. A forecast needs about five weeks of history."""
_DIGITS = 9


def dollars(text: object) -> int:
    """A budget as it is told at a deployment. Raises `SystemExit` for anything but whole dollars above zero."""
    told = str(text).strip()
    if not (told.isascii() and told.isdecimal() and len(told) <= _DIGITS and int(told)):
        raise SystemExit("budget_usd: expected whole US dollars a month, above 0")
    return int(told)


class Spending(Construct):
    """Of the whole AWS account: a tag counts in a budget only once it was activated for billing, and until then it counts nothing."""

    def __init__(self, scope: Construct, construct_id: str, *, usd: int, topic: sns.Topic) -> None:
        super().__init__(scope, construct_id)
        account = cdk.Stack.of(self).account
        # https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("budgets.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": account},
                    "ArnLike": {"aws:SourceArn": f"arn:{cdk.Aws.PARTITION}:budgets::{account}:*"},
                },
            )
        )
        tells = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)
        budget = budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[tells],
                )
                for kind, percent in STEPS
            ],
        )
        # The topic must let budgets in before one is made that names it.
        budget.node.add_dependency(topic)
