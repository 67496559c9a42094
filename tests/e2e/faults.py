"""How bad a storm is: which faults strike how often on either side."""

SHARE = 0.1
"""Of the calls of AWS, and of those of Holded, that meet a fault."""
AWS_FAULTS = ("aws_throttled", "aws_error", "aws_reply_lost")
HOLDED_FAULTS: dict[str, tuple[float, float]] = {
    "lose_reply": (0.015, 0),
    "error_before": (0.015, 0),
    "error_after": (0.015, 0),
    "reset": (0.015, 0),
    "truncate": (0.010, 0),
    "html": (0.010, 0),
    "limit_minute": (0.008, 20),
    "hide": (0.006, 20),
    "slow": (0.002, 30),
    "late_commit": (0.002, 20),
    "hang": (0.002, 0),
}
"""Kind -> (probability a call, its seconds on the sandbox's clock); together `SHARE`.

Not among them: `status_zero`, a plain "no" that is for a human to judge, and `limit_month`, which waits for the month.
"""
DUPLICATES = 0.2
MORTAL = (
    "WriteHoldedFunction",
    "PublishEventFunction",
    "WriteHoldedFunction",
    "ReceiveWebhookFunction",
    "ReleaseDueFunction",
    "SweepInboxFunction",
)
"""Whose workers are killed, in turn."""
